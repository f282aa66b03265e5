//! Connections, with limits on number and time. The page shares its process with the flows, so open connections must not take their file
//! handles and memory.

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

/// Maximum number of connections, if the limit of open files allows it.
const CONNECTIONS: usize = 256;
/// Maximum number of connections of one peer, unless it is a known proxy.
const OF_ONE: usize = 64;
/// Additional connections that serve only the liveness check.
const BESIDES: usize = 64;
/// Maximum duration of such a connection.
const BRIEF: Duration = Duration::from_millis(500);
/// Connections that may wait for such a connection.
const WAITING: usize = 256;
/// Timeout for the body of a small form.
const FORM: Duration = Duration::from_secs(10);
/// Timeout for the head of a request, and for an idle connection.
const HEAD: Duration = Duration::from_secs(10);
/// Maximum duration of a connection.
const CONNECTION: Duration = Duration::from_secs(600);
/// Timeout for a request and its response.
const REQUEST: Duration = Duration::from_secs(60);
/// Maximum size of a small form, in bytes.
pub(super) const SMALL: usize = 64 << 10;
/// How long requests may take to finish after a stop.
const ENDS: Duration = Duration::from_secs(3);
/// Pause after the system refused a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections by peer.
type Peers = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// The number of connections by peer.
struct Places {
    all: Arc<Semaphore>,
    besides: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    peers: Peers,
    proxies: Vec<IpAddr>,
}

/// A slot for a connection; free again when it is dropped.
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
        // Open files are for the flows first: the page may use a quarter of the limit for all its connections.
        let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX);
        let share = files / 16;
        let all = CONNECTIONS.min(2 * share).max(2);
        let besides = Arc::new(Semaphore::new(BESIDES.min(share).max(1)));
        let waiting = Arc::new(Semaphore::new(WAITING.min(share).max(1)));
        Self { all: Arc::new(Semaphore::new(all)), besides, waiting, peers: Arc::default(), proxies }
    }

    /// A slot, unless all are in use or the peer has its maximum.
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

/// Serves the page until `stop` says true. When all slots are in use, `brief` still answers the liveness check.
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
            // A closed channel also means stop.
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
        };
        // Too many files are open, or the peer has gone: the next connection may succeed.
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let with = |app: &Router| TowerToHyperService::new(app.clone().layer(Extension(ConnectInfo::<SocketAddr>(peer))));
        if let Some(place) = places.take(peer.ip()) {
            let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), with(&app)));
            connections.spawn(async move {
                // A browser that disconnects or reads too slowly is not worth a log entry.
                let _ = tokio::time::timeout(CONNECTION, connection).await;
                std::mem::drop(place);
            });
            continue;
        }
        // Closed at once if too many are waiting, so that a flood of connections costs nothing.
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
    // No new connections; the address is free for the next process.
    std::mem::drop(listener);
    // Connections that do not end are closed with the set.
    let _ = tokio::time::timeout(ENDS, graceful.shutdown()).await;
}

/// Reads the complete body of a small form first; a body that takes too long is refused.
pub(super) async fn small(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let late = || (StatusCode::REQUEST_TIMEOUT, "timeout while reading the form\n").into_response();
    match tokio::time::timeout(FORM, axum::body::to_bytes(body, SMALL)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, bytes.into())).await,
        Ok(Err(_)) => (StatusCode::PAYLOAD_TOO_LARGE, "the form is too large or incomplete\n").into_response(),
        Err(_) => late(),
    }
}

/// Stops a request that takes too long.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let late = || (StatusCode::SERVICE_UNAVAILABLE, "the request took too long\n").into_response();
    tokio::time::timeout(REQUEST, next.run(request)).await.unwrap_or_else(|_| late())
}
