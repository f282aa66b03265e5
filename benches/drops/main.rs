//! Drops at the speed of the wire: consign beside OpenSSH's sftp, lftp, rclone and the ssh2 engine, in one run against one sshd, straight
//! and through a proxy of this benchmark's own that makes a round trip take 20 ms.
//!
//! `cargo bench --features libssh2 --bench drops`; peers that are not installed are left out and named. A slow peer gets fewer files, so
//! that the run ends; what is compared is files a second.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot set itself up has nothing to report"
)]

mod peers;
mod site;

use std::{
    fs,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use consign::{
    model::{Problem, Sink},
    pipeline::Engine,
    transport::{
        RemoteFs,
        sftp::{self, SftpStore, SshEngine as Library},
    },
};
use futures_util::{StreamExt, stream};

use site::Site;

const RTT: Duration = Duration::from_millis(20);

/// Writes what comes to a file, as the peers do.
struct ToFile(fs::File, u64);

impl ToFile {
    fn at(folder: &std::path::Path, name: &str) -> Self {
        Self(fs::File::create(folder.join(name)).expect("a file"), 0)
    }
}

impl Sink for ToFile {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.1 += bytes.len() as u64;
        self.0.write_all(bytes).expect("written");
        Ok(())
    }
}

/// Memory in use now, in MB.
fn memory() -> f64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok()).unwrap_or(0.0) * 4096.0 / 1e6
}

#[tokio::main]
async fn main() {
    if !std::path::Path::new("/usr/sbin/sshd").exists() {
        println!("no /usr/sbin/sshd here: nothing measured (tests/live/provision.sh installs it)");
        return;
    }
    let site = Site::start().await;
    println!("| list, download, rename into `archive/` | loopback, 4 KB | 20 ms, 4 KB | 20 ms, 100 KB |\n|---|---|---|---|");
    let cases = [(None, 10_000, 4 << 10), (Some(RTT), 10_000, 4 << 10), (Some(RTT), 1_000, 100 << 10)];
    let mut ours = Vec::new();
    for (rtt, files, bytes) in cases {
        ours.push(format!("{:.0}", whole(&site, rtt, files, bytes, Library::Russh).await));
    }
    println!("| consign, 512 in flight | {} |", ours.join(" | "));
    if cfg!(feature = "libssh2") {
        let mut rates = Vec::new();
        for (rtt, _, bytes) in cases {
            rates.push(format!("{:.0}", whole(&site, rtt, if rtt.is_some() { 150 } else { 2_000 }, bytes, Library::Libssh2).await));
        }
        println!("| the ssh2 engine | {} |", rates.join(" | "));
    } else {
        println!("(the ssh2 engine is not in this build: --features libssh2)");
    }
    for peer in peers::ALL {
        if !peer.is_installed() {
            println!("({} is not installed)", peer.name);
            continue;
        }
        let mut rates = Vec::new();
        for (rtt, _, bytes) in cases {
            let files = if rtt.is_some() { 200 } else { 3_000 };
            let folder = site.fill(files, bytes);
            let started = Instant::now();
            peer.run(&site, site.port(rtt), &folder);
            rates.push(format!("{:.0}", files as f64 / started.elapsed().as_secs_f64()));
            assert_eq!(site.count(&folder, "archive"), files, "{} moved everything", peer.name);
        }
        println!("| {} | {} |", peer.name, rates.join(" | "));
    }
    big_files(&site).await;
    listing(&site).await;
    ingest(&site).await;
}

/// Files a second: listed, downloaded, renamed.
async fn whole(site: &Site, rtt: Option<Duration>, files: usize, bytes: usize, library: Library) -> f64 {
    let folder = site.fill(files, bytes);
    let mut settings = site.settings(rtt, &folder);
    settings.engine = library;
    let drop = sftp::open(settings).expect("opens");
    let drop = &*drop;
    // One connection is kept for long; making it is no part of the work.
    drop.stat("none").await.expect("connected");
    let started = Instant::now();
    let listed = drop.list("in").await.expect("listed");
    assert_eq!(listed.len(), files);
    let inbox = &site.inbox();
    let mut work = Vec::with_capacity(files);
    for entry in listed {
        work.push(async move {
            let mut file = ToFile::at(inbox, &entry.name);
            let path = format!("in/{}", entry.name);
            drop.fetch(&path, entry.size, 1 << 40, &mut file).await.expect("fetched");
            drop.rename(&path, &format!("archive/{}", entry.name)).await.expect("renamed");
            file.1
        });
    }
    let mut work = stream::iter(work).buffer_unordered(drop.at_once());
    let mut moved = 0;
    while let Some(more) = work.next().await {
        moved += more;
    }
    let time = started.elapsed();
    assert_eq!(moved, (files * bytes) as u64);
    assert_eq!(site.count(&folder, "archive"), files);
    files as f64 / time.as_secs_f64()
}

/// Megabytes a second of one file of 200 MB.
async fn big_files(site: &Site) {
    println!("\n| one file of 200 MB | loopback MB/s | 20 ms MB/s |\n|---|---|---|");
    let folder = site.fill(1, 200_000_000);
    let rate = |time: Duration| 200.0 / time.as_secs_f64();
    let mut ours = Vec::new();
    for rtt in [None, Some(RTT)] {
        let drop = SftpStore::new(site.settings(rtt, &folder));
        let listed = drop.list("in").await.expect("listed");
        let started = Instant::now();
        let mut file = ToFile::at(&site.inbox(), "big");
        drop.fetch(&format!("in/{}", listed[0].name), listed[0].size, 1 << 40, &mut file).await.expect("fetched");
        assert_eq!(file.1, 200_000_000);
        ours.push(format!("{:.0}", rate(started.elapsed())));
    }
    println!("| consign | {} |", ours.join(" | "));
    for peer in peers::ALL.iter().filter(|peer| peer.is_installed()) {
        let mut rates = Vec::new();
        for rtt in [None, Some(RTT)] {
            let folder = site.fill(1, 200_000_000);
            let started = Instant::now();
            peer.run(site, site.port(rtt), &folder);
            rates.push(format!("{:.0}", rate(started.elapsed())));
        }
        println!("| {} | {} |", peer.name, rates.join(" | "));
    }
}

/// A folder of 100,000 names.
async fn listing(site: &Site) {
    let folder = site.fill(100_000, 0);
    let drop = SftpStore::new(site.settings(Some(RTT), &folder));
    drop.stat("none").await.expect("connected");
    let (before, started) = (memory(), Instant::now());
    let listed = drop.list("in").await.expect("listed");
    assert_eq!(listed.len(), 100_000);
    println!("\n100,000 names at 20 ms: {:.2} s, {:.0} MB", started.elapsed().as_secs_f64(), memory() - before);
}

/// The whole ingest of 10,000 files at 20 ms: list, download, spool on disk, ledger on disk; then the move. Odoo is away, so that the
/// figure is that of the drop: the messages wait at `received`.
async fn ingest(site: &Site) {
    let files = 10_000;
    let folder = site.fill_with_orders(files);
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("workspace");
    let made = std::process::Command::new(env!("CARGO_BIN_EXE_consign")).arg("init").arg(&root).output().expect("starts");
    assert!(made.status.success());
    let settings = site.settings(Some(RTT), &folder);
    fs::write(root.join("password"), "none").expect("written");
    fs::write(
        root.join("consign.toml"),
        "[odoo]\nurl = \"http://127.0.0.1:9\"\ndatabase = \"none\"\nlogin = \"none\"\npassword = { file = \"password\" }\n",
    )
    .expect("written");
    fs::write(
        root.join("partners/nordwind.toml"),
        format!(
            "name = \"N\"\n[drop]\nkind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {}\nuser = \"{}\"\nkey = \"{}\"\nknown_hosts = \"{}\"\npath = \"{folder}\"\n",
            settings.port,
            settings.user,
            site.key().display(),
            settings.known_hosts.display()
        ),
    )
    .expect("written");
    let flow = root.join("flows/orders-in.toml");
    let text = fs::read_to_string(&flow).expect("a flow");
    fs::write(&flow, format!("stable_for = \"0s\"\nsame_content = \"process\"\n{}", text.replace("out/orders", "in"))).expect("written");
    let engine = Engine::open(Arc::new(consign::endpoint::load(&root).expect("fits"))).await.expect("opens");
    let drop = SftpStore::new(site.settings(Some(RTT), &folder));
    drop.stat("none").await.expect("connected");
    let before = memory();
    let started = Instant::now();
    let summary = engine.run("orders-in").await;
    let taken = started.elapsed();
    assert_eq!(summary.waiting, 1, "Odoo is away: {summary:?}");
    let spooled = fs::read_dir(root.join("var/spool")).expect("a folder").count();
    assert_eq!(spooled, files, "every file is in the spool");
    let listed = drop.list("in").await.expect("listed");
    let drop = &drop;
    let mut work = Vec::new();
    for entry in listed {
        work.push(async move { drop.rename(&format!("in/{}", entry.name), &format!("archive/{}", entry.name)).await.expect("renamed") });
    }
    let mut work = stream::iter(work).buffer_unordered(512);
    while work.next().await.is_some() {}
    let moved = started.elapsed();
    println!(
        "whole ingest of {files} files of 4 KB at 20 ms (list, download, spool and ledger on disk): {:.0} files/s; with the move {:.0} files/s; {:.0} MB more memory",
        files as f64 / taken.as_secs_f64(),
        files as f64 / moved.as_secs_f64(),
        memory() - before
    );
}
