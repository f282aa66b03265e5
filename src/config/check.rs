//! A workspace held against its schemas and against Odoo's fields: `consign check`.

use std::collections::HashMap;

use super::{Flow, OutFlow, Work, Workspace};
use crate::{
    model::{Place, Problem, Problems, codes, nearest::did_you_mean},
    odoo::read::Tree,
    schema::Schema,
};

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    /// What must be mended.
    pub problems: Problems,
    /// What only keeps flows that are switched off from running.
    pub notes: Problems,
}

/// Compiles every schema and checks every mapping and every outbound flow, without a network.
pub fn check(workspace: &Workspace) -> Report {
    let mut report = Report::default();
    let mut schemas: HashMap<&str, Result<Schema, Problems>> = HashMap::new();
    for flow in workspace.flows.values() {
        let compiled = schemas.entry(&flow.schema).or_insert_with(|| Schema::compile(&workspace.schemas(), &flow.schema));
        match compiled {
            Ok(schema) => {
                if let Work::In(inbound) = &flow.work {
                    report.problems.extend(inbound.mapping.check(schema.shape(), &workspace.catalog));
                }
            }
            Err(problems) => {
                let missing = problems.iter().any(|problem| problem.code == codes::SCHEMA_MISSING);
                let told = problems.iter().map(|problem| told(flow, problem));
                if missing && !flow.enabled { report.notes.extend(told) } else { report.problems.extend(told) }
            }
        }
        if let Work::Out(outbound) = &flow.work {
            tree(workspace, flow, outbound, &outbound.model, "", &outbound.fields, &mut report.problems);
        }
    }
    report
}

/// A schema's problem as the flow's: a missing set says where to get it.
pub fn told(flow: &Flow, problem: &Problem) -> Problem {
    let mut problem = problem.clone();
    if problem.code == codes::SCHEMA_MISSING {
        problem.message = format!("the flow `{}` needs the schema `{}`, which is not in the workspace", flow.id, flow.schema);
        problem.place = Place::file(&flow.file);
        if let Some(from) = &flow.schema_from {
            let set = flow.schema.split('/').next().unwrap_or_default();
            problem.hint = Some(format!("get it from {from}, then: consign schemas add {set} FOLDER-OR-ZIP"));
        }
    }
    problem
}

/// Holds the fields an outbound flow reads against the models; `above` is the dotted path that leads to this model.
fn tree(workspace: &Workspace, flow: &Flow, outbound: &OutFlow, model: &str, above: &str, fields: &Tree, problems: &mut Problems) {
    let place = |path: &str| match outbound.field_places.iter().find(|(known, ..)| known == path || known.starts_with(&format!("{path}.")))
    {
        Some((_, line, column)) => Place::at(&flow.file, *line, *column),
        None => Place::file(&flow.file),
    };
    let Some(known) = workspace.catalog.model(model) else {
        let problem = Problem::new(codes::MAPPING_FIELD, format!("the model `{model}` is not in the snapshot of Odoo's fields"));
        problems.push(problem.at(place(above)).maybe_hint(did_you_mean(model, workspace.catalog.models())));
        return;
    };
    for (name, below) in &fields.0 {
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        match known.get(name) {
            None if name == "id" => {}
            None => problems.push(
                Problem::new(codes::MAPPING_FIELD, format!("the model `{model}` has no field `{name}`"))
                    .at(place(&path))
                    .maybe_hint(did_you_mean(name, known.keys().map(String::as_str))),
            ),
            Some(field) => match (&field.relation, below.0.is_empty()) {
                (_, true) => {}
                (Some(relation), false) => tree(workspace, flow, outbound, relation, &path, below, problems),
                (None, false) => {
                    problems.push(
                        Problem::new(codes::MAPPING_FIELD, format!("`{name}` of `{model}` is a value, nothing lies below it"))
                            .at(place(&path)),
                    );
                }
            },
        }
    }
}
