//! Local drops are watched, so that files are received within seconds. The schedule finds what watching misses. A network folder does
//! not report changes by other machines, so it is polled every half minute instead.

use std::time::Duration;

use notify::{Config, Event, EventKind, PollWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::{config::Schedule, pipeline::Engine, transport::mounts};

/// How often a network folder is polled.
const BLIND: Duration = Duration::from_secs(30);

/// Watches the folders of all enabled inbound flows on local drops, as long as the returned watchers live.
pub(super) fn watch(engine: &Engine, tell: mpsc::Sender<String>) -> Vec<Box<dyn Watcher + Send>> {
    let workspace = engine.workspace();
    let mut watchers: Vec<Box<dyn Watcher + Send>> = Vec::new();
    for flow in
        workspace.flows.values().filter(|flow| flow.enabled && flow.inbound().is_some() && !matches!(flow.schedule, Schedule::Manual))
    {
        let Some(root) = workspace.partners.get(&flow.partner).and_then(|partner| partner.drop.folder(&workspace.root)) else { continue };
        let (id, tell) = (flow.id.clone(), tell.clone());
        let reported = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_))) {
                // A full channel means that the flow has been woken already.
                let _ = tell.try_send(id.clone());
            }
        };
        let folder = root.join(flow.folder());
        let started = match mounts::network(&folder) {
            None => notify::recommended_watcher(reported).map(|watcher| Box::new(watcher) as Box<dyn Watcher + Send>),
            Some(kind) => {
                tracing::info!(
                    flow = flow.id,
                    "the folder is on {kind}, which does not report changes; it is polled every {} s",
                    BLIND.as_secs()
                );
                let config = Config::default().with_poll_interval(BLIND);
                PollWatcher::new(reported, config).map(|watcher| Box::new(watcher) as Box<dyn Watcher + Send>)
            }
        };
        let started = started.and_then(|mut watcher| watcher.watch(&folder, RecursiveMode::NonRecursive).map(|()| watcher));
        match started {
            Ok(watcher) => watchers.push(watcher),
            Err(_) => tracing::warn!(flow = flow.id, "cannot watch the folder; it is polled by schedule only"),
        }
    }
    watchers
}
