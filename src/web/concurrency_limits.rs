//! Concurrency limits for expensive requests, so that the page does not take memory or processors from the flows: password checks, which
//! by design need 19 MiB and some time each, and originals, which can be large.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::{Site, refusal::Refusal};
use crate::{
    model::{Code, Problem},
    ops::users::fits,
};

/// Concurrent password checks.
const HASHING: usize = 2;
/// Waiting password checks; further ones are refused.
const WAITING: usize = 20;
/// Pages of originals and plans rendered at once.
const HEAVY: usize = 2;

/// Concurrent downloads of originals; each is in memory until it is complete.
const DOWNLOADS: usize = 4;
/// Concurrent listings of partners' drops, which may be slow.
const LISTINGS: usize = 2;

/// The limits.
pub(super) struct Gates {
    hashing: Semaphore,
    waiting: Semaphore,
    heavy: Semaphore,
    downloads: Arc<Semaphore>,
    listings: Semaphore,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            hashing: Semaphore::new(HASHING),
            waiting: Semaphore::new(HASHING + WAITING),
            heavy: Semaphore::new(HEAVY),
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
            listings: Semaphore::new(LISTINGS),
        }
    }
}

impl Site {
    /// Runs work as expensive as a password check.
    ///
    /// # Errors
    /// Too many are waiting.
    pub(super) async fn hashing<T: Send + 'static>(&self, what: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        let _place = self.gates.waiting.try_acquire().map_err(|_| Refusal::Busy)?;
        let _turn = self.gates.hashing.acquire().await.map_err(|_| Refusal::Busy)?;
        let lost = |_| Problem::new(Code::Web, "cannot check the password");
        Ok(tokio::task::spawn_blocking(what).await.map_err(lost)?)
    }

    /// Whether a password matches a hash; without a hash it takes the same time.
    ///
    /// # Errors
    /// Too many are waiting.
    pub(super) async fn is_right(&self, password: String, hash: Option<String>) -> Result<bool, Refusal> {
        self.hashing(move || fits(&password, hash.as_deref())).await
    }

    /// A permit for a download, until it is complete.
    ///
    /// # Errors
    /// Too many are in progress.
    pub(super) fn download(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.gates.downloads).try_acquire_owned().map_err(|_| Refusal::Busy)
    }

    /// A permit for asking a partner's server.
    ///
    /// # Errors
    /// Others are asking.
    pub(super) fn listing(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.gates.listings.try_acquire().map_err(|_| Refusal::Busy)
    }

    /// A permit for a page that needs much memory.
    pub(super) async fn heavy(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.gates.heavy.acquire().await.map_err(|_| Refusal::Busy)
    }
}
