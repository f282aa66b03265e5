//! Checks a workspace against its schemas and Odoo's fields: `consign check`.

use std::{collections::HashMap, sync::Arc};

use serde_json::json;

use super::{FilesSource, Flow, Inbound, Outbound, Workspace, in_the_clear::in_the_clear};
use crate::{
    format::{ByteSource, Format, Layout, Limits},
    mapping::coverage::Coverage,
    model::{
        Code, Name, Place, Problem, Problems,
        catalog::Catalog,
        i18n::Text,
        nearest::did_you_mean,
        pattern::fits,
        shape::{Shape, ValueKind},
    },
    odoo::{actions, read::Tree},
    schema::{Schema, ValidatedFile},
};

/// The result of a check.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// What must be fixed.
    pub problems: Vec<Problem>,
    /// Problems of flows that are switched off.
    pub notes: Vec<Problem>,
    /// What works, but should change.
    pub warnings: Vec<Problem>,
    /// What each inbound flow reads of its documents, and what it ignores.
    pub coverage: Vec<(String, Coverage)>,
}

/// Compiles every schema and checks every mapping and every outbound flow, without a network.
pub fn check(workspace: &Workspace) -> CheckReport {
    let mut report = CheckReport::default();
    let mut schemas: HashMap<String, Result<Schema, Problems>> = HashMap::new();
    for flow in workspace.flows.values() {
        for name in flow.schemas() {
            let compiled = schemas.entry(name.to_string()).or_insert_with(|| Schema::compile(&workspace.schemas(), name));
            if let Err(problems) = compiled {
                let missing = problems.iter().any(|problem| problem.code == Code::SchemaMissing);
                let reported = problems.iter().map(|problem| reported(flow, name, problem));
                if missing && !flow.enabled { report.notes.extend(reported) } else { report.problems.extend(reported) }
            }
        }
        let schema = |name: &str| schemas.get(name).and_then(|compiled| compiled.as_ref().ok());
        let shape = |name: &str| schema(name).map(|schema| schema.shape().as_ref());
        if let Some(inbound) = flow.inbound() {
            let found = documents(workspace, flow, inbound, &shape);
            if let Some(shape) = shape(&flow.schema) {
                report.coverage.push((flow.id.clone(), inbound.map.mapping.coverage(shape)));
            }
            if let (Some(specimen), Some(schema), true) = (inbound.documents.format.specimen(), schema(&flow.schema), found.is_empty()) {
                report.problems.extend(rows(flow, specimen, schema));
            }
            report.problems.extend(found);
        }
        if let Some(outbound) = flow.outbound() {
            tree(workspace, flow, outbound, &outbound.records.model, "", &outbound.records.fields, &mut report.problems);
            let unknown = names(flow, outbound);
            if unknown.is_empty() {
                report.problems.extend(loops(workspace, flow, outbound));
            }
            report.problems.extend(unknown);
            report.problems.extend(domain(workspace, flow, outbound));
        }
    }
    report.problems.extend(overlaps(workspace));
    report.warnings.extend(in_the_clear(workspace));
    report.warnings.extend(workspace.old_names());
    report
}

/// Checks what an inbound flow reads of its documents against their schemas.
fn documents<'s>(workspace: &Workspace, flow: &Flow, inbound: Inbound<'_>, shape: &dyn Fn(&str) -> Option<&'s Shape>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let shapes: Vec<&Shape> = inbound.map.schemas.iter().filter_map(|choice| shape(&choice.schema)).collect();
    if let Some((first, more)) = shapes.split_first() {
        // One of several schemas is enough: profiles of one format allow different elements.
        let others: Vec<Vec<Problem>> = more.iter().map(|shape| inbound.map.mapping.check(shape, workspace.catalog(&flow.odoo))).collect();
        let everywhere = |problem: &Problem| others.iter().all(|found| found.iter().any(|other| other.place == problem.place));
        problems.extend(inbound.map.mapping.check(first, workspace.catalog(&flow.odoo)).into_iter().filter(everywhere));
    }
    if let (Some(layout), Some(first)) = (inbound.documents.format.layout(), shapes.first()) {
        problems.extend(columns(flow, &layout, first));
    }
    for (model, then, line, column) in inbound.map.mapping.calls() {
        if let Some(wrong) = actions::check(model, then) {
            problems.push(Problem::new(Code::ActionUnknown, wrong).at(Place::at(&inbound.map.mapping.file, line, column)));
        }
    }
    for (model, then, line, column) in inbound.map.mapping.creates() {
        if !actions::leaves_a_mark(model, then) {
            let text = format!("a second attempt cannot see that the first created a new {model}: it would create it again");
            let problem = Problem::new(Code::ActionUnknown, text).at(Place::at(&inbound.map.mapping.file, line, column));
            problems.push(problem.hint("give the records an `identity`, or an `external` id, without write = \"create\""));
        }
    }
    let wrong = |what: String| Problem::new(Code::MappingPath, what).at(Place::file(&flow.file));
    for (at, choice) in inbound.map.schemas.iter().enumerate() {
        if at + 1 < inbound.map.schemas.len() && choice.is_for_all() {
            problems.push(wrong(format!("{} is for every document: the schemas after it are never used", choice.schema)));
        }
        if let (Some(root), Some(shape)) = (&choice.root, shape(&choice.schema)) {
            let mut roots = shape.roots.iter().map(|(name, _)| &*name.local);
            if !roots.clone().any(|known| known == root) {
                let problem = wrong(format!("the schema {} has no root element `{root}`", choice.schema));
                problems.push(problem.maybe_hint(did_you_mean(root, roots.by_ref())));
            }
        }
        if let (Some(path), Some(shape)) = (&choice.path, shape(&choice.schema))
            && let Err(step) = follow(shape, path.names())
        {
            problems.push(wrong(format!("the schema {} has no `{step}` there (path `{path}`)", choice.schema)));
        }
    }
    if let Some(envelope) = &inbound.map.envelope
        && let Some(shape) = envelope.schema.as_deref().and_then(shape)
        // The last step is the document, which the envelope's schema may not define.
        && let Some((_, around)) = envelope.payload.names().split_last()
        && let Err(step) = follow(shape, around)
    {
        problems.push(wrong(format!("the envelope's schema has no `{step}` there (path `{}`)", envelope.payload)));
    }
    problems
}

/// Validates a row with a value in every column. Otherwise, columns in the wrong order, duplicate columns, and missing required columns
/// would be reported for every row of every file, and to the partner.
fn rows(flow: &Flow, (format, row): (Arc<dyn Format>, ByteSource), schema: &Schema) -> Vec<Problem> {
    let file = flow.file.clone();
    let (_, found) = schema.judge(&ValidatedFile::named(&flow.file), move |judge| format.read(&row, &file, &Limits::default(), judge));
    let order = found.into_iter().filter(|problem| [Code::DocUnexpected, Code::DocIncomplete].contains(&problem.code));
    let reported = |problem: Problem| {
        Problem::new(Code::MappingPath, format!("rows made of these columns do not fit {}: {}", flow.schema, problem.message))
            .at(Place::file(&flow.file).with_path("[csv.columns]"))
            .hint("list the columns in the order of the schema's elements, each once, with all required ones")
    };
    order.map(reported).collect()
}

/// Follows local names from the root; the first unknown one is the error.
fn follow<'p>(shape: &Shape, names: &'p [String]) -> Result<(), &'p str> {
    let mut at: Vec<usize> = Vec::new();
    for (depth, name) in names.iter().enumerate() {
        let children: Vec<&(Name, usize)> =
            if depth == 0 { shape.roots.iter().collect() } else { at.iter().flat_map(|id| &shape.types[*id].children).collect() };
        let open = depth > 0 && at.iter().any(|id| shape.types[*id].open);
        at = children.iter().filter(|(known, _)| *known.local == **name || name == "*").map(|(_, id)| *id).collect();
        if at.is_empty() {
            return if open || name == "*" { Ok(()) } else { Err(name) };
        }
    }
    Ok(())
}

/// Two flows that receive the same files: which of them gets a file would be chance.
fn overlaps(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    let taking: Vec<(&Flow, &FilesSource)> =
        workspace.flows.values().filter(|flow| flow.enabled).filter_map(|flow| Some((flow, flow.source_as()?))).collect();
    for (at, (flow, files)) in taking.iter().enumerate() {
        for (other, others) in &taking[..at] {
            let meet = |a: &str, b: &str| a == b || fits(a, &b.replace('*', "x")) || fits(b, &a.replace('*', "x"));
            if flow.partner == other.partner
                && flow.folder() == other.folder()
                && files.patterns.iter().any(|a| others.patterns.iter().any(|b| meet(a, b)))
            {
                let message = format!("the flows `{}` and `{}` receive the same files from {}", other.id, flow.id, flow.folder());
                problems.push(
                    Problem::new(Code::ConfigBadValue, message)
                        .at(Place::file(&flow.file))
                        .hint("give them different folders or patterns, or switch one off"),
                );
            }
        }
        let partner = workspace.partners.get(&flow.partner);
        for archive in partner.iter().flat_map(|partner| [&partner.archive, &partner.error]).filter(|archive| **archive == flow.folder()) {
            let message = format!("the flow receives files from `{archive}`, which is the archive for processed files");
            problems.push(Problem::new(Code::ConfigBadValue, message).at(Place::file(&flow.file)));
        }
    }
    problems
}

/// Checks the elements of CSV rows against the schema.
fn columns(flow: &Flow, layout: &Layout, shape: &Shape) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut refuse = |what: String, known: Vec<&str>, name: &str| {
        let problem = Problem::new(Code::MappingPath, format!("the schema {} has no {what}", flow.schema));
        problems.push(problem.at(Place::file(&flow.file).with_path(layout.section)).maybe_hint(did_you_mean(name, known)));
    };
    let child = |of: &[(Name, usize)], name: &str| {
        of.iter().find(|(known, _)| &*known.local == name && *known.namespace == *layout.namespace).map(|(_, id)| *id)
    };
    let locals = |of: &[(Name, usize)]| of.iter().map(|(name, _)| name.local.to_string()).collect::<Vec<_>>();
    let Some(root) = child(&shape.roots, &layout.root) else {
        refuse(format!("root element `{}`", layout.root), locals(&shape.roots).iter().map(String::as_str).collect(), &layout.root);
        return problems;
    };
    let Some(row) = child(&shape.types[root].children, &layout.row) else {
        refuse(
            format!("`{}` in `{}`", layout.row, layout.root),
            locals(&shape.types[root].children).iter().map(String::as_str).collect(),
            &layout.row,
        );
        return problems;
    };
    let known = locals(&shape.types[row].children);
    for name in layout.columns.iter().filter(|name| !known.contains(name)) {
        refuse(format!("`{name}` in `{}`", layout.row), known.iter().map(String::as_str).collect(), name);
    }
    for name in &layout.with_comma {
        let kind = child(&shape.types[row].children, name).map(|id| shape.types[id].kind);
        if kind == Some(ValueKind::Decimal) {
            let text = format!("`{name}` is a number and is not listed in `decimals`: `1.234` would stay 1.234, and not become 1234");
            let problem = Problem::new(Code::MappingPath, text).at(Place::file(&flow.file).with_path(layout.section));
            problems.push(problem.hint(format!("add \"{name}\" to `decimals`")));
        }
    }
    problems
}

/// Checks the names in the document, its file name and its note against what the flow reads.
fn names(flow: &Flow, outbound: Outbound<'_>) -> Vec<Problem> {
    let mut tops = vec![if outbound.records.per_file > 1 { "records" } else { "record" }, "partner", "now", "message", "file", "version"];
    tops.extend(outbound.render.sequence.map(|_| "sequence"));
    tops.extend(outbound.render.values.keys().map(String::as_str));
    let mut problems = Vec::new();
    // When the note is written, only the id of the record is available.
    let only_id = Tree::new(["id"]);
    let templates = [
        Some((&outbound.render.template, &outbound.records.fields)),
        Some((&outbound.render.name, &outbound.records.fields)),
        outbound.records.note.as_ref().map(|note| (note, &only_id)),
    ];
    for (template, fields) in templates.into_iter().flatten() {
        for name in template.names() {
            let mut parts = name.split('.');
            let top = parts.next().unwrap_or_default();
            let hint: Option<Option<Text>> = match top {
                "record" if outbound.records.per_file == 1 || fields.0.len() == 1 => unread(fields, parts),
                "partner" => {
                    parts.next().filter(|part| !matches!(*part, "id" | "name" | "gln")).map(|_| Some("partner has id, name and gln".into()))
                }
                top if tops.contains(&top) => None,
                "sequence" => Some(Some("give the flow a `sequence = 1`".into())),
                "record" => Some(Some("with `per_file` above 1 use `records`: {% for record in records %} … {% endfor %}".into())),
                "records" => Some(Some("with one record in a file use `record`; for several set `per_file`".into())),
                top => Some(did_you_mean(top, tops.iter().copied())),
            };
            if let Some(hint) = hint {
                let message = format!("the template uses `{name}`, which the flow `{}` does not read", flow.id);
                let place = if template.file().contains('/') {
                    Place::file(template.file())
                } else {
                    Place::file(&flow.file).with_path(template.file())
                };
                problems.push(
                    Problem::new(Code::Template, message).at(place).maybe_hint(hint.or_else(|| Some("add it to [read] fields".into()))),
                );
            }
        }
    }
    problems
}

/// Names that a template uses inside its loops, found by rendering it with a record of only the fields that the flow reads.
fn loops(workspace: &Workspace, flow: &Flow, outbound: Outbound<'_>) -> Option<Problem> {
    let record = sample(workspace.catalog(&flow.odoo), &outbound.records.model, &outbound.records.fields);
    let mut values = outbound.render.values.clone();
    let partner = json!({"id": "x", "name": "x", "gln": "x"});
    let given = [
        ("partner", partner),
        ("now", json!("2026-01-02 03:04:05")),
        ("message", json!("x")),
        ("file", json!("x")),
        ("version", json!(1)),
        ("sequence", json!(1)),
    ];
    values.extend(given.map(|(name, value)| (name.to_string(), value)));
    values.insert("record".into(), record.clone());
    values.insert("records".into(), json!([record]));
    let problem = outbound.render.template.render(&serde_json::Value::Object(values)).err()?;
    // An error caused by the values may not occur with real ones, such as a key that a table of the template lacks.
    let is_name = problem.message.contains("undefined") && !problem.message.contains('[');
    let text = format!("the template uses a name in a loop that the flow `{}` does not read", flow.id);
    is_name.then(|| Problem::new(Code::Template, text).at(problem.place).hint("check the line, and add missing fields to [read] fields"))
}

/// A record of a model with a value for each field of the tree.
fn sample(catalog: &Catalog, model: &str, tree: &Tree) -> serde_json::Value {
    let mut record = serde_json::Map::new();
    record.insert("id".into(), json!(1));
    record.insert("display_name".into(), json!("x"));
    for (name, below) in &tree.0 {
        let Some(field) = catalog.field(model, name) else { continue };
        let inner = || sample(catalog, field.relation.as_deref().unwrap_or_default(), below);
        let value = match field.kind.as_str() {
            "many2one" => inner(),
            "one2many" | "many2many" => json!([inner()]),
            "integer" => json!(1),
            "float" | "monetary" => json!(1.5),
            "boolean" => json!(true),
            "date" => json!("2026-01-02"),
            "datetime" => json!("2026-01-02 03:04:05"),
            _ => json!("x"),
        };
        record.insert(name.clone(), value);
    }
    record.into()
}

/// The fields of the domain.
fn domain(workspace: &Workspace, flow: &Flow, outbound: Outbound<'_>) -> Vec<Problem> {
    let paths = outbound.records.domain.iter().filter_map(|term| term.get(0)?.as_str());
    let unknown = paths.filter_map(|path| {
        let mut model = outbound.records.model.clone();
        for part in path.split('.') {
            let fields = workspace.catalog(&flow.odoo).model(&model)?;
            match fields.get(part) {
                Some(field) => model = field.relation.clone().unwrap_or_default(),
                None if part == "id" => return None,
                None => {
                    let hint = did_you_mean(part, fields.keys().map(String::as_str));
                    let problem =
                        Problem::new(Code::MappingField, format!("the model `{model}` has no field `{part}` (domain of `{}`)", flow.id));
                    return Some(problem.at(Place::file(&flow.file).with_path("[read] domain")).maybe_hint(hint));
                }
            }
        }
        None
    });
    unknown.collect()
}

/// `Some` if the path is not among the fields read, with the nearest one if there is one.
fn unread<'p>(tree: &Tree, parts: impl Iterator<Item = &'p str>) -> Option<Option<Text>> {
    let mut at = tree;
    for part in parts {
        match at.0.get(part) {
            // A value has nothing below it: what follows is one of its methods.
            Some(below) if below.0.is_empty() => return None,
            Some(below) => at = below,
            // A relation without fields below it has these two.
            None if matches!(part, "id" | "display_name") => return None,
            None => return Some(did_you_mean(part, at.0.keys().map(String::as_str))),
        }
    }
    None
}

/// A schema's problem as the flow's: for a missing set it says where to get it.
pub fn reported(flow: &Flow, schema: &str, problem: &Problem) -> Problem {
    let mut problem = problem.clone();
    if problem.code == Code::SchemaMissing {
        problem.message = format!("the flow `{}` needs the schema `{schema}`, which is not in the workspace", flow.id).into();
        problem.place = Place::file(&flow.file);
        if let Some(from) = &flow.schema_from {
            let set = schema.split('/').next().unwrap_or_default();
            problem.hint = Some(format!("get it from {from}, then: consign schemas add {set} FOLDER-OR-ZIP").into());
        }
    }
    problem
}

/// Checks the fields that an outbound flow reads against the models; `above` is the dotted path to this model.
fn tree(workspace: &Workspace, flow: &Flow, outbound: Outbound<'_>, model: &str, above: &str, fields: &Tree, problems: &mut Vec<Problem>) {
    let place =
        |path: &str| match outbound.records.field_places.iter().find(|(known, ..)| known == path || known.starts_with(&format!("{path}.")))
        {
            Some((_, line, column)) => Place::at(&flow.file, *line, *column),
            None => Place::file(&flow.file),
        };
    let Some(known) = workspace.catalog(&flow.odoo).model(model) else {
        let problem = Problem::new(Code::MappingField, format!("the field snapshot has no model `{model}`"));
        problems.push(problem.at(place(above)).maybe_hint(did_you_mean(model, workspace.catalog(&flow.odoo).models())));
        return;
    };
    for (name, below) in &fields.0 {
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        match known.get(name) {
            None if name == "id" => {}
            None => problems.push(
                Problem::new(Code::MappingField, format!("the model `{model}` has no field `{name}`"))
                    .at(place(&path))
                    .maybe_hint(did_you_mean(name, known.keys().map(String::as_str))),
            ),
            Some(field) => match (&field.relation, below.0.is_empty()) {
                (_, true) => {}
                (Some(relation), false) => tree(workspace, flow, outbound, relation, &path, below, problems),
                (None, false) => {
                    problems.push(
                        Problem::new(Code::MappingField, format!("`{name}` of `{model}` is a value: it has no fields below it"))
                            .at(place(&path)),
                    );
                }
            },
        }
    }
}
