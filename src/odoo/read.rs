//! Records for outbound documents: dotted paths, read level by level, never record by record.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value as Json};

use super::{Odoo, client::id_of};
use crate::model::{BoxFuture, Problem, catalog::Catalog};

/// Fields to read and, below relations, theirs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tree(pub BTreeMap<String, Tree>);

impl Tree {
    /// The tree of dotted paths: `move_ids.product_id.barcode`.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut tree = Self::default();
        for path in paths {
            let mut at = &mut tree;
            for part in path.split('.') {
                at = at.0.entry(part.to_string()).or_default();
            }
        }
        tree
    }
}

/// Reads records with everything that the tree names, in the order of `ids`. Empty values are null; a relation is an object (or a list
/// of them) with at least its `id`, and its `display_name` if the tree has nothing below it.
///
/// The number of calls is the number of relations in the tree plus one, whatever the number of records.
///
/// # Errors
/// As a call to Odoo.
pub fn read_tree<'a>(
    odoo: &'a Odoo,
    catalog: &'a Catalog,
    model: &'a str,
    ids: &'a [i64],
    tree: &'a Tree,
) -> BoxFuture<'a, Result<Vec<Json>, Problem>> {
    Box::pin(async move {
        let fields: Vec<&str> = tree.0.keys().map(String::as_str).filter(|name| *name != "id").collect();
        let mut unique = ids.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let mut records: HashMap<i64, Map<String, Json>> = HashMap::new();
        for chunk in unique.chunks(1000) {
            let read = odoo.read(model, chunk, &fields).await.map_err(|fault| fault.problem(&format!("reading {model}")))?;
            records.extend(read.into_iter().map(|record| (id_of(&record), record)));
        }
        for (name, below) in &tree.0 {
            let field = catalog.field(model, name);
            let kind = field.map_or("", |field| field.kind.as_str());
            let relation = field.and_then(|field| field.relation.as_deref());
            match (kind, relation, below.0.is_empty()) {
                ("many2one", Some(target), false) => {
                    let targets: Vec<i64> = records.values().filter_map(|record| first_id(record.get(name)?)).collect();
                    let found = by_id(read_tree(odoo, catalog, target, &targets, below).await?);
                    for record in records.values_mut() {
                        let value = record.get(name).and_then(first_id).and_then(|id| found.get(&id).cloned()).unwrap_or(Json::Null);
                        record.insert(name.clone(), value);
                    }
                }
                ("one2many" | "many2many", Some(target), _) => {
                    let targets: Vec<i64> = records.values().flat_map(|record| all_ids(record.get(name))).collect();
                    let display = Tree::new(["display_name"]);
                    let found = by_id(read_tree(odoo, catalog, target, &targets, if below.0.is_empty() { &display } else { below }).await?);
                    for record in records.values_mut() {
                        let value: Json = all_ids(record.get(name)).iter().filter_map(|id| found.get(id).cloned()).collect();
                        record.insert(name.clone(), value);
                    }
                }
                ("many2one", _, true) => {
                    for record in records.values_mut() {
                        let value = match record.get(name) {
                            Some(Json::Array(pair)) => serde_json::json!({"id": pair.first(), "display_name": pair.get(1)}),
                            _ => Json::Null,
                        };
                        record.insert(name.clone(), value);
                    }
                }
                ("boolean", ..) => {}
                _ => {
                    for record in records.values_mut() {
                        if record.get(name) == Some(&Json::Bool(false)) {
                            record.insert(name.clone(), Json::Null);
                        }
                    }
                }
            }
        }
        Ok(ids.iter().filter_map(|id| records.get(id).cloned().map(Json::Object)).collect())
    })
}

fn by_id(records: Vec<Json>) -> HashMap<i64, Json> {
    records.into_iter().filter_map(|record| Some((record.get("id")?.as_i64()?, record))).collect()
}

fn first_id(value: &Json) -> Option<i64> {
    value.as_array()?.first()?.as_i64()
}

fn all_ids(value: Option<&Json>) -> Vec<i64> {
    value.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_i64).collect()
}
