//! `consign alerts`: the active alerts, for people, cron and monitoring systems. Exits 0 if there are none.

use serde_json::json;

use super::{Context, Exit, selection_args::By};
use crate::{
    model::{Code, Problem, Problems, problem::shown},
    ops::alerts::{self, certificates::Endings, deliver, rules, text},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Send new alerts, as `consign run` does; for workspaces where cron runs `consign run --once`.
    #[arg(long, conflicts_with_all = ["mute", "try"])]
    tell: bool,
    /// Send a test alert to the mail addresses and webhook of [alerts].
    #[arg(long)]
    r#try: bool,
    /// Mute this alert until it resolves.
    #[arg(long, alias = "silence", value_name = "KEY", conflicts_with = "try")]
    mute: Option<String>,
    #[command(flatten)]
    by: By,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    let now = engine.clock().now();
    let channels = engine.workspace().alerts.channels();
    if args.r#try || (args.tell && channels.is_empty()) {
        if channels.is_empty() {
            let problem = Problem::new(Code::Usage, "alerts have no channel: consign.toml has neither [alerts.mail] nor a `webhook`");
            return Err(Problems::from(problem.hint("add one; docs/configuration.md shows [alerts]")));
        }
        let body = text::trial(engine.workspace(), now);
        let mut problems = Vec::new();
        for channel in channels {
            match deliver::one(&engine, channel, &body).await {
                Ok(()) => context.out.line(format!("{channel}: sent")),
                Err(problem) => problems.push(problem),
            }
        }
        return Problems::check(problems).map(|()| Exit::Fine);
    }
    if let Some(key) = &args.mute {
        let entry = crate::journal::AuditEntry { detail: Some(key.clone()), ..args.by.entry("mute") };
        if !engine.journal().mute(key, &entry, now).await? {
            let on: Vec<String> = engine.journal().alerts().await?.into_iter().map(|alert| alert.key).collect();
            let hint = if on.is_empty() { "no alert is active".to_string() } else { format!("active alerts: {}", on.join(", ")) };
            return Err(Problems::from(Problem::new(Code::Usage, format!("there is no alert `{key}`")).hint(hint)));
        }
        context.out.line(format!("{key} is muted until it resolves"));
        return Ok(Exit::Fine);
    }
    let endings = Endings::of(&engine).await;
    let conditions = match args.tell {
        true => alerts::look(&engine, &endings, now).await?.conditions,
        false => rules::look(&engine, &endings, now).await?.conditions,
    };
    let unreported = if args.tell { deliver::all(&engine).await? } else { Vec::new() };
    let known = engine.journal().alerts().await?;
    let is_muted = |key: &str| known.iter().any(|alert| alert.key == key && alert.muted);
    context.out.data(&json!({ "alerts": conditions, "unseen": endings.unseen, "unreported": unreported }));
    if conditions.is_empty() {
        context.out.line("no active alerts");
    }
    for condition in &conditions {
        let known = if is_muted(&condition.key) { "  (muted)" } else { "" };
        context.out.line(format!("{}{known}\n    {}\n    fix: {}", condition.key, shown(&condition.text), shown(&condition.hint)));
    }
    if !context.out.json {
        context.out.problems(&unreported);
    }
    engine.journal().close().await;
    Ok(match (unreported.is_empty(), conditions.iter().all(|condition| is_muted(&condition.key))) {
        (false, _) => Exit::Unable,
        (true, false) => Exit::Problems,
        (true, true) => Exit::Fine,
    })
}
