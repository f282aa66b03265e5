//! A document as an outline: one element on each line, two blanks deeper than its parent, with its text after its name. For tests, and
//! as the simplest example of a format.

use std::{collections::HashSet, io::Read as _, sync::Arc};

use super::{ByteSource, Format, FormatKind, Limits, decode::ReadError};
use crate::model::{Code, ElementStack, Events, Name, Place, Problem, Problems, Start, events::Vocabulary};

/// Outlines, by their name in flows.
pub const KIND: FormatKind = FormatKind { name: "outline", configure: |_| Some(Arc::new(Outline)) };

#[derive(Debug)]
struct Outline;

/// A line of an outline.
struct Line<'t> {
    number: u32,
    depth: usize,
    name: &'t str,
    text: &'t str,
}

impl Line<'_> {
    fn column(&self) -> u32 {
        u32::try_from(2 * self.depth + 1).unwrap_or(u32::MAX)
    }
}

/// The lines of an outline; each is at most one deeper than the line before.
fn lines<'t>(text: &'t str, file: &str) -> Result<Vec<Line<'t>>, Problem> {
    let mut lines: Vec<Line<'t>> = Vec::new();
    for (line, number) in text.lines().zip(1u32..).filter(|(line, _)| !line.trim().is_empty()) {
        let inner = line.trim_start_matches(' ');
        let blanks = line.len() - inner.len();
        let (name, text) = inner.split_once(' ').unwrap_or((inner, ""));
        let deepest = lines.last().map_or(0, |before| before.depth + 1);
        let is_second_root = blanks == 0 && !lines.is_empty();
        if blanks % 2 != 0 || blanks / 2 > deepest || is_second_root {
            let text = format!("a line of an outline has two blanks for each element that it is in; this one has {blanks}");
            return Err(Problem::new(Code::DocMalformed, text).at(Place::at(file, number, 1)));
        }
        lines.push(Line { number, depth: blanks / 2, name, text });
    }
    Ok(lines)
}

fn text(source: &ByteSource, file: &str, limits: &Limits) -> Result<String, Problem> {
    source.check(file, limits.bytes)?;
    let mut text = String::new();
    let read = source.open().and_then(|mut bytes| bytes.read_to_string(&mut text));
    read.map_err(|error| ReadError::Io(error).problem(Place::file(file)))?;
    Ok(text)
}

impl Format for Outline {
    fn usual_files(&self) -> &'static str {
        "*.outline"
    }

    fn read(&self, source: &ByteSource, file: &str, limits: &Limits, to: &mut dyn Events) -> Result<(), Problems> {
        let text = text(source, file, limits)?;
        let (mut vocabulary, mut stack) = (Vocabulary::default(), ElementStack::default());
        for line in lines(&text, file)? {
            while stack.depth() > line.depth {
                to.end(&mut stack);
                stack.leave();
            }
            if to.wants_no_more() {
                return Ok(());
            }
            let key = vocabulary.learn("", line.name);
            stack.enter(vocabulary.name(key), key, line.number, line.column(), None);
            to.start(&Start { vocabulary: &vocabulary, key, attributes: &[], values: "", declares: &[], of: None }, &mut stack);
            to.text(line.text, &mut stack);
        }
        while stack.depth() > 0 {
            to.end(&mut stack);
            stack.leave();
        }
        Ok(())
    }

    fn is_truncated(&self, bytes: &[u8]) -> bool {
        !bytes.is_empty() && !bytes.ends_with(b"\n")
    }

    fn rest(
        &self,
        source: &ByteSource,
        file: &str,
        limits: &Limits,
        unit: &[Name],
        wanted: &HashSet<(u32, u32)>,
    ) -> Result<Vec<u8>, Problems> {
        let text = text(source, file, limits)?;
        let (depth, name) = (unit.len().saturating_sub(1), unit.last().map(|name| &*name.local));
        let (mut rest, mut keep) = (String::new(), true);
        for line in lines(&text, file)? {
            if line.depth == depth && Some(line.name) == name {
                keep = wanted.contains(&(line.number, line.column()));
            } else if line.depth <= depth {
                keep = true;
            }
            if keep {
                rest.push_str(&format!("{}{} {}\n", "  ".repeat(line.depth), line.name, line.text));
            }
        }
        Ok(rest.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::tree::Builder;

    fn read(text: &str) -> Result<String, Problems> {
        let mut tree = Builder::new(1000);
        Outline.read(&ByteSource::Bytes(text.as_bytes().into()), "f", &Limits::default(), &mut tree)?;
        let document = tree.one("f")?;
        Ok(format!("{} {}", document.path(2), document.element(2).line))
    }

    #[test]
    fn elements_know_where_they_stand() {
        assert_eq!(read("Order\n  Line\n  Line\n    Code A\n").expect("read"), "/Order/Line[2] 3");
        for wrong in ["Order\n Line\n", "Order\n    Line\n", "Order\nOrder\n"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(Outline.is_truncated(b"Order\n  Li") && !Outline.is_truncated(b"Order\n"));
    }
}
