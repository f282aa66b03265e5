//! The first page: every flow at a glance, other active alerts, open failures.

use std::{collections::HashMap, sync::Arc};

use axum::{extract::State, response::Response};
use chrono::{Days, NaiveDate};
use serde::Serialize;

use super::{Site, person::Person, refusal::Refusal, values::values};
use crate::{
    config::Flow,
    journal::{DayOfMessages, FlowRuns, Pause, StageCount},
    model::{Problem, Stage},
};

/// Days in the charts.
pub(super) const DAYS: u64 = 14;
/// Maximum number of causes shown on the first page.
const CAUSES: u32 = 8;

/// A flow at a glance.
#[derive(Serialize)]
pub(super) struct Glance {
    pub id: String,
    pub about: String,
    pub partner: String,
    pub direction: &'static str,
    pub enabled: bool,
    pub pause: Option<Pause>,
    pub schedule: String,
    pub next: Option<String>,
    pub run: Option<FlowRuns>,
    pub counts: HashMap<&'static str, u64>,
    pub bars: Vec<Bar>,
    pub came: u64,
}

/// One day of a chart; heights are 0 to 20.
#[derive(Serialize)]
pub(super) struct Bar {
    pub day: NaiveDate,
    pub came: u64,
    pub failed: u64,
    pub x: u64,
    pub height: u64,
    pub bad: u64,
}

/// Every flow at a glance, with the days of its chart.
pub(super) async fn glances(site: &Site, only: Option<&str>) -> Result<Vec<Glance>, Problem> {
    let (journal, workspace) = (site.engine.journal(), site.engine.workspace());
    let now = site.engine.clock().now();
    let first = now.date_naive().checked_sub_days(Days::new(DAYS - 1)).unwrap_or_default();
    let (stage_counts, runs, days) = (journal.stage_counts().await?, journal.runs().await?, journal.days(first).await?);
    let pauses = journal.pauses().await?;
    let wanted = workspace.flows.values().filter(|flow| only.is_none_or(|only| flow.id == only));
    let glance = |flow: &Flow| {
        let bars = bars(first, days.iter().filter(|day| day.flow == flow.id));
        Glance {
            id: flow.id.clone(),
            about: flow.about.clone(),
            partner: flow.partner.clone(),
            direction: flow.direction().as_str(),
            enabled: flow.enabled,
            pause: pauses.get(&flow.id).cloned(),
            schedule: flow.schedule.to_string(),
            next: flow.enabled.then(|| flow.schedule.next(now)).flatten().map(|at| at.to_rfc3339()),
            run: runs.get(&flow.id).cloned(),
            counts: counts(stage_counts.iter().filter(|stage_count| stage_count.flow == flow.id)),
            came: bars.last().map(|bar| bar.came).unwrap_or_default(),
            bars,
        }
    };
    Ok(wanted.map(glance).collect())
}

fn counts<'t>(stage_counts: impl Iterator<Item = &'t StageCount>) -> HashMap<&'static str, u64> {
    let mut counts = HashMap::from([("done", 0), ("failed", 0), ("held", 0), ("waiting", 0), ("discarded", 0), ("under_way", 0)]);
    for stage_count in stage_counts {
        let name = if Stage::UNDER_WAY.contains(&stage_count.stage) { "under_way" } else { stage_count.stage.as_str() };
        *counts.entry(name).or_default() += stage_count.count;
    }
    counts
}

fn bars<'d>(first: NaiveDate, days: impl Iterator<Item = &'d DayOfMessages>) -> Vec<Bar> {
    let known: HashMap<NaiveDate, &DayOfMessages> = days.map(|day| (day.day, day)).collect();
    let most = known.values().map(|day| day.came).max().unwrap_or_default().max(1);
    let bar = |(number, day): (u64, NaiveDate)| {
        let (came, failed) = known.get(&day).map_or((0, 0), |day| (day.came, day.failed));
        // Any number above zero is visible.
        let height = |count: u64| (count * 20).div_ceil(most).min(20);
        Bar { day, came, failed, x: number * 6, height: height(came), bad: height(failed.min(came)) }
    };
    (0..DAYS).zip(first.iter_days()).map(bar).collect()
}

/// The first page.
pub(super) async fn page(State(site): State<Arc<Site>>, person: Person) -> Result<Response, Refusal> {
    let journal = site.engine.journal();
    let flows = glances(&site, None).await?;
    let troubles = journal.troubles(&[], CAUSES).await?;
    // What failed, waits or is held is listed by its failures.
    let listed = |kind: &str| ["failed", "held", "waiting"].contains(&kind);
    let alerts: Vec<_> = journal.alerts().await?.into_iter().filter(|alert| alert.ended.is_none() && !listed(&alert.kind)).collect();
    site.pages.page("overview.html", Some(&person), values! { flows, troubles, alerts, now => site.engine.clock().now() })
}
