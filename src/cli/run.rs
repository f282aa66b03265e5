//! `consign run`: runs the flows by schedule until stopped, or each flow once.

use std::{collections::BTreeMap, sync::Arc};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{Context, Exit, output, progress, serve, signals::stopped_by_signals};
use crate::{
    model::{Code, Problem, Problems, nearest::did_you_mean},
    pipeline::{Engine, Lock, Summary},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Run each flow once, then end.
    #[arg(long)]
    once: bool,
    /// Log every call to Odoo.
    #[arg(long)]
    verbose: bool,
    /// Flows to run once; by default all that are enabled.
    #[arg(requires = "once")]
    flows: Vec<String>,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let (workspace, broken) = context.load_whole_flows()?;
    let workspace = Arc::new(workspace);
    if let Some(unknown) = args.flows.iter().find(|flow| !workspace.flows.contains_key(*flow)) {
        Problems::check(broken)?;
        let names = workspace.flows.keys().map(String::as_str);
        return Err(Problems::from(
            Problem::new(Code::FlowUnknown, format!("there is no flow `{unknown}`")).maybe_hint(did_you_mean(unknown, names)),
        ));
    }
    let lock = Lock::take(&workspace)?;
    if args.once {
        if args.verbose {
            output::start_logging(false, true);
        }
        let engine = Engine::open(Arc::clone(&workspace)).await?.with_watcher(progress::watcher()).eager();
        engine.sweep(&lock).await?;
        let exit = once(context, &Arc::new(engine), &args.flows).await?;
        if !context.out.json {
            context.out.problems(&broken);
        }
        return Ok(if broken.is_empty() { exit } else { Exit::Unable });
    }
    output::start_logging(context.out.json, args.verbose);
    for problem in &broken {
        tracing::error!(code = problem.code.as_str(), place = problem.place.to_string(), "flow skipped: {}", problem.message);
    }
    serve::serve(&context.workspace, workspace, &lock).await?;
    Ok(Exit::Fine)
}

/// Runs flows once: partners in parallel, so that none waits for another's server; the flows of one partner in their order.
async fn once(context: &Context, engine: &Arc<Engine>, wanted: &[String]) -> Result<Exit, Problems> {
    let workspace = engine.workspace();
    let enabled = || workspace.flows.values().filter(|flow| flow.enabled).map(|flow| flow.id.clone()).collect();
    let flows: Vec<String> = if wanted.is_empty() { enabled() } else { wanted.to_vec() };
    if flows.is_empty() {
        context.out.line("no flow is enabled (enabled = true in its file)");
    }
    let mut partners: BTreeMap<&str, Vec<(usize, String)>> = BTreeMap::new();
    for (at, flow) in flows.iter().enumerate() {
        let partner = workspace.flows.get(flow).map_or("", |flow| flow.partner.as_str());
        partners.entry(partner).or_default().push((at, flow.clone()));
    }
    let (tell_ended, mut ended) = mpsc::unbounded_channel();
    let mut running = JoinSet::new();
    for own in partners.into_values() {
        let (engine, tell_ended) = (Arc::clone(engine), tell_ended.clone());
        running.spawn(async move {
            for (at, flow) in own {
                // Nobody listens any more if the command was interrupted.
                let _ = tell_ended.send((at, engine.run(&flow).await));
            }
        });
    }
    drop(tell_ended);
    let (tell, mut stop) = watch::channel(false);
    stopped_by_signals(tell)?;
    let mut done: Vec<Option<Summary>> = flows.iter().map(|_| None).collect();
    let (mut next, mut stopping) = (0, None::<Instant>);
    while next < done.len() {
        let patience = async {
            match stopping {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            one = ended.recv() => match one {
                Some((at, summary)) => done[at] = Some(summary),
                // A defect of consign has ended a task; the panic is on standard error.
                None => break,
            },
            _ = stop.wait_for(|stop| *stop), if stopping.is_none() => {
                engine.stop();
                context.out.line(format!("stopping: calls in progress in Odoo have {} s to finish", workspace.stop_after.as_secs()));
                stopping = Some(Instant::now() + workspace.stop_after);
            }
            () = patience => {
                let open = flows.iter().zip(&done).filter(|(_, done)| done.is_none()).map(|(flow, _)| flow.clone()).collect();
                engine.wait_for_what_may_land(&open).await?;
                running.shutdown().await;
                break;
            }
        }
        // Printed in the order of the flows, each as soon as those before it have ended.
        while let Some(summary) = done.get(next).and_then(Option::as_ref) {
            print(context, summary);
            next += 1;
        }
    }
    for (flow, summary) in flows.iter().zip(&done).skip(next) {
        match summary {
            Some(summary) => print(context, summary),
            None => context.out.line(format!("{flow:16} interrupted; the next run continues it")),
        }
    }
    let complete = done.iter().all(Option::is_some) && stopping.is_none();
    let summaries: Vec<Summary> = done.into_iter().flatten().collect();
    context.out.data(&summaries);
    engine.journal().close().await;
    let problems: Vec<Problem> = summaries.iter().flat_map(|summary| summary.problems.clone()).collect();
    let waiting = summaries.iter().any(|summary| summary.waiting > 0);
    let refused = summaries.iter().any(|summary| summary.failed + summary.held + summary.refused > 0);
    Ok(match Exit::of(&problems) {
        _ if !complete => Exit::Unable,
        Exit::Fine if waiting => Exit::Unable,
        Exit::Fine if refused => Exit::Problems,
        exit => exit,
    })
}

fn print(context: &Context, summary: &Summary) {
    context.out.line(line(summary));
    if !context.out.json {
        context.out.problems(&summary.problems);
    }
}

/// A summary in one line, without zero counts.
pub(super) fn line(summary: &Summary) -> String {
    let counts = [
        (summary.done, "done"),
        (summary.failed, "failed"),
        (summary.waiting, "waiting"),
        (summary.held, "held"),
        (summary.refused, "records refused"),
        (summary.values_preserved, "values kept"),
        (summary.duplicates, "duplicate"),
        (summary.incomplete, "not complete yet"),
    ];
    let parts: Vec<String> = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let text = match (parts.is_empty(), Exit::of(&summary.problems)) {
        (true, Exit::Unable) => "could not run".to_string(),
        (true, _) if summary.paused => "paused".to_string(),
        (false, _) if summary.paused => format!("paused; {}", parts.join(", ")),
        (true, Exit::Fine | Exit::Problems) => "nothing to do".to_string(),
        (false, _) => parts.join(", "),
    };
    // Files that were reported before are only counted.
    let left = if summary.left_on_remote > summary.held {
        format!("; {} left on the drop (consign drops)", summary.left_on_remote)
    } else {
        String::new()
    };
    format!("{:16} {text}{left}", summary.flow)
}
