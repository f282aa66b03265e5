//! A document a few elements at a time: the source elements of records (its units) in parts of a given size, each with everything
//! outside the units. A document of any size takes the memory of one part.

use std::collections::HashMap;

use crate::model::{Document, ElementStack, Name, NodeId, Start, document::Table, events::Events};

/// Whether the last element of the stack is a unit.
fn is_unit(unit: &[Name], stack: &ElementStack) -> bool {
    stack.depth() == unit.len() && stack.names().zip(unit).all(|(name, wanted)| name == wanted)
}

/// Keeps what is outside the units.
pub struct HeaderReader {
    unit: Vec<Name>,
    document: Document,
    open: Vec<NodeId>,
    /// Depth inside a unit.
    inside: usize,
    most: usize,
}

impl HeaderReader {
    /// Keeps at most `most` elements.
    pub fn new(unit: &[Name], table: Option<Table>, most: usize) -> Self {
        let document = table.map(Document::of_table).unwrap_or_default();
        Self { unit: unit.to_vec(), document, open: Vec::new(), inside: 0, most }
    }

    /// What it kept.
    pub fn document(self) -> Document {
        self.document
    }
}

impl Events for HeaderReader {
    fn start(&mut self, start: &Start<'_>, stack: &mut ElementStack) {
        if self.inside > 0 || is_unit(&self.unit, stack) {
            self.inside += 1;
        } else if !self.wants_no_more() {
            let id = self.document.push(start.element(self.open.last().copied(), stack.position()));
            self.open.push(id);
        }
    }

    fn text(&mut self, text: &str, _: &mut ElementStack) {
        if let (Some(id), 0) = (self.open.last(), self.inside) {
            self.document.add_text(*id, text);
        }
    }

    fn end(&mut self, _: &mut ElementStack) {
        match self.inside {
            0 => {
                self.open.pop();
            }
            _ => self.inside -= 1,
        }
    }

    fn wants_no_more(&self) -> bool {
        self.document.len() > self.most
    }
}

/// Passes the units on, a given number at a time.
pub struct ChunkReader<F> {
    unit: Vec<Name>,
    frame: Document,
    size: usize,
    to: F,
    /// Elements outside the units so far; they have the same numbers in the frame.
    passed: usize,
    outside: Vec<NodeId>,
    part: Document,
    open: Vec<NodeId>,
    units: usize,
    /// Number of units in each outside element.
    counts: HashMap<NodeId, u32>,
    /// Nobody accepts any more.
    ended: bool,
}

impl<F: FnMut(Document) -> bool> ChunkReader<F> {
    /// Passes parts of `size` units to `to`, until it answers `false`; `frame` is what is outside them.
    pub fn new(unit: &[Name], frame: Document, size: usize, to: F) -> Self {
        Self {
            unit: unit.to_vec(),
            part: frame.clone(),
            frame,
            size,
            to,
            passed: 0,
            outside: Vec::new(),
            open: Vec::new(),
            units: 0,
            counts: HashMap::new(),
            ended: false,
        }
    }

    /// Passes on the rest.
    pub fn finish(mut self) {
        if self.units > 0 && !self.ended {
            (self.to)(self.part);
        }
    }

    fn hand_on(&mut self) {
        let mut next = self.frame.clone();
        if let Some(name) = self.unit.last() {
            for (parent, count) in &self.counts {
                next.begin_after(*parent, name, *count);
            }
        }
        self.units = 0;
        self.ended = !(self.to)(std::mem::replace(&mut self.part, next));
    }
}

impl<F: FnMut(Document) -> bool> Events for ChunkReader<F> {
    fn start(&mut self, start: &Start<'_>, stack: &mut ElementStack) {
        if self.open.is_empty() && !is_unit(&self.unit, stack) {
            self.outside.push(self.passed);
            self.passed += 1;
            return;
        }
        let parent = self.open.last().or(self.outside.last()).copied();
        if let (true, Some(parent)) = (self.open.is_empty(), parent) {
            *self.counts.entry(parent).or_insert(0) += 1;
        }
        let id = self.part.push(start.element(parent, stack.position()));
        self.open.push(id);
    }

    fn text(&mut self, text: &str, _: &mut ElementStack) {
        if let Some(id) = self.open.last() {
            self.part.add_text(*id, text);
        }
    }

    fn end(&mut self, _: &mut ElementStack) {
        if self.open.pop().is_none() {
            self.outside.pop();
        } else if self.open.is_empty() {
            self.units += 1;
            if self.units >= self.size {
                self.hand_on();
            }
        }
    }

    fn wants_no_more(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{ByteSource, Limits, xml};

    #[test]
    fn each_part_has_what_stands_around_and_knows_its_place() {
        let text = "<c><id>7</id>\n<l><n>1</n></l>\n<l><n>2</n></l>\n<l><n>3</n></l><end>9</end></c>";
        let unit = [Name::new("", "c"), Name::new("", "l")];
        let source = ByteSource::from(text.as_bytes());
        let read =
            |to: &mut dyn Events| xml::stream(&source, "f", &Limits::default(), xml::XmlOptions::default(), to).expect("well-formed");
        let mut outside = HeaderReader::new(&unit, None, 100);
        read(&mut outside);
        let mut parts = Vec::new();
        let mut reader = ChunkReader::new(&unit, outside.document(), 2, |part: Document| {
            parts.push(part);
            true
        });
        read(&mut reader);
        reader.finish();
        let shown: Vec<Vec<String>> = parts
            .iter()
            .map(|part| {
                (0..part.len())
                    .filter(|id| !part.element(*id).text.trim().is_empty())
                    .map(|id| format!("{} {}", part.path(id), part.element(id).text))
                    .collect()
            })
            .collect();
        assert_eq!(shown, [vec!["/c/id 7", "/c/end 9", "/c/l[1]/n 1", "/c/l[2]/n 2"], vec!["/c/id 7", "/c/end 9", "/c/l[3]/n 3"]]);
        assert_eq!(parts[1].element(parts[1].len() - 2).line, 4);
    }
}
