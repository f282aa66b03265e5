//! The languages for texts to partners, and the sentences in each: one Project Fluent file for each language. Everybody reads
//! English; texts to partners exist in four languages.

mod bundles;
mod language;
mod phrases;
mod rendering;
mod sentence;
mod text;

pub use self::{
    language::Language,
    phrases::namespace,
    sentence::{Argument, Join, List, Sentence},
    text::Text,
};

/// A sentence by its id, with its arguments: `say!("element-unknown", element = name, parent = above)`. A test checks that the id is
/// known and has exactly these arguments in all languages.
macro_rules! say {
    ($id:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::model::i18n::Sentence::new($id, [$((stringify!($name), $crate::model::i18n::Argument::from($value))),*])
    };
}
pub(crate) use say;

#[cfg(test)]
mod tests;
