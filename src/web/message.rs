//! The page of a message: its history, and its original.

use std::{collections::HashMap, convert::Infallible, io::Read as _, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value as Json;

use super::{Site, person::Person, pretty, refusal::Refusal, values::values};
use crate::{
    journal::AnswerRow,
    model::{Code, Intent, Message, Outcome, Problem, Stage, answer::AckStatus, names::encoded, problem::reason},
    ops::{
        edit::{EditableText, LARGEST},
        message_detail::{self, MessageDetail},
        source_snippet::Lines,
    },
};

/// Maximum number of bytes shown of an original; the rest can be downloaded.
const SHOWN: u64 = 512 << 10;
/// Chunk size of a download, in bytes.
const PART: usize = 64 << 10;
/// Maximum number of characters shown of a line.
const WIDE: usize = 2000;
/// Maximum number of lines shown of an original.
const LINES: usize = 5000;
/// Maximum number of lines shown of a plan.
const PLANNED: usize = 200;

/// The message with this id, or a part of it.
pub(super) async fn found(site: &Site, id: &str) -> Result<Message, Refusal> {
    Ok(site.engine.journal().find(id).await?)
}

/// The actions that are possible for a message.
pub(super) fn may(message: &Message, answer: Option<&AnswerRow>, intents: &[Intent]) -> Vec<&'static str> {
    let at_rest = message.stage.is_at_rest();
    let (inbound, original) = (message.pipeline().maps(), !message.stored.is_empty());
    let unclear = message.stage == Stage::Held && message.code == Some(Code::Uncertain);
    let needs_a_person = intents.iter().any(Intent::needs_a_person);
    // Consign checks first; a person is needed only after that.
    let undecided = needs_a_person && (unclear || matches!(message.stage, Stage::Failed | Stage::Discarded));
    let is_open = needs_a_person || intents.iter().any(|intent| intent.closed.is_none());
    let is_refused = undecided && message.stage == Stage::Discarded;
    let has_its_effect = message.stage == Stage::Applied || message.resume == Some(Stage::Applied);
    let answered = !inbound && message.stage == Stage::Done && answer.is_some();
    let all = [
        ("happened", undecided),
        ("did-not-happen", undecided),
        (
            "reprocess",
            !is_refused && (at_rest && (inbound || message.stage != Stage::Done)) || matches!(message.stage, Stage::Held | Stage::Waiting),
        ),
        ("release", message.stage == Stage::Held),
        ("edit", inbound && original && !is_open && (at_rest || message.stage == Stage::Held) && message.size <= LARGEST),
        ("resend", !inbound && original && message.stage == Stage::Done),
        ("hold", !at_rest && !has_its_effect),
        ("discard", matches!(message.stage, Stage::Failed | Stage::Held | Stage::Waiting) && !has_its_effect),
        ("accepted", answered && answer.is_some_and(|answer| answer.reply != AckStatus::Accepted)),
        ("refused", answered && answer.is_some_and(|answer| answer.reply != AckStatus::Refused)),
    ];
    all.into_iter().filter_map(|(action, may)| may.then_some(action)).collect()
}

/// The page of a message.
pub(super) async fn page(State(site): State<Arc<Site>>, person: Person, Path(id): Path<String>) -> Result<Response, Refusal> {
    let message = found(&site, &id).await?;
    let life = message_detail::load(&site.engine, message).await?;
    let of_run: Vec<Intent> = life.intents.iter().filter(|intent| intent.run == life.message.run).cloned().collect();
    let actions = may(&life.message, life.answer.as_ref(), &of_run);
    let effects: Vec<Json> = life.intents.iter().map(effect).collect();
    let problems = problems(&site, &life).await;
    let plan = {
        let _turn = site.heavy().await?;
        message_detail::plan(&site.engine, &life.message).await.map(|plan| planned(&plan)).unwrap_or_default()
    };
    let records = life.records.len();
    site.pages.page("message.html", Some(&person), values! { life, problems, plan, actions, records, effects })
}

/// The effects of a message, with their outcomes.
pub(super) fn effect(intent: &Intent) -> Json {
    let ended = match intent.outcome() {
        None => "open",
        Some(Outcome::Happened) => "took place",
        Some(Outcome::NotHappened) => "did not take place",
        Some(Outcome::Unknown) => "unknown",
    };
    values! { opened => intent.opened, what => intent.effect.to_string(), ended, undecided => intent.needs_a_person() }
}

/// The problems of the last attempt, each with its source line, marked.
async fn problems(site: &Site, life: &MessageDetail) -> Vec<Json> {
    let problems = life.problems();
    let all = problems.to_vec();
    let lines = message_detail::original_lines(&site.engine, &life.message, &all).await;
    let one = |problem: &Problem| {
        let (before, behind) = lines.around(problem).unwrap_or_default();
        let tabs = |text: String| text.replace('\t', " ");
        values! { problem, title => problem.code.info().title, text => problem.code.info().text,
        before => tabs(before), behind => tabs(behind), place => problem.place.to_string() }
    };
    problems.iter().map(one).collect()
}

/// The lines of a plan, up to the maximum.
fn planned(plan: &Json) -> Vec<String> {
    let mut lines = Vec::new();
    for step in plan["steps"].as_array().into_iter().flatten() {
        for record in step["records"].as_array().into_iter().flatten() {
            lines.push(step["model"].as_str().unwrap_or_default().to_string());
            fields(&record["values"], 1, &mut lines);
            if lines.len() >= PLANNED {
                lines.truncate(PLANNED);
                lines.push("…".into());
                return lines;
            }
        }
    }
    lines
}

fn fields(values: &Json, depth: usize, lines: &mut Vec<String>) {
    let indent = "    ".repeat(depth);
    for field in values.as_array().into_iter().flatten() {
        if lines.len() >= PLANNED {
            return;
        }
        let (name, value) = (field[0].as_str().unwrap_or_default(), &field[1]);
        if let Some(records) = value["lines"]["records"].as_array() {
            lines.push(format!("{indent}{name}"));
            for (number, record) in records.iter().enumerate().take(PLANNED) {
                lines.push(format!("{indent}    {}.", number + 1));
                fields(&record["values"], depth + 2, lines);
            }
            continue;
        }
        let text = match (&value["literal"], &value["find"]) {
            (Json::Null, find) if find.is_object() => sought(find),
            (Json::Null, _) => value.to_string(),
            (literal, _) => literal.to_string(),
        };
        lines.push(format!("{indent}{name} = {}", text.chars().take(WIDE).collect::<String>()));
    }
}

/// A lookup as text: `the product.product with barcode 5701234000013 or default_code L-200`.
fn sought(find: &Json) -> String {
    let by = find["by"].as_array().into_iter().flatten().map(|by| {
        let value = by[1].as_str().map_or_else(|| by[1].to_string(), str::to_string);
        format!("{} {value}", by[0].as_str().unwrap_or_default())
    });
    format!("the {} with {}", find["model"].as_str().unwrap_or_default(), by.collect::<Vec<_>>().join(" or "))
}

/// The original as text, with line numbers; lines with problems are marked.
pub(super) async fn original(
    State(site): State<Arc<Site>>,
    person: Person,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Refusal> {
    let message = found(&site, &id).await?;
    let _turn = site.heavy().await?;
    let place = site.engine.storage().place(&message).await?;
    let unreadable = |error: std::io::Error| Problem::new(Code::OriginalLost, format!("cannot read the original ({})", reason(&error)));
    let bytes = tokio::task::block_in_place(|| {
        let mut bytes = Vec::new();
        std::fs::File::open(&*place)?.take(SHOWN).read_to_end(&mut bytes).map(|_| bytes)
    });
    let bytes = bytes.map_err(unreadable)?;
    let text = EditableText::of(&bytes).text;
    let (has_pretty, pretty) = (pretty::helps(&text), query.contains_key("pretty"));
    if pretty {
        let shown = pretty::lines(&text);
        let cut = message.size > bytes.len() as u64 || shown.len() > LINES;
        let lines: Vec<Json> =
            shown.iter().take(LINES).map(|text| values! { text => text.chars().take(WIDE).collect::<String>() }).collect();
        return site.pages.page("original.html", Some(&person), values! { message, lines, cut, has_pretty, pretty });
    }
    let cut = message.size > bytes.len() as u64 || text.lines().nth(LINES).is_some();
    let attempts = site.engine.journal().attempts(message.id).await?;
    let mut marked: HashMap<usize, String> = HashMap::new();
    for problem in attempts.last().map(|attempt| attempt.problems.as_slice()).unwrap_or_default() {
        if let Some(line) = problem.place.line {
            marked.entry(line as usize).or_insert_with(|| problem.message.to_string());
        }
    }
    let line = |(number, text): (usize, &str)| {
        let wide: String = text.chars().take(WIDE).collect();
        values! { number => number + 1, text => wide.replace('\t', "    "), mark => marked.get(&(number + 1)) }
    };
    let lines: Vec<Json> = text.lines().take(LINES).enumerate().map(line).collect();
    site.pages.page("original.html", Some(&person), values! { message, lines, cut, has_pretty, pretty })
}

/// The original as a download: the browser never displays it.
pub(super) async fn file(State(site): State<Arc<Site>>, _person: Person, Path(id): Path<String>) -> Result<Response, Refusal> {
    let message = found(&site, &id).await?;
    let turn = site.download()?;
    let bytes = site.engine.storage().read(&message).await?;
    let length = HeaderValue::from(bytes.len());
    let kept = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{}", encoded(&message.name).replace('/', "_")));
    let kept = kept.unwrap_or(HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static("application/octet-stream");
    let heads = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, kept), (header::CONTENT_LENGTH, length)];
    // The permit is released after the last chunk.
    let parts = stream::unfold((Bytes::from(bytes), turn), |(mut rest, turn)| async move {
        let part = rest.split_to(rest.len().min(PART));
        (!part.is_empty()).then_some((Ok::<_, Infallible>(part), (rest, turn)))
    });
    Ok((heads, Body::from_stream(parts)).into_response())
}

/// The lines of a text that have problems, for the page of an edited copy.
pub(super) fn marked(lines: &Lines, problems: &[Problem]) -> Vec<Json> {
    let one = |problem: &Problem| {
        let (before, behind) = lines.around(problem).unwrap_or_default();
        values! { problem, title => problem.code.info().title, before, behind, place => problem.place.to_string() }
    };
    problems.iter().map(one).collect()
}
