//! Output of commands: text for people on standard output, JSON with `--json`, problems on standard error.

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
    /// Prints a line of text; nothing with `--json`. A closed pipe is not an error.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if !self.json {
            let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
        }
    }

    /// Prints the data, with `--json` only.
    pub(crate) fn data(&self, data: &impl Serialize) {
        if self.json {
            let text = serde_json::to_string_pretty(data).unwrap_or_default();
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }

    /// Prints problems: as a report on standard error, or as JSON on standard output.
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
    /// Like [`Output::problems`], with the source line of each problem. Only for `folders` that cannot contain secrets.
    pub(crate) fn problems_in(&self, problems: &[Problem], folders: &[&Path]) {
        if self.json {
            return self.problems(problems);
        }
        for problem in problems {
            let _ = writeln!(std::io::stderr(), "{}\n", crate::ops::source_snippet::within(problem, folders));
        }
    }
}

/// A time for people: to the second, in UTC.
pub(crate) fn at(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A table with headings; each column is as wide as its widest cell.
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

/// Starts logging to standard error: text for people, or JSON with `json`.
pub(crate) fn start_logging(json: bool, verbose: bool) {
    let level = if verbose { tracing::Level::DEBUG } else { tracing::Level::INFO };
    let own = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // Logging that a test started before stays as it is.
    let _ = if json {
        tracing::subscriber::set_global_default(own.json().finish())
    } else {
        tracing::subscriber::set_global_default(own.finish())
    };
}
