//! `consign validate`: what it prints in each form, and how it ends.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

struct Folder(tempfile::TempDir);

/// What a command said.
struct Said {
    out: String,
    err: String,
    exit: i32,
}

impl Folder {
    /// An order, one with mistakes, and one that is no XML.
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        let sample = |name: &str| {
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/workspace/samples/orders-in").join(name))
                .expect("a sample")
        };
        folder.write("in/a.xml", &sample("order-1001.xml"));
        folder.write("in/b.xml", &sample("order-1003-invalid.xml"));
        folder.write("in/deep/c.xml", "<Order><OrderNumber>");
        folder
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, text).expect("written");
        path
    }

    fn validate(&self, arguments: &[&str]) -> Said {
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/order.xsd");
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("ORDER", &schema.display().to_string())).collect();
        let output =
            Command::new(env!("CARGO_BIN_EXE_consign")).arg("validate").args(arguments).current_dir(self.0.path()).output().expect("runs");
        Said {
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
            exit: output.status.code().expect("ended"),
        }
    }
}

#[test]
fn people_see_the_line_and_the_place_in_it() {
    let said = Folder::new().validate(&["--schema", "ORDER", "in/a.xml", "in/b.xml", "in/deep"]);
    insta::assert_snapshot!(said.out);
    assert_eq!((said.exit, said.err.as_str()), (1, ""));
}

#[test]
fn programs_get_a_line_for_each_file() {
    let said = Folder::new().validate(&["--schema", "ORDER", "--format", "json", "in"]);
    let lines: Vec<serde_json::Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&lines).expect("JSON"));
    assert_eq!(said.exit, 1);
    assert_eq!(Folder::new().validate(&["--schema", "ORDER", "--json", "in"]).out, said.out, "--json is the same");
}

#[test]
fn partners_get_a_page() {
    let folder = Folder::new();
    folder.write("in/<script>.xml", "<Order><Note>&lt;script&gt;alert(1)&lt;/script&gt;</Note></Order>");
    let said = folder.validate(&["--schema", "ORDER", "--format", "html", "in"]);
    assert!(said.out.starts_with("<!doctype html>") && said.out.trim_end().ends_with("</html>"), "{}", said.out);
    assert!(said.out.contains("<mark>") && said.out.contains("4 files: 1 valid, 3 not valid"), "{}", said.out);
    // Nothing of the file becomes markup, and nothing is loaded from elsewhere.
    for sign in ["<script", "http://", "https://", "src=", "@import"] {
        assert!(!said.out.contains(sign), "{sign} is in {}", said.out);
    }
}

#[test]
fn files_are_named_by_themselves_by_folder_or_by_pattern() {
    let folder = Folder::new();
    folder.write("in/.hidden.xml", "no");
    let names = |arguments: &[&str]| {
        let said = folder.validate(&[&["--schema", "ORDER", "--format", "json"], arguments].concat());
        let name =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["file"].as_str().expect("a name").to_string();
        (said.out.lines().map(name).collect::<Vec<_>>().join(" "), said.exit)
    };
    assert_eq!(names(&["in"]), ("in/a.xml in/b.xml in/deep/c.xml".into(), 1));
    assert_eq!(names(&["in/*.xml"]), ("in/a.xml in/b.xml".into(), 1));
    assert_eq!(names(&["i?/*/*.XML"]), ("in/deep/c.xml".into(), 1));
    assert_eq!(names(&["in/a.xml"]), ("in/a.xml".into(), 0));
}

#[test]
fn what_cannot_be_judged_is_said_and_ends_with_2() {
    let folder = Folder::new();
    let missing = folder.validate(&["--schema", "ORDER", "in/a.xml", "nowhere.xml"]);
    assert_eq!(missing.exit, 2);
    assert!(
        missing.out.contains("error[C308]")
            && missing.out.contains("nowhere.xml: not validated")
            && missing.out.contains("in/a.xml: valid")
    );
    let pattern = folder.validate(&["--schema", "ORDER", "in/*.csv", "in/a.xml"]);
    assert!(
        pattern.exit == 2 && pattern.out.contains("no file matches this pattern") && pattern.out.contains("in/a.xml: valid"),
        "{}",
        pattern.out
    );
    fs::create_dir(folder.0.path().join("empty")).expect("made");
    let empty = folder.validate(&["--schema", "ORDER", "empty"]);
    assert!(empty.exit == 2 && empty.out.contains("the folder contains no files"), "{}", empty.out);
    let device = folder.validate(&["--schema", "ORDER", "/dev/null"]);
    assert!(device.exit == 2 && device.out.contains("it is a pipe or a device"), "{}", device.out);
    let schema = folder.validate(&["--schema", "ordr.xsd", "in/a.xml"]);
    assert!(schema.exit == 2 && schema.err.contains("error[C113]"), "{}", schema.err);
    folder.write(
        "broken.xsd",
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">\n  <xs:element name=\"a\" type=\"xs:strng\"/>\n</xs:schema>",
    );
    let broken = folder.validate(&["--schema", "broken.xsd", "in/a.xml"]);
    assert_eq!(broken.exit, 2);
    assert!(
        broken.err.contains("error[C112]: the type `strng` is defined nowhere\n") && broken.err.contains("broken.xsd:2:3"),
        "{}",
        broken.err
    );
    assert!(broken.err.contains("did you mean `string`?"), "{}", broken.err);
    let json = folder.validate(&["--schema", "broken.xsd", "--format", "json", "in/a.xml"]);
    assert!(json.exit == 2 && json.out.contains("\"valid\":null") && json.out.contains("\"line\":2"), "{}", json.out);
    let neither = folder.validate(&["in/a.xml"]);
    assert_eq!(neither.exit, 2);
}

#[test]
fn a_catalog_maps_what_a_schema_imports() {
    let folder = Folder::new();
    folder.write(
        "set/main.xsd",
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:p=\"urn:part\"><xs:import namespace=\"urn:part\" schemaLocation=\"https://parts.example/part.xsd\"/><xs:element name=\"a\"><xs:complexType><xs:sequence><xs:element ref=\"p:b\"/></xs:sequence></xs:complexType></xs:element></xs:schema>",
    );
    folder.write("parts/part.xsd", "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:part\"><xs:element name=\"b\" type=\"xs:int\"/></xs:schema>");
    folder.write("parts/catalog.xml", "<catalog xmlns=\"urn:oasis:names:tc:entity:xmlns:xml:catalog\"><rewriteURI uriStartString=\"https://parts.example/\" rewritePrefix=\"\"/></catalog>");
    folder.write("a.xml", "<a xmlns:p=\"urn:part\"><p:b>1</p:b></a>");
    let without = folder.validate(&["--schema", "set/main.xsd", "a.xml"]);
    assert!(
        without.exit == 2 && without.err.contains("`https://parts.example/part.xsd` that is imported here is not in the workspace"),
        "{}",
        without.err
    );
    let with = folder.validate(&["--schema", "set/main.xsd", "--catalog", "parts/catalog.xml", "a.xml"]);
    assert_eq!((with.exit, with.out.as_str()), (0, "a.xml: valid\n"), "{}", with.err);
}

#[test]
fn a_long_line_is_shown_around_its_place() {
    let folder = Folder::new();
    let lines: String =
        (1..=400).map(|n| format!("<Line><LineNumber>{n}</LineNumber><Quantity>1</Quantity><UnitPrice>1</UnitPrice></Line>")).collect();
    let order = format!(
        "<Order><OrderNumber>1</OrderNumber><OrderDate>2026-11-20</OrderDate><Buyer><Name>ü</Name></Buyer><Lines>{lines}</Lines></Order>"
    );
    folder.write("one.xml", &order.replace("<LineNumber>300</LineNumber><Quantity>1<", "<LineNumber>300</LineNumber><Quantity>-1<"));
    let said = folder.validate(&["--schema", "ORDER", "one.xml"]);
    insta::assert_snapshot!(said.out);
}

#[cfg(target_os = "linux")]
#[test]
fn verdicts_that_cannot_be_written_are_no_verdicts() {
    let folder = Folder::new();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/order.xsd");
    for format in ["text", "json", "html"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a disk without room");
        let mut command = Command::new(env!("CARGO_BIN_EXE_consign"));
        command.arg("validate").arg("--schema").arg(&schema).args(["--format", format]).arg(folder.0.path().join("in/a.xml"));
        let ran = command.stdout(full).output().expect("consign starts");
        let err = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(2), "{format}: {err}");
        assert!(err.contains("C307") && err.contains("cannot write the results (no space left)"), "{format}: {err}");
    }
}
