//! References of a plan to ids: one search for each model and key, however many records the document has.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value as Json, json};

use super::{Odoo, client::id_of};
use crate::model::{Problem, Problems, codes, plan::Find, problem::cut};

/// Values asked for in one search.
const CHUNK: usize = 1000;

/// A search: model, field and scope (as text, since JSON cannot be a key).
type Key = (String, String, String);

/// Answers to the references of a plan.
#[derive(Default)]
pub(super) struct Resolved {
    found: HashMap<Key, HashMap<String, Vec<i64>>>,
}

impl Resolved {
    /// The id a reference leads to. [`resolve`] has reported those that lead nowhere.
    pub(super) fn id(&self, find: &Find) -> Option<i64> {
        self.candidates(find).and_then(|ids| if let [one] = ids.as_slice() { Some(*one) } else { None })
    }

    /// What the first key with any match found.
    fn candidates(&self, find: &Find) -> Option<&Vec<i64>> {
        find.by.iter().find_map(|(field, value)| self.found.get(&key(find, field))?.get(&text(value)))
    }
}

fn key(find: &Find, field: &str) -> Key {
    (find.model.clone(), field.to_string(), Json::from(find.scope.clone()).to_string())
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// Looks all references up.
///
/// # Errors
/// Every reference that finds nothing or too much, or the one fault that kept us from asking.
pub(super) async fn resolve(odoo: &Odoo, finds: &[&Find]) -> Result<Resolved, Problems> {
    let mut searches: BTreeMap<Key, (Vec<Json>, Vec<Json>)> = BTreeMap::new();
    for find in finds {
        for (field, value) in &find.by {
            let (values, scope) = searches.entry(key(find, field)).or_default();
            scope.clone_from(&find.scope);
            values.push(value.clone());
        }
    }
    let mut resolved = Resolved::default();
    for (search, (mut values, scope)) in searches {
        values.sort_by_key(text);
        values.dedup();
        let found = resolved.found.entry(search.clone()).or_default();
        let (model, field, _) = &search;
        for chunk in values.chunks(CHUNK) {
            let mut domain = vec![json!([field, "in", chunk])];
            domain.extend(scope.iter().cloned());
            let records = odoo
                .search_read(model, Json::from(domain), &[field], false)
                .await
                .map_err(|fault| vec![fault.problem(&format!("looking for {model} by {field}"))])?;
            for record in records {
                let value = record.get(field).map(text).unwrap_or_default();
                found.entry(value).or_default().push(id_of(&record));
            }
        }
    }
    let problems: Problems = finds.iter().filter_map(|find| judge(&resolved, find)).take(100).collect();
    if problems.is_empty() { Ok(resolved) } else { Err(problems) }
}

fn judge(resolved: &Resolved, find: &Find) -> Option<Problem> {
    let asked = || find.by.iter().map(|(field, value)| format!("{field} `{}`", cut(&text(value)))).collect::<Vec<_>>().join(" or ");
    let what = noun(&find.model);
    let problem = match resolved.candidates(find).map(Vec::as_slice) {
        Some([_]) => return None,
        Some(several) => {
            let ids: Vec<String> = several.iter().take(5).map(i64::to_string).collect();
            Problem::new(codes::LOOKUP_MANY, format!("{} {what}s fit {} (ids {})", several.len(), asked(), ids.join(", ")))
                .hint(format!("make the {what} unique in Odoo, then reprocess"))
        }
        None => Problem::new(codes::LOOKUP_NONE, format!("no {what} with {}", asked()))
            .hint(format!("create the {what} in Odoo or correct its number, then reprocess")),
    };
    Some(problem.at(find.origin.place.clone()).mapped_by(find.origin.mapping.clone()))
}

/// A model's name in a sentence.
fn noun(model: &str) -> String {
    match model {
        "product.product" | "product.template" => "product".into(),
        "res.partner" => "partner".into(),
        "stock.location" => "location".into(),
        "uom.uom" => "unit of measure".into(),
        "product.category" => "product category".into(),
        other => format!("record of {other}"),
    }
}
