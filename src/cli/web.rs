//! `consign web`: serves only the web page; `consign run` may be running or not.

use tokio::sync::watch;

use super::{Context, Exit, output, signals::stopped_by_signals};
use crate::{model::Problems, web};

#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(context: &Context, _args: &Args) -> Result<Exit, Problems> {
    output::start_logging(context.out.json, false);
    let engine = context.engine().await?;
    let listener = web::listen(&engine).await?;
    context.out.line(reported(&engine, &listener));
    let (tell, stop) = watch::channel(false);
    stopped_by_signals(tell)?;
    web::serve(engine, listener, stop).await?;
    Ok(Exit::Fine)
}

/// Says where the page is.
pub(super) fn reported(engine: &crate::pipeline::Engine, listener: &tokio::net::TcpListener) -> String {
    let here = listener.local_addr().map(|address| format!("http://{address}")).unwrap_or_default();
    match &engine.workspace().web.url {
        Some(url) => format!("the web page of {url} is served at {here}"),
        None => format!("the web page is served at {here}"),
    }
}
