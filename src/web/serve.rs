//! Connections: so many at once, none of which is waited for without end. The page shares its process with the work of the flows, and
//! whoever holds connections open must not take file handles and memory from it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

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
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
};

/// Connections at once.
const CONNECTIONS: usize = 256;
/// How long the head of a request may take to come, and a connection may stay silent.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection may last.
const CONNECTION: Duration = Duration::from_secs(600);
/// How long it may take until a request is read and answered.
const REQUEST: Duration = Duration::from_secs(60);
/// How long requests may take to end once the page is to stop.
const ENDS: Duration = Duration::from_secs(3);
/// How long it is waited after a connection that the system would not give.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves the page until `stop` says true.
pub(super) async fn serve(app: Router, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let (room, graceful) = (Arc::new(Semaphore::new(CONNECTIONS)), GracefulShutdown::new());
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            // Whoever could say so is gone: that is a stop as well.
            _ = stop.wait_for(|stop| *stop) => break,
            next = next => next,
        };
        // Too many files are open, or whoever knocked is gone: the next knock may go better.
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let service = TowerToHyperService::new(app.clone().layer(Extension(ConnectInfo::<SocketAddr>(peer))));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        connections.spawn(async move {
            // A browser that goes away in the middle is nobody's news, nor one that reads its answer too slowly.
            let _ = tokio::time::timeout(CONNECTION, connection).await;
            std::mem::drop(place);
        });
    }
    // Nobody is let in any more, and the address is free for whoever comes next.
    std::mem::drop(listener);
    // What does not end by itself is cut off with the set of connections.
    let _ = tokio::time::timeout(ENDS, graceful.shutdown()).await;
}

/// Ends a request that takes too long.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let late = || (StatusCode::SERVICE_UNAVAILABLE, "that took too long\n").into_response();
    tokio::time::timeout(REQUEST, next.run(request)).await.unwrap_or_else(|_| late())
}
