//! Several things wrong at once, at least one.

use std::{error::Error, fmt, ops::Deref};

use serde::{Serialize, Serializer};

use super::{Problem, codes::Reaction};

/// What is wrong: one or more problems, in the order in which they were found. Serialized as a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// These problems, or `None` if there are none.
    pub fn of(all: Vec<Problem>) -> Option<Self> {
        (!all.is_empty()).then_some(Self(all))
    }

    /// `Ok` if nothing is wrong.
    ///
    /// # Errors
    /// The problems.
    pub fn check(found: Vec<Problem>) -> Result<(), Self> {
        Self::of(found).map_or(Ok(()), Err)
    }

    /// The first of them.
    pub fn lead(&self) -> &Problem {
        // Never empty, so the first always exists: it is there at creation, and nothing is ever removed.
        &self.0[0]
    }

    /// Their common reaction: a permanent problem makes waiting pointless, and a retry cannot replace a person's decision.
    pub fn reaction(&self) -> Reaction {
        let any = |reaction| self.0.iter().any(|problem| problem.code.reaction() == reaction);
        let order = [Reaction::Fail, Reaction::Hold, Reaction::Leave, Reaction::Stop];
        order.into_iter().find(|reaction| any(*reaction)).unwrap_or(Reaction::Wait)
    }

    /// As a list.
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }

    /// The same problems, each changed.
    #[must_use]
    pub fn map(self, change: impl FnMut(Problem) -> Problem) -> Self {
        Self(self.0.into_iter().map(change).collect())
    }

    /// The same problems and more.
    #[must_use]
    pub fn and(mut self, more: impl IntoIterator<Item = Problem>) -> Self {
        self.0.extend(more);
        self
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl Deref for Problems {
    type Target = [Problem];

    fn deref(&self) -> &[Problem] {
        &self.0
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'p> IntoIterator for &'p Problems {
    type Item = &'p Problem;
    type IntoIter = std::slice::Iter<'p, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if at == 0 { "" } else { "\n\n" })?;
        }
        Ok(())
    }
}

impl Error for Problems {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.lead().source()
    }
}

impl Serialize for Problems {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Code;

    #[test]
    fn there_is_never_none() {
        assert_eq!(Problems::of(Vec::new()), None);
        assert!(Problems::check(Vec::new()).is_ok());
        let problems = Problems::from(Problem::new(Code::DocEmpty, "nothing in it")).and([Problem::new(Code::DocRoot, "another")]);
        assert_eq!((problems.len(), problems.lead().code), (2, Code::DocEmpty));
        assert_eq!(problems.to_string().matches("error[").count(), 2);
    }
}
