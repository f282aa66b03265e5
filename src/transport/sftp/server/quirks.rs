//! What real servers do differently, as switches. Each was seen at a partner, or is what a hostile server would try. With all of them
//! off the server is as strict as OpenSSH.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The switches.
#[derive(Debug, Clone, Default)]
pub struct Quirks {
    /// A READ is answered with at most this many bytes, in mid-file too.
    pub short_reads: Option<u32>,
    /// Handles contain zero bytes and are not UTF-8.
    pub odd_handles: bool,
    /// Maximum number of open files.
    pub most_open: Option<usize>,
    /// Maximum number of open connections.
    pub most_connections: Option<usize>,
    /// No extensions: no posix-rename, no fsync, no limits.
    pub bare: bool,
    /// A rename replaces an existing file.
    pub replacing_rename: bool,
    /// Each batch of answers is delayed by this time.
    pub latency: Duration,
    /// Answers of a batch come in reverse order.
    pub out_of_order: bool,
    /// Refused operations, by name: `list`, `read`, `write`, `rename`, `remove`, `mkdir`, `stat`, `fstat`.
    pub denied: Vec<&'static str>,
    /// The disk is full after this many written bytes.
    pub full_after: Option<u64>,
    /// The connection is cut after this many bytes of files; once.
    pub cut_after: Option<u64>,
    /// Times are wrong by this many seconds.
    pub clock_off: i64,
    /// Times are all 0.
    pub no_clock: bool,
    /// What fails at one request, counted from when this was set; once.
    pub trouble: Option<(u64, ServerFault)>,
    /// What a hostile server does.
    pub hostile: Option<Hostile>,
}

/// What fails at one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerFault {
    /// The connection is cut before the request is executed.
    CutBefore,
    /// The connection is cut after the request was executed, before the answer.
    CutAfter,
    /// It fails without a reason.
    Failure,
    /// It is not allowed.
    Denied,
    /// The disk is full.
    Full,
}

impl ServerFault {
    /// All of them, for tests that go through them.
    pub const ALL: [Self; 5] = [Self::CutBefore, Self::CutAfter, Self::Failure, Self::Denied, Self::Full];
}

/// What a hostile server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hostile {
    /// A length inside a packet that is longer than the packet.
    LyingLength,
    /// A packet of 4 GB is announced.
    HugePacket,
    /// A listing without end.
    EndlessListing,
    /// A listing of empty pages without end.
    EmptyPages,
    /// Names that leave the folder.
    EscapingNames,
    /// Unrequested answers.
    UnknownId,
    /// Every answer twice.
    AnswersTwice,
    /// More data than requested.
    MoreData,
    /// Empty data, forever.
    EmptyData,
    /// Another kind of answer than the request has.
    WrongKind,
    /// A byte now and then, and never a complete answer.
    Trickle,
    /// No answer, and no end of the connection.
    Silence,
}

impl Hostile {
    /// All of them, for tests that go through them.
    pub const ALL: [Self; 12] = [
        Self::LyingLength,
        Self::HugePacket,
        Self::EndlessListing,
        Self::EmptyPages,
        Self::EscapingNames,
        Self::UnknownId,
        Self::AnswersTwice,
        Self::MoreData,
        Self::EmptyData,
        Self::WrongKind,
        Self::Trickle,
        Self::Silence,
    ];
}

/// The switches of a running server, and its counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Board {
    quirks: Arc<Mutex<Quirks>>,
    requests: Arc<AtomicU64>,
    moved: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    pub(super) connections: Arc<AtomicU64>,
}

impl Board {
    pub(super) fn quirks(&self) -> MutexGuard<'_, Quirks> {
        self.quirks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the switches and resets the counts.
    pub(super) fn set(&self, quirks: Quirks) {
        *self.quirks() = quirks;
        for counter in [&self.requests, &self.moved, &self.written] {
            counter.store(0, Ordering::SeqCst);
        }
    }

    /// Requests since the switches were set.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// Counts a request; returns what fails at it.
    pub(super) fn count(&self) -> Option<ServerFault> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let mut quirks = self.quirks();
        match quirks.trouble {
            Some((at, trouble)) if at == number => {
                quirks.trouble = None;
                Some(trouble)
            }
            _ => None,
        }
    }

    /// Counts bytes of files; returns whether the connection is cut at this point.
    pub(super) fn cuts(&self, bytes: u64) -> bool {
        let moved = self.moved.fetch_add(bytes, Ordering::SeqCst) + bytes;
        let mut quirks = self.quirks();
        let cut = quirks.cut_after.is_some_and(|most| moved > most);
        if cut {
            quirks.cut_after = None;
        }
        cut
    }

    /// Counts bytes to write; returns whether the disk has space for them.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        let written = self.written.fetch_add(bytes, Ordering::SeqCst) + bytes;
        self.quirks().full_after.is_none_or(|most| written <= most)
    }
}
