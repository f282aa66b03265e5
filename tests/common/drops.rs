//! What every drop must do, whatever it is made of.

use consign::{
    model::codes,
    transport::{Drop, join},
};

/// The behaviour of a drop; `base` is a folder that is there and empty.
pub async fn behaves(drop: &dyn Drop, base: &str) {
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
    assert_eq!(drop.read(&path("a b ü.xml"), 100_000, 1000).await.expect_err("too large").code, codes::DOC_LIMIT);

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

    // What is not there.
    assert_eq!(drop.read(&path("none"), 1, 1000).await.expect_err("not there").code, codes::DROP_MISSING);
    assert_eq!(drop.rename(&path("none"), &path("other")).await.expect_err("not there").code, codes::DROP_MISSING);
    assert!(drop.stat(&path("none")).await.expect("asked").is_none());
    drop.remove(&path("none")).await.expect("is no error");
    drop.remove(&path("empty")).await.expect("removed");
    assert_eq!(drop.list(base).await.expect("listed").len(), 0);

    // Nothing leaves the drop.
    for escape in ["../x", "/etc/passwd", "a/../../x"] {
        assert_eq!(drop.read(escape, 1, 1000).await.expect_err("refused").code, codes::PATH_ESCAPES, "{escape}");
        assert!(drop.write(escape, b"x").await.is_err() && drop.rename(&path("sub/deeper/b.xml"), escape).await.is_err(), "{escape}");
    }
}
