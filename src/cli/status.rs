//! `consign status`: shows every flow at a glance.

use serde_json::json;

use super::{Context, Exit, output};
use crate::model::{Problems, Stage};

#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(context: &Context, _: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    let stage_counts = engine.journal().stage_counts().await?;
    let (now, pauses) = (engine.clock().now(), engine.journal().pauses().await?);
    let mut rows = Vec::new();
    let mut data = Vec::new();
    for flow in engine.workspace().flows.values() {
        let of = |stages: &[Stage]| {
            stage_counts
                .iter()
                .filter(|stage_count| stage_count.flow == flow.id && stages.contains(&stage_count.stage))
                .map(|stage_count| stage_count.count)
                .sum::<u64>()
        };
        let last = stage_counts.iter().filter(|stage_count| stage_count.flow == flow.id).map(|stage_count| stage_count.last).max();
        let (done, failed, held, waiting) = (of(&[Stage::Done]), of(&[Stage::Failed]), of(&[Stage::Held]), of(&[Stage::Waiting]));
        let under_way = of(&[Stage::Received, Stage::Checked, Stage::Planned, Stage::Staged, Stage::Applied]);
        let next = if flow.enabled { flow.schedule.next(now) } else { None };
        let pause = pauses.get(&flow.id);
        let shown = match (flow.enabled, next) {
            (false, _) => "off".to_string(),
            (true, _) if pause.is_some() => "paused".to_string(),
            (true, Some(next)) => output::at(next),
            (true, None) => "manual".to_string(),
        };
        let counts = [done, failed, held, waiting, under_way].map(|count| count.to_string());
        let mut row = vec![flow.id.clone(), flow.direction().as_str().to_string(), flow.partner.clone(), flow.schedule.to_string(), shown];
        row.extend(counts);
        row.push(last.map(output::at).unwrap_or_default());
        rows.push(row);
        data.push(json!({"flow": flow.id, "about": flow.about, "direction": flow.direction(), "partner": flow.partner, "enabled": flow.enabled, "pause": pause, "schedule": flow.schedule.to_string(),
                         "next": next, "last": last, "done": done, "failed": failed, "held": held, "waiting": waiting, "under_way": under_way}));
    }
    context.out.data(&data);
    context.out.line(output::table(
        &["flow", "", "partner", "schedule", "next run (UTC)", "done", "failed", "held", "waiting", "under way", "last change (UTC)"],
        &rows,
    ));
    for (flow, pause) in pauses.iter().filter(|(flow, _)| !engine.workspace().flows.contains_key(*flow)) {
        context.out.line(format!("{flow} is paused since {} and is not in the workspace: consign resume {flow}", output::at(pause.at)));
    }
    Ok(Exit::Fine)
}
