//! `consign init DIR`: a workspace with the sample flows, ready to be changed.

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
    /// Folder to make; it must be empty or not there.
    #[arg(required_unless_present_any = ["new_journal", "accept_journal"], conflicts_with_all = ["new_journal", "accept_journal"])]
    dir: Option<PathBuf>,
    /// Begin a journal anew in a workspace whose journal is gone for good.
    #[arg(long)]
    new_journal: bool,
    /// Take the journal that is there for the one that belongs there, though it is another or an earlier copy.
    #[arg(long, conflicts_with = "new_journal")]
    accept_journal: bool,
    /// With --new-journal: the next number of a flow whose documents are numbered.
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
    context.out.line(format!("a workspace with {} files is in {}", FILES.len(), dir.display()));
    context.out.line("next: put your Odoo into consign.toml, your partners into partners/, then\n");
    context.out.line(format!("    cd {}", dir.display()));
    context.out.line("    consign check       offline: does everything fit together?");
    context.out.line("    consign doctor      live: drops, rights, Odoo");
    context.out.line("    consign run         by schedule, until stopped");
    Ok(Exit::Fine)
}

/// Takes the journal that is there.
async fn accept(context: &Context) -> Result<Exit, Problems> {
    let (workspace, broken) = context.load_whole_flows()?;
    Problems::check(broken)?;
    let held = new_journal::accept(&workspace, Utc::now()).await?;
    context.out.data(&serde_json::json!({ "held": held }));
    context.out.line(format!("the journal in {} is taken as it is", workspace.storage.display()));
    if !held.is_empty() {
        context.out.line(format!("what it does not know may have been sent: what {} find first is held (C912)", held.join(", ")));
    }
    Ok(Exit::Fine)
}

/// Begins a journal anew.
async fn begin(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let (workspace, broken) = context.load_whole_flows()?;
    // A flow that does not load could be one that sends.
    Problems::check(broken)?;
    let begun = new_journal::begin(&workspace, &args.next.iter().cloned().collect(), Utc::now()).await?;
    context.out.data(&begun);
    context.out.line(format!("a new journal is begun in {}", workspace.storage.display()));
    begun.aside.iter().for_each(|name| context.out.line(format!("    moved aside: {name}")));
    begun.next.iter().for_each(|(flow, number)| context.out.line(format!("    {flow} goes on with number {number}")));
    context.out.line("It knows nothing of what was done before:");
    if !begun.held.is_empty() {
        context.out.line(format!("    what {} find first is held (C912): consign errors lists it", begun.held.join(", ")));
    }
    context.out.line("    files that lie in the partners' folders are taken as new ones; consign drops shows them");
    context.out.line("    what lies in archive/ and error/ stays, and is not known to consign show or reprocess");
    Ok(Exit::Fine)
}

/// Writes the sample workspace to a folder that is empty or not there.
pub(super) fn make(dir: &Path) -> Result<(), Problem> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Problem::new(Code::Usage, format!("{} is not empty", dir.display())).hint("name a folder that is not there yet"));
    }
    for (name, content) in FILES {
        let path = dir.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, content));
        written.map_err(|error| {
            Problem::new(Code::Usage, format!("{} cannot be written ({})", path.display(), crate::model::problem::reason(&error)))
        })?;
    }
    Ok(())
}
