//! Methods that mappings may call afterwards, and what is known about them: from which states they may be called, to which they must
//! lead, what they ask and how that is decided beforehand. A method that is not listed is called once on every record and its answer
//! is not judged; the intent to call it is written down before, so that it is never called twice.

use serde_json::{Map, Value as Json, json};

use crate::model::plan::PostAction;

/// What is known about a method.
pub(super) struct Action {
    model: &'static str,
    method: &'static str,
    /// States in which it is still to be called; empty: always.
    pub(super) from: &'static [&'static str],
    /// States that prove that it worked; empty: not read back.
    pub(super) to: &'static [&'static str],
    /// Context key that puts our mark on what the method makes, and the model and field in which the mark is found again.
    pub(super) mark: Option<(&'static str, &'static str, &'static str)>,
    /// Called twice it does no more than once.
    pub(super) harmless: bool,
    /// Context that keeps it from asking what nobody need decide.
    quiet: &'static [&'static str],
    /// What may be decided beforehand: option and its values.
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
    // Where less was done than asked, and where a message would be sent, Odoo asks a person unless the context decides (measured on
    // Odoo 19: the answer is then a window, and the picking stays as it was).
    Action {
        model: "stock.picking",
        method: "button_validate",
        from: &["draft", "waiting", "confirmed", "assigned"],
        to: &["done"],
        options: &[("backorder", &["create", "never"]), ("sms", &["skip"])],
        ..PLAIN
    },
    // The stock moves of an inventory carry `inventory_name`: so a second run can see that the first one was committed, even
    // when its answer was lost, and does not overwrite what moved in between (measured on Odoo 19).
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

/// What is wrong with the way a mapping calls a method, as a sentence.
pub fn check(model: &str, then: &PostAction) -> Option<String> {
    let allowed = known(model, &then.method).map_or(&[][..], |action| action.options);
    for (option, value) in &then.options {
        let Some((_, values)) = allowed.iter().find(|(name, _)| name == option) else {
            let known: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
            return Some(match known.as_slice() {
                [] => format!("nothing can be decided beforehand of `{}`; `{option}` is not known", then.method),
                known => format!("`{option}` is nothing that `{}` asks; known: {}", then.method, known.join(", ")),
            });
        };
        if !value.as_str().is_some_and(|value| values.contains(&value)) {
            return Some(format!("`{option}` is one of {}", values.join(", ")));
        }
    }
    None
}

/// Whether one of these methods marks what it makes of a new record, so that a second try sees that the first was committed.
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
