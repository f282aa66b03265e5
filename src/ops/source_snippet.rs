//! Problems with their source line, and a caret under the place.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, Read},
    path::Path,
};

use crate::{
    format::{
        ByteSource,
        decode::{DecodedText, Undecodable},
    },
    model::{Problem, problem::shown},
};

/// Characters shown before and after the place; a line can have many MB in files without line ends.
const BEFORE: usize = 40;
const BEHIND: usize = 60;

/// The source lines of problems, each cut around its place.
#[derive(Default)]
pub struct Lines(BTreeMap<(u32, u32), Cut>);

struct Cut {
    text: String,
    /// Characters that are left out at the start of the line.
    from: usize,
    /// Characters before the place.
    before: usize,
}

/// Maximum number of bytes read from a file.
const MOST: u64 = 16 << 30;

/// UTF-8 if the whole table is valid, otherwise Windows-1252, in which every byte is valid.
fn table_encoding(source: &ByteSource) -> &'static encoding_rs::Encoding {
    let utf8 = source.open().and_then(|bytes| DecodedText::plain(bytes, encoding_rs::UTF_8, Undecodable::Refuse, MOST));
    match utf8.and_then(|mut text| std::io::copy(&mut text, &mut std::io::sink())) {
        Ok(_) => encoding_rs::UTF_8,
        Err(_) => encoding_rs::WINDOWS_1252,
    }
}

impl Lines {
    /// Reads the lines of `file` that have `problems`. Unreadable lines are not shown.
    pub fn of(file: &Path, problems: &[Problem]) -> Self {
        // In a table the place is a field, not a character column; the line is shown from its start.
        let places = problems.iter().filter_map(|problem| {
            let column = if problem.place.field.is_some() { 1 } else { problem.place.column.unwrap_or(1) };
            Some((problem.place.line?, column))
        });
        let wanted: BTreeSet<(u32, u32)> = places.collect();
        let Some((last, _)) = wanted.last().copied() else { return Self::default() };
        let source = ByteSource::File(file.to_path_buf());
        // A pipe cannot be read twice.
        let (Ok(_), Ok(bytes)) = (source.length(), source.open()) else { return Self::default() };
        let encoding = match wanted.is_empty() || problems.iter().any(|problem| problem.place.field.is_some()) {
            // A table does not declare its encoding, so the line is shown in the usual one.
            true => Err(()),
            false => DecodedText::xml(bytes, MOST, "").map_err(|_| ()),
        };
        match (encoding, source.open()) {
            (Ok(text), _) => Self::read(text, &wanted, last, false),
            (Err(()), Ok(bytes)) => DecodedText::plain(bytes, table_encoding(&source), Undecodable::Replace, MOST)
                .map(|text| Self::read(text, &wanted, last, true))
                .unwrap_or_default(),
            (Err(()), Err(_)) => Self::default(),
        }
    }

    fn read(mut text: DecodedText<impl Read>, wanted: &BTreeSet<(u32, u32)>, last: u32, is_table: bool) -> Self {
        let mut lines = Self::default();
        for line in 1..=last {
            let here: Vec<u32> = wanted.range((line, 0)..=(line, u32::MAX)).map(|(_, column)| *column).collect();
            let mut cuts: Vec<Cut> = here.iter().map(|column| Cut::before(*column)).collect();
            if !next_line(&mut text, &mut cuts, is_table) {
                break;
            }
            lines.0.extend(here.into_iter().map(|column| (line, column)).zip(cuts));
        }
        lines
    }

    /// The line of a problem, split at the place. If the place is a field, all of the line is in the first part.
    pub fn around(&self, problem: &Problem) -> Option<(String, String)> {
        let cut = self.of_problem(problem)?;
        let dots = if cut.from > 0 { "…" } else { "" };
        if problem.place.field.is_some() {
            return Some((format!("{dots}{}", cut.text), String::new()));
        }
        let text: Vec<char> = cut.text.chars().collect();
        let (before, behind) = text.split_at(cut.before.min(text.len()));
        Some((format!("{dots}{}", before.iter().collect::<String>()), behind.iter().collect()))
    }

    fn of_problem(&self, problem: &Problem) -> Option<&Cut> {
        let column = if problem.place.field.is_some() { 1 } else { problem.place.column.unwrap_or(1) };
        self.0.get(&(problem.place.line?, column)).filter(|cut| !cut.text.trim().is_empty())
    }
}

impl Cut {
    /// An empty cut around a column: a long line is cut, a normal one is shown from its start.
    fn before(column: u32) -> Self {
        let at = column.saturating_sub(1) as usize;
        let from = if at < BEFORE + BEHIND { 0 } else { at - BEFORE };
        Self { text: String::new(), from, before: at - from }
    }
}

/// Reads the wanted part of the next line and skips the rest; `false` at the end of the file. In a table a CR alone ends a line too.
fn next_line(text: &mut impl BufRead, cuts: &mut [Cut], is_table: bool) -> bool {
    let (mut any, mut passed) = (false, 0usize);
    while let Ok(available) = text.fill_buf() {
        if available.is_empty() {
            break;
        }
        any = true;
        let end = if is_table { memchr::memchr2(b'\n', b'\r', available) } else { memchr::memchr(b'\n', available) };
        let is_cr = end.is_some_and(|end| available[end] == b'\r');
        let piece = &available[..end.unwrap_or(available.len())];
        if !cuts.is_empty() {
            // The decoder returns whole characters.
            let piece = String::from_utf8_lossy(piece);
            let count = piece.chars().count();
            for cut in cuts.iter_mut() {
                let (from, to) = (cut.from.max(passed), cut.from + cut.before + BEHIND);
                if from < passed + count && to > passed {
                    cut.text.extend(piece.chars().skip(from - passed).take(to - from).filter(|c| *c != '\r'));
                }
            }
            passed += count;
        }
        let used = end.map_or(available.len(), |end| end + 1);
        text.consume(used);
        if is_cr && text.fill_buf().is_ok_and(|next| next.first() == Some(&b'\n')) {
            text.consume(1);
        }
        if end.is_some() {
            break;
        }
    }
    any
}

/// A problem as text, with its source line.
pub fn text(problem: &Problem, lines: &Lines) -> String {
    let report = problem.to_string();
    let Some(cut) = lines.of_problem(problem) else { return report };
    let number = problem.place.line.unwrap_or_default().to_string();
    let gap = " ".repeat(number.len());
    // A tab counts as one character but is wider on screen, so both lines get a blank instead.
    let source = shown(&cut.text.replace('\t', " "));
    let dots = if cut.from > 0 { "…" } else { "" };
    let indent = " ".repeat(cut.before + dots.chars().count());
    let mark = if problem.place.field.is_some() { String::new() } else { format!("\n {gap} | {indent}^") };
    let source = format!(" {gap} |\n {number} | {dots}{}{mark}", source.trim_end());
    let (before, after) = report.split_once("\n  owner:").unwrap_or((&report, ""));
    format!("{before}\n{source}\n  owner:{after}")
}

/// A problem as text, with its source line if its file is in one of these folders.
pub fn within(problem: &Problem, folders: &[&Path]) -> String {
    text(problem, &lines_within(problem, folders))
}

/// The source line of a problem whose file is in one of these folders.
pub fn lines_within(problem: &Problem, folders: &[&Path]) -> Lines {
    let file = problem.place.file.as_ref().and_then(|file| folders.iter().map(|folder| folder.join(file)).find(|path| path.is_file()));
    file.map(|file| Lines::of(&file, std::slice::from_ref(problem))).unwrap_or_default()
}
