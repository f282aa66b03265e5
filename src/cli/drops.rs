//! `consign drops`: each drop as it is now, assessed as a poll would do it.

use serde::Serialize;

use super::{Context, Exit, output};
use crate::{
    config::Flow,
    model::{
        Problems,
        problem::{cut, shown},
    },
    ops::drop_listing::{self, FileOnDrop, FileState},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only this flow.
    flow: Option<String>,
    /// Maximum number of files listed for each flow.
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    context.known_flow(engine.workspace(), args.flow.as_ref())?;
    let (mut data, mut problems) = (Vec::new(), Vec::new());
    let flows = engine.workspace().flows.values();
    for flow in flows.filter(|flow| args.flow.as_ref().map_or(flow.enabled, |wanted| *wanted == flow.id)) {
        match drop_listing::list(&engine, flow).await {
            Ok(files) => {
                show(context, flow, &files, args.limit);
                let listed = |file| Listed { flow: &flow.id, partner: &flow.partner, folder: flow.folder(), file };
                data.extend(files.into_iter().map(listed));
            }
            Err(problem) => {
                context.out.line(format!("{}  {}/{}: cannot be read", flow.id, flow.partner, flow.folder()));
                problems.push(problem);
                context.out.problems(&problems[problems.len() - 1..]);
            }
        }
    }
    context.out.data(&data);
    Ok(Exit::of(&problems))
}

fn show(context: &Context, flow: &Flow, files: &[FileOnDrop], limit: usize) {
    let count = |state: FileState| files.iter().filter(|file| file.state == state).count();
    let counts: Vec<String> = FileState::ALL
        .into_iter()
        .map(|state| (count(state), state))
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {}", state.as_str()))
        .collect();
    let counts = match (counts.is_empty(), flow.documents.is_some()) {
        (true, true) => "empty".to_string(),
        (true, false) => "no uncollected files".to_string(),
        (false, _) => counts.join(", "),
    };
    context.out.line(format!("{}  {}/{}: {counts}", flow.id, flow.partner, flow.folder()));
    // Files that do not belong to the flow, or not yet, are only counted.
    let listed: Vec<&FileOnDrop> = files.iter().filter(|file| file.state.is_listed()).collect();
    let row = |file: &&FileOnDrop| {
        let since = file.since.map(output::at).unwrap_or_default();
        vec![format!("  {}", file.state.as_str()), file.size.to_string(), since, shown(&cut(&file.name)), file.why.clone()]
    };
    let table: Vec<Vec<String>> = listed.iter().take(limit).map(row).collect();
    if !table.is_empty() {
        context.out.line(output::table(&["", "bytes", "since (UTC)", "file", "why"], &table));
    }
    if listed.len() > limit {
        context.out.line(format!("  and {} more: use --limit", listed.len() - limit));
    }
}

/// A file with where it is.
#[derive(Serialize)]
struct Listed<'f> {
    flow: &'f str,
    partner: &'f str,
    folder: &'f str,
    #[serde(flatten)]
    file: FileOnDrop,
}
