//! The settings of a flow's source and target, and of what is made of a message in between.

use std::{sync::Arc, time::Duration};

use serde_json::Value as Json;

use super::{
    awaited::ExpectedAck,
    choice::{Choice, Envelope},
    mapping_snapshot::MappingSnapshot,
    numbered::Numbered,
};
use crate::{
    format::{Format, Limits},
    mapping::{Given, Mapping, Template},
    model::Problems,
    odoo::read::Tree,
};

/// What is made of a message between its source and its target.
#[derive(Debug)]
pub enum Transform {
    /// A plan of a document.
    Map(Box<MapDocuments>),
    /// A document of records.
    Render(Box<RenderRecords>),
    /// Nothing: the bytes go on as they came.
    Relay,
}

/// A flow that takes documents into an Odoo: what is read of them, and how they become plans.
#[derive(Debug, Clone, Copy)]
pub struct Inbound<'f> {
    /// How its documents are read.
    pub documents: &'f Documents,
    /// What is made of them.
    pub map: &'f MapDocuments,
}

/// A flow that sends records of Odoo as documents.
#[derive(Debug, Clone, Copy)]
pub struct Outbound<'f> {
    /// Which records.
    pub records: &'f RecordsSource,
    /// What is made of them.
    pub render: &'f RenderRecords,
}

/// What becomes of known content under a new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameContent {
    /// Held for ops.
    Hold,
    /// Processed like a new file.
    Process,
    /// Archived like an exact duplicate.
    Skip,
}

/// What becomes of a file that is empty or too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnusualFile {
    /// It is left where it is and reported.
    Hold,
    /// It goes to the error folder.
    Reject,
    /// It is processed like any other.
    Accept,
}

/// In which order files are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOrder {
    /// Oldest first, and by name where the time is the same.
    Time,
    /// By name.
    Name,
}

/// What becomes of a document whose name is taken on the drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnNameConflict {
    /// It fails: nothing is replaced.
    Fail,
    /// It replaces the file that is there.
    Replace,
    /// Its name gets a number.
    Number,
}

/// What becomes of a record that was changed after it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRecordChange {
    /// Nothing: each record is sent once.
    Ignore,
    /// It is sent again; the template has `version`.
    Resend,
    /// It is reported, once for each change.
    Report,
}

/// How the documents of a source are read, wherever they come from.
#[derive(Debug, Clone)]
pub struct Documents {
    /// Form.
    pub format: Arc<dyn Format>,
    /// Limits on a document.
    pub limits: Limits,
    /// Patterns of the documents that are taken out of a zip; none where zips are not opened.
    pub unpack: Vec<String>,
    /// Known content under a new name.
    pub same_content: SameContent,
    /// Empty documents.
    pub empty: OnUnusualFile,
}

impl Documents {
    /// Patterns of the files that are taken where a flow does not say which.
    pub fn usual_files(&self) -> Vec<String> {
        let zips = if self.unpack.is_empty() { None } else { Some("*.zip") };
        std::iter::once(self.format.usual_files()).chain(zips).map(str::to_string).collect()
    }
}

/// Files on a partner's drop, as they are taken.
#[derive(Debug)]
pub struct FilesSource {
    /// Folder on the drop.
    pub folder: String,
    /// File name patterns.
    pub patterns: Vec<String>,
    /// Patterns of names that the partner uses while it writes.
    pub ignore: Vec<String>,
    /// The name of the file that says that one is complete, with `{name}` or `{stem}` in it.
    pub marker: Option<String>,
    /// Files above the limit.
    pub large: OnUnusualFile,
    /// How long a file whose own end is missing is waited for.
    pub cut: Duration,
    /// Order.
    pub order: ReadOrder,
    /// Where a file's name has the partner's running number.
    pub sequence: Option<Numbered>,
    /// How long size and time must stand still.
    pub settle: Duration,
}

/// How documents become a plan.
#[derive(Debug, Clone)]
pub struct MapDocuments {
    /// Schemas, each with the documents it is for; the first that fits is taken.
    pub schemas: Vec<Choice>,
    /// What the documents lie in.
    pub envelope: Option<Envelope>,
    /// Mapping.
    pub mapping: Mapping,
    /// What the mapping is given besides the document.
    pub given: Given,
    /// The mapping's text and all that it reads, to be remembered.
    pub snapshot: MappingSnapshot,
    /// What can go in goes in, and the rest is written out as a smaller file; otherwise a file goes in whole or not at all.
    pub partial: bool,
}

impl MapDocuments {
    /// The same with the mapping of an earlier day.
    ///
    /// # Errors
    /// This consign does not understand it.
    pub fn as_then(&self, snapshot: &MappingSnapshot) -> Result<Self, Problems> {
        let mapping = Mapping::parse(&snapshot.text, &snapshot.mapping, snapshot)?;
        let given = Given { partner: snapshot.partner.clone(), values: snapshot.values.clone() };
        Ok(Self { mapping, given, snapshot: snapshot.clone(), ..self.clone() })
    }
}

/// Records of an Odoo, as they are chosen.
#[derive(Debug)]
pub struct RecordsSource {
    /// Model sent.
    pub model: String,
    /// Which records are ready.
    pub domain: Vec<Json>,
    /// Only records written since the last run are looked at.
    pub cursor: bool,
    /// Records that were changed after they were sent.
    pub changed: OnRecordChange,
    /// Fields read for the template.
    pub fields: Tree,
    /// Where each of them stands in the flow's file: path, line, column.
    pub field_places: Vec<(String, u32, u32)>,
    /// Fields that are the messages' references: the name of the number, and its path.
    pub numbers: Vec<(String, String)>,
    /// Records in one file at most; above 1 the template has `records` instead of `record`.
    pub per_file: usize,
    /// Note for the record's chatter.
    pub note: Option<Template>,
}

/// How records become a document.
#[derive(Debug)]
pub struct RenderRecords {
    /// Fixed values the template may use besides, as `partner` and `own`.
    pub values: serde_json::Map<String, Json>,
    /// The document.
    pub template: Template,
    /// Name of the document.
    pub name: Template,
    /// First number of the flow's sequence, where its documents are numbered.
    pub sequence: Option<i64>,
}

/// Files on a partner's drop, as they are put there.
#[derive(Debug, Clone)]
pub struct FilesTarget {
    /// Folder on the drop.
    pub folder: String,
    /// Put before and after the name while the file is being written; the first may name a sub-folder.
    pub temporary: (String, String),
    /// A file of that name lies there already.
    pub exists: OnNameConflict,
    /// How long the partner may take to collect a file.
    pub pickup: Option<Duration>,
    /// The answer that a document is to have.
    pub answer: Option<ExpectedAck>,
}
