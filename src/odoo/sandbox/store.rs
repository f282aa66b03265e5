//! Records in memory, with an undo list so that a refused call leaves nothing behind.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value as Json};

/// Stored values of a record: a many2one as an id or false, a many2many as a list of ids; a one2many is not stored.
pub(super) type Row = Map<String, Json>;

#[derive(Default)]
pub(super) struct Store {
    tables: HashMap<String, BTreeMap<i64, Row>>,
    sequences: HashMap<String, i64>,
    undo: Vec<(String, i64, Option<Row>)>,
}

impl Store {
    pub(super) fn row(&self, model: &str, id: i64) -> Option<&Row> {
        self.tables.get(model)?.get(&id)
    }

    pub(super) fn rows(&self, model: &str) -> impl Iterator<Item = (i64, &Row)> {
        self.tables.get(model).into_iter().flatten().map(|(id, row)| (*id, row))
    }

    pub(super) fn ids(&self, model: &str) -> Vec<i64> {
        self.rows(model).map(|(id, _)| id).collect()
    }

    pub(super) fn insert(&mut self, model: &str, row: Row) -> i64 {
        let id = self.next(model);
        self.put(model, id, Some(row));
        id
    }

    pub(super) fn set(&mut self, model: &str, id: i64, field: &str, value: Json) {
        if let Some(mut row) = self.row(model, id).cloned() {
            row.insert(field.to_string(), value);
            self.put(model, id, Some(row));
        }
    }

    /// Replaces or, with `None`, removes a row.
    pub(super) fn put(&mut self, model: &str, id: i64, mut row: Option<Row>) {
        if let Some(row) = &mut row {
            row.insert("write_date".into(), Json::from(chrono::Utc::now().format("%Y-%m-%d %H:%M:%S").to_string()));
        }
        let table = self.tables.entry(model.to_string()).or_default();
        let before = match row {
            Some(row) => table.insert(id, row),
            None => table.remove(&id),
        };
        self.undo.push((model.to_string(), id, before));
    }

    /// The next number of a sequence; like a real one it is not taken back.
    pub(super) fn next(&mut self, sequence: &str) -> i64 {
        let number = self.sequences.entry(sequence.to_string()).or_insert(0);
        *number += 1;
        *number
    }

    pub(super) fn commit(&mut self) {
        self.undo.clear();
    }

    pub(super) fn roll_back(&mut self) {
        for (model, id, before) in std::mem::take(&mut self.undo).into_iter().rev() {
            let table = self.tables.entry(model).or_default();
            match before {
                Some(row) => table.insert(id, row),
                None => table.remove(&id),
            };
        }
    }
}
