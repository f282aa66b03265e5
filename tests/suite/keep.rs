//! What is kept and for how long: days of the archive in zips, on which everything still works; what is forgotten, and what never is.

use std::{fs, path::Path, sync::Arc};

use chrono::{TimeDelta, Utc};
use consign::{
    model::{Clock, ManualClock},
    pipeline::Engine,
};
use serde_json::{Value, json};

use super::{
    drops::Shop,
    sending::{more, sender},
};
use crate::common::checks::all_at_rest;

/// The shop as it was some days ago.
async fn ago(shop: &Shop, days: i64) -> Engine {
    let clock = Arc::new(ManualClock::new(Utc::now() - TimeDelta::days(days)));
    shop.engine().await.with_clock(clock as Arc<dyn Clock>)
}

fn keep(shop: &Shop, keys: &str) {
    let file = shop.world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("a file");
    fs::write(file, format!("{text}\n[keep]\n{keys}\n")).expect("written");
}

fn id(message: &Value) -> &str {
    message["id"].as_str().expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_day_in_a_zip_everything_still_works() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let orders: Vec<String> = (0..3).map(|number| shop.order(&format!("K-{number}"))).collect();
    for (number, order) in orders.iter().enumerate() {
        shop.drop(&format!("order-{number}.xml"), order);
    }
    ago(&shop, 40).await.run("orders-in").await;
    let day = (Utc::now() - TimeDelta::days(40)).format("%Y-%m-%d").to_string();
    shop.drop("new.xml", &shop.order("K-9"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    let before = shop.world.stored_files("archive");
    let dry = shop.world.consign(&["keep", "--dry-run"]).ends(0);
    assert!(dry.out.contains(&format!("would compress orders-in {day}")), "{}", dry.out);
    assert_eq!(shop.world.stored_files("archive"), before);
    let kept = shop.world.consign(&["keep"]).ends(0);
    assert!(kept.out.contains("compressed 1 days of the archive: 3 files"), "{}", kept.out);
    let after = shop.world.stored_files("archive");
    assert!(after.len() == 2 && after.contains(&format!("orders-in/{day}.zip")), "{after:?}");
    shop.world.consign(&["keep"]).ends(0);
    assert_eq!(shop.world.stored_files("archive"), after, "once");
    let messages = shop.world.messages("orders-in");
    let message = messages.iter().find(|message| message["name"] == "order-1.xml").expect("a message");
    // Looked at, done again, compared, edited: as if it lay in its folder.
    let dry = shop.world.consign(&["reprocess", id(message), "--dry-run"]).ends(0);
    assert!(dry.out.contains(" unchanged"), "{}", dry.out);
    shop.world.consign(&["reprocess", id(message)]).ends(0);
    assert_eq!(shop.world.stored_files("archive"), after, "it stays in its zip");
    let compared = shop.world.consign(&["replay-check", "orders-in"]).ends(0);
    assert!(compared.out.contains("4 files: 4 unchanged"), "{}", compared.out);
    // What fails now leaves the zip for the error folder, and comes back.
    let mapping = shop.world.workspace().join("mappings/order.toml");
    let good = fs::read_to_string(&mapping).expect("a mapping");
    fs::write(
        &mapping,
        good.replace("vat = \"Buyer/VatNumber\", global_location_number = \"Buyer/Gln\", name = \"Buyer/Name\"", "ref = \"Buyer/Name\""),
    )
    .expect("written");
    shop.world.consign(&["reprocess", id(message)]).ends(1);
    let refused = fs::read(shop.world.workspace().join("var/error/orders-in/order-1.xml")).expect("a file");
    assert_eq!(String::from_utf8_lossy(&refused), orders[1]);
    fs::write(&mapping, good).expect("mended");
    shop.world.consign(&["reprocess", id(message)]).ends(0);
    shop.world.consign(&["keep"]).ends(0);
    assert_eq!(shop.world.stored_files("archive"), after, "rolled again, with the others");
    for message in shop.world.messages("orders-in") {
        shop.world.consign(&["reprocess", id(&message), "--dry-run"]).ends(0);
    }
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_rolling_and_a_damaged_zip_lose_nothing_that_was_not_lost() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    for number in 0..2 {
        shop.drop(&format!("order-{number}.xml"), &shop.order(&format!("C-{number}")));
    }
    ago(&shop, 40).await.run("orders-in").await;
    let day = (Utc::now() - TimeDelta::days(40)).format("%Y-%m-%d").to_string();
    let archive = shop.world.workspace().join("var/archive/orders-in");
    let folder = archive.join(&day);
    let copy = shop.world.dir.path().join("copy");
    crate::common::library::copy(&folder, &copy);
    shop.world.consign(&["keep"]).ends(0);
    // It died between the zip and the folder; and once before, in the middle of the zip.
    crate::common::library::copy(&copy, &folder);
    fs::write(archive.join(format!("{day}.zip.part")), b"PK half").expect("written");
    shop.world.consign(&["keep"]).ends(0);
    let files = shop.world.stored_files("archive");
    assert_eq!(files, [format!("orders-in/{day}.zip")]);
    let messages = shop.world.messages("orders-in");
    shop.world.consign(&["reprocess", id(&messages[0]), "--dry-run"]).ends(0);
    let zip = archive.join(format!("{day}.zip"));
    let whole = fs::read(&zip).expect("a zip");
    fs::write(&zip, &whole[..whole.len() / 2]).expect("cut");
    let told = shop.world.consign(&["reprocess", id(&messages[0])]);
    assert!(told.code == 2 && told.err.contains("C905") && told.err.contains("cannot be read"), "{told:?}");
    // A file that comes back to the day must not be rolled into what cannot be read.
    crate::common::library::copy(&copy, &folder);
    shop.world.consign(&["keep"]).ends(2);
    assert!(Path::new(&folder).is_dir(), "the folder is left");
    fs::write(&zip, whole).expect("restored");
    shop.world.consign(&["keep"]).ends(0);
    shop.world.consign(&["reprocess", id(&messages[0]), "--dry-run"]).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_forgotten_and_what_waits_for_a_person_is_not() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    shop.drop("good.xml", &shop.order("F-1"));
    shop.drop("bad.xml", "<Order/>");
    let clock = Arc::new(ManualClock::new(Utc::now() - TimeDelta::days(400)));
    let engine = shop.engine().await.with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
    engine.run("orders-in").await;
    shop.drop("newer.xml", &shop.order("F-2"));
    clock.advance(TimeDelta::days(300));
    engine.run("orders-in").await;
    keep(&shop, "zip_after = \"30d\"\ndelete_after = \"365d\"");
    let kept = shop.world.consign(&["keep"]).ends(0);
    assert!(kept.out.contains("and 1 messages"), "{}", kept.out);
    let names: Vec<String> =
        shop.world.messages("orders-in").iter().map(|message| message["name"].as_str().expect("a name").into()).collect();
    assert_eq!(names, ["bad.xml", "newer.xml"]);
    let archive = shop.world.stored_files("archive");
    assert!(archive.len() == 1 && archive[0].ends_with(".zip"), "{archive:?}");
    assert!(shop.world.stored_files("error").contains(&"orders-in/bad.xml".to_string()));
    assert_eq!(shop.world.json(&["find", "good.xml"]), json!([]), "nothing leads to it");
    assert_eq!(shop.world.json(&["find", "newer.xml"]).as_array().expect("a list").len(), 1);
    let status = shop.world.json(&["status"]);
    assert!(status.to_string().contains("orders-in"), "{status}");
    // Once a person has ended it, it goes as well.
    let bad = shop.world.messages("orders-in");
    shop.world.consign(&["discard", id(&bad[0]), "--reason", "old"]).ends(0);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    shop.world.consign(&["keep"]).ends(0);
    assert_eq!(shop.world.messages("orders-in").len(), 1);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_not_sent_again_though_its_message_is_forgotten() {
    let shop = sender("name = \"despatch-{{ record.name | replace('/', '-') }}.xml\"", 1).await;
    ago(&shop, 400).await.run("despatch-out").await;
    let sent = shop.world.partner_files("in");
    assert_eq!(sent.len(), 1);
    keep(&shop, "delete_after = \"365d\"");
    shop.world.consign(&["keep"]).ends(0);
    assert_eq!(shop.world.messages("despatch-out").len(), 0);
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!((shop.world.messages("despatch-out").len(), shop.world.partner_files("in")), (0, sent));
}

#[tokio::test]
async fn how_long_is_said_in_days() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    keep(&shop, "zip_after = \"2h\"");
    let check = shop.world.consign(&["check"]).ends(1);
    assert!(check.err.contains("at least one day") || check.out.contains("at least one day"), "{check:?}");
    shop.world.replace("consign.toml", &[("zip_after = \"2h\"", "zip_after = \"never\"\ndelete_after = \"30d\"")]);
    shop.world.consign(&["check"]).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_consign_is_at_work_brings_everything_back() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    for number in 0..3 {
        shop.drop(&format!("order-{number}.xml"), &shop.order(&format!("B-{number}")));
    }
    shop.drop("broken.xml", "<Order");
    ago(&shop, 40).await.run("orders-in").await;
    shop.world.consign(&["keep"]).ends(0);
    shop.drop("new.xml", &shop.order("B-9"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    let there = shop.world.messages("orders-in");
    let files = ["archive", "error"].map(|archive| shop.world.stored_files(archive));
    let running = consign::pipeline::Lock::take(&consign::endpoint::load(&shop.world.workspace()).expect("fits")).expect("the lock");
    let backup = shop.world.workspace().parent().expect("a folder").join("backup.zip");
    let file = backup.to_str().expect("a path");
    let made = shop.world.consign(&["backup", file]).ends(0);
    assert!(made.out.contains("bytes uncompressed, verified"), "{}", made.out);
    let again = shop.world.consign(&["backup", file]).ends(2);
    assert!(again.err.contains("C910") && again.err.contains("nothing is overwritten"), "{}", again.err);
    let over = shop.world.consign(&["restore", file]).ends(2);
    assert!(over.err.contains("already has a journal"), "{}", over.err);
    drop(running);
    // The disk is lost, and someone's mapping came back from elsewhere.
    let storage = shop.world.workspace().join("var");
    fs::remove_dir_all(&storage).expect("removed");
    fs::remove_file(shop.world.workspace().join("flows/orders-in.toml")).expect("removed");
    let table = shop.world.workspace().join("mappings/order.toml");
    let other = format!("# of today\n{}", fs::read_to_string(&table).expect("a mapping"));
    fs::write(&table, &other).expect("written");
    let back = shop.world.consign(&["restore", file]).ends(0);
    assert!(back.out.contains("kept mappings/order.toml: the workspace has a different version"), "{}", back.out);
    assert_eq!(fs::read_to_string(&table).expect("a mapping"), other);
    assert_eq!(shop.world.messages("orders-in"), there);
    assert_eq!(["archive", "error"].map(|archive| shop.world.stored_files(archive)), files);
    for message in there.iter().filter(|message| message["stage"] == "done") {
        let dry = shop.world.consign(&["reprocess", id(message), "--dry-run"]).ends(0);
        assert!(dry.out.contains(" unchanged"), "{}", dry.out);
    }
    shop.drop("after.xml", &shop.order("B-10"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_broken_or_strange_brings_nothing_back_that_could_be_taken_for_whole() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    shop.drop("order.xml", &shop.order("B-1"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    let folder = shop.world.workspace().parent().expect("a folder").to_path_buf();
    let file = folder.join("backup.zip");
    let name = file.to_str().expect("a path").to_string();
    shop.world.consign(&["backup", &name]).ends(0);
    fs::remove_dir_all(shop.world.workspace().join("var")).expect("removed");
    let whole = fs::read(&file).expect("a backup");
    let journal = shop.world.workspace().join("var/journal.sqlite");
    for (what, bytes) in [("cut", whole[..whole.len() / 2].to_vec()), ("empty", Vec::new()), ("no zip", b"hello".to_vec())] {
        fs::write(&file, bytes).expect("written");
        let refused = shop.world.consign(&["restore", &name]).ends(2);
        assert!(
            refused.err.contains("C910") && refused.err.contains("not an intact backup") && !journal.exists(),
            "{what}: {}",
            refused.err
        );
    }
    // A byte of the journal is another: the last entry, so that all else is back and the journal is not.
    let mut flipped = whole.clone();
    let at = whole.windows(22).rposition(|window| window == b"storage/journal.sqlite").expect("the directory's entry");
    let first = whole.windows(22).position(|window| window == b"storage/journal.sqlite").expect("the entry");
    assert!(first < at);
    flipped[first + 600] ^= 0xff;
    fs::write(&file, flipped).expect("written");
    let refused = shop.world.consign(&["restore", &name]).ends(2);
    assert!(refused.err.contains("C910") && !journal.exists(), "{}", refused.err);
    fs::write(&file, whole).expect("written");
    shop.world.consign(&["restore", &name]).ends(0);
    assert_eq!(shop.world.messages("orders-in").len(), 1);
    assert!(
        fs::read_dir(&folder).expect("a folder").flatten().all(|entry| !entry.file_name().to_string_lossy().contains("consign-backup"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_after_the_backup_is_not_sent_a_second_time() {
    let shop = sender("name = \"despatch-{{ record.name | replace('/', '-') }}.xml\"", 3).await;
    let backup = shop.world.workspace().parent().expect("a folder").join("backup.zip");
    let file = backup.to_str().expect("a path");
    shop.world.consign(&["backup", file]).ends(0);
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    let sent = shop.world.partner_files("in");
    assert_eq!(sent.len(), 3, "{sent:?}");
    fs::remove_dir_all(shop.world.workspace().join("var")).expect("the disk is lost");
    let back = shop.world.consign(&["restore", file]).ends(0);
    assert!(back.out.contains("the first records that outbound flows find are held (C912)"), "{}", back.out);
    let run = shop.world.consign(&["run", "--once", "despatch-out"]).ends(1);
    assert!(run.out.contains("3 held"), "{}", run.out);
    assert_eq!(shop.world.partner_files("in"), sent);
    let errors = shop.world.consign(&["errors", "despatch-out"]);
    assert!(errors.out.contains("C912") && errors.out.contains("check whether the partner has it"), "{}", errors.out);
    // The partner has two of them; the third it has not.
    let held = shop.world.messages("despatch-out");
    for message in &held[..2] {
        shop.world.consign(&["discard", id(message), "--reason", "the partner has it"]).ends(0);
    }
    fs::remove_dir_all(shop.world.partner.join("in")).expect("collected");
    fs::create_dir_all(shop.world.partner.join("in")).expect("a folder");
    shop.world.consign(&["release", id(&held[2])]).ends(0);
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(shop.world.partner_files("in").len(), 1);
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(shop.world.partner_files("in").len(), 1, "and nothing ever after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_in_use_gets_nothing_back() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let backup = shop.world.workspace().parent().expect("a folder").join("backup.zip");
    let file = backup.to_str().expect("a path");
    let nothing = shop.world.consign(&["backup", file]).ends(2);
    assert!(nothing.err.contains("nothing has run in this workspace yet"), "{}", nothing.err);
    assert!(
        !backup.exists() && !shop.world.workspace().join("var/journal.sqlite").exists(),
        "none is made of what may be the wrong folder"
    );
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    shop.world.consign(&["backup", file]).ends(0);
    let check = shop.world.consign(&["restore", file, "--check"]).ends(0);
    assert!(check.out.contains("intact, ") && check.out.contains("made at "), "{}", check.out);
    let removed = shop.world.workspace().join("flows/stock-in.toml");
    fs::remove_file(&removed).expect("removed");
    shop.world.consign(&["restore", file]).ends(2);
    assert!(!removed.exists(), "a flow that was removed stays removed");
    // The journal was moved away, and what belongs to it was forgotten.
    let storage = shop.world.workspace().join("var");
    fs::rename(storage.join("journal.sqlite"), storage.join("old.sqlite")).expect("moved");
    fs::write(storage.join("journal.sqlite-wal"), "left behind").expect("written");
    let refused = shop.world.consign(&["restore", file]).ends(2);
    assert!(refused.err.contains("move away the whole storage") && !removed.exists(), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_says_whose_original_is_gone_and_follows_links() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    shop.drop("bad.xml", "<Order");
    shop.drop("good.xml", &shop.order("B-1"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    fs::remove_file(shop.world.workspace().join("var/error/orders-in/bad.xml")).expect("removed");
    let elsewhere = shop.world.dir.path().join("elsewhere");
    fs::rename(shop.world.workspace().join("var/archive/orders-in"), &elsewhere).expect("moved");
    std::os::unix::fs::symlink(&elsewhere, shop.world.workspace().join("var/archive/orders-in")).expect("linked");
    let backup = shop.world.workspace().parent().expect("a folder").join("backup.zip");
    let made = shop.world.consign(&["backup", backup.to_str().expect("a path")]).ends(0);
    let bad = shop.world.messages("orders-in").into_iter().find(|message| message["name"] == "bad.xml").expect("a message");
    let short = id(&bad).replace('-', "")[24..].to_string();
    assert!(made.out.contains(&format!("no longer in our storage: messages {short}\n")), "{}", made.out);
    let mut zip = zip::ZipArchive::new(fs::File::open(&backup).expect("a file")).expect("a zip");
    let names: Vec<String> = (0..zip.len()).map(|at| zip.by_index(at).expect("an entry").name().expect("a name").into_owned()).collect();
    assert!(names.iter().any(|name| name.starts_with("storage/archive/orders-in/") && name.contains("good.")), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_broken_off_leaves_no_journal_that_could_be_run() {
    let shop = sender("name = \"despatch-{{ record.name | replace('/', '-') }}.xml\"", 2).await;
    let backup = shop.world.workspace().parent().expect("a folder").join("backup.zip");
    let file = backup.to_str().expect("a path");
    // One flow is broken when it comes back: what it has sent is not forgotten over it.
    let flow = shop.world.workspace().join("flows/despatch-out.toml");
    let good = fs::read_to_string(&flow).expect("a flow");
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    fs::write(&flow, good.replace("schedule", "shedule")).expect("broken");
    shop.world.consign(&["backup", file]).ends(0);
    fs::remove_dir_all(shop.world.workspace().join("var")).expect("the disk is lost");
    let bytes = fs::read(&backup).expect("a backup");
    fs::write(&backup, &bytes[..bytes.len() - 40]).expect("cut");
    shop.world.consign(&["restore", file]).ends(2);
    fs::write(&backup, bytes).expect("whole");
    let storage = shop.world.workspace().join("var");
    fs::create_dir_all(&storage).expect("a folder");
    fs::write(storage.join(".restored.sqlite-wal"), "left by one that was broken off").expect("written");
    let back = shop.world.consign(&["restore", file]).ends(0);
    assert!(back.err.contains("`shedule`"), "{}", back.err);
    let left: Vec<String> =
        fs::read_dir(&storage).expect("a folder").flatten().map(|entry| entry.file_name().to_string_lossy().into()).collect();
    assert!(left.contains(&"journal.sqlite".to_string()) && !left.iter().any(|name| name.starts_with(".restored")), "{left:?}");
    fs::write(&flow, good).expect("mended");
    more(&shop, 1);
    let run = shop.world.consign(&["run", "--once", "despatch-out"]).ends(1);
    assert!(run.out.contains("1 held"), "{}", run.out);
    more(&shop, 1);
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(shop.world.partner_files("in").len(), 3, "from then on as ever");
}
