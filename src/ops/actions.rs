//! Actions of a person on messages: reprocess, hold, release, discard, resolve. Each is refused if the message's stage does not allow it.

use crate::{
    endpoint::ALIVE,
    journal::{Answered, AuditEntry, Filter},
    model::{Code, Intent, Message, Outcome, Problem, ReprocessOptions, Stage, answer::AckStatus},
    pipeline::{Engine, mapping_store},
};

/// Reprocesses a message. The next run of its flow processes it, here or in the running consign.
///
/// # Errors
/// The message is in progress, its original is gone, an edited copy has replaced it, or the options do not apply to it.
pub async fn again(engine: &Engine, message: &mut Message, again: ReprocessOptions, entry: &AuditEntry) -> Result<(), Problem> {
    if !message.pipeline().maps() && (again.as_then || again.overwrite) {
        let text = format!("message {} is outbound: it has no mapping and overwrites nothing", message.id.short());
        return Err(Problem::new(Code::Usage, text).hint("an outbound document can be rendered again, or resent unchanged"));
    }
    if !message.pipeline().maps() && again.checked && message.stored.is_empty() {
        let text = format!("message {} has no document yet that could be resent", message.id.short());
        return Err(Problem::new(Code::Usage, text).hint("to render it: consign reprocess"));
    }
    if again.checked && message.sequence.is_none() && is_numbered(engine, message) {
        let text = format!("message {} returned its number when it failed, but its document still contains it", message.id.short());
        return Err(Problem::new(Code::Usage, text).hint(format!("to render the document again: consign reprocess {}", message.id.short())));
    }
    if message.stage == Stage::Discarded {
        let copies = engine.journal().list(&Filter { parent: Some(message.id), limit: 100, ..Filter::default() }).await?;
        if let Some(copy) = copies.iter().find(|copy| copy.edited && copy.stage != Stage::Discarded) {
            let text = format!("message {} is replaced by its edited copy {}", message.id.short(), copy.id.short());
            let hint = match copy.stage {
                Stage::Done => format!("to reprocess the copy: consign reprocess {}", copy.id.short()),
                _ => format!("to reprocess the copy: consign reprocess {0}; to discard it first: consign discard {0}", copy.id.short()),
            };
            return Err(Problem::new(Code::Stage, text).hint(hint));
        }
    }
    if again.as_then {
        mapping_store::load(engine.storage(), message).await?;
    }
    let mut entry = entry.clone();
    let options = [
        (again.checked, "without validation"),
        (again.as_then, "with the original mapping"),
        (again.overwrite, "overwriting newer values"),
    ];
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

/// Holds a message: it is not processed until a person releases it.
///
/// # Errors
/// The message is at rest, or in a stage that must be completed first.
pub async fn hold(engine: &Engine, message: &mut Message, entry: &AuditEntry) -> Result<(), Problem> {
    if message.stage.is_at_rest() {
        let text = format!("message {} is {}: it cannot be held", message.id.short(), message.stage);
        return Err(Problem::new(Code::Stage, text));
    }
    engine.journal().hold_back(message, entry, engine.clock().now()).await
}

/// Releases a held message.
///
/// # Errors
/// The message is not held, or its original is gone.
pub async fn release(engine: &Engine, message: &mut Message, entry: &AuditEntry) -> Result<(), Problem> {
    if message.stage != Stage::Held {
        let text = format!("message {} is {}, not held", message.id.short(), message.stage);
        return Err(Problem::new(Code::Stage, text).hint("to reprocess a message that is done or failed: `consign reprocess`"));
    }
    engine.release(message, entry).await
}

/// Discards a message: it is not processed any further and no longer reported as a failure. Returns the effects whose outcome is
/// unknown.
///
/// # Errors
/// The message has had its effect, or is done.
pub async fn discard(engine: &Engine, message: &mut Message, entry: &AuditEntry) -> Result<Vec<Intent>, Problem> {
    engine.journal().discard(message, entry, engine.clock().now()).await
}

/// Records a person's decision whether effects with unknown outcome took place: all undecided ones of a message, or the one with the
/// number `only`. Returns the decided effects.
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
        let text = "a decision needs a reason, for the audit log";
        return Err(Problem::new(Code::Usage, text));
    }
    let lands = ALIVE + engine.site().lands_within(&message.odoo);
    engine.journal().resolve(message, only, outcome, entry, (engine.clock().now(), lands)).await
}

/// Records the acknowledgement of a document that we sent, as a person knows it: by telephone or on paper.
///
/// # Errors
/// No acknowledgement is expected for the message.
pub async fn settle(engine: &Engine, message: &Message, reply: AckStatus, entry: &AuditEntry) -> Result<(), Problem> {
    let now = engine.clock().now();
    let answered = Answered { reply, note: entry.reason.clone(), by_message: None, mark: None };
    if engine.journal().answer(message.id).await?.is_none() {
        let text = format!("message {} expects no acknowledgement", message.id.short());
        return Err(Problem::new(Code::Stage, text).hint("only outbound flows with an [answer] expect acknowledgements"));
    }
    engine.journal().answered(message, &answered, Some(entry), now).await.map(|_| ())
}
