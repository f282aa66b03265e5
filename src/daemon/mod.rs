//! Floor 7: the long-running process. One task for each flow: it runs by schedule, when a watched folder changes, and when a message is
//! due. SIGTERM lets every message finish its step.

mod watch;

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use chrono::TimeDelta;
use tokio::{
    sync::{mpsc, watch as signal},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    config::Schedule,
    model::Problem,
    ops::{
        alerts::{self, certificates::Endings},
        keep,
        traces::{self, Exporter},
    },
    pipeline::Engine,
};

/// How often the journal is asked for messages that are due, or that a person reprocesses.
const TICK: Duration = Duration::from_secs(2);

/// How long alerts, traces and retention may take to end.
const GRACE: Duration = Duration::from_secs(3);

/// How often keys and certificates are checked for expiry.
const DAY: TimeDelta = TimeDelta::days(1);

/// Runs all enabled flows until `stop` says true. `traced` is how far traces were sent; below zero it is not known yet.
///
/// # Errors
/// The system does not allow signal handlers.
pub async fn run(engine: Arc<Engine>, mut stop: signal::Receiver<bool>, traced: Arc<AtomicI64>) -> Result<(), Problem> {
    let mut flows = JoinSet::new();
    let (tell, mut reported) = mpsc::channel::<String>(64);
    let _watching = watch::watch(&engine, tell);
    let mut wakers = std::collections::HashMap::new();
    for (id, flow) in engine.workspace().flows.iter().filter(|(_, flow)| flow.enabled) {
        let (wake, woken) = mpsc::channel::<()>(1);
        wakers.insert(id.clone(), wake);
        tracing::info!(flow = id, schedule = flow.schedule.to_string(), "flow is enabled");
        flows.spawn(carry(Arc::clone(&engine), id.clone(), woken, stop.clone()));
    }
    let alerting = tokio::spawn(alert(Arc::clone(&engine), stop.clone()));
    let keeping = tokio::spawn(remember(Arc::clone(&engine), stop.clone()));
    let tracing_out = tokio::spawn(trace(Arc::clone(&engine), stop.clone(), traced));
    loop {
        tokio::select! {
            changed = stop.changed() => {
                if changed.is_err() || *stop.borrow() {
                    break;
                }
            }
            Some(flow) = reported.recv() => {
                if let Some(wake) = wakers.get(&flow) {
                    // A full channel means that the flow has been woken already.
                    let _ = wake.try_send(());
                }
            }
        }
    }
    tracing::info!("stopping: messages in progress finish their step");
    engine.stop();
    let stop_after = engine.workspace().stop_after;
    let mut under_way: BTreeSet<String> = wakers.into_keys().collect();
    let ended = async {
        while let Some(ended) = flows.join_next().await {
            if let Ok(id) = ended {
                under_way.remove(&id);
            }
        }
    };
    if timeout(stop_after, ended).await.is_err() {
        // The journal knows enough to continue: an effect that was started is looked for before it is repeated.
        tracing::warn!("{} flows are interrupted: their work takes longer than `stop_after` ({} s)", flows.len(), stop_after.as_secs());
        if let Err(problem) = engine.wait_for_what_may_land(&under_way).await {
            tracing::error!(code = problem.code.as_str(), "{}", problem.message);
        }
        flows.shutdown().await;
    }
    // They end by the same signal, but a mail server or the compression of a day is not waited for long: what takes longer continues in
    // the background, and the next user of it waits.
    let _ = timeout(GRACE, async { tokio::join!(alerting, keeping, tracing_out) }).await;
    Ok(())
}

/// Checks alert conditions, and sends alerts.
async fn alert(engine: Arc<Engine>, mut stop: signal::Receiver<bool>) {
    let (mut endings, mut looked) = (Endings::default(), None);
    while !*stop.borrow() {
        let now = engine.clock().now();
        if looked.is_none_or(|last| now - last >= DAY) {
            (endings, looked) = (Endings::of(&engine).await, Some(now));
        }
        let turn = engine.chore("alerts").await;
        match alerts::look(&engine, &endings, now).await {
            Ok(look) => {
                look.news.iter().for_each(|news| tracing::warn!(alert = news.alert.key, "{}: {}", news.state.as_str(), news.alert.text))
            }
            Err(problem) => tracing::error!(code = problem.code.as_str(), "{}", problem.message),
        }
        for problem in alerts::deliver::all(&engine).await.unwrap_or_else(|problem| vec![problem]) {
            tracing::error!(code = problem.code.as_str(), "{}", problem.message);
        }
        drop(turn);
        tokio::select! {
            _ = stop.changed() => {}
            () = sleep(alerts::EVERY) => {}
        }
    }
}

/// Sends traces to a collector, if one is configured. An unreachable collector is reported once.
async fn trace(engine: Arc<Engine>, mut stop: signal::Receiver<bool>, traced: Arc<AtomicI64>) {
    let Some(traces) = engine.workspace().traces.clone() else { return };
    let mut away = false;
    let mut exporter = None;
    loop {
        let ends = *stop.borrow();
        if exporter.is_none() {
            exporter = Exporter::new(&engine, Arc::clone(&traced)).await.ok();
        }
        if let Some(exporter) = &mut exporter {
            // After a stop a collector is not waited for long.
            let mut stopping = stop.clone();
            let ended = async {
                let _ = stopping.wait_for(|stop| *stop).await;
                sleep(TICK).await;
            };
            let sent = tokio::select! {
                sent = exporter.send(&engine, &traces) => sent,
                () = ended => return,
            };
            if let (Err(problem), false) = (&sent, away) {
                tracing::warn!(code = problem.code.as_str(), "{}", problem.message);
            }
            away = sent.is_err();
        }
        if ends {
            return;
        }
        tokio::select! {
            _ = stop.changed() => {}
            () = sleep(traces::EVERY) => {}
        }
    }
}

/// Compresses and deletes old data.
async fn remember(engine: Arc<Engine>, mut stop: signal::Receiver<bool>) {
    while !*stop.borrow() {
        let turn = engine.chore("keep").await;
        match keep::keep(&engine, engine.clock().now(), false).await {
            Ok(kept) => kept.line().into_iter().for_each(|line| tracing::info!("{line}")),
            Err(problem) => tracing::error!(code = problem.code.as_str(), "{}", problem.message),
        }
        drop(turn);
        tokio::select! {
            _ = stop.changed() => {}
            () = sleep(keep::EVERY) => {}
        }
    }
}

/// Runs one flow by its schedule until it must stop; returns its id.
async fn carry(engine: Arc<Engine>, id: String, mut woken: mpsc::Receiver<()>, mut stop: signal::Receiver<bool>) -> String {
    let Some(flow) = engine.workspace().flows.get(&id) else { return id };
    // Interval flows poll at once. A cron flow keeps to its times, but continues messages in progress.
    work(&engine, &id, matches!(flow.schedule, Schedule::Every(_))).await;
    let mut next = flow.schedule.next(engine.clock().now());
    while !*stop.borrow() {
        let until_next = next.and_then(|next| (next - engine.clock().now()).to_std().ok()).unwrap_or(Duration::ZERO);
        let nap = if next.is_some() { until_next.min(TICK) } else { TICK };
        tokio::select! {
            _ = stop.changed() => {}
            // A file that is being written changes for a moment; the second poll decides.
            Some(()) = woken.recv() => work(&engine, &id, true).await,
            () = sleep(nap) => {
                let now = engine.clock().now();
                // A scheduled time that passed during another run is made up for at once.
                if next.is_some_and(|next| now >= next) {
                    work(&engine, &id, true).await;
                    next = flow.schedule.next(engine.clock().now());
                } else if is_requested(&engine, &id).await {
                    work(&engine, &id, true).await;
                } else if engine.journal().pending_flows(now).await.is_ok_and(|flows| flows.contains(&id)) {
                    work(&engine, &id, false).await;
                } else {
                    // A clock that was set back must not extend the wait.
                    next = next.min(flow.schedule.next(now));
                }
            }
        }
    }
    id
}

/// Whether somebody has asked for a run of the flow.
async fn is_requested(engine: &Engine, id: &str) -> bool {
    engine.journal().take_run_request(id, engine.clock().now()).await.unwrap_or_else(|problem| {
        tracing::error!(flow = id, code = problem.code.as_str(), "{}", problem.message);
        false
    })
}

/// One run in its own task: a panic is logged and does not end the flow.
async fn work(engine: &Arc<Engine>, id: &str, look: bool) {
    let (engine, flow) = (Arc::clone(engine), id.to_string());
    // In a set, so that it ends together with the caller.
    let mut run = JoinSet::new();
    run.spawn(async move { if look { engine.run(&flow).await } else { engine.resume(&flow).await } });
    if matches!(run.join_next().await, Some(Err(_))) {
        tracing::error!(flow = id, "a defect of consign has ended this run; the next run retries");
        sleep(TICK).await;
    }
}
