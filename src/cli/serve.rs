//! `consign run` as a service: until SIGTERM stops it. SIGHUP reloads the workspace; if that has an error, the previous workspace
//! continues.

use std::{
    io::IsTerminal as _,
    path::Path,
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::signals::{stopped_by_signals, unable};
use crate::{
    config::{Workspace, check},
    daemon, endpoint,
    model::{Code, Problem, Problems},
    pipeline::{Engine, Lock},
    web,
};

/// How long requests to the page may take to finish.
const PAGE_ENDS: Duration = Duration::from_secs(5);

/// Runs the flows of a workspace by their schedules, and its web page.
pub(super) async fn serve(root: &Path, first: Arc<Workspace>, lock: &Lock) -> Result<(), Problems> {
    let (tell, mut stop) = watch::channel(false);
    stopped_by_signals(tell)?;
    // On a terminal SIGHUP means that the terminal was closed, which ends the process.
    let mut reload = match std::io::stdin().is_terminal() {
        true => None,
        false => Some(signal(SignalKind::hangup()).map_err(unable)?),
    };
    let (mut workspace, mut before) = (first, None::<Arc<Workspace>>);
    // How far traces were sent; kept over a reload.
    let traced = Arc::new(AtomicI64::new(-1));
    // Work that earlier workspaces have not finished, and the last engine.
    let (mut leaving, mut last) = (JoinSet::new(), None::<Arc<Engine>>);
    let ended = loop {
        let running = match Running::start(Arc::clone(&workspace), lock, Arc::clone(&traced), last.as_deref()).await {
            Ok(running) => running,
            Err(problem) => match before.take() {
                None => break Err(Problems::from(problem)),
                Some(before) => {
                    tell_problems(&[problem], "cannot run the reloaded workspace; the previous one continues");
                    workspace = before;
                    continue;
                }
            },
        };
        last = Some(Arc::clone(&running.engine));
        match running.until(root, &workspace, &mut stop, &mut reload, &mut leaving).await {
            Ok(Some(next)) => before = Some(std::mem::replace(&mut workspace, next)),
            Ok(None) => break Ok(()),
            Err(problems) => break Err(problems),
        }
        while leaving.try_join_next().is_some() {}
    };
    // Each ends within its `stop_after`, whatever the outcome here.
    while leaving.join_next().await.is_some() {}
    ended
}

/// Waits for the signal to reload the workspace.
async fn signalled(reload: &mut Option<Signal>) {
    if let Some(signal) = reload
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

fn tell_problems(problems: &[Problem], what: &str) {
    for problem in problems {
        tracing::error!(code = problem.code.as_str(), place = problem.place.to_string(), "{what}: {}", problem.message);
    }
}

/// A running workspace.
struct Running {
    engine: Arc<Engine>,
    end: watch::Sender<bool>,
    flows: JoinHandle<Result<(), Problem>>,
    page: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts it, after `before`: a flow that is still running there starts here as soon as it is free.
    async fn start(workspace: Arc<Workspace>, lock: &Lock, traced: Arc<AtomicI64>, before: Option<&Engine>) -> Result<Self, Problem> {
        let report = check::check(&workspace);
        for problem in report.problems.into_iter().chain(report.warnings) {
            tracing::warn!(code = problem.code.as_str(), place = problem.place.to_string(), "{}", problem.message);
        }
        let engine = match before {
            None => Engine::open(Arc::clone(&workspace)).await?,
            Some(before) => Engine::open_after(Arc::clone(&workspace), before).await?,
        };
        let engine = Arc::new(engine);
        if before.is_none() {
            engine.sweep(lock).await?;
        }
        let (end, ends) = watch::channel(false);
        let page = match workspace.web.on {
            false => None,
            true => {
                // The page has its own engine, so that its queries do not wait for messages.
                let own = Engine::open(workspace).await?;
                let listener = web::listen(&own).await?;
                tracing::info!("{}", super::web::reported(&own, &listener));
                let served = web::serve(own, listener, ends.clone());
                Some(tokio::spawn(async move {
                    if let Err(problem) = served.await {
                        tell_problems(&[problem], "the web page has stopped; the flows continue");
                    }
                }))
            }
        };
        let flows = tokio::spawn(daemon::run(Arc::clone(&engine), ends, traced));
        Ok(Self { engine, end, flows, page })
    }

    /// Runs until the process must stop, or returns the next workspace after a reload. Messages in progress finish their step in
    /// `leaving`; the next workspace does not wait for them.
    async fn until(
        mut self,
        root: &Path,
        workspace: &Workspace,
        stop: &mut watch::Receiver<bool>,
        reload: &mut Option<Signal>,
        leaving: &mut JoinSet<()>,
    ) -> Result<Option<Arc<Workspace>>, Problems> {
        let next = loop {
            tokio::select! {
                // A closed channel also means stop.
                _ = stop.wait_for(|stop| *stop) => break None,
                ended = &mut self.flows => {
                    ended.unwrap_or_else(|_| Err(Problem::new(Code::Usage, "a defect of consign has ended it")))?;
                    return Ok(None);
                }
                () = signalled(reload) => match (self.engine.lost_journal(), read_anew(root, workspace)) {
                    // The next engine would find no journal, and create one.
                    (Some(problem), _) => tell_problems(&[problem], "workspace not reloaded"),
                    (None, Ok(next)) => break Some(next),
                    (None, Err(problems)) => tell_problems(&problems, "workspace not reloaded, as it has an error"),
                },
            }
        };
        // Nobody listens any more if it has ended already.
        let _ = self.end.send(true);
        self.engine.stop();
        if let Some(page) = self.page.take() {
            // An open browser connection must not block the stop.
            let _ = tokio::time::timeout(PAGE_ENDS, page).await;
        }
        let Self { engine, flows, .. } = self;
        leaving.spawn(async move {
            // If a defect has ended it, the log says so.
            let _ = flows.await;
            engine.journal().close().await;
        });
        Ok(next)
    }
}

/// The workspace as it is now, if it has no errors and the same storage folder.
fn read_anew(root: &Path, now: &Workspace) -> Result<Arc<Workspace>, Problems> {
    let next = endpoint::load(root)?;
    Problems::check(check::check(&next).problems)?;
    if next.storage != now.storage {
        let text = "the storage folder has changed: restart consign";
        return Err(Problems::from(Problem::new(Code::Usage, text)));
    }
    tracing::info!(flows = next.flows.len(), "workspace reloaded");
    Ok(Arc::new(next))
}
