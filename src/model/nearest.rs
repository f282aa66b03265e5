//! The nearest known name to a misspelt one, for hints.

use super::i18n::{Text, say};

/// The candidate with the smallest edit distance to `word`, if it is near enough (a third of its length, at least 2; upper and lower
/// case count as equal).
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(2);
    let length = word.chars().count();
    // Nobody means a name that long, and the distance costs the product of both lengths in time and memory.
    if length > 100 {
        return None;
    }
    let lowered = word.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (distance(&lowered, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean `x`?` for the nearest candidate, ready to be a hint.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Text> {
    nearest(word, candidates).map(|near| say!("hint-did-you-mean", name = near).into())
}

/// Optimal string alignment distance: insert, delete, replace, and swap of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_swapped_letters_and_ignores_strangers() {
        let known = ["schedule", "schema", "mapping"];
        assert_eq!(nearest("shcedule", known), Some("schedule"));
        assert_eq!(nearest("Schema", known), Some("schema"));
        assert_eq!(nearest("partner", known), None);
    }
}
