//! Search domains: prefix notation, the operators EDI uses, dotted paths.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::{
    Refusal,
    store::Store,
    values::{has_field, relation, value},
};
use crate::model::pattern::fits;

/// A parsed domain.
pub(super) enum Domain {
    All(Vec<Domain>),
    Any(Vec<Domain>),
    Not(Box<Domain>),
    Leaf { path: String, operator: String, value: Json, texts: Option<HashSet<String>> },
}

/// Parses a domain of `model`; unknown fields are refused as Odoo does.
pub(super) fn parse(model: &str, domain: &Json) -> Result<Domain, Refusal> {
    let items = match domain {
        Json::Array(items) => items.as_slice(),
        Json::Null | Json::Bool(false) => &[],
        _ => return Err(Refusal::value("a domain is a list")),
    };
    let mut all = Vec::new();
    let mut at = 0;
    while at < items.len() {
        all.push(term(model, items, &mut at)?);
    }
    Ok(Domain::All(all))
}

fn term(model: &str, items: &[Json], at: &mut usize) -> Result<Domain, Refusal> {
    let item = items.get(*at).ok_or_else(|| Refusal::value("a domain that ends too early"))?;
    *at += 1;
    match item {
        Json::String(sign) if sign == "&" => Ok(Domain::All(vec![term(model, items, at)?, term(model, items, at)?])),
        Json::String(sign) if sign == "|" => Ok(Domain::Any(vec![term(model, items, at)?, term(model, items, at)?])),
        Json::String(sign) if sign == "!" => Ok(Domain::Not(Box::new(term(model, items, at)?))),
        Json::Array(leaf) => match leaf.as_slice() {
            [Json::String(path), Json::String(operator), value] => {
                let first = path.split('.').next().unwrap_or_default();
                if !has_field(model, first) {
                    let value = if value.is_string() { format!("'{}'", value.as_str().unwrap_or_default()) } else { value.to_string() };
                    return Err(Refusal::value(format!("Invalid field {model}.{first} in condition ('{path}', '{operator}', {value})")));
                }
                // Thousands of texts are looked up, not compared one by one.
                let texts = value
                    .as_array()
                    .filter(|_| operator == "in")
                    .and_then(|all| all.iter().map(|one| one.as_str().map(str::to_string)).collect());
                Ok(Domain::Leaf { path: path.clone(), operator: operator.clone(), value: value.clone(), texts })
            }
            _ => Err(Refusal::value("a condition has three parts")),
        },
        _ => Err(Refusal::value("Invalid domain term")),
    }
}

impl Domain {
    /// Whether a record matches.
    pub(super) fn fits(&self, store: &Store, model: &str, id: i64) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.fits(store, model, id)),
            Self::Any(terms) => terms.iter().any(|term| term.fits(store, model, id)),
            Self::Not(term) => !term.fits(store, model, id),
            Self::Leaf { path, operator, value, texts } => {
                let values = reach(store, model, id, path);
                match operator.as_str() {
                    "=" => equals(&values, value),
                    "!=" => !equals(&values, value),
                    "in" if texts.as_ref().is_some_and(|texts| !texts.contains("")) && !values.iter().any(Json::is_number) => values
                        .iter()
                        .any(|found| found.as_str().is_some_and(|found| texts.as_ref().is_some_and(|texts| texts.contains(found)))),
                    "in" => value.as_array().is_some_and(|list| list.iter().any(|one| equals(&values, one))),
                    "not in" => !value.as_array().is_some_and(|list| list.iter().any(|one| equals(&values, one))),
                    ">" | ">=" | "<" | "<=" => values.iter().any(|found| ordered(found, operator, value)),
                    "like" | "ilike" | "=like" | "=ilike" => values.iter().any(|found| alike(found, operator, value)),
                    "not like" | "not ilike" => !values.iter().any(|found| alike(found, &operator[4..], value)),
                    "child_of" => equals(&values, value),
                    _ => false,
                }
            }
        }
    }
}

/// All values at the end of a dotted path.
fn reach(store: &Store, model: &str, id: i64, path: &str) -> Vec<Json> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let value = value(store, model, id, first);
    let ids: Vec<i64> = match &value {
        Json::Array(ids) => ids.iter().filter_map(Json::as_i64).collect(),
        Json::Number(id) => id.as_i64().into_iter().collect(),
        _ => Vec::new(),
    };
    match (rest, relation(model, first)) {
        (Some(rest), Some(target)) => ids.into_iter().flat_map(|id| reach(store, target, id, rest)).collect(),
        (None, Some(_)) if value.is_array() => ids.into_iter().map(Json::from).collect(),
        _ => vec![value],
    }
}

fn equals(values: &[Json], wanted: &Json) -> bool {
    let empty = |value: &Json| matches!(value, Json::Null | Json::Bool(false)) || value == "";
    if empty(wanted) {
        return values.iter().all(empty);
    }
    // A text is read as the number that it writes (measured on Odoo 19).
    let number = wanted.as_f64().or_else(|| wanted.as_str()?.parse().ok());
    values.iter().any(|found| match (found.as_f64(), number) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        _ => found == wanted,
    })
}

fn ordered(found: &Json, operator: &str, wanted: &Json) -> bool {
    let order = match (found.as_f64(), wanted.as_f64(), found.as_str(), wanted.as_str()) {
        (Some(a), Some(b), ..) => a.partial_cmp(&b),
        (_, _, Some(a), Some(b)) => Some(a.cmp(b)),
        _ => None,
    };
    order.is_some_and(|order| match operator {
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "<" => order.is_lt(),
        _ => order.is_le(),
    })
}

/// SQL's wildcards for any characters and any one character.
fn pattern(wanted: &str) -> String {
    wanted.replace('%', "*").replace('_', "?")
}

fn alike(found: &Json, operator: &str, wanted: &Json) -> bool {
    let (Some(found), Some(wanted)) = (found.as_str(), wanted.as_str()) else { return false };
    match operator {
        "like" => found.contains(wanted),
        "ilike" => found.to_lowercase().contains(&wanted.to_lowercase()),
        "=like" => fits(&pattern(wanted), found),
        _ => fits(&pattern(&wanted.to_lowercase()), &found.to_lowercase()),
    }
}
