//! `consign demo`: a newcomer's first minute. It starts servers on loopback, creates the sample workspace, drops good and bad files,
//! runs all flows and shows the results.

mod scene;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Value as Json, json};

use super::{Context, Exit, init, output::Output, run::line};
use crate::{
    endpoint,
    journal::{AuditEntry, Filter},
    model::{Code, Problem, Problems, ReprocessOptions, Stage, problem::shown},
    pipeline::{Engine, Lock},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Workspace folder; by default a new temporary folder.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Keep the servers running, to try things by hand.
    #[arg(long)]
    keep: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let out = &context.out;
    let dir = folder(args.dir.as_deref())?;
    let scene = scene::Scene::set(&dir).await?;
    out.line(format!("workspace    {}", dir.display()));
    out.line(format!("SFTP server  {} (the partner Nordwind sees {})", scene.sftp_address(), scene.partner_folder().display()));
    out.line(format!("Odoo         {} (a sandbox; database {})", scene.odoo_url(), crate::odoo::sandbox::DATABASE));
    let workspace = Arc::new(endpoint::load(&dir)?);
    let lock = Lock::take(&workspace)?;
    let engine = Engine::open(Arc::clone(&workspace)).await?;

    heading(out, "1. Partners drop files");
    for line in scene.drop_files()? {
        out.line(format!("  {line}"));
    }

    heading(out, "2. consign run --once");
    for flow in ["products-in", "stock-in", "orders-in", "despatch-out"] {
        out.line(format!("  {}", line(&engine.run(flow).await)));
    }
    scene.drop_again()?;
    out.line(format!("  {}   <- the first order, dropped a second time", line(&engine.run("orders-in").await)));

    heading(out, "3. Records in Odoo");
    for line in scene.in_odoo() {
        out.line(format!("  {line}"));
    }

    heading(out, "4. Files on the partner's side");
    for line in scene.on_the_drop() {
        out.line(format!("  {line}"));
    }
    heading(out, "5. What was sent");
    for line in scene.sent() {
        out.line(format!("  {line}"));
    }

    heading(out, "6. What failed, and why (consign errors)");
    let failed = engine.journal().list(&Filter { stages: vec![Stage::Failed], limit: 10, ..Filter::default() }).await?;
    let mut reported = Vec::new();
    for message in failed.iter().rev() {
        let text = fs::read_to_string(engine.storage().report_path(message)).unwrap_or_default();
        out.line(format!("  {}  {}", message.id.short(), shown(&message.name)));
        text.lines()
            .skip(3)
            .take_while(|line| !line.starts_with("When it is "))
            .filter(|line| !line.is_empty())
            .for_each(|line| out.line(format!("    {line}")));
        reported.push(json!({ "message": message, "report": text }));
    }

    heading(out, "7. Ops creates the missing product and reprocesses");
    if let Some(mut message) = failed.iter().find(|message| message.name.contains("unknown-product")).cloned() {
        scene.create_missing_product().await?;
        out.line(format!("  $ consign reprocess {}", message.id.short()));
        engine.restart(&mut message, ReprocessOptions::default(), &AuditEntry::new("demo", "reprocess")).await?;
        let summary = engine.resume("orders-in").await;
        out.line(format!("  {}", line(&summary)));
        for record in engine.journal().records(message.id).await? {
            out.line(format!("  {} {},{} {}", record.change, record.model, record.id, record.name));
        }
    }
    let orders: Vec<Json> = scene.orders();
    out.data(&json!({ "workspace": dir, "orders": orders, "failed": reported }));
    engine.journal().close().await;
    drop(lock);
    let command = std::env::current_exe().map_or_else(|_| "consign".to_string(), |path| path.display().to_string());
    heading(out, "Try it yourself");
    out.line(format!("  {command} -w {} log", dir.display()));
    out.line(format!("  {command} -w {} errors", dir.display()));
    out.line(format!("  ls {}", dir.join("var/error/orders-in").display()));
    if args.keep {
        out.line(format!("\nThe servers run until Ctrl-C. The password of nordwind is {}", scene.password()));
        out.line(format!("  sftp -P {} nordwind@127.0.0.1", scene.sftp_address().port()));
        out.line(format!("  {command} -w {} run          # by schedule; or: run --once, doctor, reprocess ID", dir.display()));
        // Whatever ends the wait ends the demo.
        let _ = tokio::signal::ctrl_c().await;
    } else {
        out.line("  With --keep the servers keep running, so run, doctor and reprocess work there too.");
    }
    let expected = orders.len() == 2 && failed.len() == 3;
    Ok(if expected { Exit::Fine } else { Exit::Unable })
}

fn heading(out: &Output, text: &str) {
    out.line(format!("\n{text}"));
}

fn folder(named: Option<&Path>) -> Result<PathBuf, Problem> {
    let unusable = |error: std::io::Error| {
        Problem::new(Code::Usage, format!("cannot create the demo folder ({})", crate::model::problem::reason(&error)))
    };
    match named {
        Some(dir) => {
            fs::create_dir_all(dir).map_err(unusable)?;
            fs::canonicalize(dir).map_err(unusable)
        }
        None => tempfile::Builder::new().prefix("consign-demo-").tempdir().map(tempfile::TempDir::keep).map_err(unusable),
    }
}

/// Creates the sample workspace and points it to the embedded servers.
fn workspace(dir: &Path, odoo: &str, sftp_port: u16, password: &str) -> Result<(), Problem> {
    init::make(dir)?;
    let unusable = |error: std::io::Error| {
        Problem::new(Code::Usage, format!("cannot write the demo workspace ({})", crate::model::problem::reason(&error)))
    };
    let change = |file: &str, changes: &[(&str, String)]| {
        let path = dir.join(file);
        let mut text = fs::read_to_string(&path).map_err(unusable)?;
        for (from, to) in changes {
            text = text.replace(from, to);
        }
        fs::write(&path, text).map_err(unusable)
    };
    let secret = |name: &str, value: &str| {
        let folder = dir.join("var/secrets");
        crate::storage::private_folder(&dir.join("var"))
            .and_then(|()| fs::create_dir_all(&folder))
            .and_then(|()| fs::write(folder.join(name), value))
            .map_err(unusable)
    };
    secret("odoo", crate::odoo::sandbox::LOGIN)?;
    secret("nordwind", password)?;
    change(
        "consign.toml",
        &[
            ("http://127.0.0.1:8069", odoo.to_string()),
            ("database = \"edi\"", format!("database = \"{}\"", crate::odoo::sandbox::DATABASE)),
            ("edi@example.com", crate::odoo::sandbox::LOGIN.to_string()),
            ("{ env = \"CONSIGN_ODOO_PASSWORD\" }", "{ file = \"var/secrets/odoo\" }".to_string()),
        ],
    )?;
    change(
        "partners/nordwind.toml",
        &[("= 2222", format!("= {sftp_port}")), ("{ env = \"NORDWIND_PASSWORD\" }", "{ file = \"var/secrets/nordwind\" }".to_string())],
    )?;
    for flow in ["orders-in", "products-in", "stock-in"] {
        // The files of the demo never change, so one second is enough to see that they are stable. The truncated one is not waited for.
        change(
            &format!("flows/{flow}.toml"),
            &[
                ("direction = \"in\"", "direction = \"in\"\nstable_for = \"1s\"\nincomplete_timeout = \"0s\"".to_string()),
                ("direction    = \"in\"", "direction    = \"in\"\nstable_for   = \"1s\"\nincomplete_timeout = \"0s\"".to_string()),
            ],
        )?;
    }
    Ok(())
}
