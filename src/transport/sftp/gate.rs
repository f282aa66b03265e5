//! How many operations run at once in one session. It starts small with an unknown server, grows with every success, and shrinks
//! when the server shows that it cannot keep so many files open.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Parallel operations with an unknown server.
const FIRST: usize = 32;

#[derive(Debug)]
struct Width {
    limit: usize,
    used: usize,
    top: usize,
    /// The top before it was narrowed.
    most: usize,
}

/// Lets at most this many operations through at once.
#[derive(Debug)]
pub(super) struct Gate {
    width: Mutex<Width>,
    freed: Notify,
}

/// One operation's permit; returned on drop.
#[derive(Debug)]
pub(super) struct Permit {
    gate: Arc<Gate>,
    /// Whether others were running when it was granted.
    pub(super) is_shared: bool,
}

impl Gate {
    /// A gate that grows up to `top`.
    pub(super) fn new(top: usize) -> Arc<Self> {
        let top = top.max(1);
        Arc::new(Self { width: Mutex::new(Width { limit: FIRST.min(top), used: 0, top, most: top }), freed: Notify::new() })
    }

    fn width(&self) -> MutexGuard<'_, Width> {
        self.width.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a permit.
    pub(super) async fn enter(self: &Arc<Self>) -> Permit {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Enabled before the check, so that a permit freed in between is not missed.
            freed.as_mut().enable();
            {
                let mut width = self.width();
                if width.used < width.limit {
                    width.used += 1;
                    return Permit { gate: Arc::clone(self), is_shared: width.used > 1 };
                }
            }
            freed.await;
        }
    }

    /// Success: one more may run from now on, so that the width doubles with each round trip.
    pub(super) fn grow(&self) {
        let mut width = self.width();
        if width.limit < width.top {
            width.limit += 1;
            drop(width);
            self.freed.notify_one();
        }
    }

    /// The server refused the holder of this permit while others were running: half as many from now on, without growth in this session.
    /// Returns whether that can help. The others may have ended since the refusal.
    pub(super) fn narrow(&self, refused: &Permit) -> bool {
        let mut width = self.width();
        let others = width.used > 1;
        if others {
            width.limit = (width.limit.min(width.used) / 2).max(1);
        } else if refused.is_shared {
            width.limit = (width.limit / 2).max(1);
        } else {
            return false;
        }
        width.top = width.limit;
        true
    }

    /// It was narrowed for no reason: it may grow again as before.
    pub(super) fn restore(&self) {
        let mut width = self.width();
        width.top = width.most;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.width().used -= 1;
        self.gate.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn grows_with_success_and_narrows_for_good() {
        let gate = Gate::new(40);
        for _ in 0..100 {
            gate.grow();
        }
        let mut permits = Vec::new();
        for _ in 0..40 {
            permits.push(gate.enter().await);
        }
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), gate.enter()).await.is_err(), "the top is the top");
        while permits.last().is_some_and(|refused| gate.narrow(refused)) {
            permits.truncate((permits.len() / 2).max(1));
        }
        assert_eq!(permits.len(), 1);
        permits.clear();
        gate.grow();
        let alone = gate.enter().await;
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), gate.enter()).await.is_err(), "one at a time from now on");
        assert!(!gate.narrow(&alone), "alone, a refusal has another reason");
        drop(alone);
    }

    #[tokio::test]
    async fn who_was_refused_beside_others_that_have_ended_since_is_asked_again() {
        let gate = Gate::new(8);
        let other = gate.enter().await;
        let refused = gate.enter().await;
        drop(other);
        assert!(gate.narrow(&refused), "the other was open when the server refused this one");
        drop(refused);
        let alone = gate.enter().await;
        assert!(!gate.narrow(&alone));
    }
}
