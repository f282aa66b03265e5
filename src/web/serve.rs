//! Connections: so many at once, none of which is waited for without end. The page shares its process with the work of the flows, and
//! whoever holds connections open must not take file handles and memory from it.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Extension, Router,
    extract::{ConnectInfo, Request},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use rustix::process::{Resource, getrlimit};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

/// Connections at once, where the system lets this process open files enough.
const CONNECTIONS: usize = 256;
/// Connections at once of one peer, unless it is a proxy that speaks for others.
const OF_ONE: usize = 64;
/// Connections besides, on which nothing is answered but whether consign lives.
const BESIDES: usize = 64;
/// How long one of those may last.
const BRIEF: Duration = Duration::from_millis(500);
/// Connections that wait for one of those.
const WAITING: usize = 256;
/// How long the body of a small form may take to come.
const FORM: Duration = Duration::from_secs(10);
/// How long the head of a request may take to come, and a connection may stay silent.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection may last.
const CONNECTION: Duration = Duration::from_secs(600);
/// How long it may take until a request is read and answered.
const REQUEST: Duration = Duration::from_secs(60);
/// Bytes of a small form.
pub(super) const SMALL: usize = 64 << 10;
/// How long requests may take to end once the page is to stop.
const ENDS: Duration = Duration::from_secs(3);
/// How long it is waited after a connection that the system would not give.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections by peer.
type Peers = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Who has how many connections.
struct Places {
    all: Arc<Semaphore>,
    besides: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    peers: Peers,
    proxies: Vec<IpAddr>,
}

/// A place for a connection; free again when it is dropped.
struct Place {
    _permit: OwnedSemaphorePermit,
    peer: Option<(IpAddr, Peers)>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((peer, peers)) = &self.peer else { return };
        let mut peers = peers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = peers.get_mut(peer) {
            *count -= 1;
            if *count == 0 {
                peers.remove(peer);
            }
        }
    }
}

impl Places {
    fn new(proxies: Vec<IpAddr>) -> Self {
        // The files of this process are the flows' first: a quarter of them at most is the page's, whatever its connections are for.
        let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX);
        let share = files / 16;
        let all = CONNECTIONS.min(2 * share).max(2);
        let besides = Arc::new(Semaphore::new(BESIDES.min(share).max(1)));
        let waiting = Arc::new(Semaphore::new(WAITING.min(share).max(1)));
        Self { all: Arc::new(Semaphore::new(all)), besides, waiting, peers: Arc::default(), proxies }
    }

    /// A place among all, unless they are taken, or the peer has its share.
    fn take(&self, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        if self.proxies.contains(&peer) {
            return Some(Place { _permit: permit, peer: None });
        }
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = peers.entry(peer).or_default();
        if *count >= OF_ONE {
            return None;
        }
        *count += 1;
        Some(Place { _permit: permit, peer: Some((peer, Arc::clone(&self.peers))) })
    }
}

/// Serves the page until `stop` says true. Whoever comes when all places are taken is still told by `brief` that consign lives.
pub(super) async fn serve(app: Router, brief: Router, proxies: Vec<IpAddr>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let mut hurried = http1::Builder::new();
    hurried.timer(TokioTimer::new()).header_read_timeout(BRIEF).keep_alive(false);
    let (places, graceful) = (Places::new(proxies), GracefulShutdown::new());
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            // Whoever could say so is gone: that is a stop as well.
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
        };
        // Too many files are open, or whoever knocked is gone: the next knock may go better.
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let with = |app: &Router| TowerToHyperService::new(app.clone().layer(Extension(ConnectInfo::<SocketAddr>(peer))));
        if let Some(place) = places.take(peer.ip()) {
            let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), with(&app)));
            connections.spawn(async move {
                // A browser that goes away in the middle is nobody's news, nor one that reads its answer too slowly.
                let _ = tokio::time::timeout(CONNECTION, connection).await;
                std::mem::drop(place);
            });
            continue;
        }
        // Closed at once where too many wait already: nothing is spent on whoever opens without end.
        let Ok(waits) = Arc::clone(&places.waiting).try_acquire_owned() else { continue };
        let connection = graceful.watch(hurried.serve_connection(TokioIo::new(stream), with(&brief)));
        let besides = Arc::clone(&places.besides);
        connections.spawn(async move {
            let turn = besides.acquire_owned().await;
            std::mem::drop(waits);
            let _ = tokio::time::timeout(BRIEF, connection).await;
            std::mem::drop(turn);
        });
    }
    // Nobody is let in any more, and the address is free for whoever comes next.
    std::mem::drop(listener);
    // What does not end by itself is cut off with the set of connections.
    let _ = tokio::time::timeout(ENDS, graceful.shutdown()).await;
}

/// Reads the body of a small form as a whole before anything is done with it; one that takes too long is given up.
pub(super) async fn small(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let late = || (StatusCode::REQUEST_TIMEOUT, "the form took too long to come\n").into_response();
    match tokio::time::timeout(FORM, axum::body::to_bytes(body, SMALL)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, bytes.into())).await,
        Ok(Err(_)) => (StatusCode::PAYLOAD_TOO_LARGE, "that is too much for this form, or it broke off\n").into_response(),
        Err(_) => late(),
    }
}

/// Ends a request that takes too long.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let late = || (StatusCode::SERVICE_UNAVAILABLE, "that took too long\n").into_response();
    tokio::time::timeout(REQUEST, next.run(request)).await.unwrap_or_else(|_| late())
}
