//! Hostile files and schemas, one test each: refused or handled in ten seconds and 256 MB above the compiled schema, with a problem
//! code. The command runs as a process of its own, whose memory is watched.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use consign::{
    format::{ByteSource, Limits, xml},
    model::{Events, Problems},
    schema::{Schema, ValidatedFile},
};

/// What a command did, and what it cost.
struct Cost {
    out: String,
    exit: i32,
    time: Duration,
    /// Most memory in use, in MB.
    memory: u64,
}

fn validate(schema: &Path, file: &Path) -> Cost {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_consign"))
        .args(["validate", "--format", "json", "--schema"])
        .args([schema, file])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    let exit = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse::<u64>().ok());
        memory = memory.max(peak.unwrap_or(0));
        if let Some(status) = child.try_wait().expect("waits") {
            break status.code().unwrap_or(-1);
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "it never ends");
        std::thread::sleep(Duration::from_millis(2));
    };
    let output = child.wait_with_output().expect("ended");
    let out = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Cost { out, exit, time: begun.elapsed(), memory: memory / 1024 }
}

/// A file is refused with this code, in bounds. Debug builds are some ten times slower than what is shipped.
#[track_caller]
fn refused(schema: &Path, content: impl AsRef<[u8]>, code: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hostile.xml");
    fs::write(&file, content).expect("written");
    let cost = validate(schema, &file);
    assert!(cost.out.contains(&format!("\"code\":\"{code}\"")) && cost.exit == 1, "{} {}", cost.exit, cost.out);
    assert!(cost.time < Duration::from_secs(10), "{:?}", cost.time);
    assert!(cost.memory < 256, "{} MB", cost.memory);
    cost.out
}

fn order() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/order.xsd"))
}

#[test]
fn entity_bomb() {
    let entities: String = (1..12).map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10))).collect();
    refused(order(), format!("<?xml version=\"1.0\"?><!DOCTYPE Order [<!ENTITY e0 \"lol\">{entities}]><Order>&e11;</Order>"), "C204");
}

#[test]
fn external_entity() {
    let out = refused(order(), "<!DOCTYPE Order [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Order>&x;</Order>", "C204");
    assert!(!out.contains("root:"), "{out}");
    refused(order(), "<Order>&x;</Order>", "C202");
}

#[test]
fn a_million_levels() {
    refused(order(), "<a>".repeat(1_000_000), "C205");
}

#[test]
fn two_hundred_thousand_attributes() {
    let attributes: String = (0..200_000).map(|n| format!(" a{n}=\"x\"")).collect();
    refused(order(), format!("<Order{attributes}/>"), "C205");
    let namespaces: String = (0..200_000).map(|n| format!(" xmlns:a{n}=\"urn:{n}\"")).collect();
    refused(order(), format!("<Order{namespaces}/>"), "C205");
}

#[test]
fn a_million_names_in_one_file() {
    let names: String = (0..1_000_000).map(|n| format!("<n{n}/>")).collect();
    refused(order(), format!("<Order>{names}</Order>"), "C205");
}

#[test]
fn values_without_end() {
    let huge = "x".repeat(60 << 20);
    refused(order(), format!("<Order><OrderNumber>{huge}</OrderNumber></Order>"), "C205");
    refused(order(), format!("<Order a=\"{huge}\"/>"), "C205");
    refused(order(), format!("<Order><!--{huge}--></Order>"), "C205");
    refused(order(), format!("<{huge}/>"), "C205");
    refused(order(), format!("<Order {huge}"), "C205");
}

#[test]
fn nothing_but_blanks_before_the_document() {
    // In front of the document they are nothing; the time they take is that of reading.
    refused(order(), format!("{}<Order/>", " ".repeat(10 << 20)), "C211");
}

#[test]
fn a_problem_in_every_line() {
    let line = "<Line><LineNumber>x</LineNumber><Quantity>y</Quantity><UnitPrice>z</UnitPrice></Line>\n";
    let out = refused(order(), format!("<Order><Lines>{}</Lines></Order>", line.repeat(20_000)), "C212");
    assert!(out.contains("more problems like these"), "{out}");
}

#[test]
fn the_same_line_number_for_ever() {
    let line = "<Line><LineNumber>1</LineNumber><Quantity>1</Quantity><UnitPrice>1</UnitPrice></Line>\n";
    refused(order(), format!("<Order><Lines>{}</Lines></Order>", line.repeat(9_000)), "C214");
}

/// Compiles a schema that must be refused, in bounds.
#[track_caller]
fn broken(body: &str, sign: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let (schema, file) = (folder.path().join("hostile.xsd"), folder.path().join("a.xml"));
    fs::write(&schema, format!("<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">{body}</xs:schema>")).expect("written");
    fs::write(&file, "<a/>").expect("written");
    let cost = validate(&schema, &file);
    assert!(cost.out.contains(sign) && cost.out.contains("C112") && cost.exit == 2, "{} {}", cost.exit, cost.out);
    assert!(cost.time < Duration::from_secs(10) && cost.memory < 256, "{:?}, {} MB", cost.time, cost.memory);
}

#[test]
fn a_group_that_doubles_twenty_five_times() {
    let groups: String = (1..=25)
        .map(|n| format!("<xs:group name='g{n}'><xs:sequence><xs:group ref='g{0}'/><xs:group ref='g{0}'/></xs:sequence></xs:group>", n - 1))
        .collect();
    let first = "<xs:group name='g0'><xs:sequence><xs:element name='x' minOccurs='0'/></xs:sequence></xs:group>";
    broken(
        &format!("{first}{groups}<xs:element name='a'><xs:complexType><xs:group ref='g25'/></xs:complexType></xs:element>"),
        "expands to",
    );
}

#[test]
fn repetitions_within_repetitions() {
    let (open, close) = ("<xs:sequence minOccurs='0' maxOccurs='1000'>".repeat(6), "</xs:sequence>".repeat(6));
    let model = format!("{open}<xs:element name='x' minOccurs='0' maxOccurs='1000'/>{close}");
    broken(&format!("<xs:element name='a'><xs:complexType>{model}</xs:complexType></xs:element>"), "too many combinations");
}

#[test]
fn a_pattern_that_explodes_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = folder.path().join("pattern.xsd");
    let pattern = "<xs:restriction base='xs:string'><xs:pattern value='((a+)+)+b'/></xs:restriction>";
    let element = format!("<xs:element name='a'><xs:simpleType>{pattern}</xs:simpleType></xs:element>");
    fs::write(&schema, format!("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>{element}</xs:schema>")).expect("written");
    refused(&schema, format!("<a>{}</a>", "a".repeat(100_000)), "C212");
}

#[test]
fn a_schema_reads_nothing_outside_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("set/main");
    fs::create_dir_all(&inner).expect("a folder");
    let secret = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='secret'/></xs:schema>";
    fs::write(folder.path().join("secret.xsd"), secret).expect("written");
    std::os::unix::fs::symlink(folder.path().join("secret.xsd"), inner.join("link.xsd")).expect("linked");
    let absolute = folder.path().join("secret.xsd").display().to_string();
    for location in ["../../secret.xsd", "link.xsd", &absolute, &format!("file://{absolute}"), "http://127.0.0.1:9/x.xsd"] {
        let include = format!("<xs:include schemaLocation='{location}'/><xs:element name='a' type='xs:string'/>");
        fs::write(inner.join("a.xsd"), format!("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>{include}</xs:schema>"))
            .expect("written");
        let problems = Schema::compile(&folder.path().join("set"), "main/a.xsd").map(|_| ()).expect_err(location);
        assert_eq!(problems[0].code.as_str(), "C112", "{location}: {problems:?}");
        assert_eq!(problems[0].place.line, Some(1), "{location}: {problems:?}");
    }
}

/// The engine's table of names never shrinks by itself: a process that runs for months must not grow by what partners send.
#[test]
fn a_million_names_over_many_files_do_not_stay() {
    let schema = Schema::compile(order().parent().expect("a folder"), "order.xsd").expect("compiles");
    let resident = || {
        let text = fs::read_to_string("/proc/self/statm").expect("of Linux");
        text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number") * 4 / 1024
    };
    let mut after_some = 0;
    for round in 0..200 {
        let names: String = (0..5_000).map(|n| format!("<name{round}x{n}/>")).collect();
        let source = ByteSource::from(format!("<Order>{names}</Order>").as_bytes());
        let read = move |judge: &mut dyn Events| {
            xml::stream(&source, "f", &Limits::default(), xml::XmlOptions::default(), judge).map_err(Problems::from)
        };
        let (_, problems) = schema.judge(&ValidatedFile::named("f"), read);
        assert_eq!(problems.len(), 101);
        if round == 40 {
            after_some = resident();
        }
    }
    let grown = resident().saturating_sub(after_some);
    assert!(grown < 100, "{grown} MB more after a million names");
}
