//! Sorts kinds of records so that each comes after those it refers to.

use super::rules::{FieldRule, RecordRule};

/// The rules in order; in the file's order where there is a choice.
///
/// # Errors
/// The names of rules that refer to one another in a circle.
pub(super) fn ordered(rules: Vec<RecordRule>) -> Result<Vec<RecordRule>, Vec<String>> {
    let mut left = rules;
    let mut done: Vec<RecordRule> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free = left.iter().position(|rule| {
            let mut refers = rule.fields.iter().flat_map(FieldRule::refers);
            refers.all(|name| done.iter().any(|known| known.name == name) || !left.iter().any(|known| known.name == name))
        });
        match free {
            Some(at) => done.push(left.remove(at)),
            None => return Err(left.into_iter().map(|rule| rule.name).collect()),
        }
    }
    Ok(done)
}
