//! A sentence that people read, as its id and arguments: it can be rendered in every language, and compared without its words.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

/// A sentence by its id. Its words are in the `.ftl` file of each language; `say!` makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// Name in the `.ftl` files: `element-unknown`.
    pub id: Cow<'static, str>,
    /// Its arguments by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<Cow<'static, str>, Argument>,
}

impl Sentence {
    /// The sentence `id` with these arguments.
    pub fn new<const N: usize>(id: &'static str, args: [(&'static str, Argument); N]) -> Self {
        Self { id: Cow::Borrowed(id), args: args.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect() }
    }
}

/// An argument of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    /// A number; it decides between singular and plural.
    Number(u64),
    /// A value, a name, a path: the same in every language.
    Verbatim(String),
    /// A sentence, or a part of one.
    Sentence(Box<Sentence>),
    /// Several arguments.
    List(List),
    /// Text from a library. A sentence that holds it cannot be translated.
    English {
        /// Its words.
        english: String,
    },
}

/// How the last part of a list is joined to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Join {
    /// `a, b or c`
    Or,
    /// `a, b and c`
    And,
    /// `a, then b, then c`
    Then,
    /// `a with b`
    With,
}

/// Several arguments in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Its parts; at least one.
    pub list: Vec<Argument>,
    /// How they are joined.
    pub join: Join,
    /// Number of further parts that are not shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl List {
    /// A list of these parts.
    pub fn new<A: Into<Argument>>(join: Join, parts: impl IntoIterator<Item = A>) -> Self {
        Self { list: parts.into_iter().map(Into::into).collect(), join, more: 0 }
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Verbatim(text.to_string())
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Verbatim(text)
    }
}

impl From<&String> for Argument {
    fn from(text: &String) -> Self {
        Self::Verbatim(text.clone())
    }
}

impl From<u64> for Argument {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Argument {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Argument {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<Sentence> for Argument {
    fn from(sentence: Sentence) -> Self {
        Self::Sentence(Box::new(sentence))
    }
}

impl From<List> for Argument {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}
