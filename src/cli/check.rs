//! `consign check`: checks the whole workspace, offline.

use std::path::Path;

use serde_json::json;

use super::{Context, Exit};
use crate::{
    config::check,
    model::{Problem, Problems, renamed_keys},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Also list the elements that partners always send and no mapping reads.
    #[arg(long)]
    coverage: bool,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let workspace = context.load()?;
    let report = check::check(&workspace);
    context.out.data(
        &json!({ "flows": workspace.flows.len(), "partners": workspace.partners.len(), "problems": report.problems, "notes": report.notes, "warnings": report.warnings,
        "coverage": report.coverage.iter().map(|(flow, coverage)| (flow.clone(), json!(coverage))).collect::<serde_json::Map<_, _>>() }),
    );
    if !context.out.json {
        // Lines of mappings and templates are shown. Lines of files that may contain secrets are not.
        let is_shown = |problem: &Problem| {
            let file = problem.place.file.as_deref().unwrap_or_default();
            !["consign.toml", "flows/", "partners/"].iter().any(|start| file.starts_with(start))
        };
        for problem in &report.problems {
            let folders: &[&Path] = if is_shown(problem) { &[&workspace.schemas(), &workspace.root] } else { &[] };
            context.out.problems_in(std::slice::from_ref(problem), folders);
        }
    }
    let beside = |word: &str, problem: &Problem, more: &str| {
        context.out.line(format!("{word}: {}{more}", problem.message));
        if let Some(hint) = &problem.hint {
            context.out.line(format!("{} {hint}", " ".repeat(word.len() + 1)));
        }
    };
    report.notes.iter().for_each(|note| beside("note", note, " (the flow is switched off)"));
    let (other, renamed) = renamed_keys::apart(report.warnings);
    other.iter().for_each(|warning| beside("warning", warning, ""));
    for warning in &renamed {
        context.out.line(format!("warning: {}: {}", warning.place, warning.message));
    }
    // One hint for all of them.
    if let Some(hint) = renamed.last().and_then(|warning| warning.hint.as_ref()) {
        context.out.line(format!("         {hint}"));
    }
    for (flow, coverage) in report.coverage.iter().filter(|_| args.coverage) {
        context.out.line(format!(
            "{flow}: {} elements and attributes read; {} always sent, but not read",
            coverage.read,
            coverage.unread.len()
        ));
        coverage.unread.iter().for_each(|path| context.out.line(format!("    {path}")));
    }
    let (flows, partners) = (workspace.flows.len(), workspace.partners.len());
    context.out.line(match report.problems.len() {
        0 => format!("{flows} flows of {partners} partners: no problems"),
        1 => format!("{flows} flows of {partners} partners: 1 problem"),
        many => format!("{flows} flows of {partners} partners: {many} problems"),
    });
    Ok(if report.problems.is_empty() { Exit::Fine } else { Exit::Problems })
}
