//! `consign plan FLOW FILE`: what a file would do to Odoo. Nothing is sent, nothing is asked.

use std::{fs, path::PathBuf};

use super::{Context, Exit, output};
use crate::{
    config::Work,
    flow::{Schemas, examine},
    format::Source,
    model::{
        Place, Plan, Problem, Problems, codes,
        nearest::did_you_mean,
        plan::{Record, Value},
        problem::shown,
    },
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Inbound flow.
    flow: String,
    /// File as the partner sends it.
    file: PathBuf,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let workspace = context.load()?;
    let names = workspace.flows.keys().map(String::as_str);
    let Some(flow) = workspace.flows.get(&args.flow) else {
        return Err(output::one(
            Problem::new(codes::FLOW_UNKNOWN, format!("there is no flow `{}`", args.flow)).maybe_hint(did_you_mean(&args.flow, names)),
        ));
    };
    let Work::In(inbound) = &flow.work else {
        return Err(output::one(Problem::new(codes::USAGE, format!("`{}` sends; only inbound flows have a plan", flow.id))));
    };
    let name = args.file.display().to_string();
    let bytes = fs::read(&args.file).map_err(|error| {
        output::one(
            Problem::new(codes::DROP_IO, format!("the file cannot be read ({})", crate::model::problem::reason(&error)))
                .at(Place::file(&name)),
        )
    })?;
    let documents = examine(&Source::Bytes(bytes.into()), &name, inbound, &Schemas::compile(&workspace, flow, 1)?)?;
    let plan = inbound.mapping.apply(&documents, &name)?;
    context.out.data(&plan);
    context.out.line(render(&plan));
    Ok(Exit::Fine)
}

/// A plan as text.
fn render(plan: &Plan) -> String {
    let mut out = format!(
        "{} {} (the same again: {})\n",
        plan.records.len(),
        plan.model,
        if plan.identity.is_empty() { "never".to_string() } else { plan.identity.join(" + ") }
    );
    for record in plan.records.iter().take(100) {
        lines(&mut out, record, 1);
    }
    if plan.records.len() > 100 {
        out.push_str(&format!("  and {} more (--json prints all)\n", plan.records.len() - 100));
    }
    for method in &plan.then {
        out.push_str(&format!("then {method}\n"));
    }
    out.trim_end().to_string()
}

fn lines(out: &mut String, record: &Record, depth: usize) {
    let indent = "  ".repeat(depth);
    out.push_str(&format!("{indent}- from line {}\n", record.origin.place.line.unwrap_or_default()));
    for (name, value) in &record.values {
        match value {
            Value::Literal(json) => out.push_str(&format!("{indent}  {name} = {}\n", shown(&json.to_string()))),
            Value::Find(find) => {
                let by: Vec<String> = find.by.iter().map(|(field, value)| format!("{field} {}", shown(&value.to_string()))).collect();
                out.push_str(&format!("{indent}  {name} = the {} with {}\n", find.model, by.join(", else ")));
            }
            Value::Lines(inner) => {
                out.push_str(&format!("{indent}  {name}: {} lines\n", inner.records.len()));
                inner.records.iter().for_each(|line| lines(out, line, depth + 2));
            }
        }
    }
}
