//! What a partner says about a document that we sent: a UBL application response, an order response, a file in a folder. A mapping
//! writes one to [`MODEL`] as it writes any record to Odoo. The journal stores it with the document that it concerns.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use super::{
    Code, Problem,
    catalog::{Catalog, Field},
    plan::{Plan, PlanValue, Record},
};

/// The model that a mapping names for acknowledgements. It belongs to consign, not to Odoo.
pub const MODEL: &str = "consign.answer";

/// What an acknowledgement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AckStatus {
    /// None yet.
    Awaited,
    /// The partner received it and checks it (UNCL 4343: AB, IP, UQ): a final answer is still expected.
    Pending,
    /// The partner accepts the document (UNCL 4343: AP, CA).
    Accepted,
    /// The partner refuses it (UNCL 4343: RE).
    Refused,
}

impl AckStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Awaited, Self::Pending, Self::Accepted, Self::Refused];

    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Awaited => "awaited",
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }

    /// Reads it back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reply| reply.as_str() == text)
    }
}

/// What one acknowledgement says about one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// A business number of the document, or its file's name.
    pub number: String,
    /// The status.
    pub reply: AckStatus,
    /// Why, in the partner's words.
    pub note: Option<String>,
}

/// Adds [`MODEL`] to Odoo's models, so that mappings to it are checked like any other.
pub fn add_to(catalog: &mut Catalog) {
    let field = |kind: &str, required| Field { kind: kind.into(), required, ..Field::default() };
    let replies = ["accepted", "refused", "pending"].map(str::to_string).to_vec();
    let fields = BTreeMap::from([
        ("number".to_string(), field("char", true)),
        ("reply".to_string(), Field { selection: Some(replies), ..field("selection", true) }),
        ("note".to_string(), field("char", false)),
    ]);
    catalog.insert(MODEL.into(), fields);
}

/// Takes the acknowledgements out of a plan; the rest is for Odoo.
///
/// # Errors
/// One of them has no valid status.
pub fn split(mut plan: Plan) -> Result<(Plan, Vec<Acknowledgement>), Problem> {
    let mut answers = Vec::new();
    for step in plan.steps.iter_mut().filter(|step| step.model == MODEL) {
        // The step stays, empty: later ones count from the first.
        for record in std::mem::take(&mut step.records) {
            answers.push(answer(&record)?);
        }
    }
    Ok((plan, answers))
}

fn answer(record: &Record) -> Result<Acknowledgement, Problem> {
    let text = |name: &str| match record.value(name) {
        Some(PlanValue::Literal(Json::String(text))) => Some(text.trim().to_string()).filter(|text| !text.is_empty()),
        Some(PlanValue::Literal(Json::Number(number))) => Some(number.to_string()),
        _ => None,
    };
    let wrong = |what: String| Problem::new(Code::ValueConversion, what).at(record.origin.place.clone());
    let number = text("number").ok_or_else(|| wrong("the acknowledgement does not name its document".into()))?;
    let said = text("reply").unwrap_or_default();
    let reply = AckStatus::parse(&said).filter(|reply| *reply != AckStatus::Awaited).ok_or_else(|| {
        let hint = "the mapping's `reply` gives accepted, refused or pending: { from = …, table = { AP = \"accepted\" } }";
        wrong(format!("`{}` is not a valid acknowledgement", super::problem::cut(&said))).hint(hint)
    })?;
    Ok(Acknowledgement { number, reply, note: text("note") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::plan::{PlanField as Planned, RecordStep};

    fn planned(model: &str, values: &[(&str, Json)]) -> RecordStep {
        let field = |(name, value): &(&str, Json)| Planned {
            name: (*name).into(),
            value: PlanValue::Literal(value.clone()),
            create_only: false,
            overwrite: false,
            origin: crate::model::plan::ValueOrigin::default(),
        };
        let record = Record { fields: values.iter().map(field).collect(), ..Record::default() };
        RecordStep { model: model.into(), records: vec![record], ..RecordStep::default() }
    }

    #[test]
    fn answers_leave_the_plan_and_nothing_else_does() {
        let order = planned("sale.order", &[("client_order_ref", json!("PO-1"))]);
        let said = planned(MODEL, &[("number", json!(" WH/OUT/1 ")), ("reply", json!("refused")), ("note", json!("damaged"))]);
        let (plan, answers) = split(Plan { steps: vec![said, order.clone()] }).expect("answers");
        assert_eq!(answers, [Acknowledgement { number: "WH/OUT/1".into(), reply: AckStatus::Refused, note: Some("damaged".into()) }]);
        assert_eq!(plan.steps[1], order);
        assert_eq!(plan.len(), 1);
    }

    #[test]
    fn what_says_nothing_is_refused() {
        for values in
            [vec![("number", json!("1")), ("reply", json!("awaited"))], vec![("number", json!("1"))], vec![("reply", json!("accepted"))]]
        {
            assert!(split(Plan { steps: vec![planned(MODEL, &values)] }).is_err(), "{values:?}");
        }
    }
}
