//! `consign init DIR`: a workspace with the sample flows, ready to be changed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Context, Exit};
use crate::model::{Code, Problem, Problems};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder to make; it must be empty or not there.
    dir: PathBuf,
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

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    make(&args.dir)?;
    context.out.data(&serde_json::json!({ "workspace": args.dir, "files": FILES.iter().map(|(name, _)| name).collect::<Vec<_>>() }));
    context.out.line(format!("a workspace with {} files is in {}", FILES.len(), args.dir.display()));
    context.out.line("next: put your Odoo into consign.toml, your partners into partners/, then\n");
    context.out.line(format!("    cd {}", args.dir.display()));
    context.out.line("    consign check       offline: does everything fit together?");
    context.out.line("    consign doctor      live: drops, rights, Odoo");
    context.out.line("    consign run         by schedule, until stopped");
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
