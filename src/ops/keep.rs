//! Retention by `[keep]`: days of the archive are compressed into zips, and later deleted with their messages. Failed and held messages
//! stay until a person ends them.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use crate::{
    model::Problem,
    pipeline::Engine,
    storage::{ArchiveDay, Storage},
};

/// How often retention runs.
pub const EVERY: Duration = Duration::from_secs(3600);

/// What retention did, or would do.
#[derive(Debug, Default, Serialize)]
pub struct Retained {
    /// Days compressed into zips: flow and day.
    pub rolled: Vec<String>,
    /// Number of files in them.
    pub files: usize,
    /// Size before, in bytes.
    pub bytes: u64,
    /// Size afterwards, in bytes.
    pub zipped: u64,
    /// Days deleted.
    pub deleted: Vec<String>,
    /// Number of messages deleted from the journal.
    pub forgotten: usize,
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}

/// The first day that is not older than an age.
fn cutoff(now: DateTime<Utc>, age: Duration) -> Option<NaiveDate> {
    now.checked_sub_signed(TimeDelta::from_std(age).ok()?).map(|at| at.date_naive())
}

/// Compresses and deletes what is due; with `dry` it only reports. Only for the process that holds the workspace's lock.
///
/// # Errors
/// The journal or the storage cannot be used.
pub async fn keep(engine: &Engine, now: DateTime<Utc>, dry: bool) -> Result<Retained, Problem> {
    let (journal, storage, keep) = (engine.journal(), engine.storage(), &engine.workspace().keep);
    let mut kept = Retained::default();
    let named = |day: &ArchiveDay| format!("{} {}", day.flow, day.day);
    if let Some(before) = keep.delete_after.and_then(|age| cutoff(now, age)) {
        for flow in journal.flows().await?.iter().filter(|_| !dry) {
            loop {
                let forgotten = journal.forget(flow, midnight(before)).await?.len();
                kept.forgotten += forgotten;
                if forgotten == 0 || engine.is_stopping() {
                    break;
                }
            }
        }
        // Files of messages that are still in the journal stay.
        let open = open_days(engine, before).await?;
        for day in storage.days().await?.iter().filter(|day| day.day < before && !open.contains(&(day.flow.clone(), day.day))) {
            kept.deleted.push(named(day));
            if !dry {
                storage.delete(day).await?;
            }
        }
        if !dry {
            journal.forget_the_rest(midnight(before)).await?;
            storage.delete_plans(before).await?;
        }
    }
    if let Some(before) = keep.zip_after.and_then(|age| cutoff(now, age)) {
        for day in storage.days().await?.iter().filter(|day| day.is_open && day.day < before) {
            if engine.is_stopping() {
                break;
            }
            if is_under_way(engine, day).await? {
                continue;
            }
            kept.rolled.push(named(day));
            if !dry {
                let rolled = storage.roll(day).await?;
                kept.files += rolled.files;
                kept.bytes += rolled.bytes;
                kept.zipped += rolled.zip;
            }
        }
    }
    Ok(kept)
}

/// Days before `before` whose messages are still in the journal.
async fn open_days(engine: &Engine, before: NaiveDate) -> Result<BTreeSet<(String, NaiveDate)>, Problem> {
    let mut open = BTreeSet::new();
    for flow in engine.journal().flows().await? {
        for day in engine.journal().days_of(&flow, midnight(before)).await? {
            open.insert((Storage::archive_name(&flow), day));
        }
    }
    Ok(open)
}

/// Whether a message of a day is in progress: its files must not move.
async fn is_under_way(engine: &Engine, day: &ArchiveDay) -> Result<bool, Problem> {
    let end = day.day.succ_opt().unwrap_or(NaiveDate::MAX);
    for flow in engine.journal().flows().await?.iter().filter(|flow| Storage::archive_name(flow) == day.flow) {
        if engine.journal().is_day_open(flow, midnight(day.day), midnight(end)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Retained {
    /// What was done, in one line; none if nothing was.
    pub fn line(&self) -> Option<String> {
        let mut parts = Vec::new();
        if !self.rolled.is_empty() {
            parts.push(format!(
                "compressed {} days of the archive: {} files, {} to {} bytes",
                self.rolled.len(),
                self.files,
                self.bytes,
                self.zipped
            ));
        }
        if !self.deleted.is_empty() || self.forgotten > 0 {
            parts.push(format!("deleted {} days of the archive and {} messages", self.deleted.len(), self.forgotten));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}
