//! How long is remembered: days of the archive are rolled into zips, later deleted with their messages, as `[keep]` says. What has
//! failed or is held stays until a person has ended it.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use crate::{
    model::Problem,
    pipeline::Engine,
    storage::{ArchiveDay, Storage},
};

/// How often it is looked for days that are over.
pub const EVERY: Duration = Duration::from_secs(3600);

/// What was done, or would be.
#[derive(Debug, Default, Serialize)]
pub struct Retained {
    /// Days rolled into zips: flow and day.
    pub rolled: Vec<String>,
    /// Files in them.
    pub files: usize,
    /// Bytes before.
    pub bytes: u64,
    /// Bytes afterwards.
    pub zipped: u64,
    /// Days deleted.
    pub deleted: Vec<String>,
    /// Messages forgotten.
    pub forgotten: usize,
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}

/// The first day that is younger than an age.
fn cutoff(now: DateTime<Utc>, age: Duration) -> Option<NaiveDate> {
    now.checked_sub_signed(TimeDelta::from_std(age).ok()?).map(|at| at.date_naive())
}

/// Rolls and deletes what is due; with `dry` it only says so. Only for the process that holds the workspace's lock.
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
        // What lies in the archive of a message that is not forgotten yet stays.
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

/// Days of messages that are still there, though they are older.
async fn open_days(engine: &Engine, before: NaiveDate) -> Result<BTreeSet<(String, NaiveDate)>, Problem> {
    let mut open = BTreeSet::new();
    for flow in engine.journal().flows().await? {
        for day in engine.journal().days_of(&flow, midnight(before)).await? {
            open.insert((Storage::archive_name(&flow), day));
        }
    }
    Ok(open)
}

/// Whether something of a day is worked on: its files must stay where they are.
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
    /// What was done, in a line; none where nothing was.
    pub fn line(&self) -> Option<String> {
        let mut parts = Vec::new();
        if !self.rolled.is_empty() {
            parts.push(format!(
                "{} days of the archive rolled into zips: {} files, {} to {} bytes",
                self.rolled.len(),
                self.files,
                self.bytes,
                self.zipped
            ));
        }
        if !self.deleted.is_empty() || self.forgotten > 0 {
            parts.push(format!("{} days of the archive deleted, {} messages forgotten", self.deleted.len(), self.forgotten));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}
