//! A drop whose operations always end, whatever its server does: stay silent, send a byte now and then, or send forever. Each blocks its
//! partner for a limited time, and each has its own message.
//!
//! **Invariant:** every wait for an operation on a drop goes through this wrapper.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};

use crate::{
    config::Pace,
    model::{BoxFuture, Code, Problem, Sink, problem::shown},
    transport::{DirEntry, RemoteFs},
};

/// Windows for an operation that moves no file: a folder of very many names on a slow line.
const STEPS: u32 = 20;

/// A drop with its partner's limits.
pub(super) struct PacedStore {
    inner: Arc<dyn RemoteFs>,
    pace: Pace,
    /// Finished transfers, and fetched bytes.
    ended: AtomicU64,
    fetched: AtomicU64,
    /// Operations that move no file: the finished ones, and those in progress.
    stepped: AtomicU64,
    stepping: AtomicU64,
}

/// Counts an operation as in progress until it is dropped.
struct UnderWay<'c>(&'c AtomicU64);

impl<'c> UnderWay<'c> {
    fn in_count(count: &'c AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts received bytes.
struct Counted<'a> {
    sink: &'a mut dyn Sink,
    bytes: &'a AtomicU64,
}

impl Sink for Counted<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.sink.put(bytes)
    }
}

impl PacedStore {
    pub(super) fn new(inner: Arc<dyn RemoteFs>, pace: Pace) -> Self {
        let zero = || AtomicU64::new(0);
        Self { inner, pace, ended: zero(), fetched: zero(), stepped: zero(), stepping: zero() }
    }

    fn moved(&self) -> u64 {
        self.fetched.load(Ordering::Relaxed) + self.inner.moved()
    }

    /// Waits for an operation that moves no file. The transport detects a silent server. This ends the wait for a server that sends
    /// something now and then, and for a share that hangs.
    async fn step<T>(&self, path: &str, work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
        let most = self.pace.window.saturating_mul(STEPS).min(self.pace.longest);
        let _under_way = UnderWay::in_count(&self.stepping);
        let done = timeout(most, work).await.unwrap_or_else(|_| {
            let text = format!("the drop did not answer for `{}` within {}", shown(path), words(most));
            Err(Problem::new(Code::DropUnreachable, text))
        });
        self.stepped.fetch_add(1, Ordering::Relaxed);
        done
    }

    /// Waits for a transfer as long as the drop makes progress: another of its transfers ends, or all transfers together reach the minimum
    /// rate. It does not matter how many share a slow line. While no byte moves, the one connection of the drop may be busy with an
    /// operation that moves no file; that has its own limit.
    async fn transfer<T>(&self, path: &str, work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
        let (began, mut work) = (Instant::now(), pin!(work));
        loop {
            let (ended, stepped, moved) = (self.ended.load(Ordering::Relaxed), self.stepped.load(Ordering::Relaxed), self.moved());
            let look = self.pace.window.min(self.pace.longest.saturating_sub(began.elapsed()));
            tokio::select! {
                biased;
                done = &mut work => {
                    self.ended.fetch_add(1, Ordering::Relaxed);
                    return done;
                }
                () = sleep(look) => {}
            }
            if began.elapsed() >= self.pace.longest {
                let text = format!("the transfer of `{}` took longer than {}", shown(path), words(self.pace.longest));
                return Err(Problem::new(Code::DropIo, text).hint("`max_time` of the partner's drop is the limit for one transfer"));
            }
            let moved = self.moved() - moved;
            let is_busy = self.stepping.load(Ordering::Relaxed) > 0 || self.stepped.load(Ordering::Relaxed) > stepped;
            if self.ended.load(Ordering::Relaxed) > ended || moved == 0 && is_busy {
                continue;
            }
            let wanted = bytes_in(self.pace.lowest, self.pace.window);
            let window = words(self.pace.window);
            if moved == 0 {
                let text = format!("no data from the drop for {window}, at `{}`", shown(path));
                return Err(Problem::new(Code::DropUnreachable, text));
            }
            if moved < wanted {
                let text =
                    format!("`{}` is too slow: the drop moved {moved} bytes in {window}, at least {wanted} are expected", shown(path));
                return Err(Problem::new(Code::DropSlow, text)
                    .hint("`min_rate` of the partner's drop is the limit, in bytes a second for all its transfers together"));
            }
        }
    }
}

/// Bytes at a rate over a time.
fn bytes_in(rate: u64, time: Duration) -> u64 {
    u64::try_from(u128::from(rate) * time.as_millis() / 1000).unwrap_or(u64::MAX)
}

fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds >= 3600 && seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        seconds if seconds >= 60 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

impl RemoteFs for PacedStore {
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<DirEntry>, Problem>> {
        Box::pin(self.step(folder, self.inner.list(folder)))
    }

    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<DirEntry>, Problem>> {
        Box::pin(self.step(path, self.inner.stat(path)))
    }

    fn fetch<'a>(&'a self, path: &'a str, expected: u64, limit: u64, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let mut sink = Counted { sink, bytes: &self.fetched };
            self.transfer(path, self.inner.fetch(path, expected, limit, &mut sink)).await
        })
    }

    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.transfer(path, self.inner.write(path, bytes)))
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.step(from, self.inner.rename(from, to)))
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.step(from, self.inner.replace(from, to)))
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.step(path, self.inner.remove(path)))
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.step(path, self.inner.make_folder(path)))
    }

    fn name(&self) -> String {
        self.inner.name()
    }

    fn at_once(&self) -> usize {
        self.inner.at_once()
    }

    fn moved(&self) -> u64 {
        Self::moved(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::memory::MemoryStore;

    /// A hundredth of the usual times: 300 ms to stand still, 10 s for a transfer; 100 bytes in a window.
    const PACE: Pace = Pace { window: Duration::from_millis(300), lowest: 334, longest: Duration::from_secs(3) };

    /// Gives so many bytes each time, after a while each; then waits for ever, or ends.
    struct Odd {
        bytes: usize,
        every: Duration,
        times: usize,
    }

    impl RemoteFs for Odd {
        fn list<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<DirEntry>, Problem>> {
            Box::pin(std::future::pending())
        }
        fn stat<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<DirEntry>, Problem>> {
            Box::pin(async {
                sleep(Duration::from_millis(200)).await;
                Ok(None)
            })
        }
        fn fetch<'a>(&'a self, _: &'a str, _: u64, _: u64, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<(), Problem>> {
            Box::pin(async move {
                for _ in 0..self.times {
                    sleep(self.every).await;
                    sink.put(&vec![0; self.bytes])?;
                }
                Ok(())
            })
        }
        fn write<'a>(&'a self, _: &'a str, _: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>> {
            Box::pin(std::future::pending())
        }
        fn rename<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
            Box::pin(std::future::pending())
        }
        fn replace<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
            Box::pin(std::future::pending())
        }
        fn remove<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
            Box::pin(std::future::pending())
        }
        fn make_folder<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
            Box::pin(std::future::pending())
        }
        fn name(&self) -> String {
            "odd".into()
        }
    }

    /// Gives so many bytes every so many milliseconds, so many times.
    fn paced(bytes: usize, every: u64, times: usize) -> PacedStore {
        PacedStore::new(Arc::new(Odd { bytes, every: Duration::from_millis(every), times }), PACE)
    }

    async fn fetched(drop: &PacedStore) -> Result<(), Problem> {
        drop.fetch("a.xml", 1, 1, &mut Vec::new()).await
    }

    #[tokio::test]
    async fn a_byte_every_two_seconds_is_too_slow_and_silence_stands_still() {
        let began = Instant::now();
        let problem = fetched(&paced(1, 20, 1_000_000)).await.expect_err("slow");
        assert_eq!(problem.code, Code::DropSlow, "{problem}");
        assert!(problem.message.contains("at least 100 are expected"), "{problem}");
        let problem = fetched(&paced(1, 100_000, 1)).await.expect_err("silent");
        assert_eq!(problem.code, Code::DropUnreachable, "{problem}");
        let odd = paced(1, 1, 1);
        for ended in
            [odd.list("").await.err(), odd.write("a", b"a").await.err(), odd.rename("a", "b").await.err(), odd.remove("a").await.err()]
        {
            assert_eq!(ended.expect("does not wait for ever").code, Code::DropUnreachable);
        }
        assert!(began.elapsed() < Duration::from_secs(15));
    }

    #[tokio::test]
    async fn an_honest_slow_line_is_waited_for_but_not_for_ever() {
        assert!(fetched(&paced(30, 20, 50)).await.is_ok(), "five windows, with more than the least in each");
        let problem = fetched(&paced(30, 20, 1_000_000)).await.expect_err("endless");
        assert_eq!(problem.code, Code::DropIo);
        assert!(problem.message.contains("longer than 3 s"), "{problem}");
    }

    #[tokio::test]
    async fn many_that_share_a_slow_line_are_slow_together() {
        let drop = &paced(1, 20, 50);
        let all = futures_util::future::join_all((0..40).map(|_| fetched(drop))).await;
        assert!(all.iter().all(Result::is_ok), "15 bytes in a window each, 600 together");
    }

    #[tokio::test]
    async fn what_takes_long_while_other_files_come_is_waited_for() {
        let drop = &paced(1, 400, 3);
        let (slow, ()) = tokio::join!(fetched(drop), async {
            // Each is a transfer of 200 ms that comes to an end.
            for _ in 0..7 {
                let other = async {
                    sleep(Duration::from_millis(200)).await;
                    Ok(())
                };
                assert!(drop.transfer("b", other).await.is_ok());
            }
        });
        assert!(slow.is_ok(), "its server gives one file after the other");
    }

    #[tokio::test]
    async fn looks_that_are_answered_besides_make_no_trickle_fast_and_no_busy_line_silent() {
        let drop = &paced(1, 20, 1_000_000);
        let looks = async {
            loop {
                let _ = drop.stat("b").await;
            }
        };
        let problem = tokio::select! { slow = fetched(drop) => slow.expect_err("slow"), () = looks => unreachable!("it has no end") };
        assert_eq!(problem.code, Code::DropSlow, "{problem}");
        // Three windows without a byte, while the line is busy with looks of 200 ms.
        let drop = &paced(1000, 1000, 1);
        let (late, ()) = tokio::join!(fetched(drop), async {
            for _ in 0..6 {
                let _ = drop.stat("b").await;
            }
        });
        assert!(late.is_ok(), "{late:?}");
    }

    #[tokio::test]
    async fn a_drop_that_works_is_as_it_was() {
        let drop = PacedStore::new(Arc::new(MemoryStore::default()), PACE);
        drop.write("a.xml", b"<a/>").await.expect("written");
        assert_eq!(drop.read("a.xml", 4, 100).await.expect("read"), b"<a/>");
        assert_eq!(drop.moved(), 4);
    }
}
