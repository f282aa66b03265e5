//! What the judge does at each event of a document.

use super::{
    frame::Frame,
    judge::Judge,
    repair::repair,
    report::{Subject, is_rejected, is_unknown_root},
    types,
};
use crate::model::{Events, Start, Trail};

/// Characters of a value kept for a sentence about it.
const QUOTED: usize = 200;

impl Events for Judge<'_> {
    fn start(&mut self, element: &Start<'_>, trail: &mut Trail) {
        let depth = trail.depth();
        if self.skipped.is_some() {
            return;
        }
        if self.frames.is_empty() {
            self.begin();
        }
        self.scope(element, depth);
        let id = self.id(element.key, element);
        self.located(trail);
        let (of, errors) = self.offer(id, Some(element));
        if self.frames.is_empty() && errors.iter().any(is_unknown_root) {
            self.report.unknown_root(element.name(), trail);
            self.withdraw();
            self.runtime = None;
            self.skip(trail);
            return;
        }
        match errors.iter().any(is_rejected) {
            true => repair(self, id, element, trail),
            false => self.enter(id, of, errors, element, trail),
        }
    }

    fn text(&mut self, text: &str, trail: &mut Trail) {
        let (Some(runtime), None) = (self.runtime.as_mut(), self.skipped) else { return };
        let blank = text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.text.len() < QUOTED {
            let end = (0..=QUOTED.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            frame.text.push_str(&text[..end]);
        }
        match blank {
            true => runtime.validate_whitespace(text),
            // The engine refuses white space between the characters of base64, which the type allows (XML Schema Part 2, 3.2.16) and
            // every signature and attachment broken into lines has. Measured on xsd-schema 0.3.0.
            false if text.contains(['\n', ' ', '\r', '\t']) && types::is_base64(self.prepared.set, frame.of) => {
                runtime.validate_text(&text.split_ascii_whitespace().collect::<String>());
            }
            false => runtime.validate_text(text),
        }
        self.told(trail);
    }

    fn void(&mut self, _: &mut Trail) {
        if let (None, Some(frame)) = (self.skipped, self.frames.last_mut()) {
            frame.void = true;
        }
    }

    fn end(&mut self, trail: &mut Trail) {
        let depth = trail.depth();
        match self.skipped {
            Some(skipped) if skipped == depth => self.skipped = None,
            Some(_) => return,
            None => self.leave(trail),
        }
        if self.scopes.last().is_some_and(|(from, _)| *from == depth) {
            self.scopes.pop();
        }
        if self.frames.is_empty()
            && let Some(mut runtime) = self.runtime.take()
        {
            let end = runtime.end_validation();
            let errors = self.inbox.take();
            let frame = Frame::default();
            for error in errors.into_iter().chain(end.err()) {
                self.report.add(error, &Subject::Element { frame: &frame }, trail);
            }
        }
    }

    fn is_full(&self) -> bool {
        self.report.is_full()
    }
}
