//! Floor 4: where messages come from and where they go: sources and targets, each a file or folder of its own.
//!
//! A source lists its items ([`Source::poll`]), gives them ([`Source::fetch`]), and receives two acknowledgements: custody
//! ([`Source::accept`]) and outcome ([`Source::settle`]). A target is prepared, has its effect ([`DocumentTarget::commit`]), and is probed
//! if nobody knows whether the effect took place ([`DocumentTarget::probe`]).
//!
//! **Invariant:** an endpoint never moves a message: it reports what it sees, and the pipeline records what follows.

mod circuit_breaker;
mod connections;
mod fault_injecting;
mod history;
mod kind;
pub mod kinds;
mod landing;
mod locks;
mod pace;
mod site;
mod source;
mod target;
pub mod values;
mod write_turn;

use std::{path::Path, sync::Arc};

use self::pace::PacedStore;
pub use self::{
    history::History,
    kind::EndpointKind,
    kinds::{
        files::{
            FilesOut,
            report::{partner_report, reported},
        },
        odoo, source, target,
    },
    landing::{ALIVE, Landing},
    locks::Locks,
    site::Site,
    source::{Candidate, Fetched, ItemOrigin, Polled, Readiness, Resting, Settled, Settlement, Source, SourceEntry},
    target::{Committed, DocumentTarget, Effects, Followed, PlanParts, PlanTarget, Probe, Signal, Target, TargetEntry, TookPlace},
};
use crate::{
    config::{Partner, Workspace},
    model::{Problem, Problems},
    transport::RemoteFs,
};

/// Opens a partner's drop with the partner's limits; it does not connect yet.
///
/// # Errors
/// A secret is missing.
pub fn open_drop(partner: &Partner, root: &Path) -> Result<Arc<dyn RemoteFs>, Problem> {
    let opened: Arc<dyn RemoteFs> = Arc::from(partner.drop.open(root)?);
    Ok(Arc::new(PacedStore::new(opened, partner.pace)))
}

/// Reads the workspace at `root`.
///
/// # Errors
/// Everything that is wrong with its files.
pub fn load(root: &Path) -> Result<Workspace, Problems> {
    Workspace::load(root, &kinds::all())
}

/// Reads the workspace at `root`: the correct flows, and the problems of the others.
///
/// # Errors
/// What is wrong with the files that all flows share.
pub fn load_whole_flows(root: &Path) -> Result<(Workspace, Vec<Problem>), Problems> {
    Workspace::load_whole_flows(root, &kinds::all())
}
