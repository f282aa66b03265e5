//! Messages as rows of a list: with the partner, the business number and the record in Odoo, by which people know them.

use std::collections::HashMap;

use serde::Serialize;

use super::Site;
use crate::{
    journal::KnownAs,
    model::{Message, MessageId, Problem},
};

/// A message in a list.
#[derive(Serialize)]
pub(super) struct Row {
    #[serde(flatten)]
    message: Message,
    partner: String,
    known_as: KnownAs,
}

/// These messages as rows, in their order.
pub(super) async fn rows(site: &Site, messages: Vec<Message>) -> Result<Vec<Row>, Problem> {
    let ids: Vec<MessageId> = messages.iter().map(|message| message.id).collect();
    let mut known: HashMap<MessageId, KnownAs> = site.engine.journal().known_as(&ids).await?;
    let flows = &site.engine.workspace().flows;
    let row = |message: Message| Row {
        partner: flows.get(&message.flow).map(|flow| flow.partner.clone()).unwrap_or_default(),
        known_as: known.remove(&message.id).unwrap_or_default(),
        message,
    };
    Ok(messages.into_iter().map(row).collect())
}
