//! What the journal knows about the items of a source, for its next poll.

use std::collections::HashMap;

use super::Site;
use crate::{
    config::Flow,
    journal::{ClaimedFile, HeldFile},
    model::Problem,
};

/// What is known about a flow's source.
#[derive(Debug, Default)]
pub struct History {
    /// Items of messages that are not settled yet, by key.
    pub taken: HashMap<String, ClaimedFile>,
    /// Items that are held at the source, by key.
    pub holds: HashMap<String, HeldFile>,
    /// After a restore each record gets a separate message, because a person decides about each.
    pub one_record_each: bool,
}

impl History {
    /// Reads what the journal knows about a flow.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn of(site: &Site, flow: &Flow) -> Result<Self, Problem> {
        let (taken, holds) = (site.journal().here(&flow.id, flow.direction()).await?, site.journal().holds(&flow.id).await?);
        Ok(Self { taken, holds, one_record_each: false })
    }
}
