//! The business numbers of a document, by which people look for it: an order's number, a despatch number, the GTINs of its lines. A
//! mapping names their paths under `[numbers]`; where it does not, they are what makes its records the same again.

use serde_json::Value as Json;

use super::path::Path;
use crate::model::{Document, Plan, plan::PlanValue};

/// Numbers kept of one file; those of a whole catalogue are found in the catalogue.
const MOST: usize = 1000;

/// A path that leads to numbers.
#[derive(Debug, Clone)]
pub struct Number {
    /// What kind of number it is, as the mapping calls it.
    pub(super) kind: String,
    pub(super) path: Path,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// The numbers of one file, each once, in the order they are met.
#[derive(Debug, Clone, Default)]
pub struct Numbers(Vec<(String, String)>);

impl Numbers {
    /// What was met.
    pub fn into_inner(self) -> Vec<(String, String)> {
        self.0
    }

    fn add(&mut self, kind: &str, value: &str) {
        let value = value.trim();
        // The files that have many have them in one row: what came just before tells most repetitions.
        if value.is_empty() || self.0.len() >= MOST || self.0.iter().rev().take(100).any(|(k, v)| k == kind && v == value) {
            return;
        }
        self.0.push((kind.to_string(), value.to_string()));
    }

    /// Those that the mapping's own paths lead to.
    pub(super) fn read(&mut self, numbers: &[Number], document: &Document) {
        for number in numbers {
            for found in number.path.find(document, 0) {
                self.add(&number.kind, found.text(document));
            }
        }
    }

    /// What makes the planned records the same again, as far as the document says it in so many words.
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
