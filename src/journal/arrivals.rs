//! When the newest messages of a flow were received, and when each was done.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::sql::{Cells, Journal, all};
use crate::model::{MessageId, Problem};

/// A message as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arrival {
    /// The message.
    pub message: MessageId,
    /// When it was received.
    pub received: DateTime<Utc>,
    /// When it was done for the first time; none if it never was.
    pub done: Option<DateTime<Utc>>,
    /// Somebody discarded it: it will not be done.
    pub is_discarded: bool,
}

impl Journal {
    /// The newest `most` messages of a flow, oldest first. Acknowledgements and edited copies are left out: they did not arrive.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn arrivals(&self, flow: &str, most: u32) -> Result<Vec<Arrival>, Problem> {
        let query = sqlx::query(
            "select id, received, stage = 'discarded' as is_discarded, (select min(at) from event where event.message = message.id and event.stage = 'done') as done
             from message where flow = ? and edited = 0 and answers is null order by received desc, id desc limit ?",
        );
        let mut arrivals = all(&query.bind(flow).bind(most).fetch_all(&self.pool).await?, |row| {
            let cells = Cells::of("message", "id", row);
            Ok(Arrival {
                message: cells.message("id")?,
                received: cells.time("received")?,
                done: cells.maybe_time("done")?,
                is_discarded: cells.get("is_discarded")?,
            })
        })?;
        arrivals.reverse();
        Ok(arrivals)
    }
}
