//! The business numbers of a document, by which people search for it: an order number, a despatch number, the GTINs of its lines. A
//! mapping names their paths under `[numbers]`; by default they are the identity of its records. `amount` and `currency` there are shown
//! in lists.

use serde_json::Value as Json;

use super::path::Path;
use crate::model::{Document, Plan, plan::PlanValue};

/// Names under `[numbers]` that stand for what the document is worth: shown in lists, but no number of the document.
pub(super) const WORTH: [&str; 2] = ["amount", "currency"];
/// Numbers stored for one file, at most; those of a whole catalogue are searched in the catalogue.
const MOST: usize = 1000;

/// A path that leads to numbers.
#[derive(Debug, Clone)]
pub struct Number {
    /// The kind of number, as named in the mapping.
    pub(super) kind: String,
    pub(super) path: Path,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// The numbers of one file, each once, in the order in which they occur.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    found: Vec<(String, String)>,
    /// How many amounts there are: of several, none is that of the file.
    amounts: usize,
}

impl Number {
    /// Whether it is a number of the document, and not its amount or currency.
    pub(super) fn identifies(&self) -> bool {
        !WORTH.contains(&self.kind.as_str())
    }
}

impl Numbers {
    /// The numbers found.
    pub fn into_inner(self) -> Vec<(String, String)> {
        let is_single = self.amounts < 2;
        self.found.into_iter().filter(|(kind, _)| is_single || kind != WORTH[0]).collect()
    }

    fn add(&mut self, kind: &str, value: &str) {
        let value = value.trim();
        // Files with many numbers repeat them in sequence: the previous one catches most repetitions.
        if value.is_empty() || self.found.len() >= MOST || self.found.iter().rev().take(100).any(|(k, v)| k == kind && v == value) {
            return;
        }
        self.found.push((kind.to_string(), value.to_string()));
    }

    /// Those at the mapping's own paths.
    pub(super) fn read(&mut self, numbers: &[Number], document: &Document) {
        for number in numbers {
            for found in number.path.find(document, 0) {
                self.amounts += usize::from(number.kind == WORTH[0]);
                self.add(&number.kind, &found.text(document));
            }
        }
    }

    /// The identity of the planned records, as far as the document has it literally.
    pub(super) fn planned(&mut self, plan: &Plan) {
        for step in &plan.steps {
            for record in &step.records {
                if let Some(external) = &record.external {
                    self.add("external id", external);
                }
                let texts = step.identity.iter().filter_map(|name| match record.value(name) {
                    Some(PlanValue::Literal(Json::String(text))) => Some((name, text)),
                    _ => None,
                });
                texts.for_each(|(name, text)| self.add(name, text));
            }
        }
    }
}
