//! Preview of a reprocess: what it would do. Nothing is written or sent.

use std::{collections::HashMap, path::Path};

use serde::Serialize;

use crate::{
    config::Inbound,
    format::ByteSource,
    journal::Journal,
    model::{BoxFuture, Message, Problem, Problems, ReprocessOptions, Stage, answer, problem::shown},
    odoo::{
        ExecuteOptions,
        execute::{
            Foreseen, preview,
            write_history::{WriteHistory, Written},
        },
    },
    pipeline::{Engine, Schemas, mapping_store, render, unpack},
};

/// What a reprocess of a message would do.
#[derive(Debug, Default, Serialize)]
pub struct Preview {
    /// Number of records that would be created.
    pub create: usize,
    /// Number of records that would be updated.
    pub update: usize,
    /// Number of records that would not change.
    pub same: usize,
    /// The actions, one line each.
    pub lines: Vec<String>,
    /// Problems that would stop it.
    pub problems: Vec<Problem>,
}

/// Read-only view of the journal's write history of an Odoo, by its name.
pub struct Remembered(pub Journal, pub String);

impl WriteHistory for Remembered {
    fn written<'a>(&'a self, model: &'a str, ids: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, Written>, Problem>> {
        Box::pin(self.0.written(&self.1, model, ids))
    }
}

impl Preview {
    /// Adds the preview of records.
    pub fn add(&mut self, foreseen: &[Foreseen]) {
        for one in foreseen {
            let line = one.line.unwrap_or_default();
            match &one.known {
                None => {
                    self.create += 1;
                    self.lines.push(format!("create  {} (line {line})", one.model));
                }
                Some(_) if one.differs.is_empty() && one.lines.is_empty() && one.kept.is_empty() => self.same += 1,
                Some((id, name)) => {
                    self.update += 1;
                    self.lines.push(format!("update  {},{id} {} (line {line})", one.model, shown(name)));
                }
            }
            for one in &one.differs {
                self.lines.push(format!("    {}: {} -> {}", one.field, shown(&one.has.to_string()), shown(&one.planned.to_string())));
            }
            for field in &one.kept {
                self.lines.push(format!("    {field}: kept, as a person has changed it"));
            }
            for lines in &one.lines {
                let (new, changed, gone) = (lines.new.len(), lines.changed.len(), lines.gone.len());
                self.lines.push(format!("    {}: {new} new, {changed} changed, {gone} removed", lines.field));
                self.lines.extend(lines.new.iter().map(|key| format!("      {}: new", shown(key))));
                for (key, fields) in &lines.changed {
                    for one in fields {
                        let (has, planned) = (one.has.to_string(), one.planned.to_string());
                        self.lines.push(format!("      {}: {} {} -> {}", shown(key), one.field, shown(&has), shown(&planned)));
                    }
                }
                self.lines.extend(lines.gone.iter().map(|key| format!("      {}: removed", shown(key))));
            }
        }
    }

    /// The counts, in one line.
    pub fn counted(&self) -> String {
        format!("{} to create, {} to update, {} unchanged", self.create, self.update, self.same)
    }
}

/// Previews messages; compiles the schemas of each flow only once.
pub struct Previewer<'e> {
    engine: &'e Engine,
    schemas: HashMap<String, Schemas>,
}

impl<'e> Previewer<'e> {
    /// A previewer for messages of this engine.
    pub fn new(engine: &'e Engine) -> Self {
        Self { engine, schemas: HashMap::new() }
    }

    /// Previews a reprocess of a message. Problems are part of the preview.
    pub async fn preview(&mut self, message: &Message, again: ReprocessOptions) -> Preview {
        let mut preview = Preview::default();
        if let Err(problems) = self.look(message, again, &mut preview).await {
            preview.problems.extend(problems);
        }
        preview
    }

    /// Validates and plans another text for a message, without calls to Odoo.
    ///
    /// # Errors
    /// All problems of the text.
    pub fn check(&mut self, message: &Message, file: &Path) -> Result<(), Problems> {
        let workspace = self.engine.workspace();
        let Some(flow) = workspace.flows.get(&message.flow) else {
            let text = format!("the flow `{}` is no longer in the workspace", message.flow);
            return Err(Problem::new(crate::model::Code::FlowUnknown, text).into());
        };
        let Some(inbound) = flow.inbound() else { return Ok(()) };
        let schemas = Schemas::compile(workspace, flow, 1)?;
        render::plan(&ByteSource::File(file.to_path_buf()), &message.name, inbound, &schemas).map(|_| ())
    }

    async fn look(&mut self, message: &Message, again: ReprocessOptions, into: &mut Preview) -> Result<(), Problems> {
        let workspace = self.engine.workspace();
        let Some(flow) = workspace.flows.get(&message.flow) else {
            let text = format!("the flow `{}` is no longer in the workspace", message.flow);
            return Err(Problem::new(crate::model::Code::FlowUnknown, text).into());
        };
        let undecided = self.engine.journal().intents_of_run(message).await?;
        for intent in undecided.iter().filter(|intent| intent.needs_a_person()) {
            match message.stage {
                Stage::Discarded => into.problems.push(intent.uncertain(&message.id.short())),
                _ => into.lines.push(format!("outcome unknown, checked first: {}", intent.effect)),
            }
        }
        if message.answers.is_some() {
            into.lines.push(format!("render the acknowledgement again and send it: {}", shown(&message.path)));
            return Ok(());
        }
        let Some(inbound) = flow.inbound() else {
            into.lines.push(if again.checked {
                format!("resend the same file: {} ({} bytes) to {}", shown(&message.name), message.size, shown(&message.path))
            } else {
                let claims = self.engine.journal().claims(message.id).await?;
                let records: Vec<String> = claims.iter().map(|(model, id)| format!("{model},{id}")).collect();
                format!("render the document again from {} and send it", records.join(", "))
            });
            return Ok(());
        };
        if message.stage == Stage::Waiting {
            into.lines.push(match message.until.filter(|until| message.firm && *until > self.engine.clock().now()) {
                Some(until) => {
                    format!("next attempt at {}: until then the last call may still take effect", until.format("%Y-%m-%d %H:%M:%S UTC"))
                }
                None => "it is retried now, from its current stage".into(),
            });
        }
        if !self.schemas.contains_key(&flow.id) {
            self.schemas.insert(flow.id.clone(), Schemas::compile(workspace, flow, 1)?);
        }
        let then = match again.as_then {
            true => Some(
                mapping_store::load(self.engine.storage(), message)
                    .await
                    .map_err(Problems::from)
                    .and_then(|snapshot| inbound.map.as_then(&snapshot))?,
            ),
            false => None,
        };
        let inbound = Inbound { map: then.as_ref().unwrap_or(inbound.map), ..inbound };
        if unpack::is_package(self.engine.storage(), inbound.documents, message).await? {
            let documents = self.engine.journal().parts(message.id).await?.len();
            into.lines.push(format!("a zip: {documents} of its documents are messages already; the others would become messages"));
            return Ok(());
        }
        let original = self.engine.storage().place(message).await?;
        let source = ByteSource::File(original.to_path_buf());
        let Some(schemas) = self.schemas.get(&flow.id) else { return Ok(()) };
        let plan = render::plan(&source, &message.name, inbound, schemas)?;
        let (plan, answers) = answer::split(plan)?;
        into.lines.extend(answers.iter().map(|answer| format!("acknowledgement of {}: {}", shown(&answer.number), answer.reply.as_str())));
        if plan.is_empty() && inbound.map.mapping.written().is_empty() {
            return Ok(());
        }
        let message = &Message { odoo: self.engine.journal().goes_to(message, &flow.odoo).await?, ..message.clone() };
        let odoo = self.engine.site().odoo(&message.odoo).await?;
        let memory = Remembered(self.engine.journal().clone(), message.odoo.clone());
        let setup = ExecuteOptions { mark: "", memory: &memory, catalog: workspace.catalog(&message.odoo), partial: true };
        let (foreseen, problems) = preview(&odoo, &plan, setup).await?;
        into.add(&foreseen);
        into.problems.extend(problems);
        if !again.overwrite
            && let Err(problems) = self.engine.not_overtaken(&odoo, &plan, setup, message).await
        {
            into.problems.extend(problems);
        }
        Ok(())
    }
}
