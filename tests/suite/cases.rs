//! Habits of partners that were once read wrongly, as `../shared/cases/documents` describes them: what a plan says of each input.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::common::{library, world::World};

/// The inputs of a case, one flow each.
struct Case {
    folder: &'static str,
    flow: &'static str,
    /// File below `in/`, what the output has, what it has not.
    files: &'static [(&'static str, &'static [&'static str], &'static [&'static str])],
}

const CASES: &[Case] = &[
    Case {
        folder: "01-two-digit-years",
        flow: "d-in",
        files: &[
            ("d.csv", &["validity_date = \"2026-03-01\"", "date_order = \"2026-03-01 07:15:00\""], &["0026", "error"]),
            ("three.csv", &["error[C402]", "`01.03.226`"], &["0226"]),
        ],
    },
    Case { folder: "01-two-digit-years", flow: "e-in", files: &[("e.csv", &["error[C212]", "`01.03.26`", "DD.MM.YYYY"], &["0026"])] },
    Case {
        folder: "02-padded-numbers-in-expressions",
        flow: "x-in",
        files: &[
            ("ok.xml", &["list_price = 120\n", "standard_price = 15\n", "weight = 10\n"], &["error"]),
            ("padded.xml", &["list_price = 120\n", "standard_price = 15\n", "weight = 10\n"], &["error"]),
            ("plus.xml", &["list_price = 120\n", "standard_price = 15\n", "weight = 10\n"], &["error"]),
            ("long.xml", &["list_price = 100.00000000000", "standard_price = 100"], &["error", "33.33333333333333633"]),
        ],
    },
    Case {
        folder: "05-rows-of-separators-only",
        flow: "products-in",
        files: &[("empty.csv", &["2 product.template"], &["error"]), ("blanks.csv", &["product.template"], &["error"])],
    },
    Case {
        folder: "06-group-rows-contradict",
        flow: "grp-in",
        files: &[
            ("contradict.csv", &["error[C405]", "`Millrace Traders` contradicts `Harbour Supplies` on line 2", "line 3"], &["order_line"]),
            (
                "late.csv",
                &[
                    "partner_id = the res.partner with name \"Harbour Supplies\"",
                    "commitment_date = \"2026-03-01 00:00:00\"",
                    "order_line: 2 lines",
                ],
                &["error"],
            ),
            ("blank.csv", &["partner_id = the res.partner with name \"Harbour Supplies\"", "order_line: 2 lines"], &["error"]),
        ],
    },
    Case {
        folder: "07-mixed-content",
        flow: "mix-in",
        files: &[("mix.xml", &["name = \"Ball pen, blue 0.7 mm\"", "name = \"Steel pump\""], &["error"])],
    },
    Case {
        folder: "10-stray-quotes-in-csv",
        flow: "products-in",
        files: &[
            ("inch.csv", &["error[C220]", "not doubled"], &["name ="]),
            ("backslash.csv", &["error[C220]", "not doubled"], &["name ="]),
            ("doubled.csv", &["24\\\" wide"], &["error"]),
        ],
    },
    Case {
        folder: "11-invisible-signs",
        flow: "products-in",
        files: &[("joined.csv", &["default_code = \"A-100\"", "default_code = \"A-2\""], &["\u{feff}"])],
    },
    Case {
        folder: "11-invisible-signs",
        flow: "c-in",
        files: &[
            ("zwsp.xml", &["default_code = \"A-1\"", "name = \"Pump\""], &["\u{200b}"]),
            ("nbsp.xml", &["default_code = \"A-1\""], &["\u{a0}"]),
        ],
    },
    Case {
        folder: "22-trailing-minus-and-cited-values",
        flow: "num-in",
        files: &[
            ("minus.csv", &["list_price = -12.5"], &["error"]),
            ("mapping.csv", &["standard_price = -12.5"], &["error"]),
            ("us.csv", &["error[C212]", "`1,234.50`"], &["1.234.50"]),
        ],
    },
    Case { folder: "23-grouping-signs", flow: "num-in", files: &[("us.csv", &["standard_price = 1234.5"], &["error"])] },
    Case {
        folder: "23-grouping-signs",
        flow: "products-in",
        files: &[("narrow.csv", &["list_price = 1234.5"], &["error"]), ("swiss.csv", &["list_price = 1234.5"], &["error"])],
    },
    Case {
        folder: "25-integer-with-grouping",
        flow: "int-in",
        files: &[("a.csv", &["sequence = 1000\n"], &["error"]), ("b.csv", &["sequence = 1000000\n"], &["error"])],
    },
    Case {
        folder: "26-sep-line",
        flow: "products-in",
        files: &[("sep.csv", &["product.template"], &["error"]), ("plain.csv", &["product.template"], &["error"])],
    },
    Case {
        folder: "27-spreadsheet-leftovers-in-codes",
        flow: "products-in",
        files: &[
            ("sci.csv", &["error[C212]", "`1,00E+05`"], &["default_code ="]),
            ("formula.csv", &["default_code = \"00123\"", "default_code = \"00124\""], &["error", "'0"]),
            ("na.csv", &["error[C212]", "`#N/A`"], &["default_code ="]),
        ],
    },
];

/// The folder of the cases.
fn cases() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases/documents");
    if !folder.is_dir() {
        eprintln!("LOUD: ../shared/cases/documents is absent: the habits of partners were NOT tested");
        return None;
    }
    Some(folder)
}

/// A new workspace with the files of a case.
fn workspace(case: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    World::command(&["init", &dir.path().join("w").display().to_string()], dir.path()).ends(0);
    library::copy(case, &dir.path().join("w"));
    dir
}

#[test]
fn a_plan_says_what_the_document_means() {
    let Some(cases) = cases() else { return };
    let mut wrong = Vec::new();
    for case in CASES {
        let dir = workspace(&cases.join(case.folder));
        for (file, has, has_not) in case.files {
            let workspace = dir.path().join("w");
            let ran = World::command(&["plan", case.flow, &workspace.join("in").join(file).display().to_string()], &workspace);
            let said = format!("{}{}", ran.out, ran.err);
            let missing = has.iter().filter(|text| !said.contains(**text)).map(|text| format!("lacks {text:?}"));
            let there = has_not.iter().filter(|text| said.contains(**text)).map(|text| format!("has {text:?}"));
            wrong.extend(missing.chain(there).map(|what| format!("{}/{file} {what}\n{said}", case.folder)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn check_says_what_a_flow_would_read_wrongly() {
    let Some(cases) = cases() else { return };
    let dir = workspace(&cases.join("24-decimal-column-forgotten"));
    let check = World::command(&["check"], &dir.path().join("w"));
    assert!(check.err.contains("`Q` is a number and is not listed in `decimals`"), "{}{}", check.out, check.err);
    let dir = workspace(&cases.join("32-edges-of-dates-and-times"));
    let check = World::command(&["check"], &dir.path().join("w"));
    assert!(check.err.contains("`%Z` cannot be read"), "{}{}", check.out, check.err);
}

/// A document of the corpus with one value spelt otherwise: file, its line, before, after, and what the plan has of it.
const RESPELT: [(&str, &str, usize, &str, &str, &str); 5] = [
    (
        "ubl-order-in",
        "ubl-2.1/valid/oasis/UBL-Order-2.1-Example.xml",
        271,
        ">50<",
        ">33.333333333333336<",
        "price_unit = 33.333333333333336\n",
    ),
    ("ubl-invoice-in", "ubl-2.1/valid/oasis/UBL-Invoice-2.1-Example.xml", 490, ">1<", ">0001<", ""),
    ("camt053-in", "iso20022-camt/valid/genkgo/camt053.v2.multi.statement.xml", 67, ">8.85<", ">000000000000008.85<", "amount = 8.85\n"),
    ("camt053-in", "iso20022-camt/valid/genkgo/camt053.v2.multi.statement.xml", 67, ">8.85<", ">+8.850<", "-CRDT-8.85\"\n"),
    (
        "opentrans-orders-in",
        "opentrans-2.1/valid/naugrimm/Example_ORDER_Testdistributor_Bestellung.xml",
        135,
        "868.0",
        "868.00000000000000",
        "price_unit = 868\n",
    ),
];

#[test]
fn the_library_takes_an_amount_in_every_spelling_of_its_schema() {
    let dir = tempfile::tempdir().expect("a folder");
    if !library::workspace(dir.path()) {
        return;
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    for (flow, file, line, before, after, has) in RESPELT {
        let text = fs::read_to_string(corpus.join(file)).expect("a document");
        let respelt: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(at, text)| if at + 1 == line { text.replace(before, after) } else { text.to_string() })
            .collect();
        let respelt = respelt.join("\n");
        assert!(respelt.contains(after) && !text.contains(after), "{file} has {before} on line {line}");
        let plan = |text: &str| {
            let path = dir.path().join("document.xml");
            fs::write(&path, text).expect("written");
            library::consign(dir.path(), &["plan", flow, &path.display().to_string()]).1
        };
        let (as_it_is, other) = (plan(&text), plan(&respelt));
        assert!(other.contains(has) && !other.contains("error["), "{flow}: {other}");
        // The first is another number, and has its own.
        assert!(flow == "ubl-order-in" || as_it_is == other, "{flow}, {after}:\n{as_it_is}\n{other}");
    }
}
