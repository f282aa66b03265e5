//! What the journal knows of what a source has, for its next poll.

use std::collections::HashMap;

use super::Site;
use crate::{
    config::Flow,
    journal::{ClaimedFile, HeldFile},
    model::Problem,
};

/// What is known of a flow's source.
#[derive(Debug, Default)]
pub struct History {
    /// What messages were made of and have not let go of yet, by key.
    pub taken: HashMap<String, ClaimedFile>,
    /// What is held at the source, by key.
    pub holds: HashMap<String, HeldFile>,
    /// After a restore each record gets a message of its own, because a person decides on each.
    pub one_record_each: bool,
}

impl History {
    /// What the journal knows of a flow.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn of(site: &Site, flow: &Flow) -> Result<Self, Problem> {
        let (taken, holds) = (site.journal().here(&flow.id, flow.direction()).await?, site.journal().holds(&flow.id).await?);
        Ok(Self { taken, holds, one_record_each: false })
    }
}
