//! The engine's findings as problems that a partner's clerk understands: our codes, our places, what was expected, no follow-up errors.

use xsd_schema::{SchemaSet, TypeKey, validation::ValidationError};

use super::{
    content::Id,
    element_frame::Frame,
    expectations,
    keys::{Rules, Seen},
    phrases::{did_you_mean, names, quoted},
    sentences,
};
use crate::model::{
    Code, DeferredLocation, ElementStack, Name, Problem,
    i18n::{Join, List, Sentence, namespace, say},
    location::XPath,
    problem::cut,
    problem_cap::{COUNTED, REPORTED},
};

/// What an error concerns.
pub(super) enum Subject<'s> {
    /// The innermost element.
    Element {
        /// What is known about it.
        frame: &'s Frame,
    },
    /// One of its attributes.
    Attribute {
        /// Name.
        name: &'s Name,
        /// Value.
        value: &'s str,
        /// Type, if it has one.
        of: Option<TypeKey>,
        /// Attributes that its element may have, if this one is not allowed.
        allowed: Vec<String>,
    },
}

/// How a late element relates to the one before it.
#[derive(Clone, Copy)]
pub(super) enum Beside {
    /// Only one of both is allowed there.
    Either,
    /// It is allowed before it.
    Before,
    /// The content model does not say.
    Unknown,
}

/// Problems in the order in which they were found.
pub(super) struct Report<'s> {
    set: &'s SchemaSet,
    decimal_comma: bool,
    reported: Vec<(Problem, DeferredLocation)>,
    more: usize,
}

/// Whether the engine refused an element at its place.
pub(super) fn is_rejected(error: &ValidationError) -> bool {
    error.constraint == "cvc-complex-type.2.4" && error.message.contains("is not allowed at this position")
}

/// Whether an element ended before it was complete.
pub(super) fn is_incomplete(error: &ValidationError) -> bool {
    error.constraint == "cvc-complex-type.2.4" && error.message.contains("incomplete")
}

/// Whether no element of the schema has the root's name.
pub(super) fn is_unknown_root(error: &ValidationError) -> bool {
    error.constraint == "cvc-elt.1"
}

impl<'s> Report<'s> {
    pub(super) fn new(set: &'s SchemaSet, decimal_comma: bool) -> Self {
        Self { set, decimal_comma, reported: Vec::new(), more: 0 }
    }

    pub(super) fn wants_no_more(&self) -> bool {
        self.more > COUNTED
    }

    /// Whether problems are only counted now.
    pub(super) fn is_only_counting(&self) -> bool {
        self.reported.len() >= REPORTED
    }

    pub(super) fn problems(self, file: &str) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self.reported.into_iter().map(|(problem, spot)| problem.at(spot.place(file))).collect();
        if self.more > 0 {
            problems.push(Problem::and_more(self.more, file));
        }
        problems
    }

    fn tell(&mut self, problem: Problem, spot: DeferredLocation) -> Option<usize> {
        if self.reported.len() >= REPORTED {
            self.more += 1;
            return None;
        }
        self.reported.push((problem, spot));
        Some(self.reported.len() - 1)
    }

    /// An error from the engine.
    pub(super) fn add(&mut self, error: ValidationError, subject: &Subject<'_>, stack: &mut ElementStack) {
        // The document's schema location is never followed, so it cannot be wrong.
        if error.message.starts_with("xsi:schemaLocation") || error.constraint == "cvc-schema-location" {
            return;
        }
        if self.reported.len() >= REPORTED {
            self.more += 1;
            return;
        }
        let code = code(&error);
        let spot = place(&error).unwrap_or_else(|| stack.spot());
        let name = stack.label().to_string();
        let problem = match subject {
            Subject::Attribute { name: attribute, value, of, allowed } => {
                sentences::attribute(self.set, &error, code, &name, attribute, value, *of, allowed)
            }
            Subject::Element { frame } if code == Code::DocValue => {
                let words = expectations::Value { set: self.set, of: frame.of, decimal_comma: self.decimal_comma };
                words.problem(code, &name, frame.text.trim(), &error)
            }
            Subject::Element { frame } => sentences::element(&error, code, &name, frame),
        };
        // One value breaks a facet and so its type: the engine reports both, the clerk needs one.
        let value = |code: Code| code == Code::DocValue;
        let same = |(known, at): &(Problem, DeferredLocation)| {
            let here = (at.line, at.column) == (spot.line, spot.column);
            here && ((value(known.code) && value(problem.code) && matches!(subject, Subject::Element { .. }))
                || known.message == problem.message)
        };
        // A misspelt attribute is not reported as missing too.
        let meant = |(known, at): &(Problem, DeferredLocation)| {
            error.constraint == "cvc-complex-type.4"
                && (at.line, at.column) == (spot.line, spot.column)
                && known.hint.as_ref().is_some_and(|hint| {
                    quoted(&error.message, "attribute").is_some_and(|name| hint.sentence() == Some(&did_you_mean(name)))
                })
        };
        if !self.reported.iter().rev().take(8).any(|reported| same(reported) || meant(reported)) {
            self.tell(problem, spot);
        }
    }

    /// A broken key rule.
    pub(super) fn key(&mut self, error: &ValidationError, rules: &Rules, seen: &mut Seen, frame: &Frame, stack: &mut ElementStack) {
        let (rule, target) = sentences::rule(&error.message);
        if error.constraint == "cvc-identity-constraint.4.3" {
            // The engine reports each reference without naming it; all are reported at the first one.
            if let Some(lost) = seen.lost(rules, &rule) {
                for (values, spot) in lost {
                    self.tell(sentences::lost(self.set, &rule, &target, &values, &spot), spot);
                }
                return;
            }
        }
        // It was reported before that part of the key is missing.
        let here = stack.position();
        let incomplete = error.message.contains("not all fields");
        if incomplete && self.reported.iter().rev().take(8).any(|(_, spot)| (spot.line, spot.column) == here) {
            return;
        }
        let name = stack.label().to_string();
        let problem = sentences::key(self.set, error, &rule, &target, &name, frame, seen.first(rules, &rule, frame));
        let spot = stack.spot();
        self.tell(problem, spot);
    }

    /// A root that the schema does not know.
    pub(super) fn unknown_root(&mut self, name: &Name, stack: &mut ElementStack) {
        let table = &self.set.name_table;
        let roots: Vec<(String, String)> = self
            .set
            .namespaces
            .iter()
            .flat_map(|(namespace, all)| all.elements.keys().map(move |local| (namespace, local)))
            .map(|(namespace, local)| (namespace.map(|id| table.resolve(id)).unwrap_or_default(), table.resolve(*local)))
            .collect();
        let problem = sentences::unknown_root(name, &roots);
        let spot = stack.spot();
        self.tell(problem, spot);
    }

    /// An element inside one that has no child elements.
    pub(super) fn no_elements(&mut self, name: &str, stack: &mut ElementStack) {
        let parent = parent(stack);
        let spot = stack.spot();
        let message = say!("element-not-here-none-allowed", element = cut(name), parent = parent);
        self.tell(Problem::new(Code::DocUnexpected, message), spot);
    }

    /// An element whose name the parent has in another namespace.
    pub(super) fn wrong_namespace(&mut self, found: Id, right: Id, prefix: Option<String>, stack: &mut ElementStack) {
        let of = |id: Id| namespace(&id.1.map(|id| self.set.name_table.resolve(id)).unwrap_or_default());
        let message = say!("element-wrong-namespace", element = self.name(found), found = of(found), expected = of(right));
        let hint = match prefix {
            Some(prefix) => say!("hint-namespace-write", name = format!("{prefix}{}", self.name(right))),
            None => say!("hint-namespace-correct"),
        };
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocUnexpected, message).hint(hint), spot);
    }

    /// An abstract element.
    pub(super) fn is_abstract(&mut self, id: Id, kinds: &[Id], stack: &mut ElementStack) {
        let message = say!("element-abstract-one-of", element = self.name(id), names = self.any(kinds));
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocUnexpected, message), spot);
    }

    /// An element that the parent does not have at all.
    pub(super) fn unexpected(&mut self, name: &str, meant: Option<Id>, expected: &[Id], stack: &mut ElementStack) {
        let hint = match meant {
            Some(meant) => Some(did_you_mean(&self.name(meant))),
            None if expected.is_empty() => Some(say!("hint-complete-before", parent = parent(stack))),
            None => self.allowed_here(expected),
        };
        let message = say!("element-unknown", element = cut(name), parent = parent(stack));
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocUnexpected, message).maybe_hint(hint), spot);
    }

    /// Elements that are missing before one that may only follow them.
    pub(super) fn missing_before(&mut self, missing: &[Id], before: Id, stack: &mut ElementStack) -> Option<usize> {
        let (names, before) = (self.all(missing), self.name(before));
        let message = say!("element-missing-before", names = names, count = missing.len(), before = before);
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocIncomplete, message), spot)
    }

    /// One of several elements is missing before one that may only follow it.
    pub(super) fn one_missing_before(&mut self, one: &[Id], before: Id, stack: &mut ElementStack) -> Option<usize> {
        let message = say!("element-missing-before", names = self.any(one), count = 1_u64, before = self.name(before));
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocIncomplete, message), spot)
    }

    /// An element that was reported as missing comes later; `rest` is what is still missing.
    pub(super) fn wrong_order(&mut self, problem: usize, id: Id, before: Id, rest: &[Id], stack: &mut ElementStack) {
        let message = say!("element-late-before", element = self.name(id), before = self.name(before));
        let spot = stack.spot();
        let late = (Problem::new(Code::DocUnexpected, message).hint(say!("hint-order")), spot);
        if rest.is_empty() {
            if let Some(reported) = self.reported.get_mut(problem) {
                *reported = late;
            }
            return;
        }
        let message = say!("element-missing-before", names = self.all(rest), count = rest.len(), before = self.name(before));
        if let Some((reported, _)) = self.reported.get_mut(problem) {
            reported.message = message.into();
        }
        self.tell(late.0, late.1);
    }

    /// An element that the parent has, but no longer here; `before` counts the earlier ones, `last` is the previous element.
    pub(super) fn too_late(&mut self, id: Id, before: u32, last: Option<(Id, Beside)>, expected: &[Id], stack: &mut ElementStack) {
        let name = self.name(id);
        let (message, hint) = match (before, last) {
            (0, Some((last, Beside::Either))) => {
                let last = self.name(last);
                (say!("element-either", first = last, second = name), Some(say!("hint-remove-wrong")))
            }
            (0, Some((last, Beside::Before))) => {
                (say!("element-late-before", element = name, before = self.name(last)), Some(say!("hint-order")))
            }
            (0, Some((last, Beside::Unknown))) => {
                let message = say!("element-late-after", element = name, last = self.name(last));
                (message, self.allowed_here(expected).or(Some(say!("hint-order"))))
            }
            (0, None) => (say!("element-not-here", element = name), self.allowed_here(expected)),
            (1, _) => (say!("element-twice", element = name), Some(say!("hint-remove-wrong"))),
            (many, _) => (say!("element-too-often", element = name, count = many), Some(say!("hint-remove-surplus"))),
        };
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocUnexpected, message).maybe_hint(hint), spot);
    }

    /// An element that ended before its required content: all of the first are missing, or one of the second.
    pub(super) fn incomplete(&mut self, (all, one): (Vec<Id>, Vec<Id>), stack: &mut ElementStack) {
        let name = stack.label().to_string();
        let message = match (all.is_empty(), one.is_empty()) {
            (false, _) => say!("element-ends-without", element = name, names = self.all(&all)),
            (true, false) => say!("element-ends-without-one", element = name, names = self.any(&one)),
            (true, true) => say!("element-incomplete", element = name),
        };
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocIncomplete, message), spot);
    }

    fn name(&self, id: Id) -> String {
        self.set.name_table.resolve(id.0)
    }

    fn allowed_here(&self, ids: &[Id]) -> Option<Sentence> {
        (!ids.is_empty()).then(|| say!("hint-allowed-here", names = self.any(ids)))
    }

    fn any(&self, ids: &[Id]) -> List {
        let mut all: Vec<String> = Vec::new();
        for id in ids {
            let name = self.name(*id);
            if !all.contains(&name) {
                all.push(name);
            }
        }
        names(&all)
    }

    /// `a`, `a and b`, `a, b and c`.
    fn all(&self, ids: &[Id]) -> List {
        List::new(Join::And, ids.iter().map(|id| format!("`{}`", self.name(*id))))
    }
}

/// The name of the current element's parent.
fn parent(stack: &ElementStack) -> String {
    let above = stack.depth().saturating_sub(2);
    stack.names().nth(above).map(|name| name.local.to_string()).unwrap_or_default()
}

/// The place of an error that is reported after its element was read: a reference that leads nowhere.
fn place(error: &ValidationError) -> Option<DeferredLocation> {
    let at = error.location.as_ref().filter(|_| error.constraint == "cvc-id.1")?;
    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (line, column) = (narrow(at.line), narrow(at.column));
    let steps = error.instance_path()?.steps().filter_map(|step| Some((step.name().local_name().into(), narrow(step.position()?))));
    Some(DeferredLocation { line, column, field: None, way: XPath::fixed(steps) })
}

fn code(error: &ValidationError) -> Code {
    match error.constraint {
        "cvc-elt.1" | "cvc-complex-type.2.4" | "cvc-complex-type.2.1" | "cvc-complex-type.2.3" | "cvc-elt.3.2.1" => Code::DocUnexpected,
        "validation-resource-limit" => Code::DocLimit,
        other
            if other.starts_with("cvc-complex-type.3")
                || other == "cvc-complex-type.4"
                || other.starts_with("cvc-attribute")
                || other.starts_with("cvc-assess-attr") =>
        {
            Code::DocAttribute
        }
        other if other.starts_with("cvc-identity") || other.starts_with("cvc-id") => Code::DocKey,
        other
            if other.starts_with("cvc-datatype")
                || other.ends_with("-valid")
                || other.starts_with("cvc-simple")
                || other == "cvc-type"
                || other.starts_with("cvc-type.3")
                || other.starts_with("cvc-elt.5") =>
        {
            Code::DocValue
        }
        _ => Code::DocSchema,
    }
}
