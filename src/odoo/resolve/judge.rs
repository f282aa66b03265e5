//! References that find nothing or too many records: reported, held, or resolved by creating the missing record.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value as Json};

use super::{Key, Known, Resolved, Within, each_find, key, nearest, text};
use crate::{
    model::{
        Code, Problem, Problems,
        i18n::{Argument, Join, List, say},
        plan::{Find, OnAmbiguous, OnMissing, PlanValue, Record},
        problem::cut,
    },
    odoo::{Odoo, place::locate_field},
};

/// Examines the known references of these records: returns the problems, each with the index of its record. A reference that creates
/// its missing record is not a problem.
///
/// # Errors
/// None yet; a failed search for the nearest candidates is ignored.
pub(in crate::odoo) async fn judge(odoo: &Odoo, resolved: &Resolved, records: &[Record]) -> Result<Vec<(usize, Problem)>, Problems> {
    let mut bad: Vec<(usize, &Find, Vec<i64>, Vec<Json>)> = Vec::new();
    for (at, record) in records.iter().enumerate() {
        each_find(record, None, &mut |find, within| {
            let Known::Nothing = resolved.of(find, within) else { return };
            let Some(scope) = resolved.scope(find, within) else { return };
            match resolved.candidates(find, &scope).map(Vec::as_slice).unwrap_or_default() {
                [] if find.on_missing == OnMissing::Empty => {}
                candidates => bad.push((at, find, candidates.to_vec(), scope)),
            }
        });
    }
    let lost: Vec<&Find> = bad.iter().filter(|(_, _, candidates, _)| candidates.is_empty()).map(|(_, find, ..)| *find).collect();
    let near = if lost.is_empty() { nearest::Near::default() } else { nearest::nearest(odoo, &lost).await };
    Ok(bad.iter().map(|(at, find, candidates, scope)| (*at, problem(find, candidates, scope, &near))).collect())
}

fn problem(find: &Find, candidates: &[i64], scope: &[Json], near: &nearest::Near) -> Problem {
    let what = noun(&find.model);
    let asked = List::new(Join::Or, find.by.iter().map(|(field, value)| format!("{field} `{}`", cut(&text(value)))));
    let asked = match terms(scope) {
        terms if terms.is_empty() => Argument::from(asked),
        terms => say!("lookup-within", asked = asked, scope = terms).into(),
    };
    let held = match candidates {
        [] => find.on_missing == OnMissing::Hold,
        _ => find.many == OnAmbiguous::Hold,
    };
    let problem = match candidates {
        [] => {
            let code = if held { Code::LookupHeld } else { Code::LookupNone };
            let near = near.of(find).map(|near| format!("the nearest is {near}; ")).unwrap_or_default();
            Problem::new(code, say!("lookup-none", what = &*what, asked = asked))
                .hint(format!("{near}create the {what} in Odoo or correct its number, then reprocess"))
        }
        several => {
            let code = if held { Code::LookupHeld } else { Code::LookupMany };
            let ids: Vec<String> = several.iter().take(5).map(i64::to_string).collect();
            Problem::new(code, say!("lookup-many", count = several.len(), what = format!("{what}s"), asked = asked, ids = ids.join(", ")))
                .hint(format!("make the {what} unique in Odoo, then reprocess"))
        }
    };
    problem.at(find.origin.place.clone()).mapped_by(find.origin.mapping.clone())
}

/// A scope in a sentence: `parent_id = 7 and usage = internal`. A scope that only says that there is no parent is left out.
fn terms(scope: &[Json]) -> String {
    let part = |term: &Json, at: usize| term.get(at).map(text).unwrap_or_default();
    let telling = scope.iter().filter(|term| !matches!(term.get(2), None | Some(Json::Bool(false))));
    telling.map(|term| format!("{} {} {}", part(term, 0), part(term, 1), part(term, 2))).collect::<Vec<_>>().join(" and ")
}

/// A record to create.
struct New<'p> {
    find: &'p Find,
    scope: Vec<Json>,
    values: Map<String, Json>,
    /// The records that refer to it.
    of: Vec<usize>,
}

impl New<'_> {
    fn placed(&self, problem: Problem) -> Problem {
        problem.at(self.find.origin.place.clone()).mapped_by(self.find.origin.mapping.clone())
    }
}

/// The created records.
#[derive(Default)]
pub(in crate::odoo) struct Made {
    /// Model, id and the key of its lookup. A second try finds it by that key.
    pub(in crate::odoo) records: Vec<(String, i64, String)>,
    /// Records that refer to one that Odoo refuses.
    pub(in crate::odoo) refused: Vec<(usize, Problem)>,
}

/// Creates the missing records that can be created now: one call for each model. Records that refer to them follow after that.
///
/// # Errors
/// Odoo refuses a record, without `allow_partial`.
pub(in crate::odoo) async fn make(
    odoo: &Odoo,
    resolved: &mut Resolved,
    records: &[Record],
    left: &[usize],
    partial: bool,
) -> Result<Made, Problems> {
    let mut new: Vec<New<'_>> = Vec::new();
    // References that share a key mean one record: the first creates it, the others find it afterwards.
    let mut claimed: HashMap<(Key, String), usize> = HashMap::new();
    for at in left {
        let Some(record) = records.get(*at) else { continue };
        each_find(record, None, &mut |find, within| {
            let Some(scope) = resolved.scope(find, within).filter(|scope| resolved.is_to_be_made(find, scope)) else { return };
            let Some(values) = find.create.as_ref().and_then(|create| values(resolved, create, within)) else { return };
            let keys = || find.by.iter().map(|(field, value)| (key(find, field, &scope), text(value)));
            if let Some(known) = keys().find_map(|key| claimed.get(&key)) {
                let same: &mut New<'_> = &mut new[*known];
                if same.find.by == find.by {
                    same.of.push(*at);
                }
                return;
            }
            claimed.extend(keys().map(|key| (key, new.len())));
            new.push(New { find, scope, values, of: vec![*at] });
        });
    }
    let mut by_model: BTreeMap<&str, Vec<&New<'_>>> = BTreeMap::new();
    for one in &new {
        by_model.entry(&one.find.model).or_default().push(one);
    }
    let mut made = Made::default();
    for (model, ones) in by_model {
        let (ids, refused) = created(odoo, model, &ones, partial).await?;
        for (one, id) in ones.iter().zip(ids) {
            let Some(id) = id else { continue };
            resolved.created(one.find, &one.scope, id);
            made.records.push((model.to_string(), id, one.find.by.first().map(|(_, value)| text(value)).unwrap_or_default()));
        }
        made.refused.extend(refused);
    }
    Ok(made)
}

/// Creates records; returns the id of each, and the records of the plan that depend on refused ones.
async fn created(
    odoo: &Odoo,
    model: &str,
    ones: &[&New<'_>],
    partial: bool,
) -> Result<(Vec<Option<i64>>, Vec<(usize, Problem)>), Problems> {
    let values = |ones: &[&New<'_>]| ones.iter().map(|one| Json::Object(one.values.clone())).collect();
    let fault = match odoo.create(model, values(ones), &Map::new()).await {
        Ok(ids) => return Ok((ids.into_iter().map(Some).collect(), Vec::new())),
        Err(fault) => fault,
    };
    let doing = format!("creating {model}");
    let problem = fault.problem(&doing);
    match ones {
        [one] if !partial || !fault.is_refusal() => return Err(one.placed(problem).into()),
        [one] => return Ok((vec![None], one.of.iter().map(|at| (*at, one.placed(problem.clone()))).collect())),
        _ if !partial || !fault.is_refusal() => {
            let speaks = |one: &&&New<'_>| one.find.create.as_ref().is_some_and(|create| locate_field(&problem.message, create).is_some());
            return Err(match ones.iter().find(speaks) {
                Some(one) => one.placed(problem),
                None => problem,
            }
            .into());
        }
        _ => {}
    }
    let (first, second) = ones.split_at(ones.len() / 2);
    let (mut ids, mut refused) = Box::pin(created(odoo, model, first, partial)).await?;
    let (more, reported) = Box::pin(created(odoo, model, second, partial)).await?;
    ids.extend(more);
    refused.extend(reported);
    Ok((ids, refused))
}

/// The values of a record to create; none while one of them is unknown.
fn values(resolved: &Resolved, record: &Record, outer: &Within<'_>) -> Option<Map<String, Json>> {
    let within = Within { record, outer: Some(outer) };
    let mut values = Map::new();
    for field in &record.fields {
        let value = match (&field.value, resolved.value(&field.value, &within)) {
            (PlanValue::Set(_), Known::Value(ids)) => serde_json::json!([[6, 0, ids]]),
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
