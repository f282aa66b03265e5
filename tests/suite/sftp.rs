//! The SFTP client against servers that are odd, poor, broken or hostile: the embedded server has a switch for each.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use consign::{
    model::{Code, Problem},
    transport::{
        RemoteFs,
        sftp::{
            Login, Secret, SftpSettings, SftpStore, host_keys,
            server::{Hostile, Quirks, ServerAccount, ServerFault, SftpServer},
        },
    },
};

use crate::common::drops;

struct Site {
    dir: tempfile::TempDir,
    server: SftpServer,
}

impl Site {
    async fn new(quirks: Quirks) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("root");
        std::fs::create_dir_all(&root).expect("a folder");
        let account = ServerAccount { user: "us".into(), password: Some("secret".into()), key: None, root };
        let server = SftpServer::start(vec![account], 0).await.expect("a server");
        host_keys::accept("127.0.0.1", server.address().port(), server.host_key(), &dir.path().join("known_hosts")).expect("accepted");
        server.behave(quirks);
        Self { dir, server }
    }

    fn drop(&self) -> SftpStore {
        SftpStore::new(self.settings())
    }

    fn settings(&self) -> SftpSettings {
        let login = Login::password(Secret::new("secret"));
        let mut settings = SftpSettings::new("127.0.0.1", self.server.address().port(), "us", login, self.dir.path().join("known_hosts"));
        settings.timeout = Duration::from_secs(2);
        settings
    }

    fn file(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.dir.path().join("root").join(name), bytes).expect("written");
    }

    fn files(&self) -> Vec<String> {
        crate::common::world::files(&self.dir.path().join("root"))
    }
}

/// Memory this process has in use now, in MB.
fn memory() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4096 / 1_000_000
}

#[tokio::test(flavor = "multi_thread")]
async fn every_quirk_of_a_server_is_put_up_with() {
    let quirks = [
        ("short reads", Quirks { short_reads: Some(999), ..Quirks::default() }),
        ("odd handles", Quirks { odd_handles: true, ..Quirks::default() }),
        ("one file open at a time", Quirks { most_open: Some(1), ..Quirks::default() }),
        ("three files open at a time", Quirks { most_open: Some(3), ..Quirks::default() }),
        ("one connection", Quirks { most_connections: Some(1), ..Quirks::default() }),
        ("no extensions", Quirks { bare: true, ..Quirks::default() }),
        ("a rename that replaces", Quirks { bare: true, replacing_rename: true, ..Quirks::default() }),
        ("slow", Quirks { latency: Duration::from_millis(5), ..Quirks::default() }),
        ("answers out of order", Quirks { out_of_order: true, ..Quirks::default() }),
        ("no FSTAT", Quirks { denied: vec!["fstat"], ..Quirks::default() }),
        ("a clock an hour off", Quirks { clock_off: 3600, ..Quirks::default() }),
        ("a clock that lags years", Quirks { clock_off: -300_000_000, ..Quirks::default() }),
        ("no clock", Quirks { no_clock: true, ..Quirks::default() }),
    ];
    for (name, quirks) in quirks {
        eprintln!("{name}");
        let site = Site::new(quirks).await;
        drops::behaves(&site.drop(), "base").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_server_costs_neither_memory_nor_a_path_nor_a_hang() {
    for hostile in Hostile::ALL {
        eprintln!("{hostile:?}");
        let site = Site::new(Quirks::default()).await;
        site.file("good.xml", b"0123456789");
        let drop = site.drop();
        drop.list("").await.expect("not hostile yet");
        site.server.behave(Quirks { hostile: Some(hostile), ..Quirks::default() });
        let (before, begun) = (memory(), Instant::now());
        let listed = drop.list("").await;
        let read = drop.read("good.xml", 10, 1 << 20).await;
        let moved = drop.rename("good.xml", "elsewhere.xml").await;
        assert!(begun.elapsed() < Duration::from_secs(60), "{hostile:?} took {:?}", begun.elapsed());
        assert!(memory().saturating_sub(before) < 400, "{hostile:?}: {} MB before, {} after", before, memory());
        match hostile {
            Hostile::EscapingNames => {
                let mut names: Vec<String> = listed.expect("what is left").into_iter().map(|entry| entry.name).collect();
                assert!(names.len() > 1, "the page that was made up came several times");
                names.dedup();
                assert_eq!(names, ["good.xml"], "names with slashes are none");
            }
            Hostile::MoreData | Hostile::EmptyData => {
                assert_eq!(listed.expect("listed").len(), 1);
                assert!(read.is_err());
            }
            _ => {
                let told = |problem: Problem| (problem.code, problem.is_temporary());
                assert_eq!(listed.map_err(told).expect_err("refused"), (Code::DropUnreachable, true), "{hostile:?}");
                if !matches!(hostile, Hostile::EndlessListing | Hostile::EmptyPages) {
                    assert!(read.is_err(), "{hostile:?}");
                }
            }
        }
        std::mem::drop(moved);
        // Once it behaves again, so do we.
        site.server.behave(Quirks::default());
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let listed = drop.list("").await.unwrap_or_else(|problem| panic!("{hostile:?}: {problem}"));
        assert_eq!(listed.len(), 1, "{hostile:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_is_cut_leaves_a_temporary_problem_and_the_next_succeeds() {
    let site = Site::new(Quirks { cut_after: Some(500_000), ..Quirks::default() }).await;
    let bytes = vec![7; 2_000_000];
    site.file("big.xml", &bytes);
    let drop = site.drop();
    let problem = drop.read("big.xml", 2_000_000, 1 << 30).await.expect_err("cut");
    assert_eq!((problem.code, problem.is_temporary()), (Code::DropUnreachable, true));
    assert_eq!(drop.read("big.xml", 2_000_000, 1 << 30).await.expect("read").len(), bytes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grew_or_shrank_since_its_listing_is_no_success() {
    let site = Site::new(Quirks::default()).await;
    let drop = site.drop();
    for size in [0usize, 1, 1000, 40_000, 300_000] {
        site.file("x.xml", &vec![b'x'; size]);
        assert_eq!(drop.read("x.xml", size as u64, 1 << 30).await.expect("read").len(), size);
        assert_eq!(drop.read("x.xml", size as u64 + 1, 1 << 30).await.expect_err("shorter than listed").code, Code::DropIo);
        if size > 0 {
            assert_eq!(drop.read("x.xml", size as u64 - 1, 1 << 30).await.expect_err("longer than listed").code, Code::DropIo);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_leaves_no_half_file() {
    let site = Site::new(Quirks { full_after: Some(100_000), ..Quirks::default() }).await;
    let drop = site.drop();
    drop.write("fits.part", &[1; 50_000]).await.expect("written");
    let problem = drop.write("too-big.part", &[2; 900_000]).await.expect_err("full");
    assert_eq!((problem.code, problem.is_temporary()), (Code::DiskFull, true));
    assert_eq!(site.files(), ["fits.part"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_told_as_such() {
    for (operation, work) in [("list", 0), ("read", 1), ("write", 2), ("rename", 3), ("remove", 4), ("mkdir", 5)] {
        let site = Site::new(Quirks { denied: vec![operation], ..Quirks::default() }).await;
        site.file("a.xml", b"abc");
        let drop = site.drop();
        let result = match work {
            0 => drop.list("").await.map(|_| ()),
            1 => drop.read("a.xml", 3, 100).await.map(|_| ()),
            2 => drop.write("b.part", b"abc").await,
            3 => drop.rename("a.xml", "b.xml").await,
            4 => drop.remove("a.xml").await,
            _ => drop.make_folder("new").await,
        };
        assert_eq!(result.expect_err(operation).code, Code::DropDenied, "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_whose_answer_never_came_is_seen_to_be_done() {
    let site = Site::new(Quirks::default()).await;
    site.file("a.xml", b"abc");
    let drop = site.drop();
    drop.list("").await.expect("connected");
    // Asked whether the target is there, then renamed: the second request.
    site.server.behave(Quirks { trouble: Some((2, ServerFault::CutAfter)), ..Quirks::default() });
    drop.rename("a.xml", "b.xml").await.expect("done, as the second look tells");
    assert_eq!(site.files(), ["b.xml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_dropped_while_idle_is_made_again_without_a_word() {
    let site = Site::new(Quirks::default()).await;
    site.file("a.xml", b"abc");
    let drop = site.drop();
    drop.list("").await.expect("connected");
    for _ in 0..3 {
        site.server.cut();
        assert_eq!(drop.read("a.xml", 3, 100).await.expect("read"), b"abc");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_goes_on_where_another_is_reached_through_it() {
    let inner = Site::new(Quirks::default()).await;
    let outer = Site::new(Quirks::default()).await;
    let mut settings = inner.settings();
    let mut jump = outer.settings();
    jump.accept_with = "consign trust p --jump".into();
    settings.jump = Some(Box::new(jump));
    // The embedded server carries no connections further; what is tested over sshd is tested in the live suite.
    let problem = SftpStore::new(settings).list("").await.expect_err("refused");
    assert_eq!(problem.code, Code::DropUnreachable);
    assert!(problem.message.contains("through 127.0.0.1"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_names_are_listed_in_little_memory() {
    let site = Site::new(Quirks::default()).await;
    for number in 0..100_000 {
        site.file(&format!("order-{number:06}.xml"), b"");
    }
    let drop = Arc::new(site.drop());
    let before = memory();
    let listed = drop.list("").await.expect("listed");
    assert_eq!(listed.len(), 100_000);
    assert!(memory().saturating_sub(before) < 100, "{} MB before, {} after", before, memory());
}
