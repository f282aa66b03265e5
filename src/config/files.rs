//! The settings of files on a partner's drop.

use std::time::Duration;

use super::{
    awaited, contained,
    endpoints::{FilesSource, FilesTarget, OnNameConflict, OnUnusualFile, ReadOrder},
    kinds::{SourceSettings, TargetSettings},
    numbered::Numbered,
    reading::Reading,
};
use crate::model::toml_reader::TomlReader;

impl SourceSettings for FilesSource {}

impl TargetSettings for FilesTarget {}

/// The settings of files from a partner, in the source's table.
pub fn read_source(reading: &Reading<'_>) -> Option<Box<dyn SourceSettings>> {
    let table = reading.table;
    contained::check(table, "folder");
    let folder = table.need_text("folder");
    let usual = || reading.documents.map(|documents| documents.usual_files()).unwrap_or_default();
    let patterns = table.texts("files").unwrap_or_else(usual);
    let settle = table.duration("stable_for").unwrap_or(Duration::from_secs(5));
    let large = if table.choice("large", &["hold", "reject"]) == "reject" { OnUnusualFile::Reject } else { OnUnusualFile::Hold };
    // A flow that does not wait for a stable file does not wait for its end either, unless it says so.
    let cut = table.duration("incomplete_timeout").unwrap_or(if settle.is_zero() { Duration::ZERO } else { Duration::from_secs(600) });
    let order = if table.choice("order", &["time", "name"]) == "name" { ReadOrder::Name } else { ReadOrder::Time };
    let marker = marker(table);
    let sequence = table.text("sequence").and_then(|text| {
        let numbered = Numbered::parse(&text);
        if let (None, Some(node)) = (&numbered, table.node("sequence")) {
            table.bad(node, "`sequence` is the pattern of a numbered file name, as in `ORD_{number}.xml`; * matches the rest".into());
        }
        numbered
    });
    let ignore = table.texts("ignore").unwrap_or_default();
    Some(Box::new(FilesSource { folder, patterns, ignore, marker, large, cut, order, sequence, settle }))
}

fn marker(reader: &TomlReader<'_>) -> Option<String> {
    let marker = reader.text("marker")?;
    let names_file = marker.contains("{name}") || marker.contains("{stem}");
    let Some(node) = reader.node("marker").filter(|_| !names_file || marker.contains('/') || marker == "{name}") else {
        return Some(marker);
    };
    reader.bad(node, "`marker` is the name of a marker file, as in `{name}.done` or `{stem}.ok`".into());
    None
}

/// The settings of files for a partner, in the target's table.
pub fn read_target(reading: &Reading<'_>) -> Option<Box<dyn TargetSettings>> {
    let table = reading.table;
    contained::check(table, "folder");
    let folder = table.need_text("folder");
    let temporary = table.text("temporary").unwrap_or_else(|| ".*.part".into());
    let leaves = crate::transport::contained(&temporary).is_err();
    let temporary = match temporary.split_once('*').filter(|_| !leaves) {
        Some((before, after)) if !(before.is_empty() && after.is_empty()) => (before.to_string(), after.to_string()),
        _ => {
            if let Some(node) = table.node("temporary") {
                table.bad(node, "`temporary` has a * for the file's name, as in `.*.part` or `uploading/*`".into());
            }
            (".".into(), ".part".into())
        }
    };
    let exists = match table.choice("exists", &["fail", "replace", "number"]) {
        "replace" => OnNameConflict::Replace,
        "number" => OnNameConflict::Number,
        _ => OnNameConflict::Fail,
    };
    let (pickup, answer) = (table.duration("pickup"), awaited::awaited(reading.flow));
    Some(Box::new(FilesTarget { folder, temporary, exists, pickup, answer }))
}
