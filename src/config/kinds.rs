//! The kinds of sources and targets that flows can name. Each reads its own table of a flow. What it gives or accepts decides how it can be
//! combined.

use std::{any::Any, fmt};

use super::reading::Reading;

/// What a source gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// Documents of others, as bytes.
    Documents,
    /// Records of an Odoo, of which a document is made.
    Records,
}

/// What a target accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Plans: what a document changes in records.
    Plans,
    /// Documents, as bytes.
    Documents,
}

/// The settings of a source, from its table.
pub trait SourceSettings: Any + fmt::Debug + Send + Sync {}

/// The settings of a target, from its table.
pub trait TargetSettings: Any + fmt::Debug + Send + Sync {}

/// A kind of source.
#[derive(Clone, Copy)]
pub struct SourceKind {
    /// The value of `kind` in `[source]`.
    pub name: &'static str,
    /// What it gives.
    pub gives: Gives,
    /// Reads its settings; problems go to the reader, and `None` when what is missing keeps it from being one.
    pub read: fn(&Reading<'_>) -> Option<Box<dyn SourceSettings>>,
}

/// A kind of target.
#[derive(Clone, Copy)]
pub struct TargetKind {
    /// The value of `kind` in `[target]`.
    pub name: &'static str,
    /// What it accepts.
    pub takes: Takes,
    /// Whether it also accepts unchanged documents, not only those that we render.
    pub passes_on: bool,
    /// Reads its settings; problems go to the reader, and `None` when what is missing keeps it from being one.
    pub read: fn(&Reading<'_>) -> Option<Box<dyn TargetSettings>>,
}

/// Every kind that flows can name. The first of each is the default.
pub struct Kinds {
    /// Kinds of sources.
    pub sources: Vec<SourceKind>,
    /// Kinds of targets.
    pub targets: Vec<TargetKind>,
}
