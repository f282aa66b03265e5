//! Paths followed through a schema.

use super::{Checker, Way, names};
use crate::{
    mapping::{
        path::{Path, Predicate, Step, Test},
        rules::{From, ValueRule, When},
    },
    model::{Code, Name, Place, Problem, i18n::Text, nearest::did_you_mean, shape::ValueKind},
};

/// Where a path leads.
#[derive(Default)]
pub(super) struct Led {
    /// The elements; several if `*` leads to several.
    pub(super) ways: Vec<Way>,
    /// The type of the value, if known.
    pub(super) kind: Option<ValueKind>,
    /// Somewhere on the way, the schema allows anything.
    pub(super) open: bool,
}

/// Ways followed for a path with stars, at most; further ones are not checked.
const MOST: usize = 200;

impl Checker<'_> {
    /// A value's paths; returns its type before any conversion, if known.
    pub(super) fn value(&mut self, rule: &ValueRule, from: &[Way]) -> Option<ValueKind> {
        let place = self.place(rule.line, rule.column);
        match &rule.from {
            From::Paths(paths) => {
                let kinds: Vec<Option<ValueKind>> = paths.iter().map(|path| self.follow(path, from, &place).kind).collect();
                kinds.first().copied().flatten().filter(|first| kinds.iter().all(|kind| *kind == Some(*first)))
            }
            From::Expression { with, .. } => {
                for (_, value) in with {
                    self.value(value, from);
                }
                None
            }
            From::Const(_) | From::Partner(_) | From::Flow(_) => None,
        }
    }

    pub(super) fn when(&mut self, when: Option<&When>, from: &[Way], place: &Place) {
        match when {
            None => {}
            Some(When::Path(path)) => {
                self.follow(path, from, place);
            }
            Some(When::Expression { with, .. }) => {
                for (_, value) in with {
                    self.value(value, from);
                }
            }
        }
    }

    /// Where the path leads from these places; nowhere if that was reported.
    pub(super) fn follow(&mut self, path: &Path, from: &[Way], place: &Place) -> Led {
        let start = if path.is_absolute() { vec![Way::new()] } else { from.to_vec() };
        let before = self.problems.len();
        let led = self.steps(&path.steps, start, path, place);
        // With several places, one from which it leads somewhere is enough.
        if !led.ways.is_empty() || led.open {
            self.problems.truncate(before);
        } else {
            self.problems.truncate(before + 1);
        }
        led
    }

    fn steps(&mut self, steps: &[Step], from: Vec<Way>, path: &Path, place: &Place) -> Led {
        let mut led = Led { ways: from, ..Led::default() };
        for step in steps {
            let mut next: Vec<Way> = Vec::new();
            let mut kind = None;
            for way in std::mem::take(&mut led.ways) {
                match step {
                    Step::Itself | Step::Text => next.push(way),
                    Step::Parent => match way.split_last() {
                        Some((_, above)) if !above.is_empty() => next.push(above.to_vec()),
                        _ => self.refuse(
                            path,
                            format!("`{path}` goes up beyond the elements that `each` selects from the root"),
                            None,
                            place,
                        ),
                    },
                    Step::Attribute(name) => {
                        let Some(here) = way.last().and_then(|(_, id)| self.shape.types.get(*id)) else { continue };
                        match here.attributes.iter().find(|known| known.name == *name) {
                            Some(known) => kind = Some(known.kind),
                            None if here.open => led.open = true,
                            None => {
                                let known: Vec<Name> = here.attributes.iter().map(|known| known.name.clone()).collect();
                                self.unknown(path, name, "as an attribute there", &known, place);
                                continue;
                            }
                        }
                        let mut read = names(&way);
                        read.push(Name::new("@", &name.local));
                        self.read.insert(read);
                        next.push(way);
                    }
                    Step::Child { test, predicates } => {
                        for child in self.children(&way, test, path, place, &mut led.open) {
                            self.predicates(predicates, &child, path, place);
                            next.push(child);
                        }
                    }
                }
            }
            next.truncate(MOST);
            led.ways = next;
            if kind.is_some() {
                led.kind = kind;
            }
        }
        for way in &led.ways {
            self.read.insert(names(way));
        }
        if led.kind.is_none() && !matches!(steps.last(), Some(Step::Attribute(_))) {
            let types = led.ways.iter().filter_map(|way| self.shape.types.get(way.last()?.1));
            let mut kinds = types.map(|of| of.text.then_some(of.kind));
            let first = kinds.next().flatten();
            led.kind = first.filter(|first| kinds.all(|kind| kind == Some(*first)));
        }
        led
    }

    fn children(&mut self, way: &Way, test: &Test, path: &Path, place: &Place, open: &mut bool) -> Vec<Way> {
        let (children, is_open) = match way.last() {
            None => (&self.shape.roots, false),
            Some((_, id)) => match self.shape.types.get(*id) {
                Some(here) => (&here.children, here.open),
                None => return Vec::new(),
            },
        };
        let fits = |name: &Name| match test {
            Test::Any => true,
            Test::Named(wanted) => wanted == name,
        };
        let found: Vec<Way> =
            children.iter().filter(|(name, _)| fits(name)).map(|child| way.iter().cloned().chain([child.clone()]).collect()).collect();
        if found.is_empty() && is_open {
            *open = true;
        } else if let (true, Test::Named(name)) = (found.is_empty(), test) {
            let known: Vec<Name> = children.iter().map(|(name, _)| name.clone()).collect();
            self.unknown(path, name, if way.is_empty() { "as a root element" } else { "there" }, &known, place);
        }
        found
    }

    fn predicates(&mut self, predicates: &[Predicate], way: &Way, path: &Path, place: &Place) {
        for predicate in predicates {
            if let Predicate::Test(condition) = predicate {
                for inner in condition.paths() {
                    self.steps(inner, vec![way.clone()], path, place);
                }
            }
        }
    }

    fn unknown(&mut self, path: &Path, name: &Name, role: &str, known: &[Name], place: &Place) {
        let locals: Vec<&str> = known.iter().map(|name| &*name.local).collect();
        let hint = if locals.contains(&&*name.local) {
            Some(format!("`{}` exists, but in another namespace: check its prefix", name.local).into())
        } else {
            did_you_mean(&name.local, locals)
        };
        let message = format!("the schema {} has no `{}` {role} (path `{path}`)", self.mapping.document, name.local);
        self.refuse(path, message, hint, place);
    }

    fn refuse(&mut self, _: &Path, message: String, hint: Option<Text>, place: &Place) {
        self.problems.push(Problem::new(Code::MappingPath, message).at(place.clone()).maybe_hint(hint));
    }
}
