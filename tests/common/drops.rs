//! What every drop must do, whatever it is made of.

use consign::{
    model::Code,
    transport::{RemoteFs, join},
};

/// The behaviour of a drop; `base` is a folder that is there and empty.
pub async fn behaves(drop: &dyn RemoteFs, base: &str) {
    let path = |name: &str| join(base, name);
    drop.make_folder(base).await.expect("a folder that is there is no error");
    assert_eq!(drop.list(base).await.expect("listed").len(), 0);

    // Written, listed with its size, read back byte for byte.
    let bytes: Vec<u8> = (0..100_000u32).map(|number| (number % 251) as u8).collect();
    drop.write(&path("a b ü.xml"), &bytes).await.expect("written");
    let listed = drop.list(base).await.expect("listed");
    assert_eq!(listed.iter().map(|entry| (entry.name.as_str(), entry.size)).collect::<Vec<_>>(), [("a b ü.xml", 100_000)]);
    assert!(listed[0].modified.is_some());
    let stat = drop.stat(&path("a b ü.xml")).await.expect("asked").expect("is there");
    assert_eq!((stat.size, stat.modified.map(|at| at.timestamp())), (100_000, listed[0].modified.map(|at| at.timestamp())));
    assert_eq!(drop.read(&path("a b ü.xml"), 100_000, 1 << 20).await.expect("read"), bytes);

    // Another length than the listing said is no success; too large is refused.
    assert!(drop.read(&path("a b ü.xml"), 99_999, 1 << 20).await.is_err());
    assert_eq!(drop.read(&path("a b ü.xml"), 100_000, 1000).await.expect_err("too large").code, Code::DocLimit);

    // Empty files are files.
    drop.write(&path("empty"), b"").await.expect("written");
    assert_eq!(drop.read(&path("empty"), 0, 1000).await.expect("read"), b"");

    // A rename moves, and never replaces.
    drop.make_folder(&path("sub/deeper")).await.expect("made");
    drop.rename(&path("a b ü.xml"), &path("sub/deeper/b.xml")).await.expect("renamed");
    assert!(drop.stat(&path("a b ü.xml")).await.expect("asked").is_none());
    assert!(drop.rename(&path("empty"), &path("sub/deeper/b.xml")).await.is_err(), "the target exists");
    assert_eq!(drop.read(&path("sub/deeper/b.xml"), 100_000, 1 << 20).await.expect("read"), bytes, "the target is untouched");
    assert_eq!(drop.list(base).await.expect("listed").len(), 1, "folders are not listed");

    // A write replaces what an earlier try left.
    drop.write(&path("empty"), b"longer").await.expect("written");
    drop.write(&path("empty"), b"short").await.expect("written");
    assert_eq!(drop.read(&path("empty"), 5, 1000).await.expect("read"), b"short");

    // One that replaces leaves the new file alone in the place.
    drop.write(&path("new"), b"the new one").await.expect("written");
    drop.replace(&path("new"), &path("empty")).await.expect("replaced");
    assert_eq!(drop.read(&path("empty"), 11, 1000).await.expect("read"), b"the new one");
    assert!(drop.stat(&path("new")).await.expect("asked").is_none());
    drop.write(&path("new"), b"short").await.expect("written");
    drop.replace(&path("new"), &path("empty")).await.expect("replaced");
    assert_eq!(drop.list(base).await.expect("listed").iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["empty"]);

    // What is not there.
    assert_eq!(drop.read(&path("none"), 1, 1000).await.expect_err("not there").code, Code::DropMissing);
    assert_eq!(drop.rename(&path("none"), &path("other")).await.expect_err("not there").code, Code::DropMissing);
    assert!(drop.stat(&path("none")).await.expect("asked").is_none());
    drop.remove(&path("none")).await.expect("is no error");
    drop.remove(&path("empty")).await.expect("removed");
    assert_eq!(drop.list(base).await.expect("listed").len(), 0);

    // Names are what partners make of them.
    let odd = ["-rf", "a'b\"c", "x*[1]?.xml", "50% & more; #1.xml", "\u{f7e4}\u{f7f6}.xml", " leading and trailing ", "\u{1f4e6}.xml"];
    for name in odd {
        drop.write(&path(name), name.as_bytes()).await.unwrap_or_else(|problem| panic!("{name:?}: {problem}"));
    }
    let mut listed: Vec<String> = drop.list(base).await.expect("listed").into_iter().map(|entry| entry.name).collect();
    listed.sort();
    let mut expected = odd.to_vec();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for name in odd {
        assert_eq!(drop.read(&path(name), name.len() as u64, 1000).await.expect("read"), name.as_bytes());
        drop.rename(&path(name), &path("moved")).await.unwrap_or_else(|problem| panic!("{name:?}: {problem}"));
        drop.remove(&path("moved")).await.expect("removed");
    }

    // Many at once, each its own bytes; a big one beside them.
    let big: Vec<u8> = (0..3_000_000u32).flat_map(|number| number.to_le_bytes()).take(3_333_333).collect();
    drop.write(&path("big"), &big).await.expect("written");
    let names: Vec<String> = (0..60).map(|number| format!("many-{number}.xml")).collect();
    futures_util::future::join_all(
        names.iter().map(async |name| drop.write(&path(name), name.repeat(200).as_bytes()).await.expect("written")),
    )
    .await;
    assert_eq!(drop.list(base).await.expect("listed").len(), 61);
    let (read, many) = tokio::join!(
        async { drop.read(&path("big"), big.len() as u64, 1 << 30).await.expect("read") },
        futures_util::future::join_all(
            names.iter().map(async |name| drop.read(&path(name), name.len() as u64 * 200, 1 << 20).await.expect("read"))
        )
    );
    assert!(read == big, "byte for byte");
    assert!(names.iter().zip(many).all(|(name, bytes)| bytes == name.repeat(200).as_bytes()));
    drop.make_folder(&path("done")).await.expect("made");
    futures_util::future::join_all(names.iter().map(async |name| {
        drop.rename(&path(name), &path(&format!("done/{name}"))).await.expect("renamed");
        drop.remove(&path(&format!("done/{name}"))).await.expect("removed");
    }))
    .await;
    drop.remove(&path("big")).await.expect("removed");
    assert_eq!(drop.list(base).await.expect("listed"), []);
    assert_eq!(drop.list(&path("done")).await.expect("listed"), []);
    assert_eq!(drop.list(&path("nowhere")).await.expect_err("a folder that is not there").code, Code::DropMissing);

    // Nothing leaves the drop.
    for escape in ["../x", "/etc/passwd", "a/../../x"] {
        assert_eq!(drop.read(escape, 1, 1000).await.expect_err("refused").code, Code::PathEscapes, "{escape}");
        assert!(drop.write(escape, b"x").await.is_err() && drop.rename(&path("sub/deeper/b.xml"), escape).await.is_err(), "{escape}");
    }
}
