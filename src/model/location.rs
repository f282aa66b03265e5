//! The reader's position in a document: the open elements from the root, each with line, column and position among its siblings.

use std::{cell::Cell, collections::HashMap, fmt, rc::Rc, sync::Arc};

use super::{Name, Place, document::NameKey};

/// The elements from the root to the current one.
#[derive(Debug, Default)]
pub struct ElementStack {
    /// The open elements first; those after them were left and are kept for their buffers.
    stack: Vec<Frame>,
    depth: usize,
    /// Names by their numbers.
    names: Vec<Name>,
}

/// Tells whether more elements of a name come; set as soon as the second one comes.
type Sign = Rc<Cell<bool>>;

#[derive(Debug, Default)]
struct Frame {
    key: NameKey,
    line: u32,
    column: u32,
    /// Name of the table column that the element was converted from.
    field: Option<Arc<str>>,
    position: u32,
    /// Whether the parent has more than one of this name; known at the latest when the parent ends.
    several: Option<Sign>,
    children: Children,
}

/// Number of children with one name.
type Count = (NameKey, u32, Option<Sign>);

/// How many children of each name an element has had. Real elements have a dozen names; hostile ones a million.
#[derive(Debug, Default)]
struct Children {
    counts: Vec<Count>,
    index: HashMap<NameKey, usize>,
    last: usize,
}

/// Up to this many names of one element are searched one by one; more are indexed.
const FEW: usize = 24;

impl Children {
    fn find(&self, key: NameKey) -> Option<usize> {
        if self.counts.get(self.last).is_some_and(|(known, ..)| *known == key) {
            return Some(self.last);
        }
        if self.counts.len() <= FEW { self.counts.iter().position(|(known, ..)| *known == key) } else { self.index.get(&key).copied() }
    }

    /// Counts one more child; returns its position.
    fn add(&mut self, key: NameKey) -> u32 {
        let at = self.find(key).unwrap_or_else(|| {
            self.counts.push((key, 0, None));
            let at = self.counts.len() - 1;
            if at == FEW {
                self.index = self.counts.iter().enumerate().map(|(at, (key, ..))| (*key, at)).collect();
            } else if at > FEW {
                self.index.insert(key, at);
            }
            at
        });
        self.last = at;
        let (_, count, several) = &mut self.counts[at];
        *count = count.saturating_add(1);
        if let (2.., Some(several)) = (*count, several) {
            several.set(true);
        }
        *count
    }

    /// Sets the number of children of a name.
    fn set(&mut self, key: NameKey, count: u32) {
        if let Some(at) = self.find(key) {
            self.counts[at].1 = count;
            if let (2.., Some(several)) = (count, &self.counts[at].2) {
                several.set(true);
            }
        }
    }

    /// The shared flag that says whether more of this name come.
    fn sign(&mut self, key: NameKey) -> Option<Sign> {
        let at = self.find(key)?;
        let (_, count, several) = &mut self.counts[at];
        Some(Rc::clone(several.get_or_insert_with(|| Rc::new(Cell::new(*count > 1)))))
    }

    fn clear(&mut self) {
        self.counts.clear();
        self.index.clear();
        self.last = 0;
    }
}

/// A name with its position among its siblings.
type Step = (Arc<str>, u32, Option<Sign>);

/// A path from the root. It shows positions for names that occur more than once among their siblings. That is known for certain when
/// reading has ended.
#[derive(Debug, Clone, Default)]
pub struct XPath(Vec<Step>);

impl XPath {
    /// A completely known path: names with their positions, shown from the second on.
    pub fn fixed(steps: impl Iterator<Item = (Arc<str>, u32)>) -> Self {
        Self(steps.map(|(name, position)| (name, position, (position > 1).then(|| Rc::new(Cell::new(true))))).collect())
    }
}

impl fmt::Display for XPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("/");
        }
        for (name, position, several) in &self.0 {
            match several.as_ref().is_some_and(|several| several.get()) {
                true => write!(f, "/{name}[{position}]")?,
                false => write!(f, "/{name}")?,
            }
        }
        Ok(())
    }
}

/// An element's place, kept until its path is certain.
#[derive(Debug, Clone, Default)]
pub struct DeferredLocation {
    /// 1-based line.
    pub line: u32,
    /// 1-based column in characters; for a table the number of the field.
    pub column: u32,
    /// Name of the table column.
    pub field: Option<Arc<str>>,
    /// Path.
    pub way: XPath,
}

impl DeferredLocation {
    /// The place in a file.
    pub fn place(&self, file: &str) -> Place {
        let mut place = Place::at(file, self.line, self.column).with_path(self.way.to_string());
        place.field = self.field.as_deref().map(str::to_string);
        place
    }
}

impl ElementStack {
    /// An element begins.
    pub fn enter(&mut self, name: &Name, key: NameKey, line: u32, column: u32, field: Option<Arc<str>>) {
        if self.names.len() <= key as usize {
            // Numbers are given one after the other, so what is filled up is set before it is used.
            self.names.resize_with(key as usize + 1, || name.clone());
        }
        if self.names[key as usize] != *name {
            self.names[key as usize] = name.clone();
        }
        let position = self.last_mut().map_or(1, |parent| parent.children.add(key));
        if self.stack.len() == self.depth {
            self.stack.push(Frame::default());
        }
        let frame = &mut self.stack[self.depth];
        (frame.key, frame.line, frame.column, frame.field, frame.position, frame.several) = (key, line, column, field, position, None);
        frame.children.clear();
        self.depth += 1;
    }

    /// An element begins whose position among the siblings is known, since not all of them were read.
    pub fn enter_as(&mut self, name: &Name, key: NameKey, line: u32, column: u32, field: Option<Arc<str>>, ordinal: u32) {
        self.enter(name, key, line, column, field);
        if self.ordinal() == ordinal {
            return;
        }
        if let Some(parent) = self.depth.checked_sub(2).and_then(|at| self.stack.get_mut(at)) {
            parent.children.set(key, ordinal);
        }
        if let Some(frame) = self.last_mut() {
            frame.position = ordinal;
        }
    }

    /// Line and column of the parent of the last element.
    pub fn above(&self) -> Option<(u32, u32)> {
        self.depth.checked_sub(2).and_then(|at| self.stack.get(at)).map(|frame| (frame.line, frame.column))
    }

    /// The open elements, root first: name, line, column and position among the siblings of that name.
    pub fn all(&self) -> impl Iterator<Item = (NameKey, u32, u32, u32)> {
        self.frames().iter().map(|frame| (frame.key, frame.line, frame.column, frame.position))
    }

    /// Name of the table column that the last element was converted from.
    pub fn field(&self) -> Option<Arc<str>> {
        self.last().and_then(|frame| frame.field.clone())
    }

    /// The last element has ended.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn frames(&self) -> &[Frame] {
        &self.stack[..self.depth]
    }

    fn last(&self) -> Option<&Frame> {
        self.frames().last()
    }

    fn last_mut(&mut self) -> Option<&mut Frame> {
        self.stack[..self.depth].last_mut()
    }

    fn name_of(&self, frame: &Frame) -> &Name {
        &self.names[frame.key as usize]
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Names of the open elements, root first.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.frames().iter().map(|frame| self.name_of(frame))
    }

    /// The last element's name.
    pub fn name(&self) -> Option<&Name> {
        self.last().map(|frame| self.name_of(frame))
    }

    /// The partner's name of the last element: the column's name in a table, otherwise its own.
    pub fn label(&self) -> &str {
        self.last().map_or("", |frame| frame.field.as_deref().unwrap_or(&self.name_of(frame).local))
    }

    /// Line and column of the last element.
    pub fn position(&self) -> (u32, u32) {
        self.last().map_or((1, 1), |frame| (frame.line, frame.column))
    }

    /// Position of the last element among the siblings of its name, from 1.
    pub fn ordinal(&self) -> u32 {
        self.last().map_or(1, |frame| frame.position)
    }

    /// How many children of a name the last element's parent has had, the last element included.
    pub fn siblings(&self, key: NameKey) -> u32 {
        let parent = self.depth.checked_sub(2).and_then(|at| self.stack.get(at));
        parent.and_then(|parent| parent.children.find(key).map(|at| parent.children.counts[at].1)).unwrap_or(0)
    }

    /// How many children of a name the last element has had.
    pub fn children(&self, key: NameKey) -> u32 {
        self.last().and_then(|last| last.children.find(key).map(|at| last.children.counts[at].1)).unwrap_or(0)
    }

    /// The path to the last element, as far as it is known.
    pub fn path(&self) -> String {
        let mut way = XPath::default();
        for (at, frame) in self.frames().iter().enumerate() {
            let parent = at.checked_sub(1).and_then(|at| self.stack.get(at));
            let several =
                parent.and_then(|parent| parent.children.find(frame.key).map(|at| parent.children.counts[at].1 > 1)).unwrap_or(false);
            way.0.push((Arc::clone(&self.name_of(frame).local), frame.position, several.then(|| Rc::new(Cell::new(true)))));
        }
        way.to_string()
    }

    /// The last element's place.
    pub fn place(&self, file: &str) -> Place {
        let (line, column) = self.position();
        Place::at(file, line, column).with_path(self.path())
    }

    /// The last element's place; its path becomes certain later. Only problems call this, so a good document costs nothing.
    pub fn spot(&mut self) -> DeferredLocation {
        for at in 1..self.depth {
            let (above, here) = self.stack.split_at_mut(at);
            if let (Some(parent), Some(frame)) = (above.last_mut(), here.first_mut())
                && frame.several.is_none()
            {
                frame.several = parent.children.sign(frame.key);
            }
        }
        let steps = self.frames().iter().map(|frame| (Arc::clone(&self.name_of(frame).local), frame.position, frame.several.clone()));
        let way = XPath(steps.collect());
        let (line, column) = self.position();
        DeferredLocation { line, column, field: self.last().and_then(|frame| frame.field.clone()), way }
    }
}
