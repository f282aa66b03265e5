//! What few do at once, so that nobody takes the machine's memory or processors from the work of the flows: passwords, of which each
//! takes 19 MiB and some time by design, and originals, which can be large.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::{Site, refusal::Refusal};
use crate::{
    model::{Code, Problem},
    ops::users::fits,
};

/// Passwords looked at at once.
const HASHING: usize = 2;
/// People who wait for theirs to be looked at; whoever comes then is sent away.
const WAITING: usize = 20;
/// Pages of originals and plans made at once.
const HEAVY: usize = 2;

/// Originals on their way to a browser at once: each is in memory for as long as it takes.
const DOWNLOADS: usize = 4;

/// The gates.
pub(super) struct Gates {
    hashing: Semaphore,
    waiting: Semaphore,
    heavy: Semaphore,
    downloads: Arc<Semaphore>,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            hashing: Semaphore::new(HASHING),
            waiting: Semaphore::new(HASHING + WAITING),
            heavy: Semaphore::new(HEAVY),
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
        }
    }
}

impl Site {
    /// Does what takes as long as a password.
    ///
    /// # Errors
    /// Too many wait already.
    pub(super) async fn hashing<T: Send + 'static>(&self, what: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        let _place = self.gates.waiting.try_acquire().map_err(|_| Refusal::Busy)?;
        let _turn = self.gates.hashing.acquire().await.map_err(|_| Refusal::Busy)?;
        let lost = |_| Problem::new(Code::Web, "the password could not be looked at");
        Ok(tokio::task::spawn_blocking(what).await.map_err(lost)?)
    }

    /// Whether a password is that of a hash; without a hash it takes as long to say no.
    ///
    /// # Errors
    /// Too many wait already.
    pub(super) async fn is_right(&self, password: String, hash: Option<String>) -> Result<bool, Refusal> {
        self.hashing(move || fits(&password, hash.as_deref())).await
    }

    /// A turn for a download, which is over when it has been read.
    ///
    /// # Errors
    /// Too many are under way.
    pub(super) fn download(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.gates.downloads).try_acquire_owned().map_err(|_| Refusal::Busy)
    }

    /// A turn for a page that takes much memory.
    pub(super) async fn heavy(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.gates.heavy.acquire().await.map_err(|_| Refusal::Busy)
    }
}
