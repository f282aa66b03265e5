//! What commands print: text for people on standard output, JSON where asked, problems on standard error.

use std::{
    io::{IsTerminal, Write},
    path::Path,
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model::Problem;

/// Where and how to print.
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// A line of text; nothing when JSON was asked for. A closed pipe is not our concern.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if !self.json {
            let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
        }
    }

    /// The data, when JSON was asked for.
    pub(crate) fn data(&self, data: &impl Serialize) {
        if self.json {
            let text = serde_json::to_string_pretty(data).unwrap_or_default();
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }

    /// Problems: as a report on standard error, or as JSON on standard output.
    pub(crate) fn problems(&self, problems: &[Problem]) {
        if self.json {
            self.data(&serde_json::json!({ "problems": problems }));
            return;
        }
        for problem in problems {
            let _ = writeln!(std::io::stderr(), "{problem}\n");
        }
    }
}

impl Output {
    /// Problems as [`Output::problems`], each with the line of the file in `folders` that it is in. Only of folders in which no secret
    /// can stand.
    pub(crate) fn problems_in(&self, problems: &[Problem], folders: &[&Path]) {
        if self.json {
            return self.problems(problems);
        }
        for problem in problems {
            let _ = writeln!(std::io::stderr(), "{}\n", crate::ops::source_snippet::within(problem, folders));
        }
    }
}

/// A moment for people: to the second, in UTC.
pub(crate) fn at(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Rows under headings, each column as wide as it needs to be.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .chain(headings.get(column).map(|heading| heading.len()))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count()))))
            .collect();
        padded.join("  ").trim_end().to_string()
    };
    let mut out = vec![line(headings.to_vec())];
    out.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    out.join("\n")
}

/// Starts logging to standard error: lines for people on a terminal, JSON otherwise when `json`.
pub(crate) fn start_logging(json: bool, verbose: bool) {
    let level = if verbose { tracing::Level::DEBUG } else { tracing::Level::INFO };
    let own = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // Logging that was started before, by a test, stays as it is.
    let _ = if json {
        tracing::subscriber::set_global_default(own.json().finish())
    } else {
        tracing::subscriber::set_global_default(own.finish())
    };
}
