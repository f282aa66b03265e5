//! What a person does to messages: again, hold, release, discard. Each is refused where the message cannot take it.

use crate::{
    endpoint::ALIVE,
    journal::{Answered, AuditEntry, Filter},
    model::{Code, Intent, Message, Outcome, Problem, ReprocessOptions, Stage, answer::AckStatus},
    pipeline::{Engine, mapping_store},
};

/// Does a message again. It is carried by the next run of its flow, here or in the consign that runs.
///
/// # Errors
/// It is under way, its original is gone, an edited copy has its place, or what was asked for is not to be had for it.
pub async fn again(engine: &Engine, message: &mut Message, again: ReprocessOptions, entry: &AuditEntry) -> Result<(), Problem> {
    if !message.pipeline().maps() && (again.as_then || again.overwrite) {
        let text = format!("message {} was sent: it has no mapping, and overwrites nothing", message.id.short());
        return Err(Problem::new(Code::Usage, text).hint("a document that was sent is made again, or sent again as it is"));
    }
    if !message.pipeline().maps() && again.checked && message.stored.is_empty() {
        let text = format!("message {} has no document yet that could be sent again", message.id.short());
        return Err(Problem::new(Code::Usage, text).hint("make it again: consign reprocess"));
    }
    if again.checked && message.sequence.is_none() && is_numbered(engine, message) {
        let text = format!("message {} gave its number back when it failed, and its document has it still", message.id.short());
        return Err(Problem::new(Code::Usage, text).hint(format!("have the document made again: consign reprocess {}", message.id.short())));
    }
    if message.stage == Stage::Discarded {
        let copies = engine.journal().list(&Filter { parent: Some(message.id), limit: 100, ..Filter::default() }).await?;
        if let Some(copy) = copies.iter().find(|copy| copy.edited && copy.stage != Stage::Discarded) {
            let text = format!("message {} has its place taken by its edited copy {}", message.id.short(), copy.id.short());
            let hint = match copy.stage {
                Stage::Done => format!("process the copy again: consign reprocess {}", copy.id.short()),
                _ => format!("process the copy again: consign reprocess {0}; or discard it first: consign discard {0}", copy.id.short()),
            };
            return Err(Problem::new(Code::Stage, text).hint(hint));
        }
    }
    if again.as_then {
        mapping_store::load(engine.storage(), message).await?;
    }
    let mut entry = entry.clone();
    let options = [(again.checked, "behind its check"), (again.as_then, "with the mapping of that day"), (again.overwrite, "overwriting")];
    let options: Vec<&str> = options.into_iter().filter_map(|(on, what)| on.then_some(what)).collect();
    if !options.is_empty() {
        entry.detail = Some(options.join(", "));
    }
    engine.restart(message, again, &entry).await
}

/// Whether the flow of an outbound message numbers its files.
fn is_numbered(engine: &Engine, message: &Message) -> bool {
    let flow = engine.workspace().flows.get(&message.flow);
    flow.is_some_and(|flow| flow.outbound().is_some_and(|outbound| outbound.render.sequence.is_some()))
}

/// Holds a message: nothing is done with it until a person releases it.
///
/// # Errors
/// It is at rest, or at a stage that must come to its end first.
pub async fn hold(engine: &Engine, message: &mut Message, entry: &AuditEntry) -> Result<(), Problem> {
    if message.stage.is_at_rest() {
        let text = format!("message {} is {}: there is nothing to hold back", message.id.short(), message.stage);
        return Err(Problem::new(Code::Stage, text));
    }
    engine.journal().hold_back(message, entry, engine.clock().now()).await
}

/// Lets a message that is held go on.
///
/// # Errors
/// It is not held, or its original is gone.
pub async fn release(engine: &Engine, message: &mut Message, entry: &AuditEntry) -> Result<(), Problem> {
    if message.stage != Stage::Held {
        let text = format!("message {} is {}, not held", message.id.short(), message.stage);
        return Err(Problem::new(Code::Stage, text).hint("what is done or failed is done again with `consign reprocess`"));
    }
    engine.release(message, entry).await
}

/// Ends a message: nothing more is done with it, and it is no longer told as a failure. Gives the effects of which it is not known
/// whether they took place.
///
/// # Errors
/// It has had its effect, or is done.
pub async fn discard(engine: &Engine, message: &mut Message, entry: &AuditEntry) -> Result<Vec<Intent>, Problem> {
    engine.journal().discard(message, entry, engine.clock().now()).await
}

/// Decides, as a person who has looked, whether effects took place of which consign cannot know: all of a message's that are undecided, or
/// the one with a number. Gives what was decided.
///
/// # Errors
/// No reason is given, or nothing is undecided.
pub async fn resolve(
    engine: &Engine,
    message: &mut Message,
    only: Option<i64>,
    outcome: Outcome,
    entry: &AuditEntry,
) -> Result<Vec<Intent>, Problem> {
    if entry.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        let text = "a decision needs a reason: it is what is asked first when someone looks at it later";
        return Err(Problem::new(Code::Usage, text));
    }
    let lands = ALIVE + engine.site().lands_within(&message.odoo);
    engine.journal().resolve(message, only, outcome, entry, (engine.clock().now(), lands)).await
}

/// Settles the answer to a document that we sent, as a person knows it: by telephone, by a paper.
///
/// # Errors
/// The message is to have no answer.
pub async fn settle(engine: &Engine, message: &Message, reply: AckStatus, entry: &AuditEntry) -> Result<(), Problem> {
    let now = engine.clock().now();
    let answered = Answered { reply, note: entry.reason.clone(), by_message: None, mark: None };
    if engine.journal().answer(message.id).await?.is_none() {
        let text = format!("message {} is to have no answer", message.id.short());
        return Err(Problem::new(Code::Stage, text).hint("answers are expected by flows out with an [answer]"));
    }
    engine.journal().answered(message, &answered, Some(entry), now).await.map(|_| ())
}
