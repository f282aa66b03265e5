//! Tables as partners write them, through the whole of a flow: dialects, and problems told by line and column.

use std::fs;

use crate::common::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_csv_that_could_be_wrong_by_a_thousand_is_refused_in_the_partners_words() {
    let world = World::embedded().await;
    let csv = "Artikelnummer;EAN;Bezeichnung;Preis;Gewicht kg\r\nA;;Lampe;1.234,50;0,5\r\nB;;Lampe;12.50;0,5\r\nC;;Lampe;teuer;0,5\r\n";
    fs::write(world.workspace().join("drops/lumen/products/list.csv"), csv).expect("dropped");
    world.consign(&["run", "--once", "products-in"]).ends(1);
    let report = fs::read_to_string(world.workspace().join("var/error/products-in/list.csv.problem.txt")).expect("a report");
    insta::assert_snapshot!(told(&report), @r#"
    error[C212]: `12.50` has a point where this file has a decimal comma
      --> list.csv: line 3, column "Preis"
      owner: partner   fix: write 12,50, or 1.250,00 with grouping; it is not clear which one is meant

    error[C212]: `teuer` is not a valid `Preis`: a number is written like 1.234,50, with a decimal comma and without a unit
      --> list.csv: line 4, column "Preis"
      owner: partner
    "#);
    fs::write(world.workspace().join("drops/lumen/products/list.csv"), csv.replace("12.50", "12,50")).expect("dropped");
    world.consign(&["run", "--once", "products-in"]).ends(1);
    let shown = world.consign(&["errors", "products-in", "--each"]).ends(0);
    assert!(
        shown.out.contains("`teuer` is not a valid `Preis`: a number is written like 1.234,50")
            && shown.out.contains("line 4, column \"Preis\""),
        "{}",
        shown.out
    );
}

/// The problems of a report, without what changes from run to run.
fn told(report: &str) -> String {
    report.lines().skip(3).take_while(|line| !line.starts_with("When it is fixed")).collect::<Vec<_>>().join("\n").trim().to_string()
}

/// Adds keys to the product flow's [csv] table.
fn dialect(world: &World, keys: &str) {
    world.replace("flows/products-in.toml", &[("row           = \"Product\"\n", &format!("row           = \"Product\"\n{keys}\n"))]);
}

/// Judges a table as the product flow would.
fn judge(world: &World, table: &[u8], exit: i32) -> String {
    let file = world.dir.path().join("list.csv");
    fs::write(&file, table).expect("written");
    let ran = world.consign(&["validate", "--flow", "products-in", file.to_str().expect("a path")]).ends(exit);
    ran.out.replace(&world.dir.path().display().to_string(), "DIR")
}

const HEADER: &str = "Artikelnummer;EAN;Bezeichnung;Preis;Gewicht kg\n";

#[tokio::test(flavor = "multi_thread")]
async fn rows_before_the_header_are_skipped_and_lines_still_count() {
    let world = World::embedded().await;
    dialect(&world, "skip = 2");
    let out = judge(&world, format!("Price list\n;;\n{HEADER}A;;Lamp;1,50;\nB;;Lamp;x;\n").as_bytes(), 1);
    insta::assert_snapshot!(out, @r#"
    error[C212]: `x` is not a valid `Preis`: a number is written like 1.234,50, with a decimal comma and without a unit
      --> DIR/list.csv: line 5, column "Preis"
       |
     5 | B;;Lamp;x;
      owner: partner

    DIR/list.csv: not valid, 1 problem
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trailer_counts_the_rows() {
    let world = World::embedded().await;
    world.replace("flows/products-in.toml", &[("[csv.columns]", "[csv.trailer]\nstarts = \"END\"\ncount = 2\n\n[csv.columns]")]);
    let rows = "A;;Lamp;1,50;\nB;;Lamp;2,50;\n";
    judge(&world, format!("{HEADER}{rows}END;2;;;\n").as_bytes(), 0);
    let wrong = judge(&world, format!("{HEADER}{rows}END;3;;;\n").as_bytes(), 1);
    assert!(wrong.contains("the trailer counts `3` rows, the file has 2") && wrong.contains("list.csv:4:2"), "{wrong}");
    let cut = judge(&world, format!("{HEADER}{rows}").as_bytes(), 1);
    assert!(cut.contains("ends without its trailer row `END`"), "{cut}");
    let behind = judge(&world, format!("{HEADER}{rows}END;2;;;\nC;;Lamp;1,50;\n").as_bytes(), 1);
    assert!(behind.contains("a row after the trailer on line 4"), "{behind}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ragged_rows_are_refused_padded_or_accepted_as_the_flow_says() {
    for (policy, short, long) in [("refuse", 1, 1), ("pad", 0, 1), ("accept", 0, 0)] {
        let world = World::embedded().await;
        dialect(&world, &format!("ragged = \"{policy}\""));
        let out = judge(&world, format!("{HEADER}A;;Lamp;1,50\n").as_bytes(), short);
        assert_eq!(out.contains("the row has 4 fields, the header has 5"), short == 1, "{policy}: {out}");
        judge(&world, format!("{HEADER}A;;Lamp;1,50;;surplus\n").as_bytes(), long);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_header_names_columns_by_number() {
    let world = World::embedded().await;
    dialect(&world, "header = false\nquote = \"'\"");
    world.replace(
        "flows/products-in.toml",
        &[
            ("\"Artikelnummer\" =", "\"1\" ="),
            ("\"EAN\"           =", "\"2\" ="),
            ("\"Bezeichnung\"   =", "\"3\" ="),
            ("\"Preis\"         =", "\"4\" ="),
            ("\"Gewicht kg\"    =", "\"5\" ="),
        ],
    );
    judge(&world, b"A;;'Lamp; oak';1,50;\n", 0);
    let out = judge(&world, b"A;;Lamp;1,50;\nB;12;Lamp;1,50;\n", 1);
    assert!(
        out.contains("`12` is not a valid `2`: it must be 8 digits or 12 to 14 digits") && out.contains("line 2, column \"2\""),
        "{out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_cannot_be_decoded_are_refused_or_replaced() {
    let world = World::embedded().await;
    world.replace("flows/products-in.toml", &[("encoding      = [\"utf-8\", \"windows-1252\"]", "encoding      = \"utf-8\"")]);
    let mut table = format!("{HEADER}A;;Lamp;1,50;\nB;;M").into_bytes();
    table.extend_from_slice(b"\xfcller;2,50;\n");
    let out = judge(&world, &table, 1);
    assert!(out.contains("error[C203]: the file's bytes are not valid UTF-8") && out.contains("list.csv:3"), "{out}");
    dialect(&world, "undecodable = \"replace\"");
    judge(&world, &table, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_are_written_as_the_flow_says() {
    let world = World::embedded().await;
    let schema = fs::read_to_string(world.workspace().join("schemas/products.xsd")).expect("the schema");
    let schema = schema.replace(
        "      <xs:element name=\"WeightKg\"",
        "      <xs:element name=\"From\" type=\"xs:date\" minOccurs=\"0\"/>\n      <xs:element name=\"WeightKg\"",
    );
    fs::write(world.workspace().join("schemas/products.xsd"), schema).expect("written");
    world.replace(
        "flows/products-in.toml",
        &[
            ("\"Gewicht kg\"    =", "\"Ab\" = \"From\"\n\"Gewicht kg\"    ="),
            ("[csv.columns]", "[csv.dates]\nFrom = \"%d.%m.%Y\"\n\n[csv.columns]"),
        ],
    );
    world.consign(&["check"]).ends(0);
    let header = "Artikelnummer;EAN;Bezeichnung;Preis;Ab;Gewicht kg\n";
    judge(&world, format!("{header}A;;Lamp;1,50;20.11.2026;\n").as_bytes(), 0);
    let out = judge(&world, format!("{header}A;;Lamp;1,50;31.02.2026;\n").as_bytes(), 1);
    assert!(out.contains("the day `31.02.2026` does not exist") && out.contains("line 2, column \"Ab\""), "{out}");
    assert_eq!(out.matches("error[").count(), 1, "the schema does not say it again: {out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_what_is_wrong_with_a_dialect() {
    let world = World::embedded().await;
    dialect(&world, "quote = \"''\"\nragged = \"pda\"\nheader = false");
    world.replace(
        "flows/products-in.toml",
        &[("[csv.columns]", "[csv.dates]\nListPrice = \"%d.%m\"\n\n[csv.trailer]\nstarts = \"END\"\ncount = 0\n\n[csv.columns]")],
    );
    let ran = world.consign(&["check"]).ends(1);
    for sign in [
        "`quote` is one character, or `none`",
        "did you mean `pad`?",
        "without a header columns are named by number: `Artikelnummer` is none",
        "`%d.%m` does not read a day",
        "`count` is the number of the field that counts the rows, from 1",
    ] {
        assert!(ran.err.contains(sign), "{sign} is missing in:\n{}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_of_columns_that_no_row_can_be_valid_with() {
    let world = World::embedded().await;
    let flow = fs::read_to_string(world.workspace().join("flows/products-in.toml")).expect("the flow");
    let with = |from: &str, to: &str| {
        assert!(flow.contains(from), "{from}");
        fs::write(world.workspace().join("flows/products-in.toml"), flow.replace(from, to)).expect("written");
        world.consign(&["check"]).ends(1).err
    };
    let missing = with("\"Bezeichnung\"   = \"Name\"\n", "");
    assert!(missing.contains("`Name` is missing before `ListPrice`") && missing.contains("owner: consultant"), "{missing}");
    let order = with(
        "\"EAN\"           = \"Gtin\"\n\"Bezeichnung\"   = \"Name\"\n",
        "\"Bezeichnung\"   = \"Name\"\n\"EAN\"           = \"Gtin\"\n",
    );
    assert!(order.contains("`Gtin` is in the wrong place"), "{order}");
    let twice = with("\"EAN\"           = \"Gtin\"\n", "\"EAN\"           = \"Gtin\"\n\"GTIN\" = \"Gtin\"\n");
    assert!(twice.contains("`Gtin` appears a second time"), "{twice}");
    let skip = with("root          =", "skip = -1\nroot          =");
    assert!(skip.contains("`skip` is a number of lines from 0"), "{skip}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_none_of_ours_is_one_problem() {
    let world = World::embedded().await;
    let out = judge(&world, b"SKU,Price,Colour\nA,1.50,red\n", 1);
    assert!(out.contains("none of the columns is in the first line: `SKU,Price,Colour`") && out.matches("error[").count() == 1, "{out}");
    let quote = judge(&world, format!("{HEADER}A;;\"Lamp;1,50;\nB;;Lamp;1,50;\n").as_bytes(), 1);
    assert!(quote.contains("a quote in this row is never closed") && quote.matches("error[").count() == 1, "{quote}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_problems_of_a_table_are_told_and_the_rest_counted() {
    let world = World::embedded().await;
    let told = |row: &str, more: &str| {
        let out = judge(&world, format!("{HEADER}{}", row.repeat(300)).as_bytes(), 1);
        assert_eq!(out.matches("error[").count(), 101, "a hundred and the number of the others: {out}");
        assert!(
            out.contains(&format!("and {more} more problems like these")) && out.ends_with("not valid, 100 problems and more\n"),
            "{out}"
        );
    };
    told("A;;Lamp;12.50;1,5\n", "200");
    // What the dialect refuses and what the schema refuses are counted together.
    told("A;;Lamp;12.50;heavy\n", "500");
}
