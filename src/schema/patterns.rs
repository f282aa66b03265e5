//! The usual patterns in words: `[A-Z]{3}` is "exactly 3 capital letters". A pattern that is more than a sequence of characters of a
//! kind stays a pattern.

use crate::model::i18n::{Argument, Join, List, Sentence, say};

/// Maximum number of parts that are easier to read as words.
const LONGEST: usize = 4;

/// What a value must be to match a pattern.
pub(super) fn in_words(pattern: &str) -> Option<Sentence> {
    let choices = pattern.split('|').map(row).collect::<Option<Vec<_>>>()?;
    // A single part is an exact amount; several are read one after the other.
    if let [Row::Parts(parts)] = choices.as_slice()
        && let [(kind, (least, Some(most)))] = parts.as_slice()
        && least == most
    {
        return Some(say!("rule-exactly", amount = kind.amount((*least, Some(*most)))));
    }
    Some(say!("rule-be", what = List::new(Join::Or, choices.into_iter().map(Row::said))))
}

/// One of the sequences that a value may be.
enum Row {
    /// A word.
    Word(String),
    /// Characters of these kinds, each with its amount.
    Parts(Vec<(Kind, Count)>),
}

/// Minimum and maximum.
type Count = (u64, Option<u64>);

impl Row {
    fn said(self) -> Argument {
        match self {
            Self::Word(word) => Argument::Verbatim(format!("`{word}`")),
            Self::Parts(parts) => List::new(Join::Then, parts.into_iter().map(|(kind, count)| kind.amount(count))).into(),
        }
    }
}

/// One sequence of parts: `[A-Z]{2}[0-9]{2}`, or a word with letters in either case.
fn row(text: &str) -> Option<Row> {
    let (mut rest, mut parts, mut word) = (text, Vec::<(Kind, Count)>::new(), String::new());
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
        (false, true) => Some(Row::Word(word)),
        (true, false) if parts.len() <= LONGEST => Some(Row::Parts(parts)),
        _ => None,
    }
}

enum Class {
    /// One letter, in either case or as it is.
    Letter(char),
    /// Characters of a kind.
    Kind(Kind),
}

/// Named kinds of characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Digits,
    Capitals,
    Small,
    Letters,
    CapitalsOrDigits,
    LettersOrDigits,
}

impl Kind {
    fn named(self, count: u64) -> Sentence {
        match self {
            Self::Digits => say!("digits", count = count),
            Self::Capitals => say!("capital-letters", count = count),
            Self::Small => say!("small-letters", count = count),
            Self::Letters => say!("letters", count = count),
            Self::CapitalsOrDigits => say!("capitals-or-digits", count = count),
            Self::LettersOrDigits => say!("letters-or-digits", count = count),
        }
    }

    /// `1 digit`, `2 to 3 capital letters`.
    fn amount(self, count: Count) -> Sentence {
        match count {
            (least, Some(most)) if least == most => say!("amount", count = least, kind = self.named(least)),
            (0, Some(most)) => say!("amount-up-to", most = most, kind = self.named(most)),
            (least, Some(most)) => say!("amount-between", least = least, most = most, kind = self.named(most)),
            (0 | 1, None) => say!("amount-only", kind = self.named(2)),
            (least, None) => say!("amount-at-least", least = least, kind = self.named(least)),
        }
    }
}

fn class(text: &str) -> Option<(Class, &str)> {
    if let Some(rest) = text.strip_prefix("\\d") {
        return Some((Class::Kind(Kind::Digits), rest));
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
        "0-9" | "\\d" => Kind::Digits,
        "A-Z" => Kind::Capitals,
        "a-z" => Kind::Small,
        "A-Za-z" | "a-zA-Z" => Kind::Letters,
        "A-Z0-9" | "0-9A-Z" => Kind::CapitalsOrDigits,
        "A-Za-z0-9" | "a-zA-Z0-9" | "0-9A-Za-z" | "0-9a-zA-Z" | "A-Z0-9a-z" => Kind::LettersOrDigits,
        _ => return None,
    };
    Some((Class::Kind(kind), rest))
}

/// The amount: minimum and maximum.
fn count(text: &str) -> Option<(Count, &str)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::i18n::Text;

    #[test]
    fn usual_patterns_are_words() {
        for (pattern, words) in [
            ("[A-Z]{3}", Some("it must be exactly 3 capital letters")),
            ("[A-Z]{3,3}", Some("it must be exactly 3 capital letters")),
            ("\\d{8}|\\d{12,14}", Some("it must be 8 digits or 12 to 14 digits")),
            ("[0-9]+", Some("it must be only digits")),
            ("[0-9][0-9][0-9][0-9][0-9]", Some("it must be exactly 5 digits")),
            ("[A-Z]{2,2}[0-9]{2,2}[a-zA-Z0-9]{1,30}", Some("it must be 2 capital letters, then 2 digits, then 1 to 30 letters or digits")),
            ("[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]", Some("it must be `true` or `false`")),
            ("(a|b)+", None),
            ("[^,]+", None),
            ("", None),
        ] {
            assert_eq!(in_words(pattern).map(Text::from).as_deref(), words, "{pattern}");
        }
    }
}
