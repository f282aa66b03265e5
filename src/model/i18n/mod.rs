//! What partners are told in their own language: German, French, Spanish. The sentences are those of the code, in English; each is
//! known by its pattern, and one that is not known is told by its code's title with the English sentence beside it.

mod pattern;

use std::{collections::HashMap, sync::OnceLock};

use self::pattern::Pattern;
use super::Code;

/// A language that partners are written to in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
}

/// Words of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// `{name} was not processed (our reference {id}).`
    Refused,
    /// `line`
    Line,
    /// `column`
    Column,
    /// What is not the partner's business.
    Ours,
    /// What the partner need not do then.
    Wait,
}

/// Groups of lines: English, then each language's.
const SENTENCES: &str = include_str!("sentences.txt");
/// Groups of lines: a code, then each language's title and advice.
const CODES: &str = include_str!("codes.txt");
/// Words that stand outside of quoted values, the longest first.
const WORDS: [[&str; 4]; 19] = [
    ["capital letters", "Großbuchstaben", "majuscules", "mayúsculas"],
    ["capital letter", "Großbuchstabe", "majuscule", "mayúscula"],
    ["small letters", "Kleinbuchstaben", "minuscules", "minúsculas"],
    ["small letter", "Kleinbuchstabe", "minuscule", "minúscula"],
    ["letters", "Buchstaben", "lettres", "letras"],
    ["letter", "Buchstabe", "lettre", "letra"],
    ["digits", "Ziffern", "chiffres", "dígitos"],
    ["digit", "Ziffer", "chiffre", "dígito"],
    ["characters", "Zeichen", "caractères", "caracteres"],
    ["character", "Zeichen", "caractère", "carácter"],
    ["exactly ", "genau ", "exactement ", "exactamente "],
    ["at least ", "mindestens ", "au moins ", "al menos "],
    ["up to ", "bis zu ", "jusqu'à ", "hasta "],
    ["only ", "nur ", "seulement ", "solo "],
    [", then ", ", dann ", ", puis ", ", luego "],
    [" to ", " bis ", " à ", " a "],
    [" or ", " oder ", " ou ", " o "],
    [" and ", " und ", " et ", " y "],
    [" more", " weitere", " autres", " más"],
];

/// Sentences within sentences.
const DEPTH: usize = 3;

struct Known {
    sentences: Vec<[Pattern; 4]>,
    codes: HashMap<&'static str, [(&'static str, &'static str); 3]>,
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let groups = |text: &'static str| text.split("\n\n").map(|group| group.lines().collect::<Vec<_>>()).collect::<Vec<_>>();
        let four = |lines: Vec<&'static str>| <[&str; 4]>::try_from(lines).ok();
        let sentences = groups(SENTENCES).into_iter().filter_map(four).map(|lines| lines.map(Pattern::parse)).collect();
        let both = |line: &'static str| line.split_once(" | ").unwrap_or((line, ""));
        let codes = groups(CODES).into_iter().filter_map(four).map(|[code, de, fr, es]| (code, [both(de), both(fr), both(es)])).collect();
        Known { sentences, codes }
    })
}

impl Language {
    /// The language of a code of ISO 639-1.
    pub fn parse(text: &str) -> Option<Self> {
        [(Self::English, "en"), (Self::German, "de"), (Self::French, "fr"), (Self::Spanish, "es")]
            .into_iter()
            .find_map(|(language, code)| (code == text).then_some(language))
    }

    fn at(self) -> usize {
        match self {
            Self::English => 0,
            Self::German => 1,
            Self::French => 2,
            Self::Spanish => 3,
        }
    }

    /// A sentence of ours in this language; none where it is not known.
    pub fn sentence(self, english: &str) -> Option<String> {
        self.within(english, 0)
    }

    fn within(self, english: &str, depth: usize) -> Option<String> {
        if self == Self::English {
            return Some(english.to_string());
        }
        known().sentences.iter().filter(|_| depth < DEPTH).find_map(|all| {
            let values = all[0].values(english)?;
            all[self.at()].filled(&values, |kind, value| match kind {
                pattern::Kind::Verbatim => Some(value.to_string()),
                pattern::Kind::Words => Some(self.words(value)),
                pattern::Kind::Sentence => self.within(value, depth + 1),
            })
        })
    }

    /// The words of a text outside of quoted values.
    fn words(self, text: &str) -> String {
        let mut out = String::new();
        for (number, part) in text.split('`').enumerate() {
            if number > 0 {
                out.push('`');
            }
            let plain = number % 2 == 0;
            let said = |part: String, [from, to @ ..]: &[&str; 4]| if plain { part.replace(from, to[self.at() - 1]) } else { part };
            out.push_str(&WORDS.iter().fold(part.to_string(), said));
        }
        out
    }

    /// What a code is, in a few words.
    pub fn title(self, code: Code) -> &'static str {
        self.of_code(code).map_or(code.info().title, |(title, _)| title)
    }

    /// What is to be done about a code.
    pub fn advice(self, code: Code) -> &'static str {
        self.of_code(code).map_or(code.info().text, |(_, advice)| advice)
    }

    fn of_code(self, code: Code) -> Option<(&'static str, &'static str)> {
        known().codes.get(code.info().code).and_then(|all| all.get(self.at().checked_sub(1)?)).copied()
    }

    /// A word of a report.
    pub fn word(self, word: Label) -> &'static str {
        let all = match word {
            Label::Refused => [
                "{name} was not processed (our reference {id}).",
                "{name} wurde nicht verarbeitet (unsere Referenz {id}).",
                "{name} n'a pas été traité (notre référence {id}).",
                "{name} no se ha procesado (nuestra referencia {id}).",
            ],
            Label::Line => ["line", "Zeile", "ligne", "línea"],
            Label::Column => ["column", "Spalte", "colonne", "columna"],
            Label::Ours => ["a hindrance on our side", "ein Hindernis bei uns", "un obstacle chez nous", "un obstáculo en nuestra parte"],
            Label::Wait => [
                "We look into this; you need not send the file again.",
                "Wir kümmern uns darum; Sie müssen die Datei nicht noch einmal senden.",
                "Nous nous en occupons ; il n'est pas nécessaire de renvoyer le fichier.",
                "Nos ocupamos de ello; no hace falta que envíe el fichero otra vez.",
            ],
        };
        all[self.at()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Code, codes::Who};

    #[test]
    fn every_code_that_a_partner_can_cause_has_its_texts() {
        for code in Code::all().filter(|info| info.who == Who::Partner) {
            let texts = known().codes.get(code.code).unwrap_or_else(|| panic!("{} has no texts", code.code));
            assert!(texts.iter().all(|(title, advice)| !title.is_empty() && !advice.is_empty()), "{}", code.code);
        }
    }

    #[test]
    fn every_group_is_whole_and_uses_the_same_values() {
        let groups: Vec<&str> = SENTENCES.trim_end().split("\n\n").collect();
        assert_eq!(groups.len(), known().sentences.len(), "four lines each, one blank line between");
        assert_eq!(CODES.trim_end().split("\n\n").count(), known().codes.len());
        for all in &known().sentences {
            for other in &all[1..] {
                assert_eq!(all[0].holes(), other.holes(), "{all:?}");
            }
        }
    }

    #[test]
    fn sentences_are_told_with_their_values() {
        let cases = [
            (Language::German, "`Numbr` is not an element of `Order`", "`Numbr` ist kein Element von `Order`"),
            (
                Language::German,
                "`x` is not a valid `Status`: it must be `open or shut`, `A` or `B`",
                "`x` ist kein gültiges `Status`: es muss `open or shut`, `A` oder `B` sein",
            ),
            (
                Language::French,
                "`x` is not a valid `Code`: it must be 2 capital letters, then 1 to 30 letters or digits",
                "`x` n'est pas un `Code` valide : ce doit être 2 majuscules, puis 1 à 30 lettres ou chiffres",
            ),
            (Language::Spanish, "`Lines` or `Line` is missing before `End`", "falta `Lines` o `Line` antes de `End`"),
            (
                Language::German,
                "`57` is not a GTIN; its check digit is wrong, which `barcode` takes",
                "`57` ist nicht eine GTIN; ihre Prüfziffer ist falsch (für `barcode`)",
            ),
        ];
        for (language, english, told) in cases {
            assert_eq!(language.sentence(english).as_deref(), Some(told));
        }
        assert_eq!(Language::German.sentence("something that nobody has ever said"), None);
        assert_eq!(Language::English.sentence("as it is").as_deref(), Some("as it is"));
    }
}
