//! References that find nothing or too much: told, held, or made good by making what is missing.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value as Json};

use super::{Known, Resolved, Within, each_find, nearest, text};
use crate::{
    model::{
        Problem, Problems, codes,
        plan::{Find, Many, Missing, Record, Value},
        problem::cut,
    },
    odoo::Odoo,
};

/// Judges the references of these records as far as they are known: what is wrong, each with the index of its record. References whose
/// records are to be made where there are none are not wrong.
///
/// # Errors
/// None yet; asking for the nearest candidates may fail without harm.
pub(in crate::odoo) async fn judge(odoo: &Odoo, resolved: &Resolved, records: &[Record]) -> Result<Vec<(usize, Problem)>, Problems> {
    let mut bad: Vec<(usize, &Find, Vec<i64>, Vec<Json>)> = Vec::new();
    for (at, record) in records.iter().enumerate() {
        each_find(record, None, &mut |find, within| {
            let Known::Nothing = resolved.of(find, within) else { return };
            let Some(scope) = resolved.scope(find, within) else { return };
            match resolved.candidates(find, &scope).map(Vec::as_slice).unwrap_or_default() {
                [] if matches!(find.none, Missing::Empty | Missing::Create) => {}
                candidates => bad.push((at, find, candidates.to_vec(), scope)),
            }
        });
    }
    let lost: Vec<&Find> = bad.iter().filter(|(_, _, candidates, _)| candidates.is_empty()).map(|(_, find, ..)| *find).collect();
    let near = if lost.is_empty() { nearest::Near::default() } else { nearest::nearest(odoo, &lost).await };
    Ok(bad.iter().map(|(at, find, candidates, scope)| (*at, problem(find, candidates, scope, &near))).collect())
}

fn problem(find: &Find, candidates: &[i64], scope: &[Json], near: &nearest::Near) -> Problem {
    let asked = || find.by.iter().map(|(field, value)| format!("{field} `{}`", cut(&text(value)))).collect::<Vec<_>>().join(" or ");
    let what = noun(&find.model);
    let terms = terms(scope);
    let within = if terms.is_empty() { String::new() } else { format!(" within {terms}") };
    let held = match candidates {
        [] => find.none == Missing::Hold,
        _ => find.many == Many::Hold,
    };
    let problem = match candidates {
        [] => {
            let code = if held { codes::LOOKUP_HELD } else { codes::LOOKUP_NONE };
            let near = near.of(find).map(|near| format!("the nearest is {near}; ")).unwrap_or_default();
            Problem::new(code, format!("no {what} with {}{within}", asked()))
                .hint(format!("{near}create the {what} in Odoo or correct its number, then reprocess"))
        }
        several => {
            let code = if held { codes::LOOKUP_HELD } else { codes::LOOKUP_MANY };
            let ids: Vec<String> = several.iter().take(5).map(i64::to_string).collect();
            Problem::new(code, format!("{} {what}s fit {}{within} (ids {})", several.len(), asked(), ids.join(", ")))
                .hint(format!("make the {what} unique in Odoo, then reprocess"))
        }
    };
    problem.at(find.origin.place.clone()).mapped_by(find.origin.mapping.clone())
}

/// A scope in a sentence: `parent_id = 7 and usage = internal`. One that only says that nothing stands above is not worth it.
fn terms(scope: &[Json]) -> String {
    let part = |term: &Json, at: usize| term.get(at).map(text).unwrap_or_default();
    let telling = scope.iter().filter(|term| !matches!(term.get(2), None | Some(Json::Bool(false))));
    telling.map(|term| format!("{} {} {}", part(term, 0), part(term, 1), part(term, 2))).collect::<Vec<_>>().join(" and ")
}

/// A record to be made for one or more references.
struct New<'p> {
    find: &'p Find,
    scope: Vec<Json>,
    values: Map<String, Json>,
    /// What the references that mean the same record have in common.
    identity: String,
}

/// Makes what is missing: one call for each model; gives model, id and the key it was looked for by. A second try finds it by that.
pub(in crate::odoo) async fn make(
    odoo: &Odoo,
    resolved: &mut Resolved,
    records: &[Record],
    missing: &[usize],
) -> Result<Vec<(String, i64, String)>, Problems> {
    let mut all = Vec::new();
    // In rounds, since one that is made may refer to another.
    loop {
        let mut new: Vec<New<'_>> = Vec::new();
        for record in missing.iter().filter_map(|at| records.get(*at)) {
            each_find(record, None, &mut |find, within| {
                let (Known::Nothing, Missing::Create, Some(create)) = (resolved.of(find, within), find.none, &find.create) else { return };
                if let (Some(values), Some(scope)) = (values(resolved, create, within), resolved.scope(find, within)) {
                    let identity = format!("{} {:?} {}", find.model, find.by, Json::from(scope.clone()));
                    new.push(New { find, scope, values, identity });
                }
            });
        }
        if new.is_empty() {
            return Ok(all);
        }
        let mut by_model: BTreeMap<&str, Vec<&New<'_>>> = BTreeMap::new();
        let mut seen = HashSet::new();
        for one in new.iter().filter(|one| seen.insert(&one.identity)) {
            by_model.entry(&one.find.model).or_default().push(one);
        }
        let mut ids: HashMap<&str, i64> = HashMap::new();
        for (model, ones) in by_model {
            let values = ones.iter().map(|one| Json::Object(one.values.clone())).collect();
            let made = odoo.create(model, values, &Map::new()).await.map_err(|fault| {
                let problem = fault.problem(&format!("creating {model}"));
                vec![match ones.as_slice() {
                    [one] => problem.at(one.find.origin.place.clone()).mapped_by(one.find.origin.mapping.clone()),
                    _ => problem,
                }]
            })?;
            let name = |one: &New<'_>| one.find.by.first().map(|(_, value)| text(value)).unwrap_or_default();
            all.extend(ones.iter().zip(&made).map(|(one, id)| (model.to_string(), *id, name(one))));
            ids.extend(ones.iter().zip(made).map(|(one, id)| (one.identity.as_str(), id)));
        }
        for one in &new {
            if let Some(id) = ids.get(one.identity.as_str()) {
                resolved.created(one.find, &one.scope, *id);
            }
        }
    }
}

/// The values of a record to be made; none while one of them is not known.
fn values(resolved: &Resolved, record: &Record, outer: &Within<'_>) -> Option<Map<String, Json>> {
    let within = Within { record, outer: Some(outer) };
    let mut values = Map::new();
    for field in &record.fields {
        let value = match (&field.value, resolved.value(&field.value, &within)) {
            (Value::Set(_), Known::Value(ids)) => serde_json::json!([[6, 0, ids]]),
            (_, Known::Value(value)) => value,
            (_, Known::Nothing) => continue,
            (_, Known::Later) => return None,
        };
        values.insert(field.name.clone(), value);
    }
    Some(values)
}

/// A model's name in a sentence.
pub(in crate::odoo) fn noun(model: &str) -> String {
    match model {
        "product.product" | "product.template" => "product".into(),
        "res.partner" => "partner".into(),
        "stock.location" => "location".into(),
        "uom.uom" => "unit of measure".into(),
        "product.category" => "product category".into(),
        "sale.order" => "sales order".into(),
        "purchase.order" => "purchase order".into(),
        "stock.picking" => "transfer".into(),
        "account.tax" => "tax".into(),
        other => format!("record of {other}"),
    }
}
