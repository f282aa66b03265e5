//! `consign test`: compares the output of every sample with the recorded output.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::Value as Json;

use super::{Context, Exit, plan};
use crate::{
    config::{Flow, Outbound, Workspace},
    format::ByteSource,
    model::{Code, Place, Problem, Problems, problem::reason},
    pipeline::{Schemas, render},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Flows to test; by default all that have samples.
    flows: Vec<String>,
    /// Record the current output as the expected one.
    #[arg(long)]
    accept: bool,
}

/// The result of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Same,
    Differs,
    New,
    Accepted,
}

#[derive(Serialize)]
struct Judged {
    flow: String,
    case: String,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
}

/// A sample: its input and expected output.
struct Case {
    name: String,
    input: PathBuf,
    expected: PathBuf,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let workspace = context.load()?;
    for flow in &args.flows {
        context.known_flow(&workspace, Some(flow))?;
    }
    let wanted = |flow: &&Flow| args.flows.is_empty() || args.flows.contains(&flow.id);
    let mut judged: Vec<Judged> = Vec::new();
    for flow in workspace.flows.values().filter(wanted) {
        let cases = cases(&workspace.root.join("samples").join(&flow.id), flow);
        if cases.is_empty() {
            continue;
        }
        let schemas = match Schemas::compile(&workspace, flow, 1) {
            Ok(schemas) => schemas,
            // Missing schemas, such as those that are not shipped, are an error only for enabled flows.
            Err(problems) if !flow.enabled && problems.iter().all(|problem| problem.code == Code::SchemaMissing) => {
                context.out.line(format!("{:24} not tested: its schemas are not in the workspace (the flow is disabled)", flow.id));
                continue;
            }
            Err(problems) => return Err(problems),
        };
        for case in cases {
            let result = outcome(&workspace, flow, &case, &schemas)?;
            judged.push(judge(flow, &case, &result, args.accept)?);
        }
    }
    context.out.data(&judged);
    for one in &judged {
        let word = match one.verdict {
            Verdict::Same => "ok",
            Verdict::Differs => "DIFFERS",
            Verdict::New => "NEW",
            Verdict::Accepted => "accepted",
        };
        context.out.line(format!("{:24} {:32} {word}", one.flow, one.case));
        if let Some(difference) = &one.difference {
            context.out.line(difference);
        }
    }
    let open = judged.iter().filter(|one| matches!(one.verdict, Verdict::Differs | Verdict::New)).count();
    if judged.is_empty() {
        let problem = Problem::new(Code::Usage, "there are no samples to test");
        return Err(Problems::from(problem.hint("put a file into samples/FLOW/CASE/, then: consign test --accept")));
    }
    context.out.line(match open {
        0 => format!("{} samples: all as expected", judged.len()),
        _ => format!("{} samples, {open} not as expected; review them, then: consign test --accept", judged.len()),
    });
    Ok(if open == 0 { Exit::Fine } else { Exit::Problems })
}

/// The samples of a flow: one folder each, with one input file.
fn cases(folder: &Path, flow: &Flow) -> Vec<Case> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    let ending = if flow.inbound().is_some() { "expected.txt" } else { "expected.xml" };
    let is_input = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.is_file() && !name.starts_with("expected") && !name.starts_with('.')
    };
    let folders = entries(folder).into_iter().filter(|path| path.is_dir());
    folders
        .filter_map(|case| {
            let input = entries(&case).into_iter().find(is_input)?;
            let name = case.file_name()?.to_string_lossy().into_owned();
            Some(Case { name, input, expected: case.join(ending) })
        })
        .collect()
}

/// The output of a sample as text: a plan, a document, or problems.
fn outcome(workspace: &Workspace, flow: &Flow, case: &Case, schemas: &Schemas) -> Result<String, Problems> {
    let name = case.input.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = fs::read(&case.input).map_err(|error| Problems::from(unreadable(&case.input, &error)))?;
    let text = match (flow.inbound(), flow.outbound()) {
        (Some(inbound), _) => {
            render::plan(&ByteSource::Bytes(bytes.into()), &name, inbound, schemas).map(|plan| plan::render(&plan, usize::MAX))
        }
        (None, Some(outbound)) => made(workspace, flow, outbound, case, &bytes, schemas),
        (None, None) => Ok(String::new()),
    };
    Ok(match text {
        Ok(text) => text.trim_end().to_string() + "\n",
        Err(problems) => problems.iter().map(|problem| format!("{problem}\n\n")).collect::<String>().trim_end().to_string() + "\n",
    })
}

fn judge(flow: &Flow, case: &Case, result: &str, accept: bool) -> Result<Judged, Problems> {
    let expected = fs::read_to_string(&case.expected).ok();
    let (verdict, difference) = match (&expected, accept) {
        (Some(expected), _) if expected == result => (Verdict::Same, None),
        (_, true) => {
            fs::write(&case.expected, result).map_err(|error| Problems::from(unreadable(&case.expected, &error)))?;
            (Verdict::Accepted, None)
        }
        (Some(expected), false) => (Verdict::Differs, Some(crate::ops::diff::lines(expected, result))),
        (None, false) => (Verdict::New, Some(crate::ops::diff::lines("", result))),
    };
    Ok(Judged { flow: flow.id.clone(), case: case.name.clone(), verdict, difference })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(Code::DropIo, format!("cannot read or write the file ({})", reason(error))).at(Place::file(path.display().to_string()))
}

/// The document that an outbound flow renders from a sample.
fn made(
    workspace: &Workspace,
    flow: &Flow,
    outbound: Outbound<'_>,
    case: &Case,
    bytes: &[u8],
    schemas: &Schemas,
) -> Result<String, Problems> {
    let records: Json = serde_json::from_slice(bytes).map_err(|error| {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let place = Place::at(case.input.display().to_string(), narrow(error.line()), narrow(error.column()));
        Problems::from(Problem::new(Code::ConfigSyntax, "a sample of an outbound flow must be an Odoo record as JSON").at(place))
    })?;
    let records = if let Json::Array(records) = records { records } else { vec![records] };
    let made = render::document(workspace, flow, outbound, records, &render::RenderContext::default())?;
    render::check(schemas.get(&flow.schema)?, &made.name, made.text.clone().into_bytes()).map(|()| made.text)
}
