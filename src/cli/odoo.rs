//! `consign odoo snapshot`: saves the models and fields of the real Odoo in the workspace, so that `consign check` knows them offline.

use std::{collections::BTreeSet, fs};

use clap::Subcommand;
use serde_json::json;

use super::{Context, Exit};
use crate::{
    config::Workspace,
    model::{Code, Problem, Problems},
    odoo::{Odoo, fields::built_in, snapshot},
};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Write odoo-fields.json: the models of all flows and common ones, as in this Odoo.
    Snapshot {
        /// Name of another Odoo in [odoos]; writes odoo-fields.NAME.json.
        #[arg(long, value_name = "NAME", default_value = "")]
        odoo: String,
        /// Additional models.
        models: Vec<String>,
    },
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let Verb::Snapshot { odoo: name, models } = &args.verb;
    let workspace = context.load()?;
    let odoo = connect(&workspace, name).await?;
    let mut wanted: BTreeSet<String> = built_in().models().map(str::to_string).collect();
    wanted.extend(models.iter().cloned());
    for flow in workspace.flows.values().filter(|flow| flow.odoo == *name) {
        if let Some(inbound) = flow.inbound() {
            wanted.extend(inbound.map.mapping.models().into_iter().map(str::to_string));
        }
        wanted.extend(flow.outbound().map(|outbound| outbound.records.model.clone()));
    }
    let wanted: Vec<String> = wanted.into_iter().collect();
    let catalog = snapshot::snapshot(&odoo, &wanted).await?;
    let missing: Vec<&String> = wanted.iter().filter(|model| catalog.model(model).is_none()).collect();
    let text = serde_json::to_string_pretty(&catalog).unwrap_or_default();
    let file = Workspace::catalog_file(name);
    fs::write(workspace.root.join(&file), text + "\n").map_err(|error| {
        Problems::from(Problem::new(Code::DropIo, format!("cannot write {file} ({})", crate::model::problem::reason(&error))))
    })?;
    let count = catalog.models().count();
    context.out.data(&json!({"file": file, "odoo": odoo.version(), "models": count, "missing": missing}));
    context.out.line(format!("{file}: {count} models of Odoo {}", odoo.version()));
    for model in missing {
        context.out.line(format!("not installed there: {model}"));
    }
    Ok(Exit::Fine)
}

/// Connects to an Odoo of the workspace, by its name.
pub(super) async fn connect(workspace: &Workspace, name: &str) -> Result<Odoo, Problem> {
    Odoo::connect(&workspace.odoo(name)?.open(&workspace.root)?).await
}
