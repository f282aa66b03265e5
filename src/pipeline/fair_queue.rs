//! Partners take turns. Many drops are polled at the same time. Each partner fetches one batch at a time, and the number of fetching
//! partners is limited. So a partner with a hundred thousand files does not block others, and fifty of them do not overload the machine.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex as Slot, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// Partners that may fetch at the same time.
const AT_ONCE: usize = 8;

/// Who may fetch now.
pub(super) struct FairShare {
    all: Arc<Semaphore>,
    partners: Slot<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// A partner's turn; it ends when this is dropped.
pub(super) struct Turn {
    _partner: OwnedMutexGuard<()>,
    place: Option<OwnedSemaphorePermit>,
}

/// How long a place is reserved. A slower partner continues without one, so that others do not wait only for slow partners. Each partner
/// has one batch at most, so the number of partners limits the additional work.
const KEPT: Duration = Duration::from_secs(1);

impl Turn {
    /// Does the work of the turn, and gives up the place when it takes long.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(KEPT) => self.place = None,
        }
        work.await
    }
}

impl Default for FairShare {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), partners: Slot::default() }
    }
}

impl FairShare {
    /// Waits for a turn. The partner's own flows queue up first, so that a partner has at most one place in the common queue, which is
    /// first come, first served.
    pub(super) async fn take(&self, partner: &str) -> Option<Turn> {
        let own = {
            let mut partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(partners.entry(partner.to_string()).or_default())
        };
        let partner = own.lock_owned().await;
        // The semaphore is never closed; without it the order would only be less fair.
        let place = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Turn { _partner: partner, place: Some(place) })
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicUsize, sync::atomic::Ordering, time::Duration};

    use super::*;

    #[tokio::test]
    async fn a_partner_with_much_to_do_lets_every_other_in_between() {
        let turns = Arc::new(FairShare::default());
        let busy = Arc::new(AtomicUsize::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        // Nine greedy partners of ten flows each, which never stop asking, are one more than may fetch at once.
        for number in 0..90 {
            let (turns, busy) = (Arc::clone(&turns), Arc::clone(&busy));
            tasks.spawn(async move {
                loop {
                    let turn = turns.take(&format!("greedy-{}", number % 9)).await;
                    busy.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    drop(turn);
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        let before = busy.load(Ordering::SeqCst);
        let turn = tokio::time::timeout(Duration::from_secs(5), turns.take("small")).await;
        assert!(turn.is_ok(), "it gets its turn");
        assert!(busy.load(Ordering::SeqCst) - before <= 3 * AT_ONCE, "and does not wait for others to end their work");
    }

    #[tokio::test]
    async fn partners_that_are_slow_hold_no_place_that_others_wait_for() {
        let turns = Arc::new(FairShare::default());
        for number in 0..AT_ONCE * 3 {
            let turns = Arc::clone(&turns);
            tokio::spawn(async move {
                let mut turn = turns.take(&format!("slow-{number}")).await.expect("a turn");
                turn.during(std::future::pending::<()>()).await;
            });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        let began = tokio::time::Instant::now();
        assert!(turns.take("quick").await.is_some());
        assert!(began.elapsed() <= 5 * KEPT, "{:?}", began.elapsed());
        let own = tokio::time::timeout(Duration::from_millis(50), turns.take("slow-0")).await;
        assert!(own.is_err(), "a partner that is slow waits for itself");
    }
}
