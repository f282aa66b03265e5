//! `consign plan FLOW FILE`: shows what a file would change in Odoo. Nothing is sent, and without `--live` Odoo is not called.

use std::{fs, path::PathBuf};

use serde_json::json;

use super::{Context, Exit};
use crate::{
    config::Workspace,
    format::ByteSource,
    journal::Journal,
    model::{
        Code, Place, Plan, Problem, Problems,
        nearest::did_you_mean,
        plan::{Find, OnMissing, PlanValue, Record, WriteMode},
        problem::shown,
    },
    odoo::{
        ExecuteOptions,
        execute::{
            preview,
            write_history::{NoHistory, WriteHistory},
        },
    },
    ops::reprocess_preview::{Preview, Remembered},
    pipeline::{JOURNAL, Schemas, belongs, render},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Name of an inbound flow.
    flow: String,
    /// File, as the partner sends it.
    file: PathBuf,
    /// Compare with the records in Odoo: create, update or unchanged, with each difference. Nothing is written.
    #[arg(long)]
    live: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let workspace = context.load()?;
    let names = workspace.flows.keys().map(String::as_str);
    let Some(flow) = workspace.flows.get(&args.flow) else {
        return Err(Problems::from(
            Problem::new(Code::FlowUnknown, format!("there is no flow `{}`", args.flow)).maybe_hint(did_you_mean(&args.flow, names)),
        ));
    };
    let Some(inbound) = flow.inbound() else {
        return Err(Problems::from(Problem::new(Code::Usage, format!("`{}` is outbound; only inbound flows have a plan", flow.id))));
    };
    let name = args.file.display().to_string();
    let bytes = fs::read(&args.file).map_err(|error| {
        Problems::from(
            Problem::new(Code::DropIo, format!("cannot read the file ({})", crate::model::problem::reason(&error))).at(Place::file(&name)),
        )
    })?;
    let plan = render::plan(&ByteSource::Bytes(bytes.into()), &name, inbound, &Schemas::compile(&workspace, flow, 1)?)?;
    if args.live {
        return live(context, &workspace, &flow.odoo, &plan).await;
    }
    context.out.data(&plan);
    context.out.line(render(&plan, 100));
    Ok(Exit::Fine)
}

/// Compares the plan with the records in Odoo.
async fn live(context: &Context, workspace: &Workspace, name: &str, plan: &Plan) -> Result<Exit, Problems> {
    let odoo = super::odoo::connect(workspace, name).await?;
    // The journal says which values people have changed since; without a journal this is unknown.
    let journal = match belongs(workspace).await? {
        true => Some(Journal::open(&workspace.storage.join(JOURNAL)).await?),
        false => None,
    };
    let memory: Box<dyn WriteHistory> = match journal {
        Some(journal) => Box::new(Remembered(journal, name.to_string())),
        None => Box::new(NoHistory),
    };
    let setup = ExecuteOptions { mark: "", memory: &*memory, catalog: workspace.catalog(name), partial: true };
    let (foreseen, problems) = preview(&odoo, plan, setup).await?;
    context.out.data(&json!({ "records": foreseen, "problems": problems }));
    let mut preview = Preview::default();
    preview.add(&foreseen);
    preview.lines.iter().for_each(|line| context.out.line(line));
    context.out.line(preview.counted());
    if !context.out.json {
        context.out.problems(&problems);
    }
    Ok(if problems.is_empty() { Exit::Fine } else { Exit::Problems })
}

/// A plan as text, with at most `most` records of each step.
pub(super) fn render(plan: &Plan, most: usize) -> String {
    let mut out = String::new();
    for step in &plan.steps {
        let again = match (&step.module, step.identity.is_empty()) {
            (Some(module), _) => format!("matched by: external id {module}"),
            (None, true) => "always created".to_string(),
            (None, false) => format!("matched by: {}", step.identity.join(" + ")),
        };
        let only = if step.write == WriteMode::Update { ", only updated" } else { "" };
        out.push_str(&format!("{} {} ({again}{only})\n", step.records.len(), step.model));
        for record in step.records.iter().take(most) {
            lines(&mut out, plan, record, 1);
        }
        if step.records.len() > most {
            out.push_str(&format!("  and {} more (--json lists all)\n", step.records.len() - most));
        }
        for then in &step.actions {
            let options: Vec<String> = then.options.iter().map(|(name, value)| format!(", {name} = {value}")).collect();
            out.push_str(&format!("then {}{}\n", then.method, options.concat()));
        }
    }
    out.trim_end().to_string()
}

fn lines(out: &mut String, plan: &Plan, record: &Record, depth: usize) {
    let indent = "  ".repeat(depth);
    out.push_str(&format!("{indent}- from line {}\n", record.origin.place.line.unwrap_or_default()));
    if let Some(external) = &record.external {
        out.push_str(&format!("{indent}  external id {}\n", shown(external)));
    }
    for field in &record.fields {
        let name = &field.name;
        match &field.value {
            PlanValue::Literal(json) => out.push_str(&format!("{indent}  {name} = {}\n", shown(&json.to_string()))),
            PlanValue::Find(found) => {
                out.push_str(&format!("{indent}  {name} = {}\n", find(found)));
                if let Some(create) = &found.create {
                    lines(out, plan, create, depth + 2);
                }
            }
            PlanValue::Set(set) => {
                let members: Vec<String> = set.finds.iter().map(find).collect();
                out.push_str(&format!("{indent}  {name} = {}{}\n", if set.add { "besides " } else { "" }, members.join(" and ")));
            }
            PlanValue::Field(other) => out.push_str(&format!("{indent}  {name} = the same as {other}\n")),
            PlanValue::Record(reference) => {
                let of = plan.steps.get(reference.step).map_or("", |step| step.name.as_str());
                let field = reference.field.as_ref().map(|field| format!(" of its {field}")).unwrap_or_default();
                out.push_str(&format!("{indent}  {name} = the {of} of this part{field}\n"));
            }
            PlanValue::Lines(inner) => {
                out.push_str(&format!("{indent}  {name}: {} lines\n", inner.records.len()));
                inner.records.iter().for_each(|line| lines(out, plan, line, depth + 2));
            }
        }
    }
}

fn find(find: &Find) -> String {
    let by: Vec<String> = find.by.iter().map(|(field, value)| format!("{field} {}", shown(&value.to_string()))).collect();
    let none = match find.on_missing {
        OnMissing::Fail => "",
        OnMissing::Hold => " (held where there is none)",
        OnMissing::Empty => " (left out where there is none)",
        OnMissing::Create => " (made where there is none:)",
    };
    format!("the {} with {}{none}", find.model, by.join(", else "))
}
