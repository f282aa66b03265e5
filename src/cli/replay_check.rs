//! `consign replay-check FLOW`: re-runs the current mapping over processed files and shows what would change. Nothing is sent.

use serde::Serialize;

use super::{Context, Exit};
use crate::{
    format::ByteSource,
    journal::Filter,
    model::{Code, Problem, Problems, Stage, plan_diff::differences, problem::shown},
    pipeline::{Schemas, plan_store, render, unpack},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Name of an inbound flow.
    flow: String,
    /// Number of files, newest first.
    #[arg(long, default_value_t = 200)]
    last: u32,
}

#[derive(Serialize)]
struct Compared {
    message: String,
    name: String,
    /// None if no plan was stored.
    differences: Option<Vec<String>>,
    problems: Vec<Problem>,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    let workspace = engine.workspace();
    context.known_flow(workspace, Some(&args.flow))?;
    let Some((flow, inbound)) = workspace.flows.get(&args.flow).and_then(|flow| Some((flow, flow.inbound()?))) else {
        let text = format!("`{}` is outbound; replay-check works on inbound flows only", args.flow);
        return Err(Problems::from(Problem::new(Code::Usage, text)));
    };
    let schemas = Schemas::compile(workspace, flow, 1)?;
    let filter = Filter { stages: vec![Stage::Done], limit: args.last, ..Filter::of_flow(&args.flow) };
    let mut all: Vec<Compared> = Vec::new();
    for message in engine.journal().list(&filter).await? {
        // The files in a zip are compared, not the zip.
        if unpack::is_package(engine.storage(), inbound.documents, &message).await? {
            continue;
        }
        let then = plan_store::load(engine.storage(), &message).await;
        let now = engine
            .storage()
            .place(&message)
            .await
            .map_err(Problems::from)
            .and_then(|path| render::plan(&ByteSource::File(path.to_path_buf()), &message.name, inbound, &schemas));
        let (differences, problems) = match (then, now) {
            (_, Err(problems)) => (Some(Vec::new()), problems.into_vec()),
            (None, Ok(_)) => (None, Vec::new()),
            (Some(then), Ok(now)) => {
                let now = serde_json::to_value(&now).unwrap_or_default();
                (Some(differences(&then, &now)), Vec::new())
            }
        };
        all.push(Compared { message: message.id.short(), name: message.name, differences, problems });
    }
    context.out.data(&all);
    for one in &all {
        let lines: Vec<String> = one.differences.iter().flatten().cloned().chain(one.problems.iter().map(ToString::to_string)).collect();
        if !lines.is_empty() {
            context.out.line(format!("{}  {}", one.message, shown(&one.name)));
            lines.iter().for_each(|line| context.out.line(format!("    {}", shown(line).replace('\n', "\n    "))));
        }
    }
    let count = |fits: &dyn Fn(&Compared) -> bool| all.iter().filter(|one| fits(one)).count();
    let differ = count(&|one| one.differences.as_ref().is_some_and(|found| !found.is_empty()));
    let refused = count(&|one| !one.problems.is_empty());
    let unknown = count(&|one| one.differences.is_none());
    let mut text = format!(
        "{} {}: {} unchanged, {differ} different, {refused} now rejected",
        all.len(),
        if all.len() == 1 { "file" } else { "files" },
        all.len() - differ - refused - unknown
    );
    if unknown > 0 {
        text.push_str(&format!(", {unknown} without a stored plan"));
    }
    context.out.line(text);
    Ok(if differ + refused == 0 { Exit::Fine } else { Exit::Problems })
}
