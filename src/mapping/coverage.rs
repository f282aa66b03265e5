//! Which parts of a partner's document a mapping reads, and which mandatory elements it does not: a value that is not read is lost, and
//! that should be on purpose.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Mapping, check::Checker};
use crate::model::{
    Name,
    shape::{Shape, ShapeAttribute, ShapeId},
};

/// Which elements are read.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Coverage {
    /// Elements and attributes with a value that paths lead to.
    pub read: usize,
    /// Unread ones that every valid document has if it has the element around them.
    pub unread: Vec<String>,
}

/// Levels of a schema that are checked; documents are not nested deeper.
const DEEPEST: usize = 24;

impl Mapping {
    /// Compares what the mapping reads with what the schema makes mandatory.
    pub fn coverage(&self, shape: &Shape) -> Coverage {
        let mut checker = Checker::new(self, shape, None);
        checker.run();
        let mut walk = Walk { shape, read: &checker.read, unread: Vec::new() };
        let first: Option<Vec<Name>> = checker.units.iter().min_by_key(|unit| unit.len()).cloned();
        for (root, id) in &shape.roots {
            if first.as_ref().is_some_and(|unit| unit.first() == Some(root)) {
                walk.element(&mut vec![root.clone()], *id);
            }
        }
        let read = checker.read.iter().filter(|path| !checker.units.contains(*path)).count();
        Coverage { read, unread: walk.unread }
    }
}

struct Walk<'s> {
    shape: &'s Shape,
    read: &'s BTreeSet<Vec<Name>>,
    unread: Vec<String>,
}

impl Walk<'_> {
    fn is_read(&self, path: &[Name]) -> bool {
        self.read.range(path.to_vec()..).next().is_some_and(|known| known.starts_with(path))
    }

    fn element(&mut self, path: &mut Vec<Name>, id: ShapeId) {
        let Some(of) = self.shape.types.get(id).filter(|_| path.len() < DEEPEST) else { return };
        for ShapeAttribute { name, needed, .. } in &of.attributes {
            let attribute = [path.as_slice(), &[Name::new("@", &name.local)]].concat();
            if *needed && !self.is_read(&attribute) {
                self.unread.push(format!("{}/@{}", shown(path), name.local));
            }
        }
        if of.children.is_empty() && of.text && !self.is_read(path) {
            self.unread.push(shown(path));
        }
        for (name, child) in &of.children {
            path.push(name.clone());
            // An optional element is checked if the mapping reads something in it.
            if of.needed.contains(name) || self.is_read(path) {
                self.element(path, *child);
            }
            path.pop();
        }
    }
}

fn shown(path: &[Name]) -> String {
    path.iter().map(|name| format!("/{}", name.local)).collect()
}
