//! What others do to us, and what must not come of it: lost journals, full disks, endless answers, names that lie.

use std::{
    fs,
    io::{Cursor, Write},
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

use consign::transport::{RemoteFs, local::LocalStore};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{drops::Shop, sending::sender};
use crate::common::{
    checks::all_at_rest,
    site::Visitor,
    world::{World, files},
};

fn var(world: &World) -> std::path::PathBuf {
    world.workspace().join("var")
}

const NAME: &str = "name      = \"despatch-{{ record.name | replace('/', '-') }}.xml\"";

/// A shop that has sent a delivery, with the journal as it was before that.
async fn sent() -> (Shop, Vec<u8>) {
    let shop = sender(NAME, 1).await;
    let before = fs::read(var(&shop.world).join("journal.sqlite")).expect("a journal");
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(shop.world.partner_files("in").len(), 1);
    (shop, before)
}

fn remove_journal(world: &World) {
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(var(world).join(format!("journal.sqlite{ending}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_is_missing_empty_or_of_an_earlier_day_is_not_taken_for_the_journal() {
    let (shop, before) = sent().await;
    let world = &shop.world;
    let journal = var(world).join("journal.sqlite");
    let whole = fs::read(&journal).expect("a journal");
    type Loss<'l> = Box<dyn Fn() + 'l>;
    let losses: [(&str, Loss<'_>); 4] = [
        ("there is no journal at", Box::new(|| remove_journal(world))),
        ("there is no journal at", Box::new(|| fs::write(&journal, "").expect("emptied"))),
        ("is an earlier copy", Box::new(|| fs::write(&journal, &before).expect("laid back"))),
        (
            "is not the journal that belongs",
            Box::new(|| {
                // Begun in another workspace.
                let other = tempfile::tempdir().expect("a folder");
                let runtime = tokio::runtime::Handle::current();
                let path = other.path().join("journal.sqlite");
                tokio::task::block_in_place(|| {
                    runtime.block_on(async { consign::journal::Journal::open(&path).await.expect("opens").close().await })
                });
                fs::copy(&path, &journal).expect("laid there");
            }),
        ),
    ];
    for (told, lose) in losses {
        remove_journal(world);
        lose();
        for command in [&["run", "--once"][..], &["status"], &["log"]] {
            let ran = world.consign(command).ends(2);
            assert!(ran.err.contains("error[C917]") && ran.err.contains(told), "{told}: {}", ran.err);
            let way_out = if told.starts_with("there is no journal") { "init --new-journal" } else { "init --accept-journal" };
            assert!(ran.err.contains(way_out), "{}", ran.err);
        }
        let doctor = world.consign(&["doctor"]).ends(2);
        assert!(doctor.out.contains("FAIL  journal") && doctor.out.contains(told), "{}", doctor.out);
        assert_eq!(world.partner_files("in").len(), 1, "nothing is sent again");
    }
    // A backup is no place for a journal that does not belong there.
    let backup = world.dir.path().join("backup.zip");
    world.consign(&["backup", &backup.display().to_string()]).ends(2);
    assert!(!backup.exists());
    remove_journal(world);
    fs::write(&journal, whole).expect("laid back");
    world.consign(&["run", "--once"]).ends(0);
    all_at_rest(world);
    // An earlier copy that is meant: what it does not know to have been sent is held.
    remove_journal(world);
    fs::write(&journal, &before).expect("laid back");
    world.consign(&["init", "--accept-journal"]).ends(0);
    let held = world.consign(&["run", "--once", "despatch-out"]).ends(1);
    assert!(held.out.contains("1 held"), "{}", held.out);
    assert_eq!(world.partner_files("in").len(), 1, "nothing is sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_journal_is_begun_by_a_person_holds_what_may_be_sent_and_asks_for_numbers() {
    let (shop, _) = sent().await;
    let world = &shop.world;
    world.consign(&["init", "--new-journal"]).ends(2);
    remove_journal(world);
    fs::write(var(world).join("spool/0191"), "left").expect("written");
    world.replace("flows/despatch-out.toml", &[(NAME, &format!("{NAME}\nsequence = 1"))]);
    let asked = world.consign(&["init", "--new-journal"]).ends(2);
    assert!(asked.err.contains("--next despatch-out=NUMBER"), "{}", asked.err);
    world.consign(&["init", "--new-journal", "--next", "orders-in=7", "--next", "despatch-out=42"]).ends(2);
    let begun = world.consign(&["init", "--new-journal", "--next", "despatch-out=42"]).ends(0);
    assert!(begun.out.contains("despatch-out continues with number 42") && begun.out.contains("moved aside"), "{}", begun.out);
    assert!(files(&var(world)).iter().any(|name| name.contains("-spool/0191")), "nothing is deleted: {:?}", files(&var(world)));
    let held = world.consign(&["run", "--once", "despatch-out"]).ends(1);
    assert!(held.out.contains("1 held"), "{}", held.out);
    let message = world.messages("despatch-out").pop().expect("a message");
    assert_eq!((message["stage"].as_str(), message["code"].as_str()), (Some("held"), Some("C912")), "{message}");
    let id = message["id"].as_str().expect("an id");
    let shown = world.consign(&["show", id]).ends(0).out;
    assert!(shown.contains("the journal was started again"), "{shown}");
    assert_eq!(world.partner_files("in").len(), 1, "not sent again by itself");
    // The next run is one like any other.
    world.consign(&["run", "--once"]).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_is_removed_under_a_running_consign_is_told_once() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let engine = shop.engine().await;
    assert!(engine.run("orders-in").await.problems.is_empty());
    fs::rename(var(&shop.world), shop.world.workspace().join("elsewhere")).expect("moved");
    shop.drop("a.xml", &shop.order("V-1"));
    for _ in 0..3 {
        let ran = engine.run("orders-in").await;
        let codes: Vec<&str> = ran.problems.iter().map(|problem| problem.code.as_str()).collect();
        assert_eq!(codes, ["C917"], "{ran:?}");
    }
    let looked = consign::ops::alerts::look(&engine, &Default::default(), chrono::Utc::now()).await.expect("looked");
    let told: Vec<&str> = looked.conditions.iter().map(|condition| condition.key.as_str()).collect();
    assert_eq!(told, ["stopped/journal"], "one alert, whatever follows from it");
    assert_eq!(shop.world.partner_files("out/orders"), ["a.xml"], "nothing is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_never_overwrites_an_original() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    shop.world.replace("flows/orders-in.toml", &[("files     = \"*.xml\"", "files = [\"*.xml\", \"*.json\", \"*.txt\"]")]);
    let originals = [("z.xml.problem.json", "<First>"), ("z.xml.problem.txt", "<Second>"), ("z.xml", "<Third>")];
    for (name, text) in originals {
        shop.drop(name, text);
        shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    }
    let kept: Vec<String> = files(&var(&shop.world).join("error/orders-in"));
    let contents: Vec<String> =
        kept.iter().map(|name| fs::read_to_string(var(&shop.world).join("error/orders-in").join(name)).expect("text")).collect();
    for (name, text) in originals {
        assert!(contents.iter().any(|content| content == text), "{name} is whole: {kept:?}");
    }
    for message in shop.world.messages("orders-in") {
        shop.world.consign(&["show", message["id"].as_str().expect("an id")]).ends(0);
    }
    assert_eq!(kept.len(), 9, "each with its two reports: {kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_swapped_for_a_link_takes_nothing_out_of_the_drop() {
    for step_by_step in [false, true] {
        let dir = tempfile::tempdir().expect("a folder");
        let (root, outside) = (dir.path().join("drop"), dir.path().join("outside"));
        for folder in [&root.join("in"), &root.join("real"), &outside] {
            fs::create_dir_all(folder).expect("a folder");
        }
        fs::write(outside.join("secret.xml"), "theirs").expect("written");
        let drop = if step_by_step { LocalStore::step_by_step(&root) } else { LocalStore::new(&root) };
        for number in 0..400 {
            fs::write(root.join(format!("in/{number}.xml")), "ours").expect("written");
        }
        drop.make_folder("archive").await.expect("made");
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let swapping = std::thread::spawn({
            let (root, outside, stop) = (root.clone(), outside.clone(), std::sync::Arc::clone(&stop));
            move || {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let _ = fs::rename(root.join("archive"), root.join("aside"));
                    let _ = symlink(&outside, root.join("archive"));
                    let _ = fs::remove_file(root.join("archive"));
                    let _ = fs::rename(root.join("aside"), root.join("archive"));
                }
            }
        });
        let (mut moved, mut refused) = (0, 0);
        for number in 0..400 {
            match drop.rename(&format!("in/{number}.xml"), &format!("archive/{number}.xml")).await {
                Ok(()) => moved += 1,
                Err(_) => refused += 1,
            }
            let _ = drop.write(&format!("archive/{number}.report"), b"a report").await;
            let _ = drop.remove("archive/secret.xml").await;
            let _ = drop.read("archive/secret.xml", 6, 100).await.map(|_| panic!("read from outside"));
            let _ = drop.list("archive").await.map(|entries| assert!(entries.iter().all(|entry| entry.name != "secret.xml")));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        swapping.join().expect("ended");
        assert_eq!(files(&outside), ["secret.xml"], "{moved} moved, {refused} refused");
        assert!(moved > 0, "it is moved where it can be");
        let here = files(&root).into_iter().filter(|name| name.ends_with(".xml")).count();
        assert_eq!(here, 400, "each file is here or there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_inside_a_drop_are_not_followed_whichever_way_it_is_opened() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(dir.path().join("drop/real")).expect("a folder");
    fs::write(dir.path().join("drop/real/a.xml"), "x").expect("written");
    symlink("real", dir.path().join("drop/alias")).expect("linked");
    symlink(dir.path().join("drop"), dir.path().join("by-link")).expect("linked");
    for drop in [LocalStore::new(dir.path().join("by-link")), LocalStore::step_by_step(dir.path().join("by-link"))] {
        assert_eq!(drop.read("real/a.xml", 1, 10).await.expect("its own root may be a link"), b"x");
        let problem = drop.list("alias").await.expect_err("refused");
        assert!(problem.message.contains("leads over a link"), "{problem}");
        for refused in [
            drop.rename("real/a.xml", "alias/b.xml").await,
            drop.rename("alias/a.xml", "real/b.xml").await,
            drop.write("alias/c.xml", b"c").await,
            drop.make_folder("alias/deeper").await,
            drop.replace("real/a.xml", "alias/b.xml").await,
            drop.remove("alias/a.xml").await,
        ] {
            assert!(refused.expect_err("refused").message.contains("leads over a link"));
        }
    }
    assert_eq!(files(&dir.path().join("drop/real")), ["a.xml"]);
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).expect("begun");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("whole").into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_backup_holds_is_brought_back() {
    let world = World::embedded().await;
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    let whole = world.dir.path().join("whole.zip");
    world.consign(&["backup", &whole.display().to_string()]).ends(0);
    let mut read = zip::ZipArchive::new(Cursor::new(fs::read(&whole).expect("read"))).expect("a zip");
    let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
    for at in 0..read.len() {
        let mut entry = read.by_index(at).expect("an entry");
        let mut bytes = Vec::new();
        std::io::copy(&mut entry, &mut bytes).expect("read");
        entries.push((entry.name().expect("a name").into_owned(), bytes));
    }
    let restore = |with: &[(&str, &[u8])], without: &str| {
        let mut all: Vec<(&str, &[u8])> = entries.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        all.retain(|(name, _)| *name != without && with.iter().all(|(other, _)| other != name));
        all.extend_from_slice(with);
        let (file, to) = (world.dir.path().join("crafted.zip"), world.dir.path().join("restored"));
        fs::write(&file, zip(&all)).expect("written");
        let ran = world.consign(&["--workspace", &to.display().to_string(), "restore", &file.display().to_string()]);
        let there = if to.exists() { files(&to) } else { Vec::new() };
        let _ = fs::remove_dir_all(&to);
        (ran, there)
    };
    let toml =
        entries.iter().find(|(name, _)| name == "workspace/consign.toml").map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
    let toml = toml.expect("a configuration");
    let elsewhere = world.dir.path().join("elsewhere");
    let moved = format!("storage = \"{}\"\n{}", elsewhere.display(), toml.replace("storage", "# storage"));
    for (with, without, told) in [
        (&[("workspace/keys/id_ed25519", &b"key"[..])][..], "", "keys/id_ed25519"),
        (&[("workspace/.bashrc", b"echo")], "", ".bashrc"),
        (&[("storage/other/a", b"a")], "", "storage/other/a"),
        (&[], "storage/journal.sqlite", "it contains no journal"),
        (&[("workspace/consign.toml", moved.as_bytes())], "", "has its storage outside"),
    ] {
        let (ran, there) = restore(with, without);
        let ran = ran.ends(2);
        assert!(ran.err.contains("error[C910]") && ran.err.contains(told), "{told}: {}", ran.err);
        assert_eq!(there, Vec::<String>::new(), "nothing is written: {told}");
    }
    assert!(!elsewhere.exists());
    restore(&[], "").0.ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_of_documents_that_are_all_alike_is_refused_with_a_count() {
    let shop = Shop::with("stable_for = \"0s\"\nunzip  = [\"*.xml\"]").await;
    shop.world.replace("flows/orders-in.toml", &[("files     = \"*.xml\"", "files = [\"*.xml\", \"*.zip\"]")]);
    let names: Vec<String> = (0..9_999).map(|number| format!("{number}.xml")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    shop.world.drop_file("out/orders", "empty.zip", zip(&entries));
    let ran = shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    assert!(ran.out.contains("1 failed"), "{}", ran.out);
    let errors = shop.world.consign(&["errors"]).out;
    assert!(errors.contains("9998 of the 9999 documents in the zip are identical"), "{errors}");
    assert_eq!(files(&var(&shop.world)).iter().filter(|name| name.starts_with("spool/")).count(), 0);
    assert_eq!(shop.world.messages("orders-in").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_not_taken_for_each_other_and_have_no_simple_passwords() {
    let world = World::embedded().await;
    let add = |name: &str, password: &str| {
        let mut command = world.prepared(&["user", "add", name, "--password-stdin"]);
        let mut child = command
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("starts");
        child.stdin.take().expect("an input").write_all(password.as_bytes()).expect("typed");
        let output = child.wait_with_output().expect("ends");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for simple in ["aaaaaaaaaa", "          ", "0123456789", "i am adam!"] {
        let (code, told) = add("adam", simple);
        assert!(code == Some(2) && told.contains("too simple"), "{simple}: {told}");
    }
    assert_eq!(add("adam", "correct horse battery").0, Some(0));
    assert_eq!(add("ADAM", "another long one").0, Some(0));
    let users: Vec<String> = world
        .json(&["user", "list"])
        .as_array()
        .expect("a list")
        .iter()
        .map(|user| user["name"].as_str().expect("a name").to_string())
        .collect();
    assert_eq!(users, ["adam"], "one person, whatever the letters");
    let (code, told) = add("аdam", "correct horse battery");
    assert!(code == Some(2) && told.contains("Latin letters"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_show_nothing_are_made_visible_and_lie_on_no_shelf() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    for (number, sign) in ['\u{2028}', '\u{200b}', '\u{202e}'].into_iter().enumerate() {
        shop.drop(&format!("a{sign}{number}.xml"), "<Order>");
    }
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    let shown = shop.world.consign(&["errors"]).out + &shop.world.consign(&["log"]).out;
    for sign in ['\u{2028}', '\u{200b}', '\u{202e}'] {
        assert!(!shown.contains(sign) && shown.contains(&sign.escape_default().to_string()), "{shown}");
        assert!(files(&var(&shop.world)).iter().all(|name| !name.contains(sign)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_not_told_to_another_host() {
    let (shop, site) = super::web::site("").await;
    let at = site.url.trim_start_matches("http://").trim_end_matches('/').to_string();
    let ask = |host: &str| {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let at = at.clone();
        async move {
            let mut stream = tokio::net::TcpStream::connect(&at).await.expect("connected");
            stream.write_all(request.as_bytes()).await.expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("read");
            answer
        }
    };
    assert!(ask(&at).await.starts_with("HTTP/1.1 200"));
    assert!(ask("localhost:1").await.starts_with("HTTP/1.1 200"));
    assert!(ask("evil.example").await.starts_with("HTTP/1.1 403"));
    drop(shop);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_visitors_keep_nobody_else_out() {
    let (shop, site) = super::web::site("").await;
    let at = site.url.trim_start_matches("http://").trim_end_matches('/').to_string();
    let mut slow = Vec::new();
    for _ in 0..300 {
        let Ok(mut stream) = tokio::net::TcpStream::connect(&at).await else { continue };
        let head = format!(
            "POST /signin HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes()).await;
        slow.push(stream);
    }
    let mut longest = Duration::ZERO;
    for _ in 0..10 {
        let began = Instant::now();
        let mut answer = String::new();
        // One that comes too late for a place is told apart, or closed; the next try goes through.
        while !answer.contains("alive") && began.elapsed() < Duration::from_secs(20) {
            answer.clear();
            if let Ok(mut stream) = tokio::net::TcpStream::connect(&at).await {
                let _ = stream.write_all(format!("GET /health HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n").as_bytes()).await;
                let _ = stream.read_to_string(&mut answer).await;
            }
        }
        longest = longest.max(began.elapsed());
    }
    assert!(longest < Duration::from_secs(4), "health was silent for {longest:?}");
    drop(slow);
    // Those who are slow are sent away after their time, and everybody else is let in.
    let visitor: Visitor = site.visitor();
    let began = Instant::now();
    while visitor.get("/signin").await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(15), "the page is back");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(shop);
}

#[tokio::test(flavor = "multi_thread")]
async fn few_open_files_are_for_the_flows_first_and_as_many_are_taken_as_may_be() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    shop.world.replace("flows/orders-in.toml", &[("every 15 minutes", "every 1 seconds")]);
    let at = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let file = shop.world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("read");
    fs::write(&file, format!("{text}\n\n[web]\nlisten = \"{at}\"\n")).expect("written");
    let start = |limit: &str| {
        let script = format!("ulimit {limit} 64; exec '{}' run", env!("CARGO_BIN_EXE_consign"));
        std::process::Command::new("bash")
            .args(["-c", &script])
            .env("CONSIGN_WORKSPACE", shop.world.workspace())
            .env("CONSIGN_ODOO_PASSWORD", &shop.world.odoo.password)
            .env("NORDWIND_PASSWORD", "secret")
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("starts")
    };
    // Of 64 files the page has a quarter, and a crowd before it stops no flow.
    let mut daemon = start("-n");
    let mut crowd = Vec::new();
    let began = Instant::now();
    while crowd.len() < 80 && began.elapsed() < Duration::from_secs(20) {
        if let Ok(mut stream) = std::net::TcpStream::connect(at) {
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
            crowd.push(stream);
        }
    }
    shop.drop("a.xml", &shop.order("U-1"));
    let began = Instant::now();
    while shop.world.odoo.count("sale.order", json!([])).await == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "the flows go on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(daemon.try_wait().expect("asked").is_none());
    daemon.kill().expect("killed");
    daemon.wait().expect("ended");
    drop(crowd);
    // Where the system would give more, it is taken.
    let mut daemon = start("-Sn");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.id())).expect("limits");
    let files: Vec<&str> = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line").split_whitespace().collect();
    assert_eq!(files[3], files[4], "soft and hard: {limits}");
    daemon.kill().expect("killed");
    daemon.wait().expect("ended");
    let problem = consign::model::problem::reason(&std::io::Error::from_raw_os_error(24));
    assert!(problem.contains("too many files are open"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn below_the_reserve_nothing_is_taken_and_it_goes_on_by_itself() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let file = shop.world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("read");
    fs::write(&file, format!("{text}\n\n[keep]\nreserve = 1000000000\n")).expect("written");
    shop.drop("a.xml", &shop.order("R-1"));
    let ran = shop.world.consign(&["run", "--once", "orders-in"]).ends(2);
    assert!(ran.err.contains("error[C307]") && ran.err.contains("consign receives nothing below 1000000000 MiB"), "{}", ran.err);
    assert_eq!(shop.world.partner_files("out/orders"), ["a.xml"]);
    fs::write(&file, format!("{text}\n\n[keep]\nreserve = 1\n")).expect("written");
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    all_at_rest(&shop.world);
}
