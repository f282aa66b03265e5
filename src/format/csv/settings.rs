//! `[csv]` of a flow: how a partner writes its tables.

use std::collections::{HashMap, HashSet};

use encoding_rs::Encoding;

use super::{CsvDialect, Ragged, Trailer};
use crate::{
    format::decode::Undecodable,
    model::{
        moment,
        toml_reader::{TomlItem, TomlReader},
    },
};

/// Reads `[csv]`.
pub(super) fn read(table: &TomlReader<'_>) -> CsvDialect {
    let header = table.boolean("header").unwrap_or(true);
    CsvDialect {
        separator: one_byte(table, "separator", b';').unwrap_or(b';'),
        quote: one_byte(table, "quote", b'"'),
        escape: table.node("escape").and_then(|_| one_byte(table, "escape", b'\\')),
        encodings: encodings(table),
        undecodable: if table.choice("undecodable", &["refuse", "replace"]) == "replace" {
            Undecodable::Replace
        } else {
            Undecodable::Refuse
        },
        skip: skip(table),
        header,
        ragged: match table.choice("ragged", &["refuse", "pad", "accept"]) {
            "pad" => Ragged::Pad,
            "accept" => Ragged::Accept,
            _ => Ragged::Refuse,
        },
        trailer: trailer(table),
        decimal_comma: table.boolean("decimal_comma").unwrap_or(false),
        decimals: table.texts("decimals").unwrap_or_default().into_iter().collect::<HashSet<_>>(),
        dates: dates(table),
        root: table.need_text("root"),
        row: table.need_text("row"),
        namespace: table.text("namespace").unwrap_or_default(),
        columns: columns(table, header),
    }
}

/// A key that accepts one character; `None` for `none`.
fn one_byte(table: &TomlReader<'_>, key: &str, default: u8) -> Option<u8> {
    let Some(text) = table.text(key) else { return Some(default) };
    match (text.as_bytes(), text.as_str()) {
        (_, "tab") => Some(b'\t'),
        (_, "none") if key == "quote" => None,
        ([one], _) if one.is_ascii() && !matches!(one, b'\r' | b'\n') => Some(*one),
        _ => {
            if let Some(node) = table.node(key) {
                let besides = if key == "quote" { "`none`" } else { "`tab`" };
                table.bad(node, format!("`{key}` is one character, or {besides}"));
            }
            Some(default)
        }
    }
}

fn skip(table: &TomlReader<'_>) -> usize {
    match (table.integer("skip").map(usize::try_from), table.node("skip")) {
        (Some(Ok(lines)), _) => lines,
        (Some(Err(_)), Some(node)) => {
            table.bad(node, "`skip` is a number of lines from 0".into());
            0
        }
        _ => 0,
    }
}

fn encodings(table: &TomlReader<'_>) -> Vec<&'static Encoding> {
    let names = table.texts("encoding").unwrap_or_else(|| vec!["utf-8".into()]);
    let mut encodings = Vec::new();
    for name in &names {
        match Encoding::for_label(name.as_bytes()) {
            Some(encoding) => encodings.push(encoding),
            None => {
                if let Some(node) = table.node("encoding") {
                    table.bad(node, format!("`{name}` is not an encoding; try utf-8, iso-8859-1 or windows-1252"));
                }
            }
        }
    }
    encodings
}

fn trailer(table: &TomlReader<'_>) -> Option<Trailer> {
    let inner = table.table("trailer")?;
    let starts = inner.need_text("starts");
    let count = match (inner.integer("count"), inner.node("count")) {
        (Some(field @ 1..), _) => usize::try_from(field).ok(),
        (Some(_), Some(node)) => {
            inner.bad(node, "`count` is the number of the field that counts the rows, from 1".into());
            None
        }
        _ => None,
    };
    inner.finish();
    Some(Trailer { starts, count })
}

fn dates(table: &TomlReader<'_>) -> HashMap<String, String> {
    let Some(inner) = table.table("dates") else { return HashMap::new() };
    let mut dates = HashMap::new();
    for entry in inner.free() {
        match &entry.node.item {
            TomlItem::Text(format) => match moment::wrong_format(format) {
                None => {
                    dates.insert(entry.key.clone(), format.clone());
                }
                Some(why) => inner.bad(&entry.node, why),
            },
            _ => inner.bad(&entry.node, format!("`{}` is written as a format, as in \"%d.%m.%Y\"", entry.key)),
        }
    }
    dates
}

fn columns(table: &TomlReader<'_>, header: bool) -> Vec<(String, String)> {
    let Some(inner) = table.table("columns") else {
        table.missing("columns");
        return Vec::new();
    };
    let mut columns = Vec::new();
    for entry in inner.free() {
        match &entry.node.item {
            TomlItem::Text(_) if !header && !entry.key.parse::<usize>().is_ok_and(|number| number > 0) => {
                inner.bad(&entry.node, format!("without a header columns are named by number: `{}` is none", entry.key));
            }
            TomlItem::Text(element) => columns.push((entry.key.clone(), element.clone())),
            _ => inner.bad(&entry.node, format!("the element for the column `{}` is a text", entry.key)),
        }
    }
    columns
}
