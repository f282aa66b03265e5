//! A compiled schema prepared for documents, and the parts of it that cannot be used.

use std::cell::OnceCell;

use xsd_schema::{
    SchemaSet,
    compiler::{SubstitutionGroupMap, build_substitution_group_map},
    validation::{SchemaValidator, ValidationFlags},
};

use super::keys::Rules;
use crate::model::{Code, Place, Problem};

/// A validator over one schema, prepared once for many documents.
pub(super) struct Prepared<'s> {
    pub(super) set: &'s SchemaSet,
    pub(super) inner: SchemaValidator<'s>,
    /// Keys: if there are any, possible key values are kept while their element is open.
    pub(super) rules: Rules,
    /// Computed when a document breaks a content model.
    groups: OnceCell<SubstitutionGroupMap>,
}

impl<'s> Prepared<'s> {
    pub(super) fn new(set: &'s SchemaSet) -> Self {
        let mut flags = ValidationFlags::default() & !ValidationFlags::BUILD_PSVI_TYPED_VALUES & !ValidationFlags::REPORT_WARNINGS;
        if set.is_xsd11() {
            flags |= ValidationFlags::PROCESS_ASSERTIONS;
        }
        Self { set, inner: SchemaValidator::new(set, flags), rules: Rules::of(set), groups: OnceCell::new() }
    }

    /// Content models that cannot run, as problems of the schema `name`.
    pub(super) fn unusable(&self, name: &str) -> Vec<Problem> {
        let reported = |(key, _): (_, &str)| {
            let data = self.set.arenas.complex_types.get(key);
            let of = data
                .and_then(|data| data.name)
                .map_or_else(|| "a type".to_string(), |name| format!("the type `{}`", self.set.name_table.resolve(name)));
            let problem = Problem::new(Code::SchemaBroken, format!("the content of {of} allows too many combinations to be judged"))
                .hint("groups that may be repeated lie within one another: give them smaller `maxOccurs`, or take them apart");
            match data.and_then(|data| self.set.locate(data.source.as_ref())) {
                Some(at) => {
                    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
                    let file = at.base_uri.rsplit('/').next().unwrap_or(name).to_string();
                    problem.at(Place::at(file, narrow(at.line), narrow(at.column)))
                }
                None => problem.at(Place::file(name)),
            }
        };
        self.inner.content_model_failures().into_iter().map(reported).collect()
    }

    /// The substitution groups of the schema.
    pub(super) fn groups(&self) -> &SubstitutionGroupMap {
        self.groups.get_or_init(|| build_substitution_group_map(self.set))
    }
}
