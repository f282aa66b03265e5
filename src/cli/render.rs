//! Problems with the line of the file they are in, and a caret under the place.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, Read},
    path::Path,
};

use crate::{
    format::{Source, decode::Text},
    model::{Problem, problem::shown},
};

/// Characters of a line that are shown before and behind the place; files without line ends have lines of many MB.
const BEFORE: usize = 40;
const BEHIND: usize = 60;

/// The lines of a file that problems are in, each cut around its place.
#[derive(Default)]
pub(super) struct Lines(BTreeMap<(u32, u32), Cut>);

struct Cut {
    text: String,
    /// Characters before the place.
    before: usize,
    /// Something was left out before it.
    cut: bool,
}

impl Lines {
    /// Reads the lines of `file` that `problems` are in. What cannot be read is not shown.
    pub(super) fn of(file: &Path, problems: &[Problem]) -> Self {
        // A table's place is a field, not a column of characters; its line is shown from the start.
        let places = problems.iter().filter_map(|problem| {
            let column = if problem.place.field.is_some() { 1 } else { problem.place.column.unwrap_or(1) };
            Some((problem.place.line?, column))
        });
        let wanted: BTreeSet<(u32, u32)> = places.collect();
        let Some((last, _)) = wanted.last().copied() else { return Self::default() };
        let source = Source::File(file.to_path_buf());
        let Ok(bytes) = source.open() else { return Self::default() };
        match Text::xml(bytes, u64::MAX, "") {
            Ok(text) => Self::read(text, &wanted, last),
            Err(_) => Self::default(),
        }
    }

    fn read(mut text: Text<impl Read>, wanted: &BTreeSet<(u32, u32)>, last: u32) -> Self {
        let mut lines = Self::default();
        let mut line = 1u32;
        while line <= last {
            let here: Vec<u32> = wanted.range((line, 0)..=(line, u32::MAX)).map(|(_, column)| *column).collect();
            let reach = here.last().map_or(0, |column| *column as usize + BEHIND);
            let Some(kept) = next_line(&mut text, reach) else { break };
            for column in here {
                let at = column as usize - 1;
                let from = at.saturating_sub(BEFORE);
                // A long line is cut around the place, a usual one is shown from its start.
                let from = if at < BEFORE + BEHIND { 0 } else { from };
                let cut: String = kept.chars().skip(from).take(at - from + BEHIND).collect();
                lines.0.insert((line, column), Cut { text: cut, before: at - from, cut: from > 0 });
            }
            line += 1;
        }
        lines
    }

    fn of_problem(&self, problem: &Problem) -> Option<&Cut> {
        let column = if problem.place.field.is_some() { 1 } else { problem.place.column.unwrap_or(1) };
        self.0.get(&(problem.place.line?, column)).filter(|cut| !cut.text.trim().is_empty())
    }
}

/// The first `reach` characters of the next line; `None` at the end. What follows them is passed over without being kept.
fn next_line(text: &mut impl BufRead, reach: usize) -> Option<String> {
    let mut kept = Vec::new();
    let mut any = false;
    loop {
        let available = text.fill_buf().ok()?;
        if available.is_empty() {
            break;
        }
        any = true;
        let end = memchr::memchr(b'\n', available);
        let piece = &available[..end.unwrap_or(available.len())];
        // Four bytes are the longest character.
        let room = (reach * 4).saturating_sub(kept.len()).min(piece.len());
        kept.extend_from_slice(&piece[..room]);
        let used = piece.len() + usize::from(end.is_some());
        text.consume(used);
        if end.is_some() {
            break;
        }
    }
    any.then(|| String::from_utf8_lossy(&kept).trim_end_matches('\r').to_string())
}

/// A problem as a report, with its line.
pub(super) fn text(problem: &Problem, lines: &Lines) -> String {
    let report = problem.to_string();
    let Some(cut) = lines.of_problem(problem) else { return report };
    let number = problem.place.line.unwrap_or_default().to_string();
    let gap = " ".repeat(number.len());
    // A tab is one character to count and several to see: both lines get a blank for it.
    let source = shown(&cut.text.replace('\t', " "));
    let dots = if cut.cut { "…" } else { "" };
    let indent = " ".repeat(cut.before + dots.chars().count());
    let mark = if problem.place.field.is_some() { String::new() } else { format!("\n {gap} | {indent}^") };
    let source = format!(" {gap} |\n {number} | {dots}{}{mark}", source.trim_end());
    let (before, after) = report.split_once("\n  who:").unwrap_or((&report, ""));
    format!("{before}\n{source}\n  who:{after}")
}

/// Puts the line of a schema document into the problem's report.
pub(super) fn with_source(mut problem: Problem, folder: &Path) -> Problem {
    let Some(file) = problem.place.file.clone() else { return problem };
    let lines = Lines::of(&folder.join(file), std::slice::from_ref(&problem));
    if let Some(cut) = lines.of_problem(&problem) {
        problem.message = format!("{}: {}", problem.message, cut.text.trim().chars().take(BEHIND).collect::<String>());
    }
    problem
}

/// Text for a page.
pub(super) fn escaped(text: &str) -> String {
    shown(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A problem as a part of a page.
pub(super) fn html(problem: &Problem, lines: &Lines) -> String {
    let place = &problem.place;
    let at = match (place.line, &place.field, place.column) {
        (Some(line), Some(field), _) => format!("line {line}, column “{}”", escaped(field)),
        (Some(line), None, Some(column)) => format!("line {line}, column {column}"),
        (Some(line), ..) => format!("line {line}"),
        _ => String::new(),
    };
    let source = lines.of_problem(problem).map_or_else(String::new, |cut| {
        let text: Vec<char> = cut.text.chars().collect();
        let (before, behind) = text.split_at(cut.before.min(text.len()));
        let (before, behind): (String, String) = (before.iter().collect(), behind.iter().collect());
        let dots = if cut.cut { "…" } else { "" };
        match place.field.is_some() {
            true => format!("<pre>{}</pre>", escaped(&cut.text)),
            false => format!("<pre>{dots}{}<mark>{}</mark></pre>", escaped(&before), escaped(&behind)),
        }
    });
    let path = place.path.as_ref().map_or_else(String::new, |path| format!("<p class=\"path\">{}</p>", escaped(path)));
    let hint = problem.hint.as_ref().map_or_else(String::new, |hint| format!("<p class=\"hint\">{}</p>", escaped(hint)));
    format!(
        "<article><h3><span class=\"code\">{}</span> {}</h3><p class=\"at\">{at}</p>{source}{hint}{path}</article>\n",
        problem.code.info().code,
        escaped(&problem.message)
    )
}

/// The beginning of a page.
pub(super) const HTML_HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Validation report</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff; margin: 0 }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem }
h2 { font-size: 1.15rem; margin: 2rem 0 0; overflow-wrap: anywhere }
h3 { font-size: 1rem; margin: 0 }
article { border-left: 4px solid #b42318; padding: .5rem 1rem; margin: 1rem 0; background: #faf7f7 }
pre { overflow-x: auto; background: #f1f3f5; padding: .5rem; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
mark { background: #ffe69c; color: inherit }
p { margin: .25rem 0 }
.code, .path, .at { color: #57606a; font-weight: normal }
.path { font-family: ui-monospace, monospace; font-size: .85rem; overflow-wrap: anywhere }
.hint { font-weight: 600 }
</style></head><body><main><h1>Validation report</h1>
"#;
