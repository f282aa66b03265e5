//! Two plans of one document compared, as data: what one does and the other does not.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::problem::cut;

/// The differences between two plans, one line each.
pub fn differences(then: &Json, now: &Json) -> Vec<String> {
    let (then, now) = (&current_keys(then), &current_keys(now));
    let mut out = Vec::new();
    let (before, after) = (steps(then), steps(now));
    for (name, step) in &before {
        match after.get(name) {
            None => out.push(format!("{name}: no longer made")),
            Some(other) => records(name, step, other, &mut out),
        }
    }
    out.extend(after.keys().filter(|name| !before.contains_key(*name)).map(|name| format!("{name}: made now")));
    out
}

/// Keys of plans that were stored before they got their present names.
const RENAMED: [(&str, &str); 3] = [("then", "actions"), ("none", "on_missing"), ("gone", "missing_lines")];

/// A plan with the present names of its keys.
fn current_keys(plan: &Json) -> Json {
    match plan {
        Json::Object(map) => {
            let key = |key: &String| RENAMED.iter().find(|(old, _)| old == key).map_or_else(|| key.clone(), |(_, new)| (*new).to_string());
            Json::Object(map.iter().map(|(name, value)| (key(name), current_keys(value))).collect())
        }
        Json::Array(all) => Json::Array(all.iter().map(current_keys).collect()),
        other => other.clone(),
    }
}

/// Steps by name, or by model if they have none.
fn steps(plan: &Json) -> BTreeMap<String, &Json> {
    let all = plan.get("steps").and_then(Json::as_array).into_iter().flatten();
    all.map(|step| {
        let text = |key: &str| step.get(key).and_then(Json::as_str).unwrap_or_default();
        let name = match text("name") {
            "" => text("model").to_string(),
            name => format!("{} {name}", text("model")),
        };
        (name, step)
    })
    .collect()
}

fn records(name: &str, then: &Json, now: &Json, out: &mut Vec<String>) {
    for key in ["identity", "write", "actions", "context"] {
        if then.get(key) != now.get(key) {
            let shown = |step: &Json| step.get(key).map_or_else(|| "nothing".to_string(), |value| cut(&value.to_string()));
            out.push(format!("{name}: {key} {} -> {}", shown(then), shown(now)));
        }
    }
    let (before, after) = (by_identity(then), by_identity(now));
    for (key, record) in &before {
        match after.get(key) {
            None => out.push(format!("{name} {}: no longer made", cut(key))),
            Some(other) => fields(&format!("{name} {}", cut(key)), record, other, out),
        }
    }
    out.extend(after.keys().filter(|key| !before.contains_key(*key)).map(|key| format!("{name} {}: made now", cut(key))));
}

/// Records by identity; by their number if they have none.
fn by_identity(step: &Json) -> BTreeMap<String, &Json> {
    let identity: Vec<&str> = step.get("identity").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    let all = step.get("records").and_then(Json::as_array).into_iter().flatten().enumerate();
    all.map(|(number, record)| {
        let values = values(record);
        let mut key: Vec<String> = identity.iter().map(|field| values.get(field).map(|value| said(value)).unwrap_or_default()).collect();
        if let Some(external) = record.get("external").and_then(Json::as_str) {
            key.push(external.to_string());
        }
        (if key.is_empty() { format!("#{}", number + 1) } else { key.join(" / ") }, record)
    })
    .collect()
}

fn values(record: &Json) -> BTreeMap<&str, &Json> {
    let all = record.get("values").and_then(Json::as_array).into_iter().flatten();
    all.filter_map(|pair| Some((pair.get(0)?.as_str()?, pair.get(1)?))).collect()
}

fn fields(place: &str, then: &Json, now: &Json, out: &mut Vec<String>) {
    let (before, after) = (values(then), values(now));
    for (name, value) in &before {
        let lines = |value: &Json| value.get("lines").cloned();
        match after.get(name) {
            None => out.push(format!("{place}: {name} no longer written (was {})", cut(&said(value)))),
            Some(other) if value == other => {}
            Some(other) => match (lines(value), lines(other)) {
                (Some(then), Some(now)) => records(&format!("{place}: {name}"), &then, &now, out),
                _ => out.push(format!("{place}: {name} {} -> {}", cut(&said(value)), cut(&said(other)))),
            },
        }
    }
    let new = after.iter().filter(|(name, _)| !before.contains_key(*name));
    out.extend(new.map(|(name, value)| format!("{place}: {name} written now ({})", cut(&said(value)))));
}

/// A value without its type tag.
fn said(value: &Json) -> String {
    let inner = value.as_object().filter(|map| map.len() == 1).and_then(|map| map.values().next()).unwrap_or(value);
    if let Some(by) = inner.get("by").and_then(Json::as_array) {
        let keys = by.iter().map(|pair| pair.get(1).and_then(Json::as_str).unwrap_or_default().to_string());
        return keys.collect::<Vec<_>>().join("/");
    }
    inner.as_str().map_or_else(|| inner.to_string(), str::to_string)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_stored_under_the_names_of_before_is_the_same_plan() {
        let plan = |actions: &str, missing: &str, lines: &str| {
            let find = json!({"model": "res.partner", "by": [["ref", "B"]], missing: "hold"});
            let values = json!([["ref", {"literal": "PO-1"}], ["partner_id", {"find": find}], ["line", {"lines": {lines: "remove", "records": []}}]]);
            json!({"steps": [{"model": "sale.order", "identity": ["ref"], actions: ["action_confirm"], "records": [{"values": values}]}]})
        };
        let stored = plan("then", "none", "gone");
        assert_eq!(differences(&stored, &plan("actions", "on_missing", "missing_lines")), Vec::<String>::new());
        assert_eq!(differences(&json!({"steps": []}), &json!({"steps": []})), Vec::<String>::new());
    }

    #[test]
    fn what_differs_is_told_by_the_records_own_name() {
        let plan = |quantity: f64, note: bool| {
            let mut values = vec![json!(["ref", {"literal": "PO-1"}])];
            if note {
                values.push(json!(["note", {"literal": "x"}]));
            }
            values.push(json!(["line", {"lines": {"identity": ["no"], "records": [{"values": [["no", {"literal": 1}], ["qty", {"literal": quantity}]]}]}}]));
            json!({"steps": [{"model": "sale.order", "identity": ["ref"], "records": [{"values": values}]}]})
        };
        assert_eq!(differences(&plan(1.0, true), &plan(1.0, true)), Vec::<String>::new());
        assert_eq!(
            differences(&plan(1.0, true), &plan(2.0, false)),
            ["sale.order PO-1: line 1: qty 1.0 -> 2.0", "sale.order PO-1: note no longer written (was x)"]
        );
    }
}
