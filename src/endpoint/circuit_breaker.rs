//! One failure is enough: once a drop is known to be down, operations that have not started yet are not tried. Otherwise each file of a
//! batch would wait for a dead server by itself, and half a minute times 512 is a night.

use std::sync::OnceLock;

use crate::model::{Problem, codes::Scope};

/// Why every operation of a batch fails, once this is known.
pub(super) struct Breaker {
    scope: Scope,
    known: OnceLock<Problem>,
}

impl Breaker {
    /// A new breaker. A problem of at least this `scope` is one that every operation would meet.
    pub(super) fn beyond(scope: Scope) -> Self {
        Self { scope, known: OnceLock::new() }
    }

    /// Does the work, unless it cannot succeed: then it fails with the earlier problem.
    pub(super) async fn call<T>(&self, work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
        if let Some(problem) = self.known.get() {
            return Err(problem.clone());
        }
        let result = work.await;
        if let Err(problem) = &result
            && problem.code.scope() >= self.scope
        {
            self.known.get_or_init(|| problem.clone());
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Code;

    #[tokio::test]
    async fn what_one_has_met_the_others_are_spared() {
        let breaker = Breaker::beyond(Scope::Endpoint);
        let fails = |code| async move { Err::<(), _>(Problem::new(code, "met")) };
        assert_eq!(breaker.call(fails(Code::DropIo)).await.expect_err("its own").code, Code::DropIo);
        assert!(breaker.call(async { Ok(()) }).await.is_ok(), "one file's trouble is its own");
        assert!(breaker.call(fails(Code::DropUnreachable)).await.is_err());
        let tried = breaker.call(async { panic!("in vain") });
        let problem: Result<(), Problem> = tried.await;
        assert_eq!(problem.expect_err("spared").code, Code::DropUnreachable);
    }
}
