//! The engine's findings as problems a partner's clerk understands: our codes, our places, what was expected, no echoes.

use xsd_schema::{SchemaSet, TypeKey, validation::ValidationError};

use super::{
    content::Id,
    element_frame::Frame,
    expectations,
    keys::{Rules, Seen},
    phrases::{address, did_you_mean, names, quoted},
    sentences,
};
use crate::model::{
    Code, DeferredLocation, ElementStack, Name, Problem,
    location::XPath,
    problem::cut,
    problem_cap::{COUNTED, TOLD},
};

/// What an error is about.
pub(super) enum Subject<'s> {
    /// The innermost element.
    Element {
        /// What is known of it.
        frame: &'s Frame,
    },
    /// One of its attributes.
    Attribute {
        /// Name.
        name: &'s Name,
        /// Value.
        value: &'s str,
        /// Type, where it has one.
        of: Option<TypeKey>,
        /// Attributes that its element may have, where this one may not.
        allowed: Vec<String>,
    },
}

/// How an element that comes too late stands to the one before it.
#[derive(Clone, Copy)]
pub(super) enum Beside {
    /// Only one of both may stand there.
    Either,
    /// It may stand before it.
    Before,
    /// The content model does not tell.
    Unknown,
}

/// Problems in the order in which they were met.
pub(super) struct Report<'s> {
    set: &'s SchemaSet,
    decimal_comma: bool,
    told: Vec<(Problem, DeferredLocation)>,
    more: usize,
}

/// Whether the engine refused an element where it stands.
pub(super) fn is_rejected(error: &ValidationError) -> bool {
    error.constraint == "cvc-complex-type.2.4" && error.message.contains("is not allowed at this position")
}

/// Whether an element ended before it was complete.
pub(super) fn is_incomplete(error: &ValidationError) -> bool {
    error.constraint == "cvc-complex-type.2.4" && error.message.contains("incomplete")
}

/// Whether no element of the schema is called like the root.
pub(super) fn is_unknown_root(error: &ValidationError) -> bool {
    error.constraint == "cvc-elt.1"
}

impl<'s> Report<'s> {
    pub(super) fn new(set: &'s SchemaSet, decimal_comma: bool) -> Self {
        Self { set, decimal_comma, told: Vec::new(), more: 0 }
    }

    pub(super) fn wants_no_more(&self) -> bool {
        self.more > COUNTED
    }

    /// Whether problems are only counted now.
    pub(super) fn is_only_counting(&self) -> bool {
        self.told.len() >= TOLD
    }

    pub(super) fn problems(self, file: &str) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self.told.into_iter().map(|(problem, spot)| problem.at(spot.place(file))).collect();
        if self.more > 0 {
            problems.push(Problem::and_more(self.more, file));
        }
        problems
    }

    fn tell(&mut self, problem: Problem, spot: DeferredLocation) -> Option<usize> {
        if self.told.len() >= TOLD {
            self.more += 1;
            return None;
        }
        self.told.push((problem, spot));
        Some(self.told.len() - 1)
    }

    /// An error of the engine.
    pub(super) fn add(&mut self, error: ValidationError, subject: &Subject<'_>, stack: &mut ElementStack) {
        // Where a document says its schema lies is never followed, so it cannot be wrong either.
        if error.message.starts_with("xsi:schemaLocation") || error.constraint == "cvc-schema-location" {
            return;
        }
        if self.told.len() >= TOLD {
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
        // One value breaks a facet and so its type: the engine tells both, the clerk needs one.
        let value = |code: Code| code == Code::DocValue;
        let same = |(known, at): &(Problem, DeferredLocation)| {
            let here = (at.line, at.column) == (spot.line, spot.column);
            here && ((value(known.code) && value(problem.code) && matches!(subject, Subject::Element { .. }))
                || known.message == problem.message)
        };
        // A misspelt attribute is not missing besides.
        let meant = |(known, at): &(Problem, DeferredLocation)| {
            error.constraint == "cvc-complex-type.4"
                && (at.line, at.column) == (spot.line, spot.column)
                && known
                    .hint
                    .as_ref()
                    .is_some_and(|hint| quoted(&error.message, "attribute").is_some_and(|name| *hint == did_you_mean(name)))
        };
        if !self.told.iter().rev().take(8).any(|told| same(told) || meant(told)) {
            self.tell(problem, spot);
        }
    }

    /// A rule about keys that is broken.
    pub(super) fn key(&mut self, error: &ValidationError, rules: &Rules, seen: &mut Seen, frame: &Frame, stack: &mut ElementStack) {
        let (rule, target) = sentences::rule(&error.message);
        if error.constraint == "cvc-identity-constraint.4.3" {
            // The engine tells each reference and not which; all are told at the first.
            if let Some(lost) = seen.lost(rules, &rule) {
                for (values, spot) in lost {
                    self.tell(sentences::lost(self.set, &rule, &target, &values, &spot), spot);
                }
                return;
            }
        }
        // What lacks a part of its key was told to lack it.
        let here = stack.position();
        let incomplete = error.message.contains("not all fields");
        if incomplete && self.told.iter().rev().take(8).any(|(_, spot)| (spot.line, spot.column) == here) {
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

    /// An element inside one that has none.
    pub(super) fn no_elements(&mut self, name: &str, stack: &mut ElementStack) {
        let parent = parent(stack);
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocUnexpected, format!("`{}` may not stand here: `{parent}` holds no elements", cut(name))), spot);
    }

    /// An element whose name the parent has in another namespace.
    pub(super) fn wrong_namespace(&mut self, found: Id, right: Id, prefix: Option<String>, stack: &mut ElementStack) {
        let namespace = |id: Id| match id.1 {
            Some(id) => format!("the namespace `{}`", address(&self.set.name_table.resolve(id))),
            None => "no namespace".to_string(),
        };
        let message = format!("`{}` is in {}; it belongs in {}", self.name(found), namespace(found), namespace(right));
        let fix = match prefix {
            Some(prefix) => format!("write `{prefix}{}`", self.name(right)),
            None => "correct the xmlns declaration".to_string(),
        };
        let hint = format!("{fix}; others in the same wrong namespace are not told again");
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocUnexpected, message).hint(hint), spot);
    }

    /// An element that is only a heading for others.
    pub(super) fn is_abstract(&mut self, id: Id, kinds: &[Id], stack: &mut ElementStack) {
        let message = format!("`{}` may not stand by itself: one of {} must stand in its place", self.name(id), self.any(kinds));
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocUnexpected, message), spot);
    }

    /// An element that the parent does not have at all.
    pub(super) fn unexpected(&mut self, name: &str, meant: Option<Id>, expected: &[Id], stack: &mut ElementStack) {
        let hint = match meant {
            Some(meant) => Some(format!("did you mean `{}`?", self.name(meant))),
            None if expected.is_empty() => Some(format!("`{}` is complete before it: take it out", parent(stack))),
            None => self.listed("here may stand", expected),
        };
        let message = format!("`{}` is not an element of `{}`", cut(name), parent(stack));
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocUnexpected, message).maybe_hint(hint), spot);
    }

    /// Elements that are missing before one that may come only after them.
    pub(super) fn missing_before(&mut self, missing: &[Id], before: Id, stack: &mut ElementStack) -> Option<usize> {
        let (verb, all) = (if missing.len() == 1 { "is" } else { "are" }, self.all(missing));
        let message = format!("{all} {verb} missing before `{}`", self.name(before));
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocIncomplete, message), spot)
    }

    /// One of several elements is missing before one that may come only after it.
    pub(super) fn one_missing_before(&mut self, one: &[Id], before: Id, stack: &mut ElementStack) -> Option<usize> {
        let message = format!("{} is missing before `{}`", self.any(one), self.name(before));
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocIncomplete, message), spot)
    }

    /// An element that was told to be missing stands behind; `rest` is what is missing still.
    pub(super) fn wrong_order(&mut self, problem: usize, id: Id, before: Id, rest: &[Id], stack: &mut ElementStack) {
        let message = format!("`{}` stands too late: it belongs before `{}`", self.name(id), self.name(before));
        let spot = stack.spot();
        let late = (Problem::new(Code::DocUnexpected, message).hint("the schema prescribes the order of the elements"), spot);
        if rest.is_empty() {
            if let Some(told) = self.told.get_mut(problem) {
                *told = late;
            }
            return;
        }
        let (verb, all) = (if rest.len() == 1 { "is" } else { "are" }, self.all(rest));
        let message = format!("{all} {verb} missing before `{}`", self.name(before));
        if let Some((told, _)) = self.told.get_mut(problem) {
            told.message = message;
        }
        self.tell(late.0, late.1);
    }

    /// An element that the parent has, but not here any more; `before` counts those that came already, `last` is the one before it.
    pub(super) fn too_late(&mut self, id: Id, before: u32, last: Option<(Id, Beside)>, expected: &[Id], stack: &mut ElementStack) {
        let name = self.name(id);
        let here = |report: &Self| report.listed("here may stand", expected);
        let (message, hint) = match (before, last) {
            (0, Some((last, Beside::Either))) => {
                let last = self.name(last);
                (format!("either `{last}` or `{name}` may stand here, not both"), Some("take out the one that is wrong".into()))
            }
            (0, Some((last, Beside::Before))) => {
                let message = format!("`{name}` stands too late: it belongs before `{}`", self.name(last));
                (message, Some("the schema prescribes the order of the elements".into()))
            }
            (0, Some((last, Beside::Unknown))) => {
                let message = format!("`{name}` stands too late: it may not follow `{}`", self.name(last));
                (message, here(self).or(Some("the schema prescribes the order of the elements".into())))
            }
            (0, None) => (format!("`{name}` may not stand here"), here(self)),
            (1, _) => {
                (format!("`{name}` stands here a second time; it may stand only once"), Some("take out the one that is wrong".into()))
            }
            (many, _) => (format!("`{name}` may stand here only {many} times"), Some("take out what is too many".into())),
        };
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocUnexpected, message).maybe_hint(hint), spot);
    }

    /// An element that ended before all it must have had come: all of the first, or one of the second.
    pub(super) fn incomplete(&mut self, (all, one): (Vec<Id>, Vec<Id>), stack: &mut ElementStack) {
        let name = stack.label().to_string();
        let message = match (all.is_empty(), one.is_empty()) {
            (false, _) => format!("`{name}` ends without {}", self.all(&all)),
            (true, false) => format!("`{name}` ends without one of {}", self.any(&one)),
            (true, true) => format!("`{name}` is not complete"),
        };
        let spot = stack.spot();
        self.tell(Problem::new(Code::DocIncomplete, message), spot);
    }

    fn name(&self, id: Id) -> String {
        self.set.name_table.resolve(id.0)
    }

    fn listed(&self, intro: &str, ids: &[Id]) -> Option<String> {
        (!ids.is_empty()).then(|| format!("{intro}: {}", self.any(ids)))
    }

    fn any(&self, ids: &[Id]) -> String {
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
    fn all(&self, ids: &[Id]) -> String {
        let all: Vec<String> = ids.iter().map(|id| format!("`{}`", self.name(*id))).collect();
        match all.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => String::new(),
        }
    }
}

/// The name of the element that holds the one that is being read.
fn parent(stack: &ElementStack) -> String {
    let above = stack.depth().saturating_sub(2);
    stack.names().nth(above).map(|name| name.local.to_string()).unwrap_or_default()
}

/// The place of an error that is told later than its element is read: a reference that leads nowhere.
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
