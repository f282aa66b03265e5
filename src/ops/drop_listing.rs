//! A flow's folder on the partner's server as it is now, assessed as a poll would do it: files that are ready, held (and why), not
//! moved, or not collected by the partner.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::{
    config::Flow,
    endpoint::{self, History, ItemOrigin, Readiness},
    model::{Message, Problem, Stage, lasting::lasting, problem::shown},
    pipeline::Engine,
};

/// What a file on a drop is to its flow; in the order in which people look at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileState {
    /// Not received yet, for a reason; or its message is held.
    Held,
    /// Its message is in progress.
    Taken,
    /// Its message is at rest, but the file could not be moved.
    NotMoved,
    /// We sent it, and the partner has not collected it.
    NotCollected,
    /// The next run receives it.
    Ready,
    /// It has the name of an unfinished upload.
    BeingWritten,
    /// It matches no pattern of the flow.
    NotOurs,
}

impl FileState {
    /// Every state, in the order of lists.
    pub const ALL: [Self; 7] =
        [Self::Held, Self::Taken, Self::NotMoved, Self::NotCollected, Self::Ready, Self::BeingWritten, Self::NotOurs];

    /// The state in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Taken => "taken",
            Self::NotMoved => "not moved",
            Self::NotCollected => "not collected",
            Self::Ready => "ready",
            Self::BeingWritten => "being written",
            Self::NotOurs => "not ours",
        }
    }

    /// Whether it is a file of the flow, to be listed; the others are only counted.
    pub fn is_listed(self) -> bool {
        self < Self::BeingWritten
    }
}

impl Serialize for FileState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A file on a drop.
#[derive(Debug, Clone, Serialize)]
pub struct FileOnDrop {
    /// What it is to the flow.
    pub state: FileState,
    /// Its name in the folder.
    #[serde(rename = "file")]
    pub name: String,
    /// Bytes.
    #[serde(rename = "bytes")]
    pub size: u64,
    /// Since when it is in this state, if that is known.
    pub since: Option<DateTime<Utc>>,
    /// The reason, for people.
    pub why: String,
    /// What to do about it.
    pub fix: Option<String>,
    /// The message that it belongs to.
    pub message: Option<String>,
}

/// The files of a flow's folder, those that need attention first. It asks the partner's server.
///
/// # Errors
/// The server cannot be reached, or its folder cannot be read.
pub async fn list(engine: &Engine, flow: &Flow) -> Result<Vec<FileOnDrop>, Problem> {
    let mut files = match flow.documents {
        Some(_) => inbound(engine, flow).await?,
        None => uncollected(engine, flow).await?,
    };
    files.sort_by(|a, b| (a.state, &a.name).cmp(&(b.state, &b.name)));
    Ok(files)
}

async fn inbound(engine: &Engine, flow: &Flow) -> Result<Vec<FileOnDrop>, Problem> {
    let known = History::of(engine.site(), flow).await?;
    let mut files = Vec::new();
    for one in endpoint::source(engine.site(), flow)?.poll(&known).await?.candidates {
        files.push(assessed(engine, one.origin, one.readiness).await?);
    }
    Ok(files)
}

async fn assessed(engine: &Engine, origin: ItemOrigin, readiness: Readiness) -> Result<FileOnDrop, Problem> {
    let file = |state, why: String| FileOnDrop { state, name: origin.name, size: origin.size, since: None, why, fix: None, message: None };
    Ok(match readiness {
        Readiness::Ready => file(FileState::Ready, "the next run takes it".into()),
        Readiness::Temporary => file(FileState::BeingWritten, "has the name of an unfinished upload".into()),
        Readiness::Foreign => file(FileState::NotOurs, "matches no pattern of the flow".into()),
        Readiness::Held(problem, since) => {
            let why = format!("{}: {}", problem.code.as_str(), problem.message);
            FileOnDrop { since: Some(since), fix: problem.hint.map(Into::into), ..file(FileState::Held, why) }
        }
        Readiness::Taken(id) => {
            let message = engine.journal().find(&id).await?;
            let (state, why) = taken(&message);
            FileOnDrop { since: Some(message.received), message: Some(message.id.to_string()), ..file(state, why) }
        }
    })
}

fn taken(message: &Message) -> (FileState, String) {
    let (state, why) = match message.stage {
        Stage::Done | Stage::Failed => {
            (FileState::NotMoved, format!("message {} is {}; each run retries the move", message.id.short(), message.stage))
        }
        Stage::Held => (FileState::Held, format!("message {} is held", message.id.short())),
        stage => (FileState::Taken, format!("message {} is {stage}", message.id.short())),
    };
    match message.reason.as_ref().filter(|_| message.stage != Stage::Done) {
        Some(reason) => (state, format!("{why} ({})", shown(reason))),
        None => (state, why),
    }
}

/// Our files that the partner has not collected.
async fn uncollected(engine: &Engine, flow: &Flow) -> Result<Vec<FileOnDrop>, Problem> {
    let drop = engine.site().drop(&flow.partner).await?;
    let there: HashSet<String> = drop.list(flow.folder()).await?.into_iter().map(|entry| entry.name).collect();
    let now = engine.clock().now();
    let file = |message: Message| FileOnDrop {
        state: FileState::NotCollected,
        size: message.size,
        since: Some(message.updated),
        why: format!("on the drop for {}", lasting((now - message.updated).to_std().unwrap_or(Duration::ZERO))),
        fix: None,
        message: Some(message.id.to_string()),
        name: message.name,
    };
    let messages = engine.journal().uncollected(&flow.id).await?;
    Ok(messages.into_iter().filter(|message| there.contains(&message.name)).map(file).collect())
}
