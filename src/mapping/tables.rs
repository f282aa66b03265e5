//! Code tables: the partner's codes and ours, in CSV files that a consultant maintains (`tables/units.csv`). A partner's own table
//! (`tables/nordwind/units.csv`) has precedence.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::model::{Code, Place, Problem, i18n::say, nearest::did_you_mean, problem::cut};

/// Where code tables come from.
pub trait Tables {
    /// The table of this name, the partner's rows included.
    ///
    /// # Errors
    /// It does not exist, or cannot be read.
    fn table(&self, name: &str) -> Result<CodeTable, Problem>;
}

/// A source without tables.
pub struct NoTables;

impl Tables for NoTables {
    fn table(&self, name: &str) -> Result<CodeTable, Problem> {
        Err(Problem::new(Code::ConfigUnknownName, format!("there is no code table `{name}`")))
    }
}

/// Codes and what they mean.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CodeTable {
    /// Its file; empty for an inline table of the mapping.
    pub file: Option<String>,
    rows: HashMap<String, Json>,
    /// Codes in the order of the file, for sentences.
    order: Vec<String>,
}

impl CodeTable {
    /// An inline table of a mapping.
    pub fn inline(rows: Vec<(String, Json)>) -> Self {
        let order = rows.iter().map(|(code, _)| code.clone()).collect();
        Self { file: None, rows: rows.into_iter().collect(), order }
    }

    /// Reads a table: CSV with a header, the code in the first column and its value in the second; further columns are remarks.
    ///
    /// # Errors
    /// A row without a value, or a code that appears twice, with its line.
    pub fn parse(text: &str, file: &str) -> Result<Self, Problem> {
        let text = text.trim_start_matches('\u{feff}');
        let separator = if text.lines().next().is_some_and(|header| header.contains(';')) { b';' } else { b',' };
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
        let mut table = Self { file: Some(file.to_string()), ..Self::default() };
        for record in reader.records() {
            let wrong = |line: Option<u64>, message: String| {
                let place = Place { line: line.and_then(|line| u32::try_from(line).ok()), ..Place::file(file) };
                Problem::new(Code::ConfigBadValue, message).at(place)
            };
            let record = record.map_err(|error| wrong(error.position().map(csv::Position::line), "this row is not CSV".into()))?;
            let line = record.position().map(csv::Position::line);
            let (Some(code), Some(value)) = (record.get(0), record.get(1)) else {
                return Err(wrong(line, "a row of a code table must have a code and a value".into()));
            };
            if code.is_empty() {
                return Err(wrong(line, "a row of a code table must begin with its code".into()));
            }
            if table.rows.insert(code.to_string(), Json::from(value)).is_some() {
                return Err(wrong(line, format!("the code `{code}` appears twice")));
            }
            table.order.push(code.to_string());
        }
        Ok(table)
    }

    /// The same table, with the rows of another before its own.
    pub fn overridden_by(mut self, other: Self) -> Self {
        for code in other.order {
            if !self.rows.contains_key(&code) {
                self.order.push(code.clone());
            }
            if let Some(value) = other.rows.get(&code) {
                self.rows.insert(code, value.clone());
            }
        }
        self
    }

    /// What a code means.
    pub fn get(&self, code: &str) -> Option<&Json> {
        self.rows.get(code)
    }

    /// Every value.
    pub fn values(&self) -> impl Iterator<Item = &Json> {
        self.order.iter().filter_map(|code| self.rows.get(code))
    }

    /// The problem of a code that is not in the table, for a field.
    pub fn unknown(&self, code: &str, field: &str) -> Problem {
        let known: Vec<&str> = self.order.iter().map(String::as_str).collect();
        let (table, fix) = match &self.file {
            Some(file) => (say!("table-file", file = file), format!("add a row for it to {file}")),
            None => (say!("table-of-mapping"), "add it to the table of the mapping".to_string()),
        };
        let near = did_you_mean(code, known.iter().copied()).map(|near| format!(", or {near}")).unwrap_or_default();
        let message = say!("code-unknown", code = cut(code), field = field, table = table, known = cut(&known.join(", ")));
        Problem::new(Code::ValueUnmapped, message).hint(format!("{fix}{near}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_partners_rows_go_before() {
        let ours = CodeTable::parse("code,unit,remark\nC62,Units,one\nKGM,kg,\n", "tables/units.csv").expect("a table");
        let theirs = CodeTable::parse("code;unit\r\nC62;Dozens\r\nSTK;Units\r\n", "tables/nordwind/units.csv").expect("a table");
        let both = ours.overridden_by(theirs);
        assert_eq!(
            [both.get("C62"), both.get("KGM"), both.get("STK")],
            [Some(&json!("Dozens")), Some(&json!("kg")), Some(&json!("Units"))]
        );
        let unknown = both.unknown("KGN", "uom");
        assert!(unknown.message.contains("tables/units.csv (C62, KGM, STK)") && unknown.hint.is_some_and(|hint| hint.contains("KGM")));
    }

    #[test]
    fn what_is_not_a_table_has_its_line() {
        let line = |text: &str| CodeTable::parse(text, "t.csv").expect_err("not a table").place.line;
        assert_eq!(line("code,value\nA,1\nA,2\n"), Some(3));
        assert_eq!(line("code,value\nA\n"), Some(2));
    }
}
