//! Maps the fields of a row to columns.

use super::CsvDialect;
use crate::model::{
    Code, Place, Problem, Problems,
    blank::{folded, trimmed},
    i18n::say,
    nearest::did_you_mean,
    problem::cut,
};

/// Field index of each mapped column in a file without a header: the dialect names columns by number, from 1.
pub(super) fn numbered(dialect: &CsvDialect, file: &str) -> Result<Vec<Option<usize>>, Problems> {
    let wrong = |name: &String| {
        Problem::new(Code::CsvHeader, format!("`{name}` is not the number of a column, and the file has no header")).at(Place::file(file))
    };
    let mut places = Vec::new();
    for (name, _) in &dialect.columns {
        match name.parse::<usize>() {
            Ok(number @ 1..) => places.push(Some(number - 1)),
            _ => return Err(wrong(name).into()),
        }
    }
    Ok(places)
}

/// A header that differs only in blanks nobody can tell apart is the same.
fn is_same(name: &str, wanted: &str) -> bool {
    folded(name) == folded(wanted)
}

/// Field index of each mapped column in the header. Each missing column is a problem, so the clerk sees all at once.
pub(super) fn named(header: &csv::StringRecord, dialect: &CsvDialect, file: &str, line: u32) -> Result<Vec<Option<usize>>, Problems> {
    let names: Vec<&str> = header.iter().map(trimmed).collect();
    let mut places = Vec::new();
    let mut problems = Vec::new();
    for (wanted, _) in &dialect.columns {
        let those = |is: &dyn Fn(&str) -> bool| names.iter().enumerate().filter(|(_, name)| is(name)).map(|(index, _)| index).collect();
        let mut found: Vec<usize> = those(&|name| name == wanted);
        if found.is_empty() {
            found = those(&|name| is_same(name, wanted));
        }
        match found.as_slice() {
            [one] => places.push(Some(*one)),
            [] => problems.push(
                Problem::new(Code::CsvHeader, say!("csv-column-missing", column = wanted, header = cut(&names.join(", "))))
                    .at(Place::at(file, line, 1))
                    .maybe_hint(did_you_mean(wanted, names.iter().copied())),
            ),
            _ => problems.push(
                Problem::new(Code::CsvHeader, say!("csv-column-repeated", column = wanted, count = found.len()))
                    .at(Place::at(file, line, 1)),
            ),
        }
    }
    // If all of them are missing, it is one mistake.
    if dialect.columns.len() > 1 && dialect.columns.iter().all(|(wanted, _)| !names.iter().any(|name| is_same(name, wanted))) {
        let (first, wanted) =
            (cut(&names.join(", ")), dialect.columns.iter().map(|(header, _)| header.as_str()).collect::<Vec<_>>().join(", "));
        let message = say!("csv-no-column", line = first);
        let hint = say!("hint-csv-columns", columns = cut(&wanted));
        return Err(Problem::new(Code::CsvHeader, message).at(Place::at(file, line, 1)).hint(hint).into());
    }
    Problems::check(problems).map(|()| places)
}
