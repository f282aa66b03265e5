//! A mapping held against the schema and against Odoo's fields, before any file comes.

use super::{
    FieldRule, From, Mapping, Path, Rule, ValueRule,
    path::{Predicate, Step},
};
use crate::model::{
    Name, Place, Problem, Problems,
    catalog::Catalog,
    codes,
    nearest::did_you_mean,
    plan::Write,
    shape::{Shape, ShapeId},
};

pub(super) fn check(mapping: &Mapping, shape: &Shape, catalog: &Catalog) -> Problems {
    let mut checker = Checker { mapping, shape, catalog, problems: Vec::new() };
    let place = checker.place(mapping.line, 1);
    let at = if mapping.each.is_absolute() {
        checker.follow(&mapping.each, &[], &place)
    } else {
        checker
            .problems
            .push(Problem::new(codes::MAPPING_PATH, format!("`each` begins at the root: write `/{}`", mapping.each)).at(place.clone()));
        None
    };
    if checker.catalog.model(&mapping.model).is_none() {
        checker.unknown_model(&mapping.model, &place);
    }
    if let Some(way) = at {
        checker.fields(&mapping.fields, &mapping.model, &way);
    }
    checker.problems
}

/// The types passed from the root to a place, so that `..` finds its way back. The last is where we stand.
type Way = Vec<ShapeId>;

struct Checker<'m> {
    mapping: &'m Mapping,
    shape: &'m Shape,
    catalog: &'m Catalog,
    problems: Problems,
}

impl Checker<'_> {
    fn fields(&mut self, fields: &[FieldRule], model: &str, way: &Way) {
        for field in fields {
            let place = self.place(field.line, field.column);
            self.field_exists(model, &field.name, &place, true);
            match &field.rule {
                Rule::Value(rule) => {
                    let reference = self.catalog.field(model, &field.name).filter(|known| known.kind == "many2one");
                    if let (Some(relation), From::Path(_), true) =
                        (reference.and_then(|known| known.relation.as_ref()), &rule.from, rule.table.is_empty())
                    {
                        let message = format!("`{}` is a reference to `{relation}`; a text cannot be written to it", field.name);
                        self.problems.push(
                            Problem::new(codes::MAPPING_FIELD, message)
                                .at(place)
                                .hint(format!("{{ find = \"{relation}\", by = {{ name = \"…\" }} }}")),
                        );
                    }
                    self.value(rule, way);
                }
                Rule::Find(rule) => {
                    let expected = self.catalog.field(model, &field.name).and_then(|known| known.relation.clone());
                    if let Some(expected) = expected.filter(|expected| *expected != rule.model) {
                        self.problems.push(
                            Problem::new(codes::MAPPING_FIELD, format!("`{}` refers to `{expected}`, not to `{}`", field.name, rule.model))
                                .at(place.clone()),
                        );
                    }
                    if self.catalog.model(&rule.model).is_none() {
                        self.unknown_model(&rule.model, &place);
                    }
                    for (key, value) in &rule.by {
                        let place = self.place(value.line, value.column);
                        self.field_exists(&rule.model, key, &place, false);
                        self.value(value, way);
                    }
                }
                Rule::Lines(rule) => {
                    let relation = self.catalog.field(model, &field.name).and_then(|known| known.relation.clone());
                    let inner = self.follow(&rule.each, way, &place);
                    if let (Some(inner), Some(relation)) = (inner, relation.or_else(|| rule.model.clone())) {
                        self.fields(&rule.fields, &relation, &inner);
                    }
                }
            }
        }
    }

    fn field_exists(&mut self, model: &str, field: &str, place: &Place, written: bool) {
        let Some(fields) = self.catalog.model(model) else { return };
        match fields.get(field) {
            None => {
                let hint = did_you_mean(field, fields.keys().map(String::as_str));
                self.problems.push(
                    Problem::new(codes::MAPPING_FIELD, format!("the model `{model}` has no field `{field}`"))
                        .at(place.clone())
                        .maybe_hint(hint),
                );
            }
            // A computed field that is writable has an inverse or is a related one; only those shown read-only are refused. The
            // models that Odoo writes through `create` of their own accept more than their fields say (stock.quant).
            Some(known) if written && known.computed && known.readonly && self.mapping.write == Write::Upsert => {
                self.problems.push(
                    Problem::new(
                        codes::FIELD_READONLY,
                        format!("the field `{field}` of `{model}` is computed by Odoo and cannot be written"),
                    )
                    .at(place.clone()),
                );
            }
            Some(_) => {}
        }
    }

    fn unknown_model(&mut self, model: &str, place: &Place) {
        let problem = Problem::new(codes::MAPPING_FIELD, format!("the model `{model}` is not in the snapshot of Odoo's fields"));
        self.problems.push(problem.at(place.clone()).maybe_hint(did_you_mean(model, self.catalog.models())));
    }

    fn value(&mut self, rule: &ValueRule, way: &Way) {
        match &rule.from {
            From::Path(path) => {
                let place = self.place(rule.line, rule.column);
                self.follow(path, way, &place);
            }
            From::Expression { with, .. } => {
                for (_, value) in with {
                    self.value(value, way);
                }
            }
            From::Const(_) => {}
        }
    }

    /// Where the path leads; `None` when it was reported, or leads where the schema allows anything.
    fn follow(&mut self, path: &Path, from: &[ShapeId], place: &Place) -> Option<Way> {
        if !path.is_absolute() {
            return self.steps(&path.steps, from.to_vec(), path, place);
        }
        let Some((Step::Child { name, .. }, rest)) = path.steps.split_first() else {
            self.problems.push(Problem::new(codes::MAPPING_PATH, format!("`{path}` leads nowhere")).at(place.clone()));
            return None;
        };
        match self.shape.roots.iter().find(|(root, _)| root == name) {
            Some((_, id)) => self.steps(rest, vec![*id], path, place),
            None => {
                self.refuse(path, name, "as a root element", self.shape.roots.iter().map(|(root, _)| root), place);
                None
            }
        }
    }

    fn steps(&mut self, steps: &[Step], from: Way, path: &Path, place: &Place) -> Option<Way> {
        let mut way = from;
        for step in steps {
            let here = self.shape.types.get(*way.last()?)?;
            match step {
                Step::Itself => {}
                Step::Parent => {
                    way.pop();
                    if way.is_empty() {
                        self.problems.push(
                            Problem::new(codes::MAPPING_PATH, format!("`{path}` climbs above what `each` selects from the root"))
                                .at(place.clone()),
                        );
                        return None;
                    }
                }
                Step::Attribute(name) => {
                    if !here.attributes.contains(name) && !here.open {
                        let known: Vec<Name> = here.attributes.clone();
                        self.refuse(path, name, "as an attribute there", known.iter(), place);
                        return None;
                    }
                }
                Step::Child { name, predicates } => {
                    let child = here.children.iter().find(|(known, _)| known == name).map(|(_, id)| *id);
                    let Some(id) = child else {
                        if !here.open {
                            let known: Vec<Name> = here.children.iter().map(|(name, _)| name.clone()).collect();
                            self.refuse(path, name, "there", known.iter(), place);
                        }
                        return None;
                    };
                    way.push(id);
                    for predicate in predicates {
                        if let Predicate::Equals { path: inner, .. } = predicate {
                            self.steps(inner, way.clone(), path, place)?;
                        }
                    }
                }
            }
        }
        Some(way)
    }

    fn refuse<'a>(&mut self, path: &Path, name: &Name, role: &str, known: impl Iterator<Item = &'a Name>, place: &Place) {
        let locals: Vec<&str> = known.map(|name| &*name.local).collect();
        let wrong_namespace = locals.contains(&&*name.local);
        let hint = if wrong_namespace {
            Some(format!("`{}` is there, but in another namespace: check its prefix", name.local))
        } else {
            did_you_mean(&name.local, locals)
        };
        let message = format!("the schema {} has no `{}` {role} (path `{path}`)", self.mapping.document, name.local);
        self.problems.push(Problem::new(codes::MAPPING_PATH, message).at(place.clone()).maybe_hint(hint));
    }

    fn place(&self, line: u32, column: u32) -> Place {
        Place::at(&self.mapping.file, line, column)
    }
}
