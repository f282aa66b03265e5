//! Workspaces of earlier versions: keys that have a new name work by their old one, are reported with their place, and are rewritten.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _};

use serde_json::json;

use crate::common::{goods, world::World};

/// Old and new name of every key, in the order in which `check` finds them.
const NAMES: [(&str, &str); 12] = [
    ("calls", "max_concurrency"),
    ("changed", "on_change"),
    ("cut", "incomplete_timeout"),
    ("ends", "expiry_warning"),
    ("expect", "expected_by"),
    ("gone", "missing_lines"),
    ("none", "on_missing"),
    ("off", "disabled"),
    ("partial", "allow_partial"),
    ("settle", "stable_for"),
    ("then", "actions"),
    ("unpack", "unzip"),
];

/// A workspace as it was written before the keys were renamed, with remarks and a layout of its own.
async fn old_workspace() -> World {
    let world = World::embedded().await;
    let file = world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("a file").replacen("[odoo]\n", "[odoo]\ncalls    = 3   # `calls` of ours\n", 1);
    fs::write(&file, format!("{text}\n[alerts]\noff = [\"stopped\"] # off\n\"ends\" = \"20d\"\n")).expect("written");
    world.replace("flows/orders-in.toml", &[("stable_for = \"0s\"\n", "")]);
    let settings = "schedule  = \"every 15 minutes\"\nsettle = \"0s\"\ncut = \"1m\"   # settle, cut\nexpect = \"0 10 * * 1-5\"\n\
                    unpack = [\"*.xml\"]\npartial = false\n# a remark at the end: partial = true";
    world.replace("flows/orders-in.toml", &[("schedule  = \"every 15 minutes\"", settings)]);
    world.replace("flows/despatch-out.toml", &[("[read]\n", "[read]\nchanged = \"report\"\n")]);
    world.replace(
        "mappings/order.toml",
        &[
            ("actions", "then"),
            ("{ find = \"res.partner\",", "{ none = \"hold\", find = \"res.partner\","),
            ("identity = [\"sequence\"]", "identity = [\"sequence\"]\n  gone='keep'"),
        ],
    );
    world
}

/// Every TOML file of a workspace.
fn files(world: &World) -> BTreeMap<String, String> {
    let mut found =
        BTreeMap::from([("consign.toml".to_string(), fs::read_to_string(world.workspace().join("consign.toml")).expect("text"))]);
    for folder in ["flows", "mappings", "partners"] {
        for entry in fs::read_dir(world.workspace().join(folder)).expect("a folder").flatten() {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            found.insert(name, fs::read_to_string(entry.path()).expect("text"));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_with_old_keys_works_and_is_brought_to_the_new_ones() {
    let world = old_workspace().await;
    let checked = world.consign(&["check"]).ends(0);
    for (old, new) in NAMES {
        assert!(checked.out.contains(&format!("`{old}` is now called `{new}`")), "{old}: {}", checked.out);
    }
    assert_eq!(checked.out.matches("is now called").count(), NAMES.len(), "each once: {}", checked.out);
    let warnings = &world.json(&["check"])["warnings"];
    let of_hold = warnings.as_array().expect("warnings").iter().find(|one| one["sentence"]["args"]["old"] == "none").expect("a warning");
    let place = &of_hold["place"];
    assert_eq!((&place["file"], &place["line"], &place["column"]), (&json!("mappings/order.toml"), &json!(10), &json!(22)), "{of_hold}");

    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    world.drop_file("out/orders", "old.xml", goods::order("OLD-1", &customer, &[(&product, 1.0, 1.0)]));
    assert!(world.consign(&["run", "--once", "orders-in"]).ends(0).out.contains("1 done"), "`settle` holds: it is received at once");

    let before = files(&world);
    let dry = world.consign(&["migrate", "--dry-run"]).ends(0);
    assert!(dry.out.contains("- settle = \"0s\"") && dry.out.contains("+ stable_for = \"0s\""), "{}", dry.out);
    assert_eq!(files(&world), before, "a dry run writes nothing");

    let order = world.workspace().join("mappings/order.toml");
    fs::set_permissions(&order, fs::Permissions::from_mode(0o640)).expect("set");
    let done = world.consign(&["migrate"]).ends(0);
    assert!(
        done.out.contains("flows/orders-in.toml: 5 keys renamed") && done.out.contains("mappings/order.toml: 3 keys renamed"),
        "{}",
        done.out
    );
    assert_eq!(fs::metadata(&order).expect("there").permissions().mode() & 0o777, 0o640, "permissions stay");
    let after = files(&world);
    let expected = |name: &str, changes: &[(&str, &str)]| {
        let text = changes.iter().fold(before[name].clone(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        assert_eq!(after[name], text, "nothing else of {name} changes");
    };
    expected("consign.toml", &[("calls    =", "max_concurrency    ="), ("\noff =", "\ndisabled ="), ("\"ends\"", "\"expiry_warning\"")]);
    let of_flow = [
        ("\nsettle", "\nstable_for"),
        ("\ncut", "\nincomplete_timeout"),
        ("\nexpect", "\nexpected_by"),
        ("\nunpack", "\nunzip"),
        ("\npartial", "\nallow_partial"),
    ];
    expected("flows/orders-in.toml", &of_flow);
    expected("flows/despatch-out.toml", &[("\nchanged", "\non_change")]);
    expected("mappings/order.toml", &[("\nthen", "\nactions"), ("{ none", "{ on_missing"), ("  gone=", "  missing_lines=")]);
    assert!(!world.consign(&["check"]).ends(0).out.contains("is now called"));
    assert!(world.consign(&["migrate"]).ends(0).out.contains("no flow, partner or mapping in use has an old key"));

    world.drop_file("out/orders", "new.xml", goods::order("NEW-1", &customer, &[(&product, 1.0, 1.0)]));
    assert!(world.consign(&["run", "--once", "orders-in"]).ends(0).out.contains("1 done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_written_more_than_once_is_renamed_everywhere() {
    for (old, new) in [
        (
            "[[then]]\ncall = \"action_confirm\"\n[[then]]\ncall = \"action_lock\"\n\n[fields]",
            "[[actions]]\ncall = \"action_confirm\"\n[[actions]]\ncall = \"action_lock\"\n\n[fields]",
        ),
        (
            "then.call = \"action_confirm\"\n  then.sms = \"skip\"\n\n[fields]",
            "actions.call = \"action_confirm\"\n  actions.sms = \"skip\"\n\n[fields]",
        ),
        (
            "then.call = \"action_confirm\"\nthen.sms = \"skip\"\n\n[fields]",
            "actions.call = \"action_confirm\"\nactions.sms = \"skip\"\n\n[fields]",
        ),
    ] {
        let world = World::embedded().await;
        world.replace("mappings/order.toml", &[("actions  = [\"action_confirm\"]\n", ""), ("[fields]", old)]);
        let before = files(&world);
        world.consign(&["migrate"]).ends(0);
        assert_eq!(files(&world)["mappings/order.toml"], before["mappings/order.toml"].replace(old, new), "{old}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_under_both_names_is_an_error() {
    let world = World::embedded().await;
    world.replace("flows/orders-in.toml", &[("schedule  =", "settle = \"1s\"\nschedule  =")]);
    let checked = world.consign(&["check"]).ends(1);
    assert!(checked.err.contains("has no key `settle`"), "{}", checked.err);
}
