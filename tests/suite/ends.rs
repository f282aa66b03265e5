//! `[source]` and `[target]` of a flow: the long form says the same as the short one, and what is no pair of ends is told.

use std::{fs, path::Path};

use crate::common::world::World;

/// A flow of the samples in the long form.
fn rewritten(workspace: &Path, flow: &str, text: &str) {
    fs::write(workspace.join(format!("flows/{flow}.toml")), text).expect("written");
}

const PRODUCTS: &str = r#"
about    = "Product list of Lumen, as their system exports it"
partner  = "lumen"
mapping  = "mappings/products.toml"
schedule = "0 6,18 * * *"
zone     = "Europe/Berlin"

[source]
kind   = "files"
folder = "products"
files  = "*.csv"
format = "csv"
stable_for = "0s"

[source.csv]
separator     = ";"
encoding      = ["utf-8", "windows-1252"]
decimal_comma = true
decimals      = ["ListPrice", "WeightKg"]
root          = "Products"
row           = "Product"

[source.csv.columns]
"Artikelnummer" = "SupplierCode"
"EAN"           = "Gtin"
"Bezeichnung"   = "Name"
"Preis"         = "ListPrice"
"Gewicht kg"    = "WeightKg"

[target]
kind = "odoo"
"#;

/// A flow of the samples that sends, taken apart into its two ends.
fn long_despatch(short: &str) -> String {
    let (mut top, mut source, mut target) =
        (String::new(), String::from("[source]\nkind = \"odoo\"\n"), String::from("[target]\nkind = \"files\"\n"));
    let mut in_read = false;
    for line in short.lines() {
        let key = line.split('=').next().unwrap_or_default().trim();
        match key {
            "[read]" => in_read = true,
            "direction" => {}
            "note" | "per_file" => source.push_str(&format!("{line}\n")),
            "folder" | "name" | "temporary" | "exists" | "sequence" | "pickup" => target.push_str(&format!("{line}\n")),
            _ if in_read => source.push_str(&format!("{line}\n")),
            _ => top.push_str(&format!("{line}\n")),
        }
    }
    format!("{top}\n{source}\n{target}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_long_form_says_what_the_short_form_says() {
    let world = World::embedded().await;
    let workspace = world.workspace();
    let shown = |flow: &str| {
        let loaded = consign::endpoint::load(&workspace).unwrap_or_else(|problems| panic!("{problems:?}"));
        let flow = &loaded.flows[flow];
        let shown = format!("{:?} {:?} {:?} {:?}", flow.odoo, flow.source, flow.target, flow.schedule);
        // A set has no order.
        shown.replace("{\"WeightKg\", \"ListPrice\"}", "{\"ListPrice\", \"WeightKg\"}")
    };
    let short = (shown("products-in"), shown("despatch-out"));
    rewritten(&workspace, "products-in", PRODUCTS);
    let despatch = fs::read_to_string(workspace.join("flows/despatch-out.toml")).expect("a flow");
    rewritten(&workspace, "despatch-out", &long_despatch(&despatch));
    // Where a field stands in the file is another place; all else is the same.
    let without_places = |text: &str| {
        text.split("field_places").map(|part| part.split("numbers").last().unwrap_or_default().to_string()).collect::<String>()
    };
    assert_eq!(shown("products-in"), short.0);
    assert_eq!(without_places(&shown("despatch-out")), without_places(&short.1));
    let list = "Artikelnummer;EAN;Bezeichnung;Preis;Gewicht kg\r\nL-7;;Lampe;12,00;0,5\r\n";
    fs::write(workspace.join("drops/lumen/products/list.csv"), list).expect("dropped");
    world.consign(&["check"]).ends(0);
    world.consign(&["run", "--once"]).ends(0);
    assert_eq!(world.messages("products-in")[0]["stage"], "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_pair_of_ends_is_told_with_its_place() {
    let world = World::embedded().await;
    for (from, to, expected) in [
        ("[target]\nkind = \"odoo\"", "[target]\nkind = \"files\"", "a flow cannot go from files to files"),
        ("[target]\nkind = \"odoo\"\n", "", "this file needs the key `target`"),
        ("[source]\nkind   = \"files\"\n", "[source]\n", "[source] needs the key `kind`"),
        ("kind   = \"files\"", "kind   = \"fles\"", "`kind` is one of"),
        ("partner  = ", "direction = \"in\"\npartner  = ", "`direction` is the short form"),
        ("stable_for = \"0s\"", "setle = \"0s\"", "setle"),
        ("[target]\nkind = \"odoo\"", "[target]\nkind = \"odoo\"\nfolder = \"x\"", "folder"),
        ("[target]\nkind = \"odoo\"", "[target]\nkind = \"odoo\"\nodoo = \"west\"", "flows/products-in.toml:32:8"),
    ] {
        assert!(PRODUCTS.contains(from), "{from}");
        rewritten(&world.workspace(), "products-in", &PRODUCTS.replace(from, to));
        let ran = world.consign(&["check"]).ends(1);
        assert!(ran.err.contains(expected) && ran.err.contains("flows/products-in.toml:"), "{expected}: {ran:?}");
    }
}
