//! `consign init DIR`: creates a workspace with the sample flows, as a starting point.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::Utc;

use super::{Context, Exit};
use crate::{
    model::{Code, Problem, Problems},
    ops::new_journal,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder to create; it must be empty or not exist.
    #[arg(required_unless_present_any = ["new_journal", "accept_journal"], conflicts_with_all = ["new_journal", "accept_journal"])]
    dir: Option<PathBuf>,
    /// Start a new journal in a workspace whose journal is lost for good.
    #[arg(long)]
    new_journal: bool,
    /// Accept the existing journal, although it is a different one or an earlier copy.
    #[arg(long, conflicts_with = "new_journal")]
    accept_journal: bool,
    /// With --new-journal: the next number of a flow that numbers its documents.
    #[arg(long, value_name = "FLOW=NUMBER", value_parser = number, requires = "new_journal")]
    next: Vec<(String, i64)>,
}

fn number(text: &str) -> Result<(String, i64), String> {
    let (flow, number) = text.split_once('=').ok_or("write FLOW=NUMBER")?;
    let number = number.parse().ok().filter(|number| *number >= 0).ok_or("NUMBER is a whole number, 0 or more")?;
    Ok((flow.to_string(), number))
}

macro_rules! shipped {
    ($($to:literal = $from:literal),* $(,)?) => {
        /// The files of the sample workspace.
        const FILES: &[(&str, &[u8])] = &[$(($to, include_bytes!(concat!("../../", $from)))),*];
    };
}

shipped! {
    ".gitignore" = "samples/workspace/.gitignore",
    "consign.toml" = "samples/workspace/consign.toml",
    "flows/despatch-out.toml" = "samples/workspace/flows/despatch-out.toml",
    "flows/orders-in.toml" = "samples/workspace/flows/orders-in.toml",
    "flows/products-in.toml" = "samples/workspace/flows/products-in.toml",
    "flows/stock-in.toml" = "samples/workspace/flows/stock-in.toml",
    "flows/ubl-despatch-out.toml" = "samples/workspace/flows/ubl-despatch-out.toml",
    "flows/ubl-orders-in.toml" = "samples/workspace/flows/ubl-orders-in.toml",
    "mappings/order.toml" = "samples/workspace/mappings/order.toml",
    "mappings/products.toml" = "samples/workspace/mappings/products.toml",
    "mappings/stock-levels.toml" = "samples/workspace/mappings/stock-levels.toml",
    "mappings/ubl-order.toml" = "samples/workspace/mappings/ubl-order.toml",
    "partners/lumen.toml" = "samples/workspace/partners/lumen.toml",
    "partners/nordwind.toml" = "samples/workspace/partners/nordwind.toml",
    "samples/orders-in/order-1001.xml" = "samples/workspace/samples/orders-in/order-1001.xml",
    "samples/orders-in/order-1002-unknown-product.xml" = "samples/workspace/samples/orders-in/order-1002-unknown-product.xml",
    "samples/orders-in/order-1003-invalid.xml" = "samples/workspace/samples/orders-in/order-1003-invalid.xml",
    "samples/products-in/artikel.csv" = "samples/workspace/samples/products-in/artikel.csv",
    "samples/stock-in/stock-2026-11-20.xml" = "samples/workspace/samples/stock-in/stock-2026-11-20.xml",
    "schemas/despatch-advice.xsd" = "schemas/despatch-advice.xsd",
    "schemas/order.xsd" = "schemas/order.xsd",
    "schemas/products.xsd" = "schemas/products.xsd",
    "schemas/stock-levels.xsd" = "schemas/stock-levels.xsd",
    "schemas/wms-deliveries.xsd" = "schemas/wms-deliveries.xsd",
    "schemas/wms-products.xsd" = "schemas/wms-products.xsd",
    "schemas/wms-receipts.xsd" = "schemas/wms-receipts.xsd",
    "schemas/wms-stock.xsd" = "schemas/wms-stock.xsd",
    "templates/despatch-advice.xml" = "samples/workspace/templates/despatch-advice.xml",
    "templates/ubl-despatch-advice.xml" = "samples/workspace/templates/ubl-despatch-advice.xml",
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let dir = match &args.dir {
        Some(dir) => dir,
        None if args.accept_journal => return accept(context).await,
        None => return begin(context, args).await,
    };
    make(dir)?;
    context.out.data(&serde_json::json!({ "workspace": dir, "files": FILES.iter().map(|(name, _)| name).collect::<Vec<_>>() }));
    context.out.line(format!("created a workspace with {} files in {}", FILES.len(), dir.display()));
    context.out.line("next: add your Odoo to consign.toml and your partners to partners/, then\n");
    context.out.line(format!("    cd {}", dir.display()));
    context.out.line("    consign check       check the configuration, offline");
    context.out.line("    consign doctor      test drops, permissions and Odoo, live");
    context.out.line("    consign run         run by schedule, until stopped");
    Ok(Exit::Fine)
}

/// Accepts the existing journal.
async fn accept(context: &Context) -> Result<Exit, Problems> {
    let (workspace, broken) = context.load_whole_flows()?;
    Problems::check(broken)?;
    let held = new_journal::accept(&workspace, Utc::now()).await?;
    context.out.data(&serde_json::json!({ "held": held }));
    context.out.line(format!("the journal in {} is accepted as it is", workspace.storage.display()));
    if !held.is_empty() {
        context.out.line(format!(
            "documents that it does not know may have been sent: the first records that {} find are held (C912)",
            held.join(", ")
        ));
    }
    Ok(Exit::Fine)
}

/// Starts a new journal.
async fn begin(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let (workspace, broken) = context.load_whole_flows()?;
    // A flow that does not load could be an outbound one.
    Problems::check(broken)?;
    let begun = new_journal::begin(&workspace, &args.next.iter().cloned().collect(), Utc::now()).await?;
    context.out.data(&begun);
    context.out.line(format!("started a new journal in {}", workspace.storage.display()));
    begun.aside.iter().for_each(|name| context.out.line(format!("    moved aside: {name}")));
    begun.next.iter().for_each(|(flow, number)| context.out.line(format!("    {flow} continues with number {number}")));
    context.out.line("It does not know what was done before:");
    if !begun.held.is_empty() {
        context.out.line(format!("    the first records that {} find are held (C912): consign errors lists them", begun.held.join(", ")));
    }
    context.out.line("    files in the partners' folders count as new; consign drops lists them");
    context.out.line("    files in archive/ and error/ stay, but consign show and reprocess do not know them");
    Ok(Exit::Fine)
}

/// Writes the sample workspace to a folder that is empty or does not exist.
pub(super) fn make(dir: &Path) -> Result<(), Problem> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Problem::new(Code::Usage, format!("{} is not empty", dir.display())).hint("name a new folder"));
    }
    for (name, content) in FILES {
        let path = dir.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, content));
        written.map_err(|error| {
            Problem::new(Code::Usage, format!("cannot write {} ({})", path.display(), crate::model::problem::reason(&error)))
        })?;
    }
    Ok(())
}
