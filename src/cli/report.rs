//! Validation results: as text with source lines, as JSON, or as an HTML page to send to a partner.

use std::{
    io::{ErrorKind, Write},
    path::Path,
};

use serde_json::{Value as Json, json};

use super::render;
use crate::model::{
    Code, Problem,
    problem::{reason, shown},
};
use crate::ops::source_snippet::{self, Lines};

/// Format of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Text for people.
    Text,
    /// One line for each file.
    Json,
    /// One self-contained page.
    Html,
}

/// Prints results as they come.
pub(super) struct Report {
    format: Format,
    valid: usize,
    wrong: usize,
    unjudged: usize,
    begun: bool,
}

/// Whether a problem means that the file could not be validated.
pub(super) fn is_unjudged(problem: &Problem) -> bool {
    [Code::DropIo, Code::SchemaBroken, Code::SchemaMissing, Code::Stuck].contains(&problem.code)
}

/// The problem of a result that could not be written. A closed pipe is none; after any other error the report is incomplete.
pub(super) fn unwritten(error: &std::io::Error) -> Option<Problem> {
    let code = match error.kind() {
        ErrorKind::BrokenPipe => return None,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::DropIo,
    };
    let problem = Problem::new(code, format!("cannot write the results ({})", reason(error)));
    Some(problem.hint("the output is incomplete: fix the cause, then run the command again"))
}

impl Report {
    pub(super) fn new(format: Format) -> Self {
        Self { format, valid: 0, wrong: 0, unjudged: 0, begun: false }
    }

    /// Prints problems of the schema itself in the same format; `folder` holds its documents.
    pub(super) fn schema(&mut self, what: &str, problems: &[Problem], folder: &Path) {
        let text = match self.format {
            Format::Json => {
                let mut verdict = json(what, problems);
                verdict["valid"] = Json::Null;
                format!("{verdict}\n")
            }
            Format::Html => {
                let lines = |problem: &Problem| source_snippet::lines_within(problem, &[folder]);
                let rows: String = problems.iter().map(|problem| render::html(problem, &lines(problem))).collect();
                let name = render::escaped(what);
                format!(
                    "{}<section><h2>{name}</h2><p class=\"verdict\">the schema cannot be used</p>{rows}</section></main></body></html>\n",
                    render::HTML_HEAD
                )
            }
            Format::Text => {
                for problem in problems {
                    let _ = writeln!(std::io::stderr(), "{}\n", source_snippet::within(problem, &[folder]));
                }
                return;
            }
        };
        let _ = std::io::stdout().write_all(text.as_bytes());
    }

    /// Prints the result for one file.
    ///
    /// # Errors
    /// The output cannot be written, or the reader has closed it.
    pub(super) fn file(&mut self, file: &Path, problems: &[Problem]) -> std::io::Result<()> {
        let unjudged = problems.iter().any(is_unjudged);
        match (problems.is_empty(), unjudged) {
            (true, _) => self.valid += 1,
            (_, true) => self.unjudged += 1,
            _ => self.wrong += 1,
        }
        let name = file.display().to_string();
        let text = match self.format {
            Format::Json => json(&name, problems).to_string() + "\n",
            Format::Text => self.text(file, &name, problems, unjudged),
            Format::Html => self.html(file, &name, problems, unjudged),
        };
        self.begun = true;
        std::io::stdout().write_all(text.as_bytes())
    }

    fn text(&self, file: &Path, name: &str, problems: &[Problem], unjudged: bool) -> String {
        let lines = Lines::of(file, problems);
        let mut out = String::new();
        for problem in problems {
            out.push_str(&source_snippet::text(problem, &lines));
            out.push_str("\n\n");
        }
        out.push_str(&format!("{}: {}\n", shown(name), verdict(problems, unjudged)));
        out
    }

    fn html(&self, file: &Path, name: &str, problems: &[Problem], unjudged: bool) -> String {
        let lines = Lines::of(file, problems);
        let head = if self.begun { "" } else { render::HTML_HEAD };
        let rows: String = problems.iter().map(|problem| render::html(problem, &lines)).collect();
        format!(
            "{head}<section><h2>{}</h2><p class=\"verdict\">{}</p>{rows}</section>\n",
            render::escaped(name),
            verdict(problems, unjudged)
        )
    }

    /// Prints the summary.
    ///
    /// # Errors
    /// The output cannot be written.
    pub(super) fn finish(&self) -> std::io::Result<()> {
        let all = self.valid + self.wrong + self.unjudged;
        let text = match self.format {
            Format::Html if self.begun => format!("<p class=\"sum\">{}</p></main></body></html>\n", self.sum()),
            Format::Text if all > 1 => format!("{}\n", self.sum()),
            _ => return Ok(()),
        };
        std::io::stdout().write_all(text.as_bytes())
    }

    fn sum(&self) -> String {
        let unjudged = if self.unjudged > 0 { format!(", {} not validated", self.unjudged) } else { String::new() };
        let files = if self.valid + self.wrong + self.unjudged == 1 { "file" } else { "files" };
        format!("{} {files}: {} valid, {} not valid{unjudged}", self.valid + self.wrong + self.unjudged, self.valid, self.wrong)
    }
}

fn verdict(problems: &[Problem], unjudged: bool) -> String {
    match (problems.len(), unjudged) {
        (0, _) => "valid".to_string(),
        (_, true) => "not validated".to_string(),
        (1, _) => "not valid, 1 problem".to_string(),
        // The last one counts the problems that are not listed.
        (many, _) if problems.last().is_some_and(|last| last.more > 0) => {
            format!("not valid, {} problems and more", many - 1)
        }
        (many, _) => format!("not valid, {many} problems"),
    }
}

/// The result for one file as JSON; a problem's place is flattened into it.
fn json(name: &str, problems: &[Problem]) -> Json {
    let flat = |problem: &Problem| {
        let place = &problem.place;
        let mut out = json!({
            "code": problem.code.as_str(),
            "line": place.line,
            "column": place.column,
            "path": place.path,
            "message": problem.message,
            "hint": problem.hint,
            "owner": problem.who,
        });
        if let Some(field) = &place.field {
            out["field"] = json!(field);
        }
        if problem.more > 0 {
            out["more"] = json!(problem.more);
        }
        out
    };
    json!({ "file": name, "valid": problems.is_empty(), "problems": problems.iter().map(flat).collect::<Vec<_>>() })
}
