//! The kinds of sources and targets that flows can name. Each reads its own table of a flow; what it can be joined to follows from what
//! it gives or takes.

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

/// What a target takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Plans: what a document is to do to records.
    Plans,
    /// Documents, as bytes.
    Documents,
}

/// The settings of a source, as its table of a flow says.
pub trait SourceSettings: Any + fmt::Debug + Send + Sync {}

/// The settings of a target, as its table of a flow says.
pub trait TargetSettings: Any + fmt::Debug + Send + Sync {}

/// A kind of source.
#[derive(Clone, Copy)]
pub struct SourceKind {
    /// What `kind` of `[source]` says.
    pub name: &'static str,
    /// What it gives.
    pub gives: Gives,
    /// Reads its settings; problems go to the reader, and `None` when what is missing keeps it from being one.
    pub read: fn(&Reading<'_>) -> Option<Box<dyn SourceSettings>>,
}

/// A kind of target.
#[derive(Clone, Copy)]
pub struct TargetKind {
    /// What `kind` of `[target]` says.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether it takes documents as they came, too, and not only those that we make.
    pub passes_on: bool,
    /// Reads its settings; problems go to the reader, and `None` when what is missing keeps it from being one.
    pub read: fn(&Reading<'_>) -> Option<Box<dyn TargetSettings>>,
}

/// Every kind that flows can name. The first of each is the one of tables that name none.
pub struct Kinds {
    /// Kinds of sources.
    pub sources: Vec<SourceKind>,
    /// Kinds of targets.
    pub targets: Vec<TargetKind>,
}
