//! Counts lines and quotes while a table's bytes are read. (The csv crate's own line count is one too low after CRLF.)

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{self, Read},
    rc::Rc,
};

use super::quotes::Quotes;
use crate::model::{Code, Problem, i18n::say};

/// What was found in the bytes that were read ahead, shared with the record reader.
#[derive(Clone)]
pub(super) struct Watch(Rc<RefCell<Seen>>);

struct Seen {
    /// Line ends and quotes after the beginning of the current row: position, and which.
    signs: VecDeque<(u64, u8)>,
    /// Bytes read so far.
    read: u64,
    /// Where the current row begins, and on which line.
    begun: u64,
    line: u32,
    most: u64,
    /// The last byte was CR: a LF after it belongs to the same line end.
    after_cr: bool,
    quotes: Quotes,
    /// Stray quotes: the position after each, and the number of its field.
    strays: VecDeque<(u64, u32)>,
    trouble: Option<Problem>,
}

impl Watch {
    pub(super) fn new(line: u32, most: usize, quotes: Quotes) -> Self {
        let (signs, strays) = (VecDeque::new(), VecDeque::new());
        let seen = Seen { signs, read: 0, begun: 0, line, most: most as u64, after_cr: false, quotes, strays, trouble: None };
        Self(Rc::new(RefCell::new(seen)))
    }

    /// A row begins at byte `at`, or after the line ends there; returns its line.
    pub(super) fn begin(&self, at: u64) -> u32 {
        let mut seen = self.0.borrow_mut();
        let mut to = at;
        while let Some((where_, sign)) = seen.signs.front().copied() {
            let blank = matches!(sign, b'\r' | b'\n');
            if where_ > to || (where_ == to && !blank) {
                break;
            }
            if where_ == to {
                to += 1;
            }
            seen.signs.pop_front();
            if sign == b'\n' {
                seen.line = seen.line.saturating_add(1);
            }
        }
        seen.begun = to;
        seen.line
    }

    /// The field of a stray quote in the current row, which ends before byte `end`.
    pub(super) fn stray(&self, end: u64) -> Option<u32> {
        let mut seen = self.0.borrow_mut();
        let mut first = None;
        while let Some((_, field)) = seen.strays.pop_front_if(|(at, _)| *at < end) {
            first = first.or(Some(field));
        }
        first
    }

    /// The line of the current row.
    pub(super) fn line(&self) -> u32 {
        self.0.borrow().line
    }

    /// The last line that was read.
    pub(super) fn here(&self) -> u32 {
        let seen = self.0.borrow();
        let ahead = seen.signs.iter().filter(|(_, sign)| *sign == b'\n').count();
        seen.line.saturating_add(u32::try_from(ahead).unwrap_or(u32::MAX))
    }

    /// Whether the current row, which is the last, is in quotes to the end and has several lines.
    pub(super) fn ends_in_quotes(&self) -> bool {
        let seen = self.0.borrow();
        let quotes = seen.signs.iter().filter(|(_, sign)| !matches!(sign, b'\r' | b'\n')).count();
        let inner = seen.signs.iter().any(|(at, sign)| *sign == b'\n' && at + 1 < seen.read);
        quotes % 2 == 1 && inner
    }

    /// Why reading stopped here.
    pub(super) fn trouble(&self) -> Option<Problem> {
        self.0.borrow_mut().trouble.take()
    }
}

impl Seen {
    /// The CR at a position ends a line. Its row may have begun already.
    fn lone_cr(&mut self, at: u64) {
        match self.signs.back_mut() {
            Some((place, sign)) if *place == at => *sign = b'\n',
            _ => self.line = self.line.saturating_add(1),
        }
    }
}

/// The lines of a table as they are counted here, each with its end.
pub(super) fn lines(bytes: &[u8], mut quotes: Quotes) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        quotes.next(*byte);
        let is_lone_cr = *byte == b'\r' && quotes.is_between() && bytes.get(at + 1).is_some_and(|next| *next != b'\n');
        if *byte == b'\n' || is_lone_cr {
            lines.push(&bytes[from..=at]);
            from = at + 1;
        }
    }
    if from < bytes.len() {
        lines.push(&bytes[from..]);
    }
    lines
}

/// A text that is observed.
pub(super) struct Watched<R> {
    text: R,
    quote: Option<u8>,
    watch: Watch,
}

impl<R> Watched<R> {
    pub(super) fn new(text: R, quote: Option<u8>, watch: Watch) -> Self {
        Self { text, quote, watch }
    }

    pub(super) fn inner(&mut self) -> &mut R {
        &mut self.text
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(into)?;
        let mut seen = self.watch.0.borrow_mut();
        for (at, byte) in into[..count].iter().enumerate() {
            let at = seen.read + at as u64;
            if let Some(field) = seen.quotes.next(*byte) {
                seen.strays.push_back((at, field));
            }
            // CR alone ends a line too, outside quotes; only the next byte shows that it is alone.
            if seen.after_cr && *byte != b'\n' {
                seen.lone_cr(at - 1);
            }
            seen.after_cr = *byte == b'\r' && seen.quotes.is_between();
            if matches!(byte, b'\r' | b'\n') || Some(*byte) == self.quote {
                seen.signs.push_back((at, *byte));
            } else if *byte < 0x20 && *byte != b'\t' {
                seen.trouble = Some(Problem::new(Code::DocEncoding, say!("csv-control")));
                return Err(io::Error::from(io::ErrorKind::InvalidData));
            }
        }
        seen.read += count as u64;
        // The csv crate reads ahead by its buffer; a row longer than that and the limit never ends.
        if seen.read - seen.begun > seen.most + (1 << 16) {
            let message = say!("csv-row-too-long", limit = seen.most);
            seen.trouble = Some(Problem::new(Code::DocLimit, message).hint(say!("hint-csv-quote-open")));
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        Ok(count)
    }
}
