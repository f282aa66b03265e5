//! Lists of known differences.

use std::{collections::BTreeMap, fs, path::PathBuf};

/// Known differences by what differs, each with its reason: lines of `what<TAB>reason`.
fn known(list: &str) -> BTreeMap<String, String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(list);
    let text = fs::read_to_string(path).expect("the list of known differences");
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (what, reason) = line.split_once('\t').unwrap_or_else(|| panic!("{list}: no reason for {line}"));
            assert!(reason.len() > 10, "{list}: {what} needs a reason that a reader can check");
            (what.to_string(), reason.to_string())
        })
        .collect()
}

/// Compares what differs now with the list.
#[track_caller]
pub fn hold(list: &str, differs: &BTreeMap<String, String>) {
    let known = known(list);
    let new: Vec<_> = differs.iter().filter(|(what, _)| !known.contains_key(*what)).map(|(what, how)| format!("{what}\t{how}")).collect();
    let gone: Vec<_> = known.keys().filter(|what| !differs.contains_key(*what)).collect();
    assert!(new.is_empty() && gone.is_empty(), "{list}: new differences:\n{}\n\nlisted and gone:\n{gone:#?}", new.join("\n"));
}
