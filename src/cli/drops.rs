//! `consign drops`: each drop as it is now, assessed as a poll would do it: files that are ready, held (and why), not moved, or not
//! collected by the partner.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Context, Exit, output};
use crate::{
    config::Flow,
    endpoint::{self, History, ItemOrigin, Readiness},
    model::{
        Problem, Problems, Stage,
        problem::{cut, shown},
    },
    pipeline::Engine,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only this flow.
    flow: Option<String>,
    /// Maximum number of files listed for each flow.
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

/// A line about a file.
struct Row {
    state: &'static str,
    name: String,
    size: u64,
    since: String,
    why: String,
    fix: Option<String>,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    context.known_flow(engine.workspace(), args.flow.as_ref())?;
    let (mut data, mut problems) = (Vec::new(), Vec::new());
    let flows = engine.workspace().flows.values();
    for flow in flows.filter(|flow| args.flow.as_ref().map_or(flow.enabled, |wanted| *wanted == flow.id)) {
        let reported = match flow.documents {
            Some(_) => lying(context, &engine, flow, args.limit, &mut data).await,
            None => uncollected(context, &engine, flow, args.limit, &mut data).await,
        };
        if let Err(problem) = reported {
            context.out.line(format!("{}  {}/{}: cannot be read", flow.id, flow.partner, flow.folder()));
            problems.push(problem);
            context.out.problems(&problems[problems.len() - 1..]);
        }
    }
    context.out.data(&data);
    Ok(Exit::of(&problems))
}

/// The files on the drop of an inbound flow.
async fn lying(context: &Context, engine: &Engine, flow: &Flow, limit: usize, data: &mut Vec<Json>) -> Result<(), Problem> {
    let known = History::of(engine.site(), flow).await?;
    let mut rows = Vec::new();
    for one in endpoint::source(engine.site(), flow)?.poll(&known).await?.candidates {
        rows.push(row(engine, one.origin, one.readiness).await?);
    }
    tell(context, flow, &rows, limit);
    data.extend(rows.iter().map(|row| json(flow, row)));
    Ok(())
}

async fn row(engine: &Engine, origin: ItemOrigin, readiness: Readiness) -> Result<Row, Problem> {
    let mut row = Row { state: "", name: origin.name, size: origin.size, since: String::new(), why: String::new(), fix: None };
    match readiness {
        Readiness::Ready => (row.state, row.why) = ("ready", "the next run takes it".into()),
        Readiness::Temporary => (row.state, row.why) = ("being written", "has the name of an unfinished upload".into()),
        Readiness::Foreign => (row.state, row.why) = ("not ours", "matches no pattern of the flow".into()),
        Readiness::Held(problem, since) => {
            row.state = "held";
            row.since = output::at(since);
            row.why = format!("{}: {}", problem.code.as_str(), problem.message);
            row.fix = problem.hint.map(Into::into);
        }
        Readiness::Taken(id) => {
            let message = engine.journal().find(&id).await?;
            row.since = output::at(message.received);
            (row.state, row.why) = match message.stage {
                Stage::Done | Stage::Failed => {
                    ("not moved", format!("message {} is {}; each run retries the move", message.id.short(), message.stage))
                }
                Stage::Held => ("held", format!("message {} is held", message.id.short())),
                stage => ("taken", format!("message {} is {stage}", message.id.short())),
            };
            if let Some(reason) = message.reason.filter(|_| message.stage != Stage::Done) {
                row.why = format!("{} ({})", row.why, shown(&reason));
            }
        }
    }
    Ok(row)
}

fn tell(context: &Context, flow: &Flow, rows: &[Row], limit: usize) {
    let count = |state: &str| rows.iter().filter(|row| row.state == state).count();
    let states = ["ready", "held", "taken", "not moved", "being written", "not ours"];
    let counts: Vec<String> = states
        .iter()
        .map(|state| (count(state), state))
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {state}"))
        .collect();
    let counts = if counts.is_empty() { "empty".to_string() } else { counts.join(", ") };
    context.out.line(format!("{}  {}/{}: {counts}", flow.id, flow.partner, flow.folder()));
    // Files that need attention come first; files that do not belong to the flow are only counted.
    let mut shown_rows: Vec<&Row> = rows.iter().filter(|row| !matches!(row.state, "not ours" | "being written")).collect();
    shown_rows.sort_by_key(|row| (states.iter().position(|state| *state == row.state).map(|at| if at == 0 { 9 } else { at }), &row.name));
    let table: Vec<Vec<String>> = shown_rows
        .iter()
        .take(limit)
        .map(|row| vec![format!("  {}", row.state), row.size.to_string(), row.since.clone(), shown(&cut(&row.name)), row.why.clone()])
        .collect();
    if !table.is_empty() {
        context.out.line(output::table(&["", "bytes", "since (UTC)", "file", "why"], &table));
    }
    if shown_rows.len() > limit {
        context.out.line(format!("  and {} more: use --limit", shown_rows.len() - limit));
    }
}

fn json(flow: &Flow, row: &Row) -> Json {
    json!({ "flow": flow.id, "partner": flow.partner, "folder": flow.folder(), "state": row.state, "file": row.name, "bytes": row.size, "since": row.since, "why": row.why, "fix": row.fix })
}

/// Our files that the partner has not collected.
async fn uncollected(context: &Context, engine: &Engine, flow: &Flow, limit: usize, data: &mut Vec<Json>) -> Result<(), Problem> {
    let drop = engine.site().drop(&flow.partner).await?;
    let there: std::collections::HashSet<String> = drop.list(flow.folder()).await?.into_iter().map(|entry| entry.name).collect();
    let messages = engine.journal().uncollected(&flow.id).await?;
    let lying: Vec<_> = messages.into_iter().filter(|message| there.contains(&message.name)).collect();
    let state = if lying.is_empty() { "no uncollected files".to_string() } else { format!("{} not collected", lying.len()) };
    context.out.line(format!("{}  {}/{}: {state}", flow.id, flow.partner, flow.folder()));
    let now = engine.clock().now();
    let rows: Vec<Vec<String>> = lying
        .iter()
        .take(limit)
        .map(|message| {
            let age = (now - message.updated).to_std().unwrap_or(Duration::ZERO);
            vec![
                "  sent".into(),
                message.size.to_string(),
                output::at(message.updated),
                shown(&cut(&message.name)),
                format!("on the drop for {}", lasting(age)),
            ]
        })
        .collect();
    if !rows.is_empty() {
        context.out.line(output::table(&["", "bytes", "since (UTC)", "file", "why"], &rows));
    }
    data.extend(lying.iter().map(|message| {
        json!({ "flow": flow.id, "partner": flow.partner, "folder": flow.folder(), "state": "not collected", "file": message.name, "bytes": message.size, "since": output::at(message.updated), "why": "" })
    }));
    Ok(())
}

fn lasting(age: Duration) -> String {
    match age.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 7200 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3600),
    }
}
