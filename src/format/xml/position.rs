//! Counts lines and columns while bytes are read, and limits how many bytes may pass without an event.

use std::io::{self, BufRead, Read};

/// Counts the consumed bytes of a text.
pub(super) struct Counted<R> {
    text: R,
    line: u32,
    column: u32,
    /// Bytes since the last event.
    since: usize,
    most: usize,
    too_long: bool,
}

impl<R: BufRead> Counted<R> {
    pub(super) fn new(text: R, most: usize) -> Self {
        Self { text, line: 1, column: 1, since: 0, most, too_long: false }
    }

    /// Line and column, both from 1, of the next byte; a new event begins there.
    pub(super) fn mark(&mut self) -> (u32, u32) {
        self.since = 0;
        (self.line, self.column)
    }

    pub(super) fn here(&self) -> (u32, u32) {
        (self.line, self.column)
    }

    /// Whether a single tag, text or comment was longer than allowed.
    pub(super) fn is_too_long(&self) -> bool {
        self.too_long
    }

    pub(super) fn inner(&mut self) -> &mut R {
        &mut self.text
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since > self.most {
            self.too_long = true;
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        self.text.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(available) = self.text.fill_buf() {
            let gone = &available[..amount.min(available.len())];
            let mut rest = gone;
            if let Some(last) = memchr::memrchr(b'\n', gone) {
                let lines = memchr::memchr_iter(b'\n', gone).count();
                self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
                self.column = 1;
                rest = &gone[last + 1..];
            }
            // Characters, not bytes: continuation bytes do not count.
            let characters = rest.iter().filter(|byte| (**byte & 0xc0) != 0x80).count();
            self.column = self.column.saturating_add(u32::try_from(characters).unwrap_or(u32::MAX));
        }
        self.since += amount;
        self.text.consume(amount);
    }
}
