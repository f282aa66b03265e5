//! Methods that mappings may call after writing, and what is known about them: the states before and after, and the options that
//! answer their dialogs. A method that is not listed is called once on every record and its answer is not checked; the intent is
//! written before the call, so that it is never called twice.

use serde_json::{Map, Value as Json, json};

use crate::model::plan::PostAction;

/// What is known about a method.
pub(super) struct Action {
    model: &'static str,
    method: &'static str,
    /// States in which it is called; empty: always.
    pub(super) from: &'static [&'static str],
    /// States that prove that it worked; empty: not read back.
    pub(super) to: &'static [&'static str],
    /// Context key that puts our mark on the records that the method makes, and the model and field that have the mark.
    pub(super) mark: Option<(&'static str, &'static str, &'static str)>,
    /// Whether a second call does nothing.
    pub(super) harmless: bool,
    /// Context that suppresses dialogs that need no decision.
    quiet: &'static [&'static str],
    /// Options and their values.
    options: &'static [(&'static str, &'static [&'static str])],
}

const PLAIN: Action = Action { model: "", method: "", from: &[], to: &[], mark: None, harmless: false, quiet: &[], options: &[] };

const KNOWN: [Action; 9] = [
    Action { model: "account.move", method: "action_post", from: &["draft"], to: &["posted"], ..PLAIN },
    Action {
        model: "purchase.order",
        method: "button_cancel",
        from: &["draft", "sent", "to approve", "purchase"],
        to: &["cancel"],
        ..PLAIN
    },
    Action {
        model: "purchase.order",
        method: "button_confirm",
        from: &["draft", "sent"],
        to: &["purchase", "done", "to approve"],
        ..PLAIN
    },
    Action {
        model: "sale.order",
        method: "action_cancel",
        from: &["draft", "sent", "sale"],
        to: &["cancel"],
        quiet: &["disable_cancel_warning"],
        ..PLAIN
    },
    Action { model: "sale.order", method: "action_confirm", from: &["draft", "sent"], to: &["sale", "done"], ..PLAIN },
    Action { model: "sale.order", method: "action_draft", from: &["cancel", "sent"], to: &["draft"], ..PLAIN },
    Action { model: "stock.picking", method: "action_assign", from: &["confirmed", "waiting"], harmless: true, ..PLAIN },
    // If less was done than ordered, or a message would be sent, Odoo opens a dialog unless the context decides (measured on Odoo 19:
    // the answer is then a window action, and the picking is unchanged).
    Action {
        model: "stock.picking",
        method: "button_validate",
        from: &["draft", "waiting", "confirmed", "assigned"],
        to: &["done"],
        options: &[("backorder", &["create", "never"]), ("sms", &["skip"])],
        ..PLAIN
    },
    // The stock moves of an inventory have `inventory_name`: a second run sees that the first one was committed, even if its answer was
    // lost, and does not overwrite later moves (measured on Odoo 19).
    Action {
        model: "stock.quant",
        method: "action_apply_inventory",
        mark: Some(("inventory_name", "stock.move", "inventory_name")),
        ..PLAIN
    },
];

/// What is known about `method` of `model`.
pub(super) fn known(model: &str, method: &str) -> Option<&'static Action> {
    KNOWN.iter().find(|action| action.model == model && action.method == method)
}

/// What is wrong with a mapping's call of a method, as a sentence.
pub fn check(model: &str, then: &PostAction) -> Option<String> {
    let allowed = known(model, &then.method).map_or(&[][..], |action| action.options);
    for (option, value) in &then.options {
        let Some((_, values)) = allowed.iter().find(|(name, _)| name == option) else {
            let known: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
            return Some(match known.as_slice() {
                [] => format!("`{}` has no options; remove `{option}`", then.method),
                known => format!("`{option}` is not an option of `{}`; known: {}", then.method, known.join(", ")),
            });
        };
        if !value.as_str().is_some_and(|value| values.contains(&value)) {
            return Some(format!("`{option}` must be one of {}", values.join(", ")));
        }
    }
    None
}

/// Whether one of these methods marks the records that it makes, so that a second try sees that the first was committed.
pub fn leaves_a_mark(model: &str, then: &[PostAction]) -> bool {
    then.iter().any(|then| known(model, &then.method).is_some_and(|action| action.mark.is_some()))
}

/// The context in which a method is called on these records.
pub(super) fn context(model: &str, then: &PostAction, ids: &[i64]) -> Map<String, Json> {
    let mut context = Map::new();
    for key in known(model, &then.method).map_or(&[][..], |action| action.quiet) {
        context.insert((*key).to_string(), json!(true));
    }
    for (option, value) in &then.options {
        match (option.as_str(), value.as_str().unwrap_or_default()) {
            ("backorder", policy) => {
                context.insert("skip_backorder".into(), json!(true));
                let without: &[i64] = if policy == "never" { ids } else { &[] };
                context.insert("picking_ids_not_to_backorder".into(), json!(without));
            }
            ("sms", _) => {
                context.insert("skip_sms".into(), json!(true));
            }
            _ => {}
        }
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_knows_its_options() {
        assert!(KNOWN.iter().map(|action| (action.model, action.method)).is_sorted());
        let then =
            |options: Json| PostAction { method: "button_validate".into(), options: options.as_object().cloned().unwrap_or_default() };
        assert_eq!(check("stock.picking", &then(json!({"backorder": "create", "sms": "skip"}))), None);
        assert!(check("stock.picking", &then(json!({"backorder": "maybe"}))).is_some_and(|text| text.contains("create, never")));
        assert!(check("sale.order", &then(json!({"backorder": "create"}))).is_some());
        assert_eq!(context("stock.picking", &then(json!({"backorder": "never"})), &[7])["picking_ids_not_to_backorder"], json!([7]));
    }
}
