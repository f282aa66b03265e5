//! The languages that partners are written to in, and the sentences in each: Project Fluent's files, one for each language. English is
//! what everybody reads; what a partner is told is in the four languages.

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

/// A sentence by its id, with its arguments: `say!("element-unknown", element = name, parent = above)`. That the id is known and has
/// just these arguments in all languages is held by a test.
macro_rules! say {
    ($id:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::model::i18n::Sentence::new($id, [$((stringify!($name), $crate::model::i18n::Argument::from($value))),*])
    };
}
pub(crate) use say;

#[cfg(test)]
mod tests;
