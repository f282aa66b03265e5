//! Floor 3: the workspace. Reads `consign.toml`, `partners/`, `flows/`, `mappings/` and `templates/`, and reports every mistake at
//! its line, all at once.
//!
//! **Invariant:** reading a workspace needs no network and no secret; secrets are read when they are used.

mod address;
pub mod alerts;
pub mod answers;
mod awaited;
pub mod check;
mod choice;
mod contained;
mod drops;
mod endpoints;
mod files;
mod flows;
mod in_the_clear;
mod keep;
mod kinds;
mod load;
mod mapping_snapshot;
mod numbered;
mod reading;
mod records;
pub mod schedule;
pub mod secrets;
pub mod traces;
mod web;
mod workspace_files;

use std::{
    any::Any,
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value as Json;

pub use self::{
    alerts::Alerts,
    awaited::ExpectedAck,
    choice::{Choice, Envelope},
    drops::{DropConfig, Pace},
    endpoints::{
        Documents, FilesSource, FilesTarget, Inbound, MapDocuments, OnNameConflict, OnRecordChange, OnUnusualFile, Outbound, ReadOrder,
        RecordsSource, RenderRecords, SameContent, Transform,
    },
    files::{read_source as read_files_source, read_target as read_files_target},
    keep::Keep,
    kinds::{Gives, Kinds, SourceKind, SourceSettings, Takes, TargetKind, TargetSettings},
    mapping_snapshot::MappingSnapshot,
    numbered::Numbered,
    reading::Reading,
    records::read_source as read_records_source,
    schedule::Schedule,
    secrets::SecretSource,
    traces::Traces,
    web::Web,
};
use crate::{
    model::{Code, Direction, Pipeline, Problem, Problems, catalog::Catalog, i18n::Language, nearest::did_you_mean, pipeline},
    odoo::{DialectChoice, OdooLogin, OdooSettings},
};

/// A loaded workspace.
#[derive(Debug)]
pub struct Workspace {
    /// Its folder.
    pub root: PathBuf,
    /// Where the journal, originals and outcomes are kept.
    pub storage: PathBuf,
    /// `[odoo]`: the Odoo of flows that name none.
    pub odoo: OdooConfig,
    /// `[odoos.NAME]`: the further ones.
    pub odoos: BTreeMap<String, OdooConfig>,
    /// Who receives which alerts.
    pub alerts: Alerts,
    /// The web page.
    pub web: Web,
    /// How long to keep finished messages.
    pub keep: Keep,
    /// How long a stop waits for a running effect.
    pub stop_after: Duration,
    /// Where to send spans; `None` without a collector.
    pub traces: Option<Traces>,
    /// Partners by id, the file's name without its ending.
    pub partners: BTreeMap<String, Partner>,
    /// Flows by id.
    pub flows: BTreeMap<String, Flow>,
    /// Models and fields of `[odoo]`.
    pub catalog: Catalog,
    /// Those of the further Odoos that have their own snapshot.
    pub catalogs: BTreeMap<String, Catalog>,
    /// Keys of its own files that have an old name; those of mappings are in the mappings.
    renamed: Vec<Problem>,
}

/// The settings of an Odoo, without its secrets.
#[derive(Debug, Clone)]
pub struct OdooConfig {
    /// Its table in `consign.toml`.
    table: String,
    url: String,
    database: String,
    login: Option<String>,
    password: Option<SecretSource>,
    key: Option<SecretSource>,
    dialect: DialectChoice,
    timeout: Duration,
    limit_time_real: Duration,
    largest_answer: u64,
    calls: usize,
    context: serde_json::Map<String, Json>,
}

/// A company that sends and receives files.
#[derive(Debug, Clone)]
pub struct Partner {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Global location number.
    pub gln: Option<String>,
    /// Language of the reports beside refused files.
    pub language: Language,
    /// Whom to ask.
    pub contact: Option<String>,
    /// The drop.
    pub drop: DropConfig,
    /// Its speed limits.
    pub pace: Pace,
    /// Folder on the drop for files whose effect is complete.
    pub archive: String,
    /// Folder on the drop for files that were refused.
    pub error: String,
}

/// One kind of document of one partner in one direction.
#[derive(Debug)]
pub struct Flow {
    /// Id.
    pub id: String,
    /// File it was read from, relative to the workspace.
    pub file: String,
    /// What it is, in a line.
    pub about: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Partner's id.
    pub partner: String,
    /// Its Odoo: a name in `[odoos]`, or empty for `[odoo]`.
    pub odoo: String,
    /// Schema, relative to `schemas/`; the first one if there are several.
    pub schema: String,
    /// Where to get a schema that is not shipped.
    pub schema_from: Option<String>,
    /// When it runs.
    pub schedule: Schedule,
    /// Times at which a message must have been received since the time before; otherwise the flow is silent.
    pub expect: Option<Schedule>,
    /// The kind of its source.
    pub source_kind: &'static str,
    /// Where its messages come from.
    pub source: Box<dyn SourceSettings>,
    /// How to read its documents, if its source gives documents.
    pub documents: Option<Documents>,
    /// The transformation.
    pub transform: Transform,
    /// The kind of its target.
    pub target_kind: &'static str,
    /// Where they go.
    pub target: Box<dyn TargetSettings>,
    /// The acknowledgement that the partner gets for each document.
    pub answer: Option<answers::SentAck>,
}

impl Flow {
    /// Every schema that the flow needs.
    pub fn schemas(&self) -> Vec<&str> {
        let mut all = vec![self.schema.as_str()];
        if let Some(inbound) = self.inbound() {
            let envelope = inbound.map.envelope.iter().filter_map(|envelope| envelope.schema.as_deref());
            all.extend(inbound.map.schemas.iter().map(|choice| choice.schema.as_str()).chain(envelope));
        }
        all.extend(self.answer.iter().filter_map(|answer| answer.schema.as_deref()));
        let mut seen = std::collections::HashSet::new();
        all.retain(|name| !name.is_empty() && seen.insert(*name));
        all
    }

    /// How its documents become plans, if they do.
    pub fn inbound(&self) -> Option<Inbound<'_>> {
        match (&self.documents, &self.transform) {
            (Some(documents), Transform::Map(map)) => Some(Inbound { documents, map }),
            _ => None,
        }
    }

    /// How its records become documents, if they do.
    pub fn outbound(&self) -> Option<Outbound<'_>> {
        match (self.source_as::<RecordsSource>(), &self.transform) {
            (Some(records), Transform::Render(render)) => Some(Outbound { records, render }),
            _ => None,
        }
    }

    /// The stages that its messages pass.
    pub fn pipeline(&self) -> &'static Pipeline {
        if self.sends() { &pipeline::RENDER } else { &pipeline::MAP }
    }

    /// Whether it is outbound.
    pub fn sends(&self) -> bool {
        !matches!(self.transform, Transform::Map(_))
    }

    /// The settings of its source, if they have this type.
    pub fn source_as<S: SourceSettings>(&self) -> Option<&S> {
        (&*self.source as &dyn Any).downcast_ref()
    }

    /// The settings of its target, if they have this type.
    pub fn target_as<T: TargetSettings>(&self) -> Option<&T> {
        (&*self.target as &dyn Any).downcast_ref()
    }

    /// The folder on the partner's drop; empty if the flow has no files.
    pub fn folder(&self) -> &str {
        let from = self.source_as::<FilesSource>().map(|files| files.folder.as_str());
        from.or(self.target_as::<FilesTarget>().map(|files| files.folder.as_str())).unwrap_or_default()
    }

    /// The direction of documents, for people.
    pub fn direction(&self) -> Direction {
        if self.sends() { Direction::Out } else { Direction::In }
    }
}

impl Workspace {
    /// Every key of the workspace that has an old name, each once, with its place.
    pub fn old_names(&self) -> Vec<Problem> {
        let mappings = self.flows.values().filter_map(Flow::inbound).flat_map(|inbound| &inbound.map.mapping.renamed);
        let mut all: Vec<Problem> = Vec::new();
        for found in self.renamed.iter().chain(mappings) {
            if !all.contains(found) {
                all.push(found.clone());
            }
        }
        all
    }

    /// An Odoo by its name; empty for the one of `[odoo]`.
    ///
    /// # Errors
    /// There is no such Odoo (C106).
    pub fn odoo(&self, name: &str) -> Result<&OdooConfig, Problem> {
        match name {
            "" => Ok(&self.odoo),
            name => self.odoos.get(name).ok_or_else(|| {
                let hint = did_you_mean(name, self.odoos.keys().map(String::as_str));
                let hint = hint.unwrap_or_else(|| format!("consign.toml needs a table [odoos.{name}]").into());
                Problem::new(Code::ConfigUnknownName, format!("there is no Odoo `{name}` in the workspace")).hint(hint)
            }),
        }
    }

    /// Every Odoo with its name; `[odoo]` comes first, with an empty name.
    pub fn every_odoo(&self) -> impl Iterator<Item = (&str, &OdooConfig)> {
        std::iter::once(("", &self.odoo)).chain(self.odoos.iter().map(|(name, odoo)| (name.as_str(), odoo)))
    }

    /// Models and fields of an Odoo, by its name.
    pub fn catalog(&self, odoo: &str) -> &Catalog {
        self.catalogs.get(odoo).unwrap_or(&self.catalog)
    }

    /// The file in a workspace that has the models and fields of an Odoo, by its name.
    pub fn catalog_file(odoo: &str) -> String {
        match odoo {
            "" => "odoo-fields.json".to_string(),
            name => format!("odoo-fields.{name}.json"),
        }
    }

    /// Whether a file in a workspace is one of [`Workspace::catalog_file`].
    pub fn is_catalog_file(name: &str) -> bool {
        let between = name.strip_prefix("odoo-fields").and_then(|rest| rest.strip_suffix(".json"));
        between.is_some_and(|odoo| odoo.is_empty() || odoo.len() > 1 && odoo.starts_with('.') && !odoo[1..].contains(['/', '\\']))
    }

    /// Reads the workspace at `root`, with these kinds of sources and targets.
    ///
    /// # Errors
    /// Everything that is wrong with its files.
    pub fn load(root: &Path, kinds: &Kinds) -> Result<Self, Problems> {
        let (workspace, problems) = load::load(root, kinds)?;
        Problems::check(problems).map(|()| workspace)
    }

    /// Reads the workspace at `root`: the correct flows, and the problems of the others. A broken flow does not stop the others.
    ///
    /// # Errors
    /// What is wrong with the files that all flows share.
    pub fn load_whole_flows(root: &Path, kinds: &Kinds) -> Result<(Self, Vec<Problem>), Problems> {
        load::load(root, kinds)
    }

    /// The folder of schemas; no path leaves it.
    pub fn schemas(&self) -> PathBuf {
        self.root.join("schemas")
    }
}

impl OdooConfig {
    /// The settings with their secrets.
    ///
    /// # Errors
    /// A secret is missing.
    pub fn open(&self, root: &Path) -> Result<OdooSettings, Problem> {
        let login = match (&self.key, &self.login, &self.password) {
            (Some(key), ..) if !matches!(self.dialect, DialectChoice::JsonRpc | DialectChoice::XmlRpc) => OdooLogin::Key(key.open(root)?),
            (_, Some(login), Some(password)) => OdooLogin::Password { login: login.clone(), password: password.open(root)? },
            // Odoo accepts an API key in place of the password.
            (Some(key), Some(login), None) => OdooLogin::Password { login: login.clone(), password: key.open(root)? },
            _ => {
                let text = format!("[{}] needs `api_key`, or `login` and `password`", self.table);
                return Err(Problem::new(Code::ConfigMissingKey, text));
            }
        };
        Ok(OdooSettings {
            url: self.url.clone(),
            database: self.database.clone(),
            login,
            dialect: self.dialect,
            timeout: self.timeout,
            largest_answer: self.largest_answer,
            calls: self.calls,
            context: self.context.clone(),
        })
    }

    /// How long a request may run: Odoo's limit (`limit_time_real`), but at least our timeout for a call.
    pub fn longest_request(&self) -> Duration {
        self.limit_time_real.max(self.timeout)
    }

    /// The identity of its database, whatever its name in the workspace.
    pub fn place(&self) -> String {
        format!("{} {}", self.url.trim_end_matches('/'), self.database)
    }

    /// Whether this is the database of another one.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.place() == other.place()
    }

    /// Address, for people.
    pub fn url(&self) -> &str {
        &self.url
    }
}
