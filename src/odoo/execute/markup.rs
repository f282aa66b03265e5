//! Escapes texts for HTML fields: a partner's value is text, never markup.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::model::{
    Plan,
    catalog::Catalog,
    plan::{PlanValue, Record},
};

/// The plan with every text for an HTML field escaped.
pub(super) fn escaped<'p>(plan: &'p Plan, catalog: &Catalog) -> Cow<'p, Plan> {
    if !plan.steps.iter().any(|step| step.records.iter().any(|record| has_html(record, &step.model, catalog))) {
        return Cow::Borrowed(plan);
    }
    let mut plan = plan.clone();
    for step in &mut plan.steps {
        let model = step.model.clone();
        step.records.iter_mut().for_each(|record| escape(record, &model, catalog));
    }
    Cow::Owned(plan)
}

fn is_html(catalog: &Catalog, model: &str, field: &str) -> bool {
    catalog.field(model, field).is_some_and(|known| known.kind == "html")
}

fn lines_model(catalog: &Catalog, model: &str, field: &str, named: &str) -> String {
    let relation = || catalog.field(model, field).and_then(|known| known.relation.clone()).unwrap_or_default();
    if named.is_empty() { relation() } else { named.to_string() }
}

fn has_html(record: &Record, model: &str, catalog: &Catalog) -> bool {
    record.fields.iter().any(|field| match &field.value {
        PlanValue::Literal(Json::String(_)) => is_html(catalog, model, &field.name),
        PlanValue::Lines(lines) => {
            let of = lines_model(catalog, model, &field.name, &lines.model);
            lines.records.iter().any(|line| has_html(line, &of, catalog))
        }
        PlanValue::Find(find) => find.create.as_ref().is_some_and(|create| has_html(create, &find.model, catalog)),
        _ => false,
    })
}

fn escape(record: &mut Record, model: &str, catalog: &Catalog) {
    for field in &mut record.fields {
        let html = is_html(catalog, model, &field.name);
        match &mut field.value {
            PlanValue::Literal(Json::String(text)) if html => *text = markup(text),
            PlanValue::Lines(lines) => {
                let of = lines_model(catalog, model, &field.name, &lines.model);
                lines.records.iter_mut().for_each(|line| escape(line, &of, catalog));
            }
            PlanValue::Find(find) => {
                let of = find.model.clone();
                if let Some(create) = find.create.as_mut() {
                    escape(create, &of, catalog);
                }
            }
            _ => {}
        }
    }
}

/// A text as HTML: special characters as references, lines separated.
fn markup(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    escaped.lines().map(str::trim_end).collect::<Vec<_>>().join("<br>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_partners_text_is_markup() {
        assert_eq!(markup("<a href=\"x\">Ramp & 4</a>\nleft"), "&lt;a href=&quot;x&quot;&gt;Ramp &amp; 4&lt;/a&gt;<br>left");
    }
}
