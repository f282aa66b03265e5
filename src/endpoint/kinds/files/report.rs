//! The report beside a refused file on the partner's server: what is wrong with the document, in the partner's language, without our
//! internals.

use crate::model::{
    Message, Place, Problem,
    codes::Who,
    i18n::{Language, Sentence, say},
    problem::shown,
};

/// The report for the partner.
pub fn partner_report(message: &Message, problems: &[Problem], language: Language) -> String {
    let own = |sentence: Sentence| language.say(&sentence).unwrap_or_default();
    let head = own(say!("report-refused", id = message.id.short(), name = shown(&message.name)));
    let mut text = format!("{head}\n\n");
    for problem in problems {
        let reported = reported(problem, language);
        text.push_str(&format!("{}: {}\n", problem.code.as_str(), shown(&reported)));
        if !problem.place.is_unknown() {
            text.push_str(&format!("  {}\n", place(&problem.place, language)));
        }
        match (problem.who, &problem.hint) {
            (Who::Partner, Some(hint)) => {
                let hint = hint.in_language(language).unwrap_or_else(|| language.advice(problem.code));
                text.push_str(&format!("  {}\n", shown(&hint)));
            }
            (Who::Partner, None) => {}
            _ => text.push_str(&format!("  {}\n", own(say!("report-wait")))),
        }
        text.push('\n');
    }
    text
}

/// A problem as a sentence for the partner. Sentences about our internals, such as Odoo's, are left out.
pub fn reported(problem: &Problem, language: Language) -> String {
    match (problem.who, language) {
        (Who::Partner, _) => {
            problem.message.in_language(language).unwrap_or_else(|| format!("{} (en: {})", language.title(problem.code), problem.message))
        }
        (_, Language::English) => problem.code.info().title.to_string(),
        _ => language.say(&say!("report-ours")).unwrap_or_default(),
    }
}

fn place(place: &Place, language: Language) -> String {
    let mut text = shown(place.file.as_deref().unwrap_or_default());
    let at = match (place.line, &place.field, place.column) {
        (Some(line), Some(field), _) => Some(say!("report-line-field", line = line, field = shown(field))),
        (Some(line), None, Some(column)) => Some(say!("report-line-column", line = line, column = column)),
        (Some(line), None, None) => Some(say!("report-line", line = line)),
        (None, ..) => None,
    };
    if let Some(at) = at.and_then(|at| language.say(&at)) {
        text.push_str(&format!(", {at}"));
    }
    // The path of a row is internal; its line and column are enough.
    if let (Some(path), None) = (&place.path, &place.field) {
        text.push_str(&format!("  {}", shown(path)));
    }
    text.trim_start_matches([',', ' ']).to_string()
}
