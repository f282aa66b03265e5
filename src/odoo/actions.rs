//! Methods that mappings may call afterwards, and what is known about them: from which states they may be called, to which they
//! must lead. A method that is not listed is called once on every record and its answer is not judged.

/// What is known about a method.
pub(super) struct Action {
    pub(super) model: &'static str,
    pub(super) method: &'static str,
    /// States in which it is still to be called; empty: always.
    pub(super) from: &'static [&'static str],
    /// States that prove that it worked; empty: not read back.
    pub(super) to: &'static [&'static str],
    /// Context key that puts our mark on what the method makes, and the model and field in which the mark is found again.
    pub(super) mark: Option<(&'static str, &'static str, &'static str)>,
}

const KNOWN: [Action; 4] = [
    Action { model: "account.move", method: "action_post", from: &["draft"], to: &["posted"], mark: None },
    Action {
        model: "purchase.order",
        method: "button_confirm",
        from: &["draft", "sent"],
        to: &["purchase", "done", "to approve"],
        mark: None,
    },
    Action { model: "sale.order", method: "action_confirm", from: &["draft", "sent"], to: &["sale", "done"], mark: None },
    // The stock moves of an inventory carry `inventory_name`: so a second run can see that the first one was committed, even
    // when its answer was lost, and does not overwrite what moved in between (measured on Odoo 19).
    Action {
        model: "stock.quant",
        method: "action_apply_inventory",
        from: &[],
        to: &[],
        mark: Some(("inventory_name", "stock.move", "inventory_name")),
    },
];

/// What is known about `method` of `model`.
pub(super) fn known(model: &str, method: &str) -> Option<&'static Action> {
    KNOWN.iter().find(|action| action.model == model && action.method == method)
}
