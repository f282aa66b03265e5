//! Keys and references, tracked beside the engine for what it does not report: which element refers to nothing, with which value, and
//! where a duplicate value was first. Rules whose paths are more than names keep the engine's own words.

use std::collections::{HashMap, HashSet};

use xsd_schema::SchemaSet;

use super::{element_frame::Frame, phrases::step};
use crate::model::{DeferredLocation, ElementStack};

/// Maximum number of values kept for one rule within its scope; for further ones only the engine reports.
const MOST: usize = 100_000;

/// Values of a key or of a reference, in the order of the rule's fields.
pub(super) type Values = Vec<String>;

/// The rules of a schema that can be tracked by name.
#[derive(Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// Rules by the name of the element that they select, and of the element that declares them.
    selects: HashMap<String, Vec<usize>>,
    scopes: HashMap<String, Vec<usize>>,
}

#[derive(Debug)]
struct Rule {
    name: String,
    fields: Vec<String>,
    /// The key that a reference refers to.
    refers: Option<String>,
}

impl Rules {
    pub(super) fn of(set: &SchemaSet) -> Self {
        let (mut rules, table) = (Self::default(), &set.name_table);
        for element in set.arenas.elements.values() {
            let Some(scope) = element.name else { continue };
            for key in &element.identity_constraints {
                let Some(data) = set.arenas.identity_constraints.get(*key) else { continue };
                let plain = |path: &str| path.trim().trim_start_matches(".//").split('/').count() == 1 && !path.contains('*');
                if !data.fields.iter().all(|field| plain(&field.xpath)) || data.selector.xpath.contains('*') {
                    continue;
                }
                let at = rules.rules.len();
                rules.rules.push(Rule {
                    name: table.resolve(data.name),
                    fields: data.fields.iter().map(|field| step(&field.xpath)).collect(),
                    refers: data.refer.as_ref().map(|refer| table.resolve(refer.local_name)),
                });
                for path in data.selector.xpath.split('|') {
                    rules.selects.entry(step(path)).or_default().push(at);
                }
                rules.scopes.entry(table.resolve(scope)).or_default().push(at);
            }
        }
        rules
    }

    /// Whether there is anything to track.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// The keys and references found in a document.
#[derive(Default)]
pub(super) struct Seen {
    /// For each key rule, the values with the line of the first.
    keys: HashMap<usize, HashMap<Values, u32>>,
    /// For each reference rule, those that had no key when they came.
    dangling: HashMap<usize, Vec<(Values, DeferredLocation)>>,
    /// References whose missing keys were reported in this scope.
    reported: HashSet<usize>,
}

impl Seen {
    /// An element ends: it may have a key or a reference.
    pub(super) fn element(&mut self, rules: &Rules, local: &str, frame: &Frame, stack: &mut ElementStack) {
        for at in rules.selects.get(local).into_iter().flatten() {
            let rule = &rules.rules[*at];
            let Some(values) = values(&rule.fields, frame) else { continue };
            match &rule.refers {
                None => {
                    let known = self.keys.entry(*at).or_default();
                    if known.len() < MOST {
                        known.entry(values).or_insert(stack.position().0);
                    }
                }
                Some(key) if !self.has(rules, key, &values) => {
                    let dangling = self.dangling.entry(*at).or_default();
                    if dangling.len() < MOST {
                        dangling.push((values, stack.spot()));
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// An element with declared rules has ended.
    pub(super) fn leave(&mut self, rules: &Rules, local: &str) {
        for at in rules.scopes.get(local).into_iter().flatten() {
            self.keys.remove(at);
            self.dangling.remove(at);
            self.reported.remove(at);
        }
    }

    /// References by the rule of this name that lead nowhere, now that all keys are known; none if they were returned before, since the
    /// engine reports each one separately. `None` if the rule cannot be tracked.
    pub(super) fn lost(&mut self, rules: &Rules, name: &str) -> Option<Vec<(Values, DeferredLocation)>> {
        let at = rules.rules.iter().position(|rule| rule.name == name)?;
        let key = rules.rules[at].refers.as_ref()?;
        if !self.reported.insert(at) {
            return Some(Vec::new());
        }
        let mut lost = self.dangling.remove(&at).unwrap_or_default();
        lost.retain(|(values, _)| !self.has(rules, key, values));
        (!lost.is_empty()).then_some(lost)
    }

    /// The line where a duplicate value was first.
    pub(super) fn first(&self, rules: &Rules, name: &str, frame: &Frame) -> Option<u32> {
        let at = rules.rules.iter().position(|rule| rule.name == name)?;
        self.keys.get(&at)?.get(&values(&rules.rules[at].fields, frame)?).copied()
    }

    fn has(&self, rules: &Rules, key: &str, values: &Values) -> bool {
        let keys = rules.rules.iter().enumerate().filter(|(_, rule)| rule.name == key && rule.refers.is_none());
        keys.map(|(at, _)| at).any(|at| self.keys.get(&at).is_some_and(|known| known.contains_key(values)))
    }
}

/// The values of a rule's fields; `None` if one is missing.
fn values(fields: &[String], frame: &Frame) -> Option<Values> {
    let value = |field: &String| match field.as_str() {
        "." => Some(frame.text.trim().to_string()),
        name => frame.values.iter().find(|(known, _)| **known == *name).map(|(_, value)| value.clone()),
    };
    fields.iter().map(value).collect()
}
