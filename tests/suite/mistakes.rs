//! Realistic mistakes of partners, one at a time, and what their clerk is told. Each report is a snapshot that was read as the
//! clerk would read it; one mistake is one problem unless the case says otherwise.

use std::{
    fs,
    path::{Path, PathBuf},
};

use consign::{
    format::{ByteSource, Limits, xml},
    model::{Events, Problem, Problems, i18n::Language},
    schema::{Schema, ValidatedFile},
};

fn here(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/mistakes").join(file)
}

fn judge(schema: &Schema, text: &str, file: &str) -> Vec<Problem> {
    let (source, name) = (ByteSource::from(text.as_bytes()), file.to_string());
    let read = move |judge: &mut dyn Events| {
        xml::stream(&source, &name, &Limits::default(), xml::XmlOptions::default(), judge).map_err(Problems::from)
    };
    schema.judge(&ValidatedFile::named(file), read).1
}

/// Makes each mistake in the document and gives all reports under their headings.
fn reports(schema: &Schema, file: &str, mistakes: &[(&str, &str, &str)]) -> String {
    let text = fs::read_to_string(here(file)).or_else(|_| fs::read_to_string(file)).expect("the document");
    let name = Path::new(file).file_name().expect("a name").to_string_lossy().into_owned();
    assert_eq!(judge(schema, &text, &name), [], "the document itself is valid");
    let mut out = String::new();
    for (mistake, from, to) in mistakes {
        assert!(text.contains(from), "{mistake}: `{from}` is not in the document");
        let problems = judge(schema, &text.replacen(from, to, 1), &name);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 1, "{mistake}: one mistake, one problem:\n{}", told.join("\n"));
        for problem in &problems {
            for language in [Language::German, Language::French, Language::Spanish] {
                for sentence in [Some(&problem.message), problem.hint.as_ref()].into_iter().flatten() {
                    assert!(sentence.in_language(language).is_some(), "{mistake}, in {language:?}: {sentence}");
                }
            }
        }
        out.push_str(&format!("## {mistake}\n{}\n\n", told.join("\n")));
    }
    out
}

/// A schema of the corpus; `None`, said loudly, where the folder is absent.
fn of_others(folder: &str, name: &str) -> Option<Schema> {
    let jail = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(folder);
    if !jail.is_dir() {
        eprintln!("LOUD: ../shared/corpus is absent: mistakes against {name} were NOT tested");
        return None;
    }
    Some(Schema::compile(&jail, name).expect("compiles"))
}

#[test]
fn ubl_order() {
    let Some(schema) = of_others("ubl-2.1/schemas", "maindoc/UBL-Order-2.1.xsd") else { return };
    insta::assert_snapshot!(reports(
        &schema,
        "ubl-order.xml",
        &[
            ("misspelt element", "<cbc:IssueDate>2026-11-20</cbc:IssueDate>", "<cbc:IssueDat>2026-11-20</cbc:IssueDat>"),
            (
                "wrong order",
                "<cbc:IssueDate>2026-11-20</cbc:IssueDate>\n  <cbc:IssueTime>09:30:00</cbc:IssueTime>",
                "<cbc:IssueTime>09:30:00</cbc:IssueTime>\n  <cbc:IssueDate>2026-11-20</cbc:IssueDate>"
            ),
            ("missing element in the middle", "  <cbc:IssueDate>2026-11-20</cbc:IssueDate>\n", ""),
            ("missing element at the end", "<cac:Item>\n        <cbc:Name>Wall lamp, brass</cbc:Name>\n      </cac:Item>", ""),
            (
                "an optional element behind its place",
                "  <cbc:IssueTime>09:30:00</cbc:IssueTime>\n  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>\n",
                "  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>\n  <cbc:IssueTime>09:30:00</cbc:IssueTime>\n",
            ),
            (
                "the same element twice",
                "<cbc:IssueTime>09:30:00</cbc:IssueTime>",
                "<cbc:IssueTime>09:30:00</cbc:IssueTime><cbc:IssueTime>09:31:00</cbc:IssueTime>"
            ),
            ("date as people write it", "2026-11-20", "20.11.2026"),
            ("a day that does not exist", "2026-11-20", "2026-02-30"),
            ("time without seconds", "09:30:00", "9:30"),
            ("decimal comma", "414.00", "414,00"),
            ("amount with its currency", "414.00", "414.00 EUR"),
            ("boolean in capitals", "<cbc:PartialDeliveryIndicator>true", "<cbc:PartialDeliveryIndicator>TRUE"),
            ("empty value", "<cbc:Quantity unitCode=\"C62\">12</cbc:Quantity>", "<cbc:Quantity unitCode=\"C62\"/>"),
            ("missing attribute", "<cbc:PriceAmount currencyID=\"EUR\">", "<cbc:PriceAmount>"),
            ("unknown attribute", "unitCode=\"C62\">12", "unitcode=\"C62\">12"),
            ("prefix bound to another namespace", "xsd:CommonBasicComponents-2\"", "xsd:CommonBasicComponents-1\""),
            ("wrong version of the format", "xsd:Order-2\"", "xsd:Order-3\""),
            (
                "another document than the flow takes",
                "<Order xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Order-2\"",
                "<Order xmlns=\"urn:example:other\""
            ),
            ("text between elements", "<cac:LineItem>\n      <cbc:ID>1", "<cac:LineItem>see mail\n      <cbc:ID>1"),
        ]
    ));
}

#[test]
fn opentrans_order() {
    let Some(schema) = of_others("opentrans-2.1/schemas", "opentrans_2_1.xsd") else { return };
    insta::assert_snapshot!(reports(
        &schema,
        "opentrans-order.xml",
        &[
            ("unknown code", "type=\"standard\"", "type=\"urgent\""),
            ("missing element", "      <QUANTITY>12</QUANTITY>\n", ""),
            ("the prefix forgotten", "<bmecat:ORDER_UNIT>C62</bmecat:ORDER_UNIT>", "<ORDER_UNIT>C62</ORDER_UNIT>"),
            ("boolean as a word", "<PARTIAL_SHIPMENT_ALLOWED>true", "<PARTIAL_SHIPMENT_ALLOWED>yes"),
            ("wrong version attribute", "version=\"2.1\"", "version=\"1.0\""),
            ("an element of our own", "<TOTAL_ITEM_NUM>1</TOTAL_ITEM_NUM>", "<TOTAL_ITEM_NUM>1</TOTAL_ITEM_NUM><WAREHOUSE>3</WAREHOUSE>"),
            ("a number with letters", "<TOTAL_ITEM_NUM>1", "<TOTAL_ITEM_NUM>one"),
        ]
    ));
}

#[test]
fn camt_statement() {
    let Some(schema) = of_others("iso20022-camt/schemas", "camt.053.001.02.xsd") else { return };
    insta::assert_snapshot!(reports(
        &schema,
        "camt053.xml",
        &[
            ("text too long", "STMT-2026-11-20<", "STATEMENT-OF-ACCOUNT-DE89370400440532013000-2026-11-20<"),
            ("unknown code", "<Sts>BOOK", "<Sts>BOOKED"),
            ("misspelt code", "<CdtDbtInd>CRDT", "<CdtDbtInd>CRTD"),
            ("currency in small letters", "<Ccy>EUR", "<Ccy>eur"),
            ("IBAN with blanks", "DE89370400440532013000", "DE89 3704 0044 0532 0130 00"),
            ("newer version of the message", "camt.053.001.02", "camt.053.001.08"),
            ("too many decimal places", "414.00", "414.1234567"),
            ("missing choice", "<Id><IBAN>DE89370400440532013000</IBAN></Id>", "<Id/>"),
            ("time without a date", "<CreDtTm>2026-11-20T18:00:00+01:00", "<CreDtTm>18:00:00"),
        ]
    ));
}

#[test]
fn a_schema_of_our_own() {
    let schema = Schema::compile(&here(""), "shipment.xsd").expect("compiles");
    insta::assert_snapshot!(reports(
        &schema,
        "shipment.xml",
        &[
            ("duplicate key", "<Package no=\"3\">", "<Package no=\"1\">"),
            ("doubled line number", "<Line>2", "<Line>1"),
            ("dangling reference", "<Item package=\"2\">", "<Item package=\"7\">"),
            ("key without a value", "<Package no=\"3\">", "<Package>"),
            ("code that is not listed", "<Terms>DAP", "<Terms>CPT"),
            ("code in small letters", "<Terms>DAP", "<Terms>dap"),
            ("too few digits", "357012340000000017", "35701234000000001"),
            ("none of a choice", "  <Sscc>357012340000000017</Sscc>\n", ""),
            ("both of a choice", "</Sscc>", "</Sscc><TrackingNumber>4711</TrackingNumber>"),
            ("missing in a group of any order", "<Type>pallet</Type>", ""),
            ("fixed value", "version=\"1.0\">", "version=\"2.0\">"),
            ("number too long", "SH-100", "SHIPMENT-2026-000100"),
            ("empty required value", "<Number>SH-100</Number>", "<Number></Number>"),
            ("whole number with decimals", "<Line>1", "<Line>1.0"),
            ("unknown unit in an attribute", "unit=\"KGM\"", "unit=\"kg\""),
            (
                "nil with a value",
                "<Weight unit=\"KGM\">",
                "<Weight unit=\"KGM\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\">"
            ),
            ("elements in a value", "<Line>1</Line>", "<Line><No>1</No></Line>"),
            ("no namespace", " xmlns=\"urn:example:shipment:1\"", ""),
        ]
    ));
}

/// Several mistakes in one document are all told, each once, in the order of the document.
#[test]
fn every_mistake_is_told_in_one_go() {
    let schema = Schema::compile(&here(""), "shipment.xsd").expect("compiles");
    let text = fs::read_to_string(here("shipment.xml")).expect("the document");
    let text = text
        .replace("<Number>", "<Nummer>")
        .replace("</Number>", "</Nummer>")
        .replace("<Terms>DAP", "<Terms>CPT")
        .replace("  <Fragile>true</Fragile>\n", "")
        .replace("<Height>0.80</Height>", "<Height>0,80</Height><Colour>red</Colour>")
        .replace("<Quantity>4</Quantity>", "<Quantity>four</Quantity>")
        .replace("unit=\"KGM\"", "");
    let problems = judge(&schema, &text, "shipment.xml");
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn a_hundred_problems_are_told_and_the_rest_counted() {
    let schema = Schema::compile(&here(""), "shipment.xsd").expect("compiles");
    let text = fs::read_to_string(here("shipment.xml")).expect("the document");
    let lines: String = (3..=300).map(|line| format!("<Item><Line>{line}</Line><Gtin>1</Gtin><Quantity>x</Quantity></Item>")).collect();
    let problems = judge(&schema, &text.replacen("  <Weight", &format!("{lines}<Weight"), 1), "shipment.xml");
    assert_eq!(problems.len(), 101);
    assert_eq!(problems[100].message, "and 198 more problems like these");
}
