//! Floor 2: the workspace. Reads `consign.toml`, `partners/`, `flows/`, `mappings/` and `templates/`, and reports every mistake at
//! its line, all at once.
//!
//! **Invariant:** reading a workspace needs no network and no secret; secrets are opened when they are used.

pub mod alerts;
pub mod answers;
pub mod check;
mod choice;
mod contained;
mod drops;
mod files;
mod flows;
mod keep;
mod load;
mod made_of;
mod numbered;
pub mod schedule;
pub mod secrets;
pub mod traces;
mod web;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::Value as Json;

pub use self::{
    alerts::Alerts,
    choice::{Choice, Envelope},
    drops::DropConfig,
    keep::Keep,
    made_of::MadeOf,
    numbered::Numbered,
    schedule::Schedule,
    secrets::SecretSource,
    traces::Traces,
    web::Web,
};
use crate::{
    format::{Format, Limits},
    mapping::{Given, Mapping, Template},
    model::{Code, Direction, Problem, Problems, catalog::Catalog, nearest::did_you_mean, tongue::Tongue},
    odoo::{DialectChoice, OdooLogin, OdooSettings, read::Tree},
};

/// A workspace, read.
#[derive(Debug)]
pub struct Workspace {
    /// Its folder.
    pub root: PathBuf,
    /// Where the journal, originals and outcomes are kept.
    pub storage: PathBuf,
    /// `[odoo]`: the Odoo of flows that name none.
    pub odoo: OdooConfig,
    /// `[odoos.NAME]`: further ones.
    pub odoos: BTreeMap<String, OdooConfig>,
    /// Who is told of what.
    pub alerts: Alerts,
    /// The web page.
    pub web: Web,
    /// How long what is done is kept.
    pub keep: Keep,
    /// Where spans go; none where nobody collects them.
    pub traces: Option<Traces>,
    /// Partners by id, the file's name without its ending.
    pub partners: BTreeMap<String, Partner>,
    /// Flows by id.
    pub flows: BTreeMap<String, Flow>,
    /// Models and fields of `[odoo]`.
    pub catalog: Catalog,
    /// Those of the further ones that have a snapshot of their own.
    pub catalogs: BTreeMap<String, Catalog>,
}

/// Odoo as configured; secrets not opened yet.
#[derive(Debug, Clone)]
pub struct OdooConfig {
    url: String,
    database: String,
    login: Option<String>,
    password: Option<SecretSource>,
    key: Option<SecretSource>,
    dialect: DialectChoice,
    timeout: Duration,
    calls: usize,
    context: serde_json::Map<String, Json>,
}

/// Who files come from and go to.
#[derive(Debug, Clone)]
pub struct Partner {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Global location number.
    pub gln: Option<String>,
    /// Language that the reports beside refused files are in.
    pub language: Tongue,
    /// Whom to ask.
    pub contact: Option<String>,
    /// The drop.
    pub drop: DropConfig,
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
    /// The Odoo that it works with: a name in `[odoos]`, or empty for `[odoo]`.
    pub odoo: String,
    /// Folder on the drop.
    pub folder: String,
    /// Schema, relative to `schemas/`; the first where there are several.
    pub schema: String,
    /// Where to get a schema that is not shipped.
    pub schema_from: Option<String>,
    /// When it runs.
    pub schedule: Schedule,
    /// By which times something must have come since the time before; otherwise the flow is silent.
    pub expect: Option<Schedule>,
    /// What it does.
    pub work: Work,
}

impl Flow {
    /// Every schema that the flow needs.
    pub fn schemas(&self) -> Vec<&str> {
        let mut all = vec![self.schema.as_str()];
        if let Work::In(inbound) = &self.work {
            let envelope = inbound.envelope.iter().filter_map(|envelope| envelope.schema.as_deref());
            let answer = inbound.answer.iter().filter_map(|answer| answer.schema.as_deref());
            all.extend(inbound.schemas.iter().map(|choice| choice.schema.as_str()).chain(envelope).chain(answer));
        }
        let mut seen = std::collections::HashSet::new();
        all.retain(|name| seen.insert(*name));
        all
    }

    /// Which way documents go.
    pub fn direction(&self) -> Direction {
        match self.work {
            Work::In(_) => Direction::In,
            Work::Out(_) => Direction::Out,
        }
    }
}

/// The two directions of a flow.
#[derive(Debug)]
pub enum Work {
    /// Drop to Odoo.
    In(Box<InFlow>),
    /// Odoo to drop.
    Out(Box<OutFlow>),
}

/// What becomes of known content under a new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameContent {
    /// Held for ops.
    Hold,
    /// Processed like a new file.
    Process,
    /// Shelved like an exact duplicate.
    Skip,
}

/// What becomes of a file that is empty or too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusual {
    /// It is left where it is and told.
    Hold,
    /// It goes to the error folder.
    Reject,
    /// It is processed like any other.
    Accept,
}

/// In which order files are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Oldest first, and by name where the time is the same.
    Time,
    /// By name.
    Name,
}

/// An inbound flow.
#[derive(Debug, Clone)]
pub struct InFlow {
    /// File name patterns.
    pub files: Vec<String>,
    /// Patterns of names that the partner uses while it writes.
    pub ignore: Vec<String>,
    /// The name of the file that says that one is complete, with `{name}` or `{stem}` in it.
    pub marker: Option<String>,
    /// Empty files.
    pub empty: Unusual,
    /// Files above the limit.
    pub large: Unusual,
    /// How long a file whose own end is missing is waited for.
    pub cut: Duration,
    /// Patterns of the documents that are taken out of a zip; none where zips are not opened.
    pub unpack: Vec<String>,
    /// Order.
    pub order: Order,
    /// Form.
    pub format: Arc<dyn Format>,
    /// Where a file's name has the partner's running number.
    pub sequence: Option<Numbered>,
    /// How long size and time must stand still.
    pub settle: Duration,
    /// Known content under a new name.
    pub same_content: SameContent,
    /// Limits on a document.
    pub limits: Limits,
    /// Schemas, each with the documents it is for; the first that fits is taken.
    pub schemas: Vec<Choice>,
    /// What the documents lie in.
    pub envelope: Option<Envelope>,
    /// Mapping.
    pub mapping: Mapping,
    /// What the mapping is given besides the document.
    pub given: Given,
    /// The mapping's text and all that it reads, to be remembered.
    pub made_of: MadeOf,
    /// What can go in goes in, and the rest is written out as a smaller file; otherwise a file goes in whole or not at all.
    pub partial: bool,
    /// The answer that a document is given.
    pub answer: Option<Arc<answers::Returned>>,
}

/// What becomes of a document whose name is taken on the drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exists {
    /// It fails: nothing is replaced.
    Fail,
    /// It replaces the file that is there.
    Replace,
    /// Its name gets a number.
    Number,
}

/// What becomes of a record that was changed after it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// Nothing: each record is sent once.
    Ignore,
    /// It is sent again; the template has `version`.
    Resend,
    /// It is told, once for each change.
    Report,
}

/// An outbound flow.
#[derive(Debug)]
pub struct OutFlow {
    /// Model sent.
    pub model: String,
    /// Which records are ready.
    pub domain: Vec<Json>,
    /// Only records written since the last run are looked at.
    pub cursor: bool,
    /// Records that were changed after they were sent.
    pub changed: Changed,
    /// Fields read for the template.
    pub fields: Tree,
    /// Where each of them stands in the flow's file: path, line, column.
    pub field_places: Vec<(String, u32, u32)>,
    /// Fields that its messages are found by: what the number is called, and its path.
    pub numbers: Vec<(String, String)>,
    /// Fixed values the template may use besides, as `partner` and `own`.
    pub values: serde_json::Map<String, Json>,
    /// The document.
    pub template: Template,
    /// Name of the file.
    pub name: Template,
    /// Put before and after the name while the file is being written; the first may name a sub-folder.
    pub temporary: (String, String),
    /// A file of that name lies there already.
    pub exists: Exists,
    /// Records in one file at most; above 1 the template has `records` instead of `record`.
    pub per_file: usize,
    /// First number of the flow's sequence, where its files are numbered.
    pub sequence: Option<i64>,
    /// How long the partner may take to collect a file.
    pub pickup: Option<Duration>,
    /// Note for the record's chatter.
    pub note: Option<Template>,
    /// The answer that a document is to have.
    pub answer: Option<answers::Awaited>,
}

impl Workspace {
    /// An Odoo by its name; empty for the one of `[odoo]`.
    ///
    /// # Errors
    /// There is none of that name (C106).
    pub fn odoo(&self, name: &str) -> Result<&OdooConfig, Problem> {
        match name {
            "" => Ok(&self.odoo),
            name => self.odoos.get(name).ok_or_else(|| {
                let hint = did_you_mean(name, self.odoos.keys().map(String::as_str));
                let hint = hint.unwrap_or_else(|| format!("consign.toml needs a table [odoos.{name}]"));
                Problem::new(Code::ConfigUnknownName, format!("there is no Odoo `{name}` in the workspace")).hint(hint)
            }),
        }
    }

    /// Every Odoo with its name, the one of `[odoo]` first, under an empty name.
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

    /// Reads the workspace at `root`.
    ///
    /// # Errors
    /// Everything that is wrong with its files.
    pub fn load(root: &Path) -> Result<Self, Problems> {
        let (workspace, problems) = load::load(root)?;
        Problems::check(problems).map(|()| workspace)
    }

    /// Reads the workspace at `root` as far as flows are whole, with what is wrong with the others: one that is broken keeps no other
    /// from running.
    ///
    /// # Errors
    /// What is wrong with the files that all flows share.
    pub fn load_whole_flows(root: &Path) -> Result<(Self, Vec<Problem>), Problems> {
        load::load(root)
    }

    /// The folder of schemas, which nothing leaves.
    pub fn schemas(&self) -> PathBuf {
        self.root.join("schemas")
    }
}

impl OdooConfig {
    /// Settings with their secrets opened.
    ///
    /// # Errors
    /// A secret is missing.
    pub fn open(&self, root: &Path) -> Result<OdooSettings, Problem> {
        let login = match (&self.key, &self.login, &self.password) {
            (Some(key), ..) if !matches!(self.dialect, DialectChoice::JsonRpc | DialectChoice::XmlRpc) => OdooLogin::Key(key.open(root)?),
            (_, Some(login), Some(password)) => OdooLogin::Password { login: login.clone(), password: password.open(root)? },
            // Odoo takes an API key in the password's place.
            (Some(key), Some(login), None) => OdooLogin::Password { login: login.clone(), password: key.open(root)? },
            _ => return Err(Problem::new(Code::ConfigMissingKey, "[odoo] needs `api_key`, or `login` and `password`")),
        };
        Ok(OdooSettings {
            url: self.url.clone(),
            database: self.database.clone(),
            login,
            dialect: self.dialect,
            timeout: self.timeout,
            calls: self.calls,
            context: self.context.clone(),
        })
    }

    /// Address, for people.
    pub fn url(&self) -> &str {
        &self.url
    }
}
