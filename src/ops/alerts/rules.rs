//! The rules for active alerts. Each rule queries the journal by an index; none uses the network.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{certificates::Endings, condition::AlertCondition};
use crate::{
    config::{FilesSource, FilesTarget, Flow, Schedule},
    journal::{FlowRuns, Gap, Pause, Stuck},
    model::{Direction, Problem, Stage},
    pipeline::Engine,
};

/// Result of the rules.
#[derive(Debug, Default)]
pub struct Looked {
    /// Active conditions.
    pub conditions: Vec<AlertCondition>,
    /// Keys that could not be checked: their conditions may still be active.
    pub unseen: Vec<String>,
}

/// Maximum number of causes named for the failed messages of one flow.
const CAUSES: u32 = 3;
/// How far back gaps in numbers are searched.
const GAP_WINDOW: TimeDelta = TimeDelta::days(30);
/// How long files may be out of order.
const OUT_OF_ORDER: TimeDelta = TimeDelta::minutes(15);
/// How late a run may be.
const LATE: TimeDelta = TimeDelta::minutes(10);
/// How long a flow may be paused before it is an alert.
const FORGOTTEN: TimeDelta = TimeDelta::days(1);
/// How long a run may take.
const LONG: TimeDelta = TimeDelta::hours(6);

/// Applies all rules that the workspace has enabled.
///
/// # Errors
/// The journal cannot be read.
pub async fn look(engine: &Engine, endings: &Endings, now: DateTime<Utc>) -> Result<Looked, Problem> {
    let (workspace, journal) = (engine.workspace(), engine.journal());
    let alerts = &workspace.alerts;
    let mut found = Vec::new();
    if let Some(problem) = engine.lost_journal() {
        // Everything else follows from this.
        let (text, hint) = (problem.message.into(), problem.hint.map(Into::into).unwrap_or_default());
        found.push(AlertCondition { key: "stopped/journal".into(), kind: "stopped", flow: None, text, hint, count: 1, since: None });
        return Ok(Looked { conditions: found, unseen: Vec::new() });
    }
    let (runs, pauses) = (journal.runs().await?, journal.pauses().await?);
    let mut unseen = endings.unseen.clone();
    found.extend(pauses.iter().filter_map(|(flow, pause)| paused(flow, pause, now)));
    for stage_count in journal.stage_counts().await?.iter().filter(|stage_count| stage_count.stage == Stage::Failed) {
        found.push(failed(engine, &stage_count.flow, stage_count.count).await?);
    }
    for staying in journal.staying(Stage::Held, before(now, alerts.held)).await? {
        found.push(stays("held", "held for a person", &staying));
    }
    for staying in journal.staying(Stage::Waiting, before(now, alerts.waiting)).await? {
        found.push(stays("waiting", "waiting because of temporary problems", &staying));
    }
    found.extend(journal.overdue(now).await?.iter().map(overdue));
    found.extend(journal.refused().await?.iter().map(refused));
    for flow in workspace.flows.values().filter(|flow| flow.enabled) {
        let Some(run) = runs.get(&flow.id) else { continue };
        found.extend(unable(flow, run, before(now, alerts.waiting)));
        found.extend(stopped(flow, run, now));
        if pauses.contains_key(&flow.id) {
            // A paused flow does not poll: whether it is silent is not known.
            unseen.push(format!("silent/{}", flow.id));
        } else if let Some(expect) = &flow.expect {
            let watched = run.first.max(journal.resumed(&flow.id).await?.unwrap_or(run.first));
            found.extend(silent(flow, expect, journal.last_came(&flow.id).await?, watched, now));
        }
        if flow.source_as::<FilesSource>().is_some_and(|files| files.sequence.is_some()) {
            found.extend(gap(flow, &journal.gaps(&flow.id, now - GAP_WINDOW, now - OUT_OF_ORDER).await?));
        }
        if let Some(pickup) = flow.target_as::<FilesTarget>().and_then(|files| files.pickup) {
            found.extend(uncollected(engine, flow, pickup, run).await?);
        }
    }
    found.extend(disk(engine));
    found.extend(endings.found.iter().cloned());
    found.retain(|condition| !alerts.off.iter().any(|kind| kind == condition.kind));
    Ok(Looked { conditions: found, unseen })
}

fn before(now: DateTime<Utc>, age: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(age).ok().and_then(|age| now.checked_sub_signed(age)).unwrap_or(DateTime::UNIX_EPOCH)
}

fn plural<'w>(count: u64, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

pub(super) fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// A condition of one flow.
fn of(flow: &str, kind: &'static str, text: String, hint: String, count: u64, since: Option<DateTime<Utc>>) -> AlertCondition {
    AlertCondition { key: format!("{kind}/{flow}"), kind, flow: Some(flow.to_string()), text, hint, count, since }
}

async fn failed(engine: &Engine, flow: &str, count: u64) -> Result<AlertCondition, Problem> {
    let troubles = engine.journal().troubles(&[flow.to_string()], CAUSES).await?;
    let causes: Vec<String> = troubles.iter().map(|trouble| format!("{} × {}", trouble.messages, trouble.sentence)).collect();
    let text = format!("{count} {} of {flow} failed: {}", plural(count, "message", "messages"), causes.join("; "));
    Ok(of(flow, "failed", text, format!("consign errors {flow}"), count, None))
}

fn stays(kind: &'static str, what: &str, staying: &Stuck) -> AlertCondition {
    let Stuck { flow, count, since } = staying;
    let (messages, are) = (plural(*count, "message", "messages"), plural(*count, "is", "are"));
    let text = format!("{count} {messages} of {flow} {are} {what}, the first since {}", minute(*since));
    of(flow, kind, text, format!("consign errors {flow}"), *count, Some(*since))
}

/// Documents that a partner has not acknowledged in time.
fn overdue(staying: &Stuck) -> AlertCondition {
    let Stuck { flow, count, since } = staying;
    let (documents, are) = (plural(*count, "document", "documents"), plural(*count, "is", "are"));
    let text = format!("{count} {documents} of {flow} {are} not acknowledged; the first was due by {}", minute(*since));
    of(flow, "overdue", text, format!("ask the partner; to list them: consign log {flow} --answer overdue"), *count, Some(*since))
}

/// Documents that a partner refused.
fn refused(staying: &Stuck) -> AlertCondition {
    let Stuck { flow, count, since } = staying;
    let text =
        format!("{count} {} of {flow} refused by the partner, the first at {}", plural(*count, "document", "documents"), minute(*since));
    let hint = format!("list them: consign log {flow} --answer refused; then resend, or record: consign answer ID --accepted --reason …");
    of(flow, "refused", text, hint, *count, Some(*since))
}

/// A flow whose runs have failed for a while.
fn unable(flow: &Flow, run: &FlowRuns, before: DateTime<Utc>) -> Option<AlertCondition> {
    let (since, problem) = (run.failing_since.filter(|since| *since <= before)?, run.problems.first()?);
    let text = format!("{} has not been able to run since {}: {}", flow.id, minute(since), problem.message);
    let hint = problem.hint.clone().unwrap_or_else(|| format!("consign explain {}; consign doctor", problem.code.as_str()).into());
    Some(of(&flow.id, "unable", text, hint.into(), 1, Some(since)))
}

/// A flow that was paused, and perhaps forgotten.
fn paused(flow: &str, pause: &Pause, now: DateTime<Utc>) -> Option<AlertCondition> {
    let why = pause.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let text = format!("{flow} has been paused since {} by {}{why}", minute(pause.at), pause.who);
    (pause.at <= now - FORGOTTEN).then(|| of(flow, "paused", text, format!("consign resume {flow}"), 1, Some(pause.at)))
}

/// A flow that missed its schedule: the process is down, or hangs.
fn stopped(flow: &Flow, run: &FlowRuns, now: DateTime<Utc>) -> Option<AlertCondition> {
    let due = flow.schedule.last(now - LATE)?;
    let hangs = run.ended.is_none() && run.began < now - LONG;
    let missed = run.began < due && run.ended.is_some();
    if !hangs && !missed {
        return None;
    }
    let text = match hangs {
        true => format!("a run of {} that started at {} has not ended", flow.id, minute(run.began)),
        false => format!("{} has not run since {}; it was due at {}", flow.id, minute(run.began), minute(due)),
    };
    Some(of(&flow.id, "stopped", text, "check that `consign run` is running, and its log".into(), 1, Some(run.began)))
}

/// Nothing was received or sent between the last two expected times. `watched`: since when the flow runs without a pause.
fn silent(
    flow: &Flow,
    expect: &Schedule,
    last_came: Option<DateTime<Utc>>,
    watched: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<AlertCondition> {
    let due = expect.last(now)?;
    let from = expect.last(due - TimeDelta::seconds(1))?;
    // Nothing can be said about the time before the first run, or of a pause.
    if watched.max(last_came.unwrap_or(watched)) > from {
        return None;
    }
    let what = if flow.direction() == Direction::In { "received" } else { "sent" };
    let last = last_came.map_or("never before".to_string(), |last| format!("last at {}", minute(last)));
    let text = format!("{} has {what} nothing ({last}); something was expected by {}", flow.id, minute(due));
    let hint = match flow.direction() {
        Direction::In => "ask the partner whether its export runs; `consign drops` shows the files on the drop",
        Direction::Out => "check in Odoo that records are ready for this flow",
    };
    Some(of(&flow.id, "silent", text, hint.into(), 1, Some(due)))
}

fn gap(flow: &Flow, gaps: &[Gap]) -> Option<AlertCondition> {
    let (first, count) = (gaps.first()?, gaps.iter().map(|gap| gap.to - gap.from + 1).sum::<i64>());
    let one = |gap: &Gap| if gap.from == gap.to { gap.from.to_string() } else { format!("{}-{}", gap.from, gap.to) };
    let missing: Vec<String> = gaps.iter().take(10).map(one).collect();
    let more = if gaps.len() > 10 { " and more" } else { "" };
    let count = u64::try_from(count).unwrap_or_default();
    let text = format!("{} of {} not received: {}{more}", plural(count, "a number", "numbers"), flow.id, missing.join(", "));
    let hint = "ask the partner for these files; if they do not exist: consign alerts --mute gap/".to_string() + &flow.id;
    Some(of(&flow.id, "gap", text, hint, count, Some(first.noticed)))
}

async fn uncollected(engine: &Engine, flow: &Flow, pickup: Duration, run: &FlowRuns) -> Result<Option<AlertCondition>, Problem> {
    // Only files that the last run still saw.
    let Some(seen) = run.ended.map(|_| run.began) else { return Ok(None) };
    let mut late = engine.journal().uncollected(&flow.id).await?;
    late.retain(|message| message.updated <= before(seen, pickup));
    let Some(first) = late.first() else { return Ok(None) };
    let count = late.len() as u64;
    let (files, lie) = (plural(count, "a file", "files"), plural(count, "is", "are"));
    let text = format!("{files} of {} {lie} on the drop, not collected: `{}` since {}", flow.id, first.name, minute(first.updated));
    let hint = "ask the partner whether its collection job runs; `consign drops` lists the files".into();
    Ok(Some(of(&flow.id, "uncollected", text, hint, count, Some(first.updated))))
}

fn disk(engine: &Engine) -> Option<AlertCondition> {
    let (root, wanted) = (engine.storage().root(), engine.workspace().alerts.disk);
    let free = engine.storage().free()? >> 20;
    if free >= wanted {
        return None;
    }
    let text = format!("only {free} MiB are free in the storage ({}); the minimum is {wanted}", root.display());
    let hint = "free some space, or keep less: [keep] in consign.toml".into();
    Some(AlertCondition { key: "disk/storage".into(), kind: "disk", flow: None, text, hint, count: 1, since: None })
}
