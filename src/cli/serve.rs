//! The `consign run` that stays: until SIGTERM ends it, and with the workspace read anew whenever SIGHUP says so. A workspace that
//! has a mistake is not taken: the one before goes on.

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

/// How long requests to the page may take to end.
const PAGE_ENDS: Duration = Duration::from_secs(5);

/// Runs the flows of a workspace by their schedules, and its page.
pub(super) async fn serve(root: &Path, first: Arc<Workspace>, lock: &Lock) -> Result<(), Problems> {
    let (tell, mut stop) = watch::channel(false);
    stopped_by_signals(tell)?;
    // At a terminal the signal means that the terminal is closed, which ends it.
    let mut reload = match std::io::stdin().is_terminal() {
        true => None,
        false => Some(signal(SignalKind::hangup()).map_err(unable)?),
    };
    let (mut workspace, mut before) = (first, None::<Arc<Workspace>>);
    // How far traces were sent: goes on over a reload.
    let traced = Arc::new(AtomicI64::new(-1));
    // What an earlier workspace has in hand still, and its engine.
    let (mut leaving, mut last) = (JoinSet::new(), None::<Arc<Engine>>);
    let ended = loop {
        let running = match Running::start(Arc::clone(&workspace), lock, Arc::clone(&traced), last.as_deref()).await {
            Ok(running) => running,
            Err(problem) => match before.take() {
                None => break Err(Problems::from(problem)),
                Some(before) => {
                    tell_problems(&[problem], "the workspace as it is now cannot be run, and the one before goes on");
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
    // Each is over within its `stop_after`, however this ends.
    while leaving.join_next().await.is_some() {}
    ended
}

/// Waits for the sign to read the workspace anew.
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

/// A workspace at work.
struct Running {
    engine: Arc<Engine>,
    end: watch::Sender<bool>,
    flows: JoinHandle<Result<(), Problem>>,
    page: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts it, after `before`: a flow that one has in hand still begins here as soon as it is free.
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
                // The page has an engine of its own: what it asks waits for no message.
                let own = Engine::open(workspace).await?;
                let listener = web::listen(&own).await?;
                tracing::info!("{}", super::web::reported(&own, &listener));
                let served = web::serve(own, listener, ends.clone());
                Some(tokio::spawn(async move {
                    if let Err(problem) = served.await {
                        tell_problems(&[problem], "the web page has ended; the flows go on");
                    }
                }))
            }
        };
        let flows = tokio::spawn(daemon::run(Arc::clone(&engine), ends, traced));
        Ok(Self { engine, end, flows, page })
    }

    /// Lets it work until the process is to stop, or there is another workspace to go on with, which it gives. Messages under way come
    /// to the end of their step among `leaving`; the next workspace does not wait for them.
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
                // Whoever could say so is gone: that is a stop as well.
                _ = stop.wait_for(|stop| *stop) => break None,
                ended = &mut self.flows => {
                    ended.unwrap_or_else(|_| Err(Problem::new(Code::Usage, "a defect of consign ended it")))?;
                    return Ok(None);
                }
                () = signalled(reload) => match (self.engine.lost_journal(), read_anew(root, workspace)) {
                    // The next engine would find no journal, and begin one.
                    (Some(problem), _) => tell_problems(&[problem], "the workspace is not read anew"),
                    (None, Ok(next)) => break Some(next),
                    (None, Err(problems)) => tell_problems(&problems, "the workspace is not read anew: it has a mistake"),
                },
            }
        };
        // Nobody listens any more when it has ended by itself.
        let _ = self.end.send(true);
        self.engine.stop();
        if let Some(page) = self.page.take() {
            // A browser that keeps a connection open keeps nobody from stopping.
            let _ = tokio::time::timeout(PAGE_ENDS, page).await;
        }
        let Self { engine, flows, .. } = self;
        leaving.spawn(async move {
            // A defect that has ended it is in the log.
            let _ = flows.await;
            engine.journal().close().await;
        });
        Ok(next)
    }
}

/// The workspace as it is now, if it is whole and has its storage where it had it.
fn read_anew(root: &Path, now: &Workspace) -> Result<Arc<Workspace>, Problems> {
    let next = endpoint::load(root)?;
    Problems::check(check::check(&next).problems)?;
    if next.storage != now.storage {
        let text = "the storage is another folder: that takes a restart";
        return Err(Problems::from(Problem::new(Code::Usage, text)));
    }
    tracing::info!(flows = next.flows.len(), "the workspace is read anew");
    Ok(Arc::new(next))
}
