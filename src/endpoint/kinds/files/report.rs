//! The report that lies beside a refused file on the partner's side: what is wrong with the document, in the partner's language, and
//! nothing of our own house.

use crate::model::{
    Message, Place, Problem,
    codes::Who,
    i18n::{Label, Language},
    problem::shown,
};

/// The report for the partner.
pub fn partner_report(message: &Message, problems: &[Problem], language: Language) -> String {
    let head = language.word(Label::Refused).replace("{id}", &message.id.short()).replace("{name}", &shown(&message.name));
    let mut text = format!("{head}\n\n");
    for problem in problems {
        let told = told(problem, language);
        text.push_str(&format!("{}: {}\n", problem.code.as_str(), shown(&told)));
        if !problem.place.is_unknown() {
            text.push_str(&format!("  {}\n", place(&problem.place, language)));
        }
        match (problem.who, &problem.hint) {
            (Who::Partner, Some(hint)) => {
                let hint = language.sentence(hint).unwrap_or_else(|| language.advice(problem.code).to_string());
                text.push_str(&format!("  {}\n", shown(&hint)));
            }
            (Who::Partner, None) => {}
            _ => text.push_str(&format!("  {}\n", language.word(Label::Wait))),
        }
        text.push('\n');
    }
    text
}

/// A problem in a sentence for the partner. Sentences about our own house, Odoo's among them, are not the partner's business.
pub fn told(problem: &Problem, language: Language) -> String {
    match (problem.who, language) {
        (Who::Partner, _) => {
            language.sentence(&problem.message).unwrap_or_else(|| format!("{} (en: {})", language.title(problem.code), problem.message))
        }
        (_, Language::English) => problem.code.info().title.to_string(),
        _ => language.word(Label::Ours).to_string(),
    }
}

fn place(place: &Place, language: Language) -> String {
    let (line, column) = (language.word(Label::Line), language.word(Label::Column));
    let mut text = shown(place.file.as_deref().unwrap_or_default());
    match (place.line, &place.field, place.column) {
        (Some(at), Some(field), _) => text.push_str(&format!(", {line} {at}, {column} \"{}\"", shown(field))),
        (Some(at), None, Some(character)) => text.push_str(&format!(", {line} {at}, {column} {character}")),
        (Some(at), None, None) => text.push_str(&format!(", {line} {at}")),
        (None, ..) => {}
    }
    // A row's path is ours, not the partner's: its line and column say all.
    if let (Some(path), None) = (&place.path, &place.field) {
        text.push_str(&format!("  {}", shown(path)));
    }
    text.trim_start_matches([',', ' ']).to_string()
}
