//! Local drops are watched, so that a file is taken within seconds. Watching is a convenience: the schedule finds what it misses
//! (network shares tell nothing).

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::{config::Schedule, flow::Engine, model::Direction};

/// Watches the folders of all enabled inbound flows on local drops. The watchers live as long as what is returned.
pub(super) fn watch(engine: &Engine, tell: mpsc::Sender<String>) -> Vec<RecommendedWatcher> {
    let workspace = engine.workspace();
    let mut watchers = Vec::new();
    for flow in workspace
        .flows
        .values()
        .filter(|flow| flow.enabled && flow.direction() == Direction::In && !matches!(flow.schedule, Schedule::Manual))
    {
        let Some(root) = workspace.partners.get(&flow.partner).and_then(|partner| partner.drop.folder(&workspace.root)) else { continue };
        let (id, tell) = (flow.id.clone(), tell.clone());
        let told = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_))) {
                // A full channel means that there is enough to do already.
                let _ = tell.try_send(id.clone());
            }
        };
        let started = notify::recommended_watcher(told).and_then(|mut watcher| {
            watcher.watch(&root.join(&flow.folder), RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        match started {
            Ok(watcher) => watchers.push(watcher),
            Err(_) => tracing::warn!(flow = flow.id, "the folder cannot be watched; it is only looked at by schedule"),
        }
    }
    watchers
}
