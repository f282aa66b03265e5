//! The settings of a flow's source and target, and of the transformation in between.

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

/// The transformation of a message between its source and its target.
#[derive(Debug)]
pub enum Transform {
    /// A plan of a document.
    Map(Box<MapDocuments>),
    /// A document of records.
    Render(Box<RenderRecords>),
    /// Nothing: the bytes are passed on unchanged.
    Relay,
}

/// A flow that writes documents to an Odoo: how to read them, and how to make plans of them.
#[derive(Debug, Clone, Copy)]
pub struct Inbound<'f> {
    /// How to read its documents.
    pub documents: &'f Documents,
    /// What is made of them.
    pub map: &'f MapDocuments,
}

/// A flow that sends Odoo records as documents.
#[derive(Debug, Clone, Copy)]
pub struct Outbound<'f> {
    /// Which records.
    pub records: &'f RecordsSource,
    /// What is made of them.
    pub render: &'f RenderRecords,
}

/// What to do with known content under a new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameContent {
    /// Held for ops.
    Hold,
    /// Processed like a new file.
    Process,
    /// Archived like an exact duplicate.
    Skip,
}

/// What to do with a file that is empty or too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnusualFile {
    /// It is left where it is and reported.
    Hold,
    /// It goes to the error folder.
    Reject,
    /// It is processed like any other.
    Accept,
}

/// The order in which files are received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOrder {
    /// Oldest first, then by name.
    Time,
    /// By name.
    Name,
}

/// What to do if the name of a document exists on the drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnNameConflict {
    /// It fails: nothing is replaced.
    Fail,
    /// It replaces the file that is there.
    Replace,
    /// Its name gets a number.
    Number,
}

/// What to do with a record that was changed after it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRecordChange {
    /// Nothing: each record is sent once.
    Ignore,
    /// It is sent again; the template has `version`.
    Resend,
    /// It is reported, once for each change.
    Report,
}

/// How to read the documents of a source, wherever they come from.
#[derive(Debug, Clone)]
pub struct Documents {
    /// Form.
    pub format: Arc<dyn Format>,
    /// Limits on a document.
    pub limits: Limits,
    /// Patterns of the documents to extract from a zip; empty if zips are not opened.
    pub unpack: Vec<String>,
    /// Known content under a new name.
    pub same_content: SameContent,
    /// Empty documents.
    pub empty: OnUnusualFile,
}

impl Documents {
    /// Default patterns of the files to receive.
    pub fn usual_files(&self) -> Vec<String> {
        let zips = if self.unpack.is_empty() { None } else { Some("*.zip") };
        std::iter::once(self.format.usual_files()).chain(zips).map(str::to_string).collect()
    }
}

/// How to receive files from a partner's drop.
#[derive(Debug)]
pub struct FilesSource {
    /// Folder on the drop.
    pub folder: String,
    /// File name patterns.
    pub patterns: Vec<String>,
    /// Patterns of names that the partner uses while it writes.
    pub ignore: Vec<String>,
    /// The name of the marker file, with `{name}` or `{stem}` in it.
    pub marker: Option<String>,
    /// Files above the limit.
    pub large: OnUnusualFile,
    /// How long to wait for a truncated file.
    pub cut: Duration,
    /// Order.
    pub order: ReadOrder,
    /// Where the partner's sequence number is in a file name.
    pub sequence: Option<Numbered>,
    /// How long size and time must not change.
    pub settle: Duration,
}

/// How documents become a plan.
#[derive(Debug, Clone)]
pub struct MapDocuments {
    /// Schemas, each with its documents; the first that fits is used.
    pub schemas: Vec<Choice>,
    /// The envelope of the documents.
    pub envelope: Option<Envelope>,
    /// Mapping.
    pub mapping: Mapping,
    /// Values for the mapping besides the document.
    pub given: Given,
    /// The mapping's text and everything that it reads, to store it.
    pub snapshot: MappingSnapshot,
    /// Whether accepted records are written and the rest becomes a smaller file; otherwise a file is written as a whole or not at all.
    pub partial: bool,
}

impl MapDocuments {
    /// The same with an earlier mapping.
    ///
    /// # Errors
    /// This consign does not understand it.
    pub fn as_then(&self, snapshot: &MappingSnapshot) -> Result<Self, Problems> {
        let mapping = Mapping::parse(&snapshot.text, &snapshot.mapping, snapshot)?;
        let given = Given { partner: snapshot.partner.clone(), values: snapshot.values.clone() };
        Ok(Self { mapping, given, snapshot: snapshot.clone(), ..self.clone() })
    }
}

/// Which Odoo records to send.
#[derive(Debug)]
pub struct RecordsSource {
    /// Model sent.
    pub model: String,
    /// Which records are ready.
    pub domain: Vec<Json>,
    /// Whether to check only records written since the last run.
    pub cursor: bool,
    /// Records that were changed after they were sent.
    pub changed: OnRecordChange,
    /// Fields read for the template.
    pub fields: Tree,
    /// The position of each in the flow's file: path, line, column.
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
    /// More fixed values for the template, such as `partner` and `own`.
    pub values: serde_json::Map<String, Json>,
    /// The document.
    pub template: Template,
    /// Name of the document.
    pub name: Template,
    /// First number of the flow's sequence, where its documents are numbered.
    pub sequence: Option<i64>,
}

/// How to send files to a partner's drop.
#[derive(Debug, Clone)]
pub struct FilesTarget {
    /// Folder on the drop.
    pub folder: String,
    /// Prefix and suffix of the name during the upload; the prefix may name a sub-folder.
    pub temporary: (String, String),
    /// What to do if a file with that name exists.
    pub exists: OnNameConflict,
    /// How long the partner may take to collect a file.
    pub pickup: Option<Duration>,
    /// The acknowledgement that a document expects.
    pub answer: Option<ExpectedAck>,
}
