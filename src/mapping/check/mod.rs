//! Checks a mapping against the schema and against Odoo's fields, before any file is received.

mod fields;
mod paths;

use std::collections::BTreeSet;

use super::Mapping;
use crate::model::{
    Code, Name, Place, Problem,
    catalog::Catalog,
    nearest::did_you_mean,
    plan::WriteMode,
    shape::{Shape, ShapeId},
};

pub(super) fn check(mapping: &Mapping, shape: &Shape, catalog: &Catalog) -> Vec<Problem> {
    let mut checker = Checker::new(mapping, shape, Some(catalog));
    checker.run();
    checker.problems
}

/// Elements passed from the root to a place, with the type of each, so that `..` can go back. The last is the current one.
pub(super) type Way = Vec<(Name, ShapeId)>;

pub(super) struct Checker<'m> {
    mapping: &'m Mapping,
    shape: &'m Shape,
    catalog: Option<&'m Catalog>,
    problems: Vec<Problem>,
    /// Every element that a path leads to or through, as names from the root; an attribute is named after its element.
    pub(super) read: BTreeSet<Vec<Name>>,
    /// The elements that records and lines are made from.
    pub(super) units: BTreeSet<Vec<Name>>,
}

impl<'m> Checker<'m> {
    pub(super) fn new(mapping: &'m Mapping, shape: &'m Shape, catalog: Option<&'m Catalog>) -> Self {
        Self { mapping, shape, catalog, problems: Vec::new(), read: BTreeSet::new(), units: BTreeSet::new() }
    }

    pub(super) fn run(&mut self) {
        let mapping = self.mapping;
        for rule in &mapping.records {
            let place = self.place(rule.line, rule.column);
            if !rule.each.is_absolute() {
                let text = format!("`each` must begin at the root: write `/{}`", rule.each);
                self.problems.push(Problem::new(Code::MappingPath, text).at(place.clone()));
                continue;
            }
            self.known_model(&rule.model, &place);
            let ways = self.follow(&rule.each, &[Way::new()], &place).ways;
            self.units.extend(ways.iter().map(names));
            if ways.is_empty() {
                continue;
            }
            if let Some(group) = &rule.group {
                self.follow(group, &ways, &place);
            }
            if let Some(external) = &rule.external {
                self.value(external, &ways);
            }
            self.when(rule.when.as_ref(), &ways, &place);
            let found_by: &[String] = if rule.write == WriteMode::Update { &rule.identity } else { &[] };
            self.fields(&rule.fields, &rule.model, &ways, rule.write != WriteMode::Create, found_by);
            self.scope(&rule.scope, &rule.model, &place);
            if rule.write != WriteMode::Update {
                self.required(&rule.model, &rule.fields, None, &place);
            }
        }
        for number in &mapping.numbers {
            let place = self.place(number.line, number.column);
            self.follow(&number.path, &[Way::new()], &place);
        }
    }

    fn known_model(&mut self, model: &str, place: &Place) -> bool {
        let Some(catalog) = self.catalog else { return false };
        if catalog.model(model).is_some() {
            return true;
        }
        let problem = Problem::new(Code::MappingField, format!("the field snapshot has no model `{model}`"));
        let hint = did_you_mean(model, catalog.models()).unwrap_or_else(|| "create a new snapshot with `consign odoo snapshot`".into());
        self.problems.push(problem.at(place.clone()).hint(hint));
        false
    }

    fn place(&self, line: u32, column: u32) -> Place {
        Place::at(&self.mapping.file, line, column)
    }
}

pub(super) fn names(way: &Way) -> Vec<Name> {
    way.iter().map(|(name, _)| name.clone()).collect()
}
