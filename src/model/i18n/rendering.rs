//! A sentence in a language.

use super::{
    bundles,
    language::Language,
    say,
    sentence::{Argument, Join, List, Sentence},
};
use crate::model::Code;

impl Language {
    /// A sentence in this language; `None` if the language does not have it, or it holds a library's English text.
    pub fn say(self, sentence: &Sentence) -> Option<String> {
        let english = self == Self::English;
        let value = |argument: &Argument| match argument {
            Argument::Number(number) => Some(bundles::Value::Number(*number)),
            other => self.argument(other).map(bundles::Value::Text),
        };
        let args = sentence.args.iter().map(|(name, argument)| Some((name.as_ref(), value(argument)?)));
        bundles::formatted(self, &sentence.id, None, args.collect::<Option<Vec<_>>>()?).or_else(|| english.then(|| sentence.id.to_string()))
    }

    fn argument(self, argument: &Argument) -> Option<String> {
        match argument {
            Argument::Number(number) => Some(number.to_string()),
            Argument::Verbatim(text) => Some(text.clone()),
            Argument::Sentence(sentence) => self.say(sentence),
            Argument::List(list) => self.list(list),
            Argument::English { english } => (self == Self::English).then(|| english.clone()),
        }
    }

    fn list(self, list: &List) -> Option<String> {
        let parts = list.list.iter().map(|part| self.argument(part)).collect::<Option<Vec<_>>>()?;
        let (last, before) = parts.split_last()?;
        let joined = |before: String, last: &str| {
            let (before, last) = (Argument::from(before), Argument::from(last));
            self.say(&match list.join {
                Join::Or => say!("list-or", before = before, last = last),
                Join::And => say!("list-and", before = before, last = last),
                Join::Then => say!("list-then", before = before, last = last),
                Join::With => say!("list-with", before = before, last = last),
            })
        };
        if list.more > 0 {
            return self.say(&say!("list-more", shown = parts.join(", "), more = list.more));
        }
        match (before, list.join) {
            ([], _) => Some(last.clone()),
            (_, Join::Or | Join::And) => joined(before.join(", "), last),
            ([first, rest @ ..], Join::Then | Join::With) => {
                rest.iter().chain([last]).try_fold(first.clone(), |before, last| joined(before, last))
            }
        }
    }

    /// The title of a code.
    pub fn title(self, code: Code) -> String {
        self.of_code(code, None).unwrap_or_else(|| code.info().title.to_string())
    }

    /// The advice for a code.
    pub fn advice(self, code: Code) -> String {
        self.of_code(code, Some("advice")).unwrap_or_else(|| code.info().text.to_string())
    }

    /// The English texts of codes are in the register.
    fn of_code(self, code: Code, attribute: Option<&str>) -> Option<String> {
        if self == Self::English { None } else { bundles::formatted(self, code.as_str(), attribute, Vec::new()) }
    }
}
