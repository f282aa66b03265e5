//! `[keep]` in consign.toml: how long to keep the archive and the journal.

use std::time::Duration;

use crate::model::toml_reader::TomlReader;

/// How long to keep finished messages.
#[derive(Debug, Clone)]
pub struct Keep {
    /// Age at which a day of the archive becomes a zip.
    pub zip_after: Option<Duration>,
    /// Age at which it is deleted, with its messages in the journal.
    pub delete_after: Option<Duration>,
    /// Bytes that stay free in the storage: below this consign receives nothing, so that running work has space to finish.
    pub reserve: u64,
}

/// Default of the reserve: 256 MiB.
const RESERVE: u64 = 256 << 20;

const DAY: u64 = 24 * 3600;

impl Default for Keep {
    /// Zipped after thirty days, never deleted: a person decides what is deleted.
    fn default() -> Self {
        Self { zip_after: Some(Duration::from_secs(30 * DAY)), delete_after: None, reserve: RESERVE }
    }
}

pub(super) fn read(reader: &TomlReader<'_>) -> Keep {
    let mut keep = Keep::default();
    let Some(table) = reader.table("keep") else { return keep };
    let whole_days = |key: &str, usual: Option<Duration>| {
        let Some(node) = table.node(key) else { return usual };
        if table.text(key).as_deref() == Some("never") {
            return None;
        }
        let time = table.duration(key);
        if time.is_some_and(|time| time.as_secs() < DAY) {
            table.bad(node, format!("`{key}` is at least one day, as in 30d, or never"));
        }
        time
    };
    keep.zip_after = whole_days("zip_after", keep.zip_after);
    keep.delete_after = whole_days("delete_after", keep.delete_after);
    if let (Some(zip), Some(delete), Some(node)) =
        (keep.zip_after, keep.delete_after, table.node("zip_after").or(table.node("delete_after")))
        && delete <= zip
        && table.node("zip_after").is_some()
    {
        table.bad(node, "`delete_after` must be longer than `zip_after`: otherwise files are deleted before they are zipped".into());
    }
    match (table.integer("reserve").map(u64::try_from), table.node("reserve")) {
        (Some(Ok(mebibytes)), _) => keep.reserve = mebibytes << 20,
        (Some(Err(_)), Some(node)) => table.bad(node, "`reserve` is a number of MiB from 0".into()),
        _ => {}
    }
    table.finish();
    keep
}
