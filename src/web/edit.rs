//! Edited copies: the page shows the difference and a validation before the copy is processed.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Site,
    csrf::CheckedForm,
    message::{found, marked},
    person::Person,
    refusal::Refusal,
    values::values,
};
use crate::{
    model::{Code, Message, Problem, Problems, problem::reason},
    ops::{diff, edit, reprocess_preview::Previewer, source_snippet::Lines, users::Role},
};

/// The page with the text to edit.
pub(super) async fn page(State(site): State<Arc<Site>>, person: Person, Path(id): Path<String>) -> Result<Response, Refusal> {
    person.may(Role::Operator)?;
    let message = found(&site, &id).await?;
    let text = edit::text(&site.engine, &message).await?.text;
    let problems = site.engine.journal().attempts(message.id).await?.pop().map(|attempt| attempt.problems).unwrap_or_default();
    site.pages.page("edit.html", Some(&person), values! { message, text, problems, reason => "", difference => Vec::<String>::new() })
}

/// Checks the edited text, or processes it.
pub(super) async fn edit(State(site): State<Arc<Site>>, Path(id): Path<String>, posted: CheckedForm) -> Result<Response, Refusal> {
    let posted = posted.may(Role::Operator)?;
    let mut message = found(&site, &id).await?;
    let original = edit::text(&site.engine, &message).await?;
    let text = posted.fields.get("text").cloned().unwrap_or_default();
    let bytes = original.bytes(&text)?;
    if posted.has("process") {
        let copy = edit::edit(&site.engine, &mut message, &bytes, &posted.entry("edit")).await?;
        return Ok(Redirect::to(&format!("/messages/{}", copy.id)).into_response());
    }
    let (problems, lines) = tried(&site, &message, &bytes)?;
    let difference: Vec<String> = diff::lines(&original.text, &text.replace("\r\n", "\n")).lines().map(str::to_string).collect();
    let fine = problems.is_empty();
    let values = values! { message, text, reason => posted.field("reason"), difference, looked => true, fine,
    problems => problems, marked => marked(&lines, &problems) };
    site.pages.page("edit.html", Some(&posted.person), values)
}

/// Validates and plans the text, without calls to Odoo.
fn tried(site: &Site, message: &Message, bytes: &[u8]) -> Result<(Vec<Problem>, Lines), Problem> {
    let unwritten = |error: std::io::Error| Problem::new(Code::DropIo, format!("cannot check the text ({})", reason(&error)));
    let mut file = tempfile::NamedTempFile::new().map_err(unwritten)?;
    std::io::Write::write_all(&mut file, bytes).map_err(unwritten)?;
    Ok(tokio::task::block_in_place(|| {
        let problems = Previewer::new(&site.engine).check(message, file.path()).err().map(Problems::into_vec).unwrap_or_default();
        let lines = Lines::of(file.path(), &problems);
        (problems, lines)
    }))
}
