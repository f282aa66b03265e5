//! The patterns that nearly every schema has, in words: `[A-Z]{3}` is "exactly 3 capital letters". What is more than a row of
//! characters of a kind stays a pattern.

/// Parts of a pattern that are still easier to read as words.
const LONGEST: usize = 4;

/// A pattern in words.
pub(super) fn in_words(pattern: &str) -> Option<String> {
    let mut choices = Vec::new();
    for choice in pattern.split('|') {
        choices.push(row(choice)?);
    }
    let (last, rest) = choices.split_last()?;
    let text = if rest.is_empty() { last.clone() } else { format!("{} or {last}", rest.join(", ")) };
    // A single part is an exact number of something; several are read one after the other.
    Some(if choices.len() == 1 && text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(" to ") && !text.contains("then") {
        format!("exactly {text}")
    } else {
        text
    })
}

/// One row of parts: `[A-Z]{2}[0-9]{2}`, or a word whose letters may be in either case.
fn row(text: &str) -> Option<String> {
    let (mut rest, mut parts, mut word) = (text, Vec::<(&str, (u64, Option<u64>))>::new(), String::new());
    while !rest.is_empty() {
        let (class, behind) = class(rest)?;
        let (count, behind) = count(behind)?;
        rest = behind;
        match (class, count) {
            (Class::Letter(letter), (1, Some(1))) => word.push(letter),
            (Class::Kind(kind), (least, most)) => match parts.last_mut() {
                // Five times `[0-9]` are 5 digits.
                Some((known, (all_least, all_most))) if *known == kind => {
                    *all_least += least;
                    *all_most = all_most.zip(most).map(|(all, most): (u64, u64)| all + most);
                }
                _ => parts.push((kind, (least, most))),
            },
            (Class::Letter(_), _) => return None,
        }
    }
    match (word.is_empty(), parts.is_empty()) {
        (false, true) => Some(format!("`{word}`")),
        (true, false) if parts.len() <= LONGEST => {
            let all: Vec<String> = parts.into_iter().map(|(kind, count)| counted(kind, count)).collect();
            Some(all.join(", then "))
        }
        _ => None,
    }
}

enum Class {
    /// One letter, in either case or as it is.
    Letter(char),
    /// Characters of a kind: singular.
    Kind(&'static str),
}

fn class(text: &str) -> Option<(Class, &str)> {
    if let Some(rest) = text.strip_prefix("\\d") {
        return Some((Class::Kind("digit"), rest));
    }
    let Some(inner) = text.strip_prefix('[') else {
        let letter = text.chars().next().filter(char::is_ascii_alphanumeric)?;
        return Some((Class::Letter(letter), &text[1..]));
    };
    let (inner, rest) = inner.split_once(']')?;
    let mut both = inner.chars();
    if let (Some(one), Some(other), None) = (both.next(), both.next(), both.next())
        && one.is_ascii_alphabetic()
        && one.eq_ignore_ascii_case(&other)
    {
        return Some((Class::Letter(one.to_ascii_lowercase()), rest));
    }
    let kind = match inner {
        "0-9" | "\\d" => "digit",
        "A-Z" => "capital letter",
        "a-z" => "small letter",
        "A-Za-z" | "a-zA-Z" => "letter",
        "A-Z0-9" | "0-9A-Z" => "capital letter or digit",
        "A-Za-z0-9" | "a-zA-Z0-9" | "0-9A-Za-z" | "0-9a-zA-Z" | "A-Z0-9a-z" => "letter or digit",
        _ => return None,
    };
    Some((Class::Kind(kind), rest))
}

/// How often: at least and at most.
fn count(text: &str) -> Option<((u64, Option<u64>), &str)> {
    match text.chars().next() {
        Some('+') => Some(((1, None), &text[1..])),
        Some('*') => Some(((0, None), &text[1..])),
        Some('?') => Some(((0, Some(1)), &text[1..])),
        Some('{') => {
            let (inner, rest) = text[1..].split_once('}')?;
            let count = match inner.split_once(',') {
                None => (inner.parse().ok()?, Some(inner.parse().ok()?)),
                Some((least, "")) => (least.parse().ok()?, None),
                Some((least, most)) => (least.parse().ok()?, Some(most.parse().ok()?)),
            };
            Some((count, rest))
        }
        Some('(' | ')') => None,
        _ => Some(((1, Some(1)), text)),
    }
}

fn counted(kind: &str, count: (u64, Option<u64>)) -> String {
    let plural = kind.split(" or ").map(|one| format!("{one}s")).collect::<Vec<_>>().join(" or ");
    match count {
        (1, Some(1)) => format!("1 {kind}"),
        (least, Some(most)) if least == most => format!("{least} {plural}"),
        (0, Some(most)) => format!("up to {most} {plural}"),
        (least, Some(most)) => format!("{least} to {most} {plural}"),
        (0 | 1, None) => format!("only {plural}"),
        (least, None) => format!("at least {least} {plural}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_patterns_are_words() {
        for (pattern, words) in [
            ("[A-Z]{3}", Some("exactly 3 capital letters")),
            ("[A-Z]{3,3}", Some("exactly 3 capital letters")),
            ("\\d{8}|\\d{12,14}", Some("8 digits or 12 to 14 digits")),
            ("[0-9]+", Some("only digits")),
            ("[0-9][0-9][0-9][0-9][0-9]", Some("exactly 5 digits")),
            ("[A-Z]{2,2}[0-9]{2,2}[a-zA-Z0-9]{1,30}", Some("2 capital letters, then 2 digits, then 1 to 30 letters or digits")),
            ("[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]", Some("`true` or `false`")),
            ("(a|b)+", None),
            ("[^,]+", None),
            ("", None),
        ] {
            assert_eq!(in_words(pattern).as_deref(), words, "{pattern}");
        }
    }
}
