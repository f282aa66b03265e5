//! What a person reads: English words and, if it has one, the sentence behind them.

use std::{fmt, ops::Deref};

use serde::{Serialize, Serializer};

use super::{
    language::Language,
    sentence::{Argument, Sentence},
};

/// Text for people. It reads as its English words. If it was made from a [`Sentence`], it can be rendered in other languages too and
/// compared without its words. If it was made from a string, it is English only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    english: String,
    sentence: Option<Box<Sentence>>,
}

impl Text {
    /// Words that were stored earlier, and their sentence.
    pub fn kept(english: String, sentence: Option<Box<Sentence>>) -> Self {
        Self { english, sentence }
    }

    /// The sentence, if it has one.
    pub fn sentence(&self) -> Option<&Sentence> {
        self.sentence.as_deref()
    }

    /// The English words and the sentence.
    pub fn into_parts(self) -> (String, Option<Box<Sentence>>) {
        (self.english, self.sentence)
    }

    /// The words in a language; `None` if they are known in English only.
    pub fn in_language(&self, language: Language) -> Option<String> {
        match (language, &self.sentence) {
            (Language::English, _) => Some(self.english.clone()),
            (_, Some(sentence)) => language.say(sentence),
            (_, None) => None,
        }
    }

    /// What identifies it: id and arguments if it is a sentence, so that another wording is still the same.
    pub fn identity(&self) -> String {
        match &self.sentence {
            Some(sentence) => serde_json::to_string(sentence).unwrap_or_else(|_| self.english.clone()),
            None => self.english.clone(),
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.english
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

impl From<Sentence> for Text {
    fn from(sentence: Sentence) -> Self {
        let english = Language::English.say(&sentence).unwrap_or_else(|| sentence.id.to_string());
        Self { english, sentence: Some(Box::new(sentence)) }
    }
}

impl From<String> for Text {
    fn from(english: String) -> Self {
        Self { english, sentence: None }
    }
}

impl From<&str> for Text {
    fn from(english: &str) -> Self {
        Self::from(english.to_string())
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.english == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.english == *other
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.english
    }
}

/// As its English words.
impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.english)
    }
}

impl From<Text> for Argument {
    fn from(text: Text) -> Self {
        match text.into_parts() {
            (_, Some(sentence)) => Self::Sentence(sentence),
            (english, None) => Self::English { english },
        }
    }
}
