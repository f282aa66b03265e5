//! The W3C's XML Schema test suite: does a schema compile, is an instance valid.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use consign::{
    format::{ByteSource, Limits, xml},
    model::{Events, Problems},
    schema::{CompileOptions, Schema, ValidatedFile},
};

use crate::{ratchet, shared};

/// A case of `cases.tsv`.
struct Case {
    id: String,
    kind: String,
    roots: Vec<String>,
    instance: String,
    valid: bool,
}

/// Share of the cases that must agree.
const AGREED: f64 = 0.9985;

#[test]
fn the_w3c_suite_agrees() {
    let Some(folder) = shared("xsts") else { return };
    let suite = unpacked(&folder.join("suite.tar.zst"));
    let text = fs::read_to_string(folder.join("cases.tsv")).expect("the cases");
    let mut groups: BTreeMap<Vec<String>, Vec<Case>> = BTreeMap::new();
    let mut all = 0;
    for row in text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let roots: Vec<String> = row[5].split('|').filter(|name| !name.is_empty()).map(str::to_string).collect();
        let case = Case { id: row[0].into(), kind: row[4].into(), roots: roots.clone(), instance: row[6].into(), valid: row[7] == "valid" };
        groups.entry(roots).or_default().push(case);
        all += 1;
    }
    let groups: Vec<Vec<Case>> = groups.into_values().collect();
    let (next, differs) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(|| {
                while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = run(suite.path(), group);
                    differs.lock().expect("no panic").extend(found);
                }
            });
        }
    });
    let differs = differs.into_inner().expect("no panic");
    let share = 1.0 - differs.len() as f64 / f64::from(all);
    println!("XSTS: {} of {all} cases agree, {:.2} %", all - i32::try_from(differs.len()).expect("few"), share * 100.0);
    ratchet::hold("xsts.tsv", &differs);
    assert!(share >= AGREED, "{share}");
}

/// Cases over the same schema documents; gives those that differ.
fn run(suite: &Path, cases: &[Case]) -> HashMap<String, String> {
    let schema = Schema::compile_all(suite, &cases[0].roots, CompileOptions { gaps: true, ..CompileOptions::default() });
    let mut differs = HashMap::new();
    for case in cases {
        let (found, why) = match (&schema, case.kind.as_str()) {
            (Ok(_), "schema") => (true, String::new()),
            (Err(problems), "schema") => (false, problems[0].message.to_string()),
            // An instance whose schema does not compile counts as wrong, whatever is expected of it.
            (Err(problems), _) => (!case.valid, format!("the schema does not compile: {}", problems[0].message)),
            (Ok(schema), _) => {
                let problems = judge(schema, &suite.join(&case.instance));
                (problems.is_empty(), problems.join("; "))
            }
        };
        if found != case.valid {
            let expected = if case.valid { "valid" } else { "invalid" };
            differs.insert(case.id.clone(), format!("{} expected {expected} {} {why}", case.kind, case.roots.join("|")));
        }
    }
    differs
}

fn judge(schema: &Schema, instance: &Path) -> Vec<String> {
    let (source, limits) = (ByteSource::File(instance.to_path_buf()), Limits { depth: 10_000, attributes: 10_000, ..Limits::default() });
    let read = move |judge: &mut dyn Events| {
        let options = xml::XmlOptions { doctype: xml::Doctype::SkipBare, several: false };
        xml::stream(&source, "case", &limits, options, judge).map_err(Problems::from)
    };
    schema.judge(&ValidatedFile::named("case"), read).1.into_iter().map(|problem| problem.message.into()).collect()
}

/// The suite's documents in a folder of their own.
fn unpacked(archive: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let status = Command::new("tar").arg("--zstd").arg("-xf").arg(archive).arg("-C").arg(folder.path()).status();
    assert!(status.is_ok_and(|status| status.success()), "tar with zstd unpacks {}", PathBuf::from(archive).display());
    folder
}
