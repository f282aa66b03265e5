//! What the validator does at each event of a document.

use super::{
    element_frame::Frame,
    recovery::repair,
    report::{Subject, is_rejected, is_unknown_root},
    types,
    validator::Validator,
};
use crate::model::{ElementStack, Events, Start};

/// Characters of a value kept for a sentence about it.
const QUOTED: usize = 200;

impl Events for Validator<'_> {
    fn start(&mut self, element: &Start<'_>, stack: &mut ElementStack) {
        let depth = stack.depth();
        if self.skipped.is_some() {
            return;
        }
        if self.frames.is_empty() {
            self.begin();
        }
        self.scope(element, depth);
        let id = self.id(element.key, element);
        self.located(stack);
        let (of, errors) = self.offer(id, Some(element));
        if self.frames.is_empty() && errors.iter().any(is_unknown_root) {
            self.report.unknown_root(element.name(), stack);
            self.withdraw();
            self.runtime = None;
            self.skip(stack);
            return;
        }
        match errors.iter().any(is_rejected) {
            true => repair(self, id, element, stack),
            false => self.enter(id, of, errors, element, stack),
        }
    }

    fn text(&mut self, text: &str, stack: &mut ElementStack) {
        let (Some(runtime), None) = (self.runtime.as_mut(), self.skipped) else { return };
        let blank = text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.text.len() < QUOTED {
            let end = (0..=QUOTED.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            frame.text.push_str(&text[..end]);
        }
        match blank {
            true => runtime.validate_whitespace(text),
            // The engine refuses white space between base64 characters. The type allows it (XML Schema Part 2, 3.2.16), and every signature
            // and attachment with line breaks has it. Measured on xsd-schema 0.3.0.
            false if text.contains(['\n', ' ', '\r', '\t']) && types::is_base64(self.prepared.set, frame.of) => {
                runtime.validate_text(&text.split_ascii_whitespace().collect::<String>());
            }
            false => runtime.validate_text(text),
        }
        self.reported(stack);
    }

    fn value_unreadable(&mut self, _: &mut ElementStack) {
        if let (None, Some(frame)) = (self.skipped, self.frames.last_mut()) {
            frame.value_unreadable = true;
        }
    }

    fn end(&mut self, stack: &mut ElementStack) {
        let depth = stack.depth();
        match self.skipped {
            Some(skipped) if skipped == depth => self.skipped = None,
            Some(_) => return,
            None => self.leave(stack),
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
                self.report.add(error, &Subject::Element { frame: &frame }, stack);
            }
        }
    }

    fn wants_no_more(&self) -> bool {
        self.report.wants_no_more()
    }
}
