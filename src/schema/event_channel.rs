//! From the thread that reads a document to the one that validates it: events in batches. So reading and validating run in parallel,
//! and only a few batches are in memory.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use super::workers::Ticket;

use crate::model::{
    ElementStack, Events, Name, NameKey, Start,
    events::{Declared, Vocabulary},
};

/// Bytes of text and number of events in a batch.
const TEXT: usize = 64 << 10;
const EVENTS: usize = 4 << 10;
/// Batches that may wait.
pub(super) const WAITING: usize = 4;
/// How long to sleep when too many batches wait.
const NAP: Duration = Duration::from_micros(100);

/// Events with everything that they refer to.
#[derive(Default)]
pub(super) struct Batch {
    events: Vec<Event>,
    /// Texts and attribute values, one after the other.
    text: String,
    attributes: Vec<(NameKey, Range<usize>)>,
    declares: Vec<Declared>,
    /// New names, in the order of their numbers.
    names: Vec<Name>,
}

enum Event {
    /// An element begins that is not validated, around those that are.
    Around(Place),
    Start {
        place: Place,
        attributes: Range<usize>,
        declares: Range<usize>,
        values: usize,
    },
    Text(Range<usize>),
    Void,
    End,
    /// A surrounding element ends.
    Leave,
}

struct Place {
    key: NameKey,
    line: u32,
    column: u32,
    field: Option<Arc<str>>,
    ordinal: u32,
}

/// Receives events from the reader and sends them on.
pub(super) struct Forward {
    to: mpsc::SyncSender<Batch>,
    batch: Batch,
    /// Names sent so far.
    names: usize,
    /// Line and column of the elements that are open in the validator.
    open: Vec<(u32, u32)>,
    /// Set by a validator that wants no more.
    full: Arc<AtomicBool>,
    ticket: Ticket,
    /// How long validation may take once it has begun.
    time: Duration,
    /// Nobody accepts batches any more, or not in time.
    lost: bool,
}

impl Forward {
    pub(super) fn new(to: mpsc::SyncSender<Batch>, full: Arc<AtomicBool>, ticket: Ticket, time: Duration) -> Self {
        Self { to, batch: Batch::default(), names: 0, open: Vec::new(), full, ticket, time, lost: false }
    }

    /// Sends the rest; returns whether the validator accepted the whole document.
    pub(super) fn finish(mut self) -> bool {
        self.send();
        !self.lost
    }

    fn send(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        while !self.lost {
            match self.to.try_send(batch) {
                Ok(()) => return,
                Err(mpsc::TrySendError::Full(back)) => {
                    batch = back;
                    self.lost = self.ticket.begun().is_some_and(|begun| begun.elapsed() > self.time);
                    std::thread::sleep(NAP);
                }
                Err(mpsc::TrySendError::Disconnected(_)) => {
                    self.lost = true;
                    return;
                }
            }
        }
    }

    fn add(&mut self, event: Event) {
        self.batch.events.push(event);
        if self.batch.events.len() >= EVENTS || self.batch.text.len() >= TEXT {
            self.send();
        }
    }

    /// Opens the same elements in the validator as here, except the last.
    fn around(&mut self, stack: &ElementStack) {
        let depth = stack.depth() - 1;
        if self.open.len() == depth && self.open.last().copied() == stack.above() {
            return;
        }
        for _ in 0..self.open.len() {
            self.batch.events.push(Event::Leave);
        }
        self.open.clear();
        for (key, line, column, ordinal) in stack.all().take(depth) {
            self.batch.events.push(Event::Around(Place { key, line, column, field: None, ordinal }));
            self.open.push((line, column));
        }
    }
}

impl Events for Forward {
    fn start(&mut self, element: &Start<'_>, stack: &mut ElementStack) {
        let vocabulary = element.vocabulary;
        for at in self.names..vocabulary.len() {
            self.batch.names.extend(NameKey::try_from(at).ok().map(|key| vocabulary.name(key).clone()));
        }
        self.names = vocabulary.len();
        self.around(stack);
        let batch = &mut self.batch;
        let (values, attributes, declares) = (batch.text.len(), batch.attributes.len(), batch.declares.len());
        batch.text.push_str(element.values);
        batch.attributes.extend_from_slice(element.attributes);
        batch.declares.extend_from_slice(element.declares);
        let (attributes, declares) = (attributes..batch.attributes.len(), declares..batch.declares.len());
        let (line, column) = stack.position();
        let place = Place { key: element.key, line, column, field: stack.field(), ordinal: stack.ordinal() };
        self.open.push((line, column));
        self.add(Event::Start { place, attributes, declares, values });
    }

    fn text(&mut self, text: &str, _: &mut ElementStack) {
        let mut rest = text;
        while !rest.is_empty() {
            let room = (TEXT - self.batch.text.len().min(TEXT - 4)).max(4).min(rest.len());
            let end = (0..=room).rev().find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
            let (piece, behind) = rest.split_at(end);
            let from = self.batch.text.len();
            self.batch.text.push_str(piece);
            self.add(Event::Text(from..from + piece.len()));
            rest = behind;
        }
    }

    fn value_unreadable(&mut self, _: &mut ElementStack) {
        self.add(Event::Void);
    }

    fn end(&mut self, _: &mut ElementStack) {
        self.open.pop();
        self.add(Event::End);
    }

    fn wants_no_more(&self) -> bool {
        self.lost || self.full.load(Ordering::Relaxed)
    }
}

/// Replays batches to a receiver.
#[derive(Default)]
pub(super) struct Replay {
    vocabulary: Vocabulary,
    stack: ElementStack,
}

impl Replay {
    pub(super) fn play(&mut self, batch: &Batch, to: &mut dyn Events) {
        for name in &batch.names {
            self.vocabulary.learn(&name.namespace, &name.local);
        }
        for event in &batch.events {
            match event {
                Event::Around(place) => self.enter(place),
                Event::Start { place, attributes, declares, values } => {
                    self.enter(place);
                    let start = Start {
                        vocabulary: &self.vocabulary,
                        key: place.key,
                        attributes: &batch.attributes[attributes.clone()],
                        values: &batch.text[*values..],
                        declares: &batch.declares[declares.clone()],
                        of: None,
                    };
                    to.start(&start, &mut self.stack);
                }
                Event::Text(at) => to.text(&batch.text[at.clone()], &mut self.stack),
                Event::Void => to.value_unreadable(&mut self.stack),
                Event::End => {
                    to.end(&mut self.stack);
                    self.stack.leave();
                }
                Event::Leave => self.stack.leave(),
            }
        }
    }

    fn enter(&mut self, place: &Place) {
        let name = self.vocabulary.name(place.key);
        self.stack.enter_as(name, place.key, place.line, place.column, place.field.clone(), place.ordinal);
    }
}
