//! Everything that an inbound flow uses to make plans, as of a day. It is stored with the messages, so that one can be reprocessed with its
//! original mapping.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::{
    mapping::tables::{CodeTable, Tables},
    model::{Code, Problem},
};

/// A mapping with everything that it reads except the document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MappingSnapshot {
    /// Name of the mapping's file.
    pub mapping: String,
    /// Its text.
    pub text: String,
    /// Code tables: their names, each with the texts of its files, the common one and the partner's own.
    pub tables: BTreeMap<String, Vec<(String, String)>>,
    /// Values of the partner.
    pub partner: Map<String, Json>,
    /// Values of the flow.
    pub values: Map<String, Json>,
}

impl Tables for MappingSnapshot {
    fn table(&self, name: &str) -> Result<CodeTable, Problem> {
        let mut read = self.tables.get(name).into_iter().flatten().map(|(file, text)| CodeTable::parse(text, file));
        let first = read.next().unwrap_or_else(|| {
            Err(Problem::new(Code::ConfigUnknownName, format!("there is no file `tables/{name}.csv` in the workspace")))
        })?;
        read.try_fold(first, |table, own| own.map(|own| table.overridden_by(own)))
    }
}
