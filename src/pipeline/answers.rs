//! Partners' acknowledgements of our documents, received as documents.

use super::{Engine, Run};
use crate::{
    config::{FilesTarget, Flow},
    journal::Answered,
    model::{
        Code, Message, Problem, Problems,
        answer::Acknowledgement,
        problem::{cut, shown},
    },
};

/// Characters to store of a partner's note.
const WORDS: usize = 500;

/// Finds the documents that acknowledgements refer to; one that matches no sent document is a problem.
pub(super) async fn matched(run: &Run<'_>, answers: &[Acknowledgement]) -> Result<Vec<Message>, Problems> {
    let (engine, flow) = (run.engine, run.flow);
    let awaits = |other: &&Flow| other.target_as::<FilesTarget>().is_some_and(|files| files.answer.is_some());
    let theirs = |other: &&Flow| other.partner == flow.partner && awaits(other);
    let flows: Vec<String> = engine.workspace().flows.values().filter(theirs).map(|flow| flow.id.clone()).collect();
    let (mut messages, mut problems) = (Vec::new(), Vec::new());
    for answer in answers {
        match engine.journal().answered_by(&flows, &answer.number).await? {
            Some(message) => messages.push(message),
            None => {
                let hint = match flows.as_slice() {
                    [] => format!("no outbound flow of the partner {} has an [answer]", flow.partner),
                    flows => format!("searched in the documents of {} that expect an acknowledgement", flows.join(", ")),
                };
                let text = format!("`{}` is not a sent document that awaits an acknowledgement", cut(&answer.number));
                problems.push(Problem::new(Code::AnswerUnknown, text).hint(hint));
            }
        }
    }
    Problems::check(problems).map(|()| messages)
}

/// Records acknowledgements at the documents that they refer to.
pub(super) async fn record(engine: &Engine, message: &Message, answers: &[(Acknowledgement, Message)]) -> Result<(), Problem> {
    for (answer, about) in answers {
        let note = answer.note.as_deref().map(|note| note.chars().take(WORDS).collect());
        let answered = Answered { reply: answer.reply, note, by_message: Some(message.id), mark: None };
        let now = engine.clock().now();
        if engine.journal().answered(about, &answered, None, now).await? {
            let text = format!("acknowledges {} (message {}): {}", shown(&about.name), about.id.short(), answer.reply.as_str());
            engine.journal().remark(message, &text, now).await?;
        }
    }
    Ok(())
}
