//! Sentences about elements, attributes, keys and roots.

use xsd_schema::{SchemaSet, TypeKey, validation::ValidationError};

use super::{
    element_frame::Frame,
    expectations,
    phrases::{SHOWN, address, names, near, plain, quoted, step},
};
use crate::model::{Code, DeferredLocation, Name, Problem, problem::cut};

/// A root that the schema does not know; `roots` are its elements, namespace and name.
pub(super) fn unknown_root(name: &Name, roots: &[(String, String)]) -> Problem {
    let namespace = |namespace: &str| match namespace {
        "" => "no namespace".to_string(),
        other => format!("the namespace `{}`", address(other)),
    };
    let same: Vec<&str> = roots.iter().filter(|(_, local)| *local == *name.local).map(|(namespace, _)| namespace.as_str()).collect();
    if let [right] = same.as_slice() {
        let message =
            format!("`{}` is in {}; this schema describes it in {}", cut(&name.local), namespace(&name.namespace), namespace(right));
        let hint = "another version of the format than the flow takes, or an xmlns declaration that is missing or wrong";
        return Problem::new(Code::DocRoot, message).hint(hint);
    }
    let message = format!("a document `{}` in {} is not what the schema describes", cut(&name.local), namespace(&name.namespace));
    // Elements of other namespaces are parts of documents, not documents.
    let mut known: Vec<String> =
        roots.iter().filter(|(namespace, _)| *namespace == *name.namespace).map(|(_, local)| local.clone()).collect();
    known.sort();
    known.dedup();
    let hint = near(&name.local, known.iter().map(String::as_str)).unwrap_or_else(|| match known.len() {
        1..=SHOWN => format!("the schema describes {}; is it the wrong file, or the wrong folder?", names(&known)),
        _ => "the wrong file, the wrong folder, or another version of the format".to_string(),
    });
    Problem::new(Code::DocRoot, message).hint(hint)
}

/// Something wrong with an attribute; `allowed` are those its element may have, where this one may not.
#[allow(clippy::too_many_arguments, reason = "what is known of one attribute, used once")]
pub(super) fn attribute(
    set: &SchemaSet,
    error: &ValidationError,
    code: Code,
    element: &str,
    name: &Name,
    value: &str,
    of: Option<TypeKey>,
    allowed: &[String],
) -> Problem {
    let attribute = cut(&name.local);
    let message = &error.message;
    if message.contains("is not allowed") || message.contains("is prohibited") {
        return Problem::new(Code::DocAttribute, format!("the attribute `{attribute}` is not allowed in `{element}`"))
            .hint(near(&attribute, allowed.iter().map(String::as_str)).unwrap_or_else(|| "take it out".into()));
    }
    if let Some(fixed) = quoted(message, "has fixed value") {
        return Problem::new(Code::DocAttribute, format!("the attribute `{attribute}` of `{element}` must be `{}`", cut(fixed)));
    }
    if message.contains("No global attribute declaration") {
        return Problem::new(
            Code::DocAttribute,
            format!("no schema describes the attribute `{attribute}`, which must be known in `{element}`"),
        );
    }
    if code == Code::DocValue {
        let words = expectations::Value { set, of, decimal_comma: false };
        let mut problem = words.problem(Code::DocAttribute, &format!("{attribute}` of `{element}"), value.trim(), error);
        problem.code = Code::DocAttribute;
        return problem;
    }
    if &*name.local == "type" && error.constraint.starts_with("cvc-elt.4") {
        return Problem::new(Code::DocAttribute, format!("`xsi:type` names `{}`, which is no type that may stand here", cut(value)));
    }
    Problem::new(code, format!("the attribute `{attribute}` of `{element}`: {}", plain(message)))
}

/// Something wrong with an element that is not its value.
pub(super) fn element(error: &ValidationError, code: Code, name: &str, frame: &Frame) -> Problem {
    let message = &error.message;
    let text = frame.text.trim();
    match error.constraint {
        "cvc-complex-type.4" => {
            let attribute = quoted(message, "attribute").unwrap_or("an attribute");
            Problem::new(code, format!("the attribute `{attribute}` is missing in `{name}`"))
        }
        "cvc-complex-type.2.3" => Problem::new(code, format!("`{name}` holds elements, not the text `{}`", cut(text))),
        "cvc-complex-type.2.1" => Problem::new(code, format!("`{name}` must be empty")),
        "cvc-elt.1" => Problem::new(code, format!("no schema of this flow describes `{name}`, and what stands here must be described"))
            .hint("the schema of this extension is missing in the set, or the element is misspelt"),
        "cvc-elt.2" | "cvc-type.2" => Problem::new(
            Code::DocSchema,
            format!("`{name}` is abstract: one of its kinds must stand in its place, or be named by xsi:type"),
        ),
        "cvc-elt.3.1" => Problem::new(Code::DocAttribute, format!("`{name}` may not be nil: it must have a value")),
        "cvc-elt.3.2.1" => Problem::new(code, format!("`{name}` is nil (xsi:nil) and has content all the same")),
        other if other.starts_with("cvc-elt.4") => {
            let named =
                quoted(message, "value").or_else(|| quoted(message, "xsi:type")).or_else(|| quoted(message, "Type")).unwrap_or_default();
            Problem::new(Code::DocAttribute, format!("`xsi:type` of `{name}` names `{}`, which is no type that may stand here", cut(named)))
        }
        "cvc-assertion" => {
            let rule = quoted(message, "ssertion").or_else(|| quoted(message, "test")).map(|rule| format!(": {}", cut(rule)));
            Problem::new(Code::DocSchema, format!("`{name}` breaks a rule of its schema{}", rule.unwrap_or_default()))
        }
        "validation-resource-limit" => Problem::new(code, format!("the content of `{name}` takes too much work to be judged"))
            .hint("the schema allows more combinations than can be tried; ask its author for plain occurrence counts"),
        other if other.starts_with("cvc-id") => id(error),
        _ => Problem::new(code, format!("`{name}`: {}", plain(message))),
    }
}

/// The name of the rule that is broken, and of the key it refers to.
pub(super) fn rule(message: &str) -> (String, String) {
    let rule = quoted(message, "onstraint").unwrap_or_default();
    (rule.to_string(), quoted(message, "referenced constraint").unwrap_or_default().to_string())
}

/// What a reference that leads nowhere is told by.
pub(super) const NOWHERE: &str = "refers to nothing";

/// The fields of a rule: `@no`, `Line`.
fn fields(set: &SchemaSet, rule: &str) -> Vec<String> {
    let found = set.arenas.identity_constraints.values().find(|data| set.name_table.resolve(data.name) == rule);
    found.map(|data| data.fields.iter().map(|field| step(&field.xpath)).collect()).unwrap_or_default()
}

/// A reference that leads nowhere.
pub(super) fn lost(set: &SchemaSet, rule: &str, target: &str, values: &[String], spot: &DeferredLocation) -> Problem {
    let path = spot.way.to_string();
    let element = path.rsplit('/').next().unwrap_or_default().split('[').next().unwrap_or_default();
    let said = said(&fields(set, rule), values, element);
    Problem::new(Code::DocKey, format!("{said} {NOWHERE}: no such {} is in the document", of_key(set, target)))
        .hint(format!("the number is misspelt, or what it refers to is missing (rule `{rule}`)"))
}

/// What a key's values stand in: `@no` of `Package`.
fn of_key(set: &SchemaSet, key: &str) -> String {
    let found = set.arenas.identity_constraints.values().find(|data| set.name_table.resolve(data.name) == key);
    let element = found.map(|data| data.selector.xpath.split('|').map(|path| format!("`{}`", step(path))).collect::<Vec<_>>().join(" or "));
    element.unwrap_or_else(|| format!("`{key}`"))
}

/// `Line` `3`, or `@no` `1` with `@part` `2`.
fn said(fields: &[String], values: &[String], element: &str) -> String {
    let one = |(field, value): (&String, &String)| match field.as_str() {
        "." => format!("`{element}` `{}`", cut(value)),
        attribute if attribute.starts_with('@') => format!("the attribute `{}` `{}` of `{element}`", &attribute[1..], cut(value)),
        field => format!("`{field}` `{}`", cut(value)),
    };
    fields.iter().zip(values).map(one).collect::<Vec<_>>().join(" with ")
}

/// A key that is doubled or lacks a value; `first` is the line of the first with the same value.
pub(super) fn key(
    set: &SchemaSet,
    error: &ValidationError,
    rule: &str,
    target: &str,
    name: &str,
    frame: &Frame,
    first: Option<u32>,
) -> Problem {
    let fields = fields(set, rule);
    let value = |field: &String| match field.as_str() {
        "." => frame.text.trim().to_string(),
        field => frame.values.iter().find(|(known, _)| **known == *field).map(|(_, value)| value.clone()).unwrap_or_default(),
    };
    let said = said(&fields, &fields.iter().map(value).collect::<Vec<_>>(), name);
    let problem = |text: String| Problem::new(Code::DocKey, text);
    match error.constraint {
        "cvc-identity-constraint.4.2.2" => {
            let where_ = first.map_or_else(String::new, |line| format!("; the first is on line {line}"));
            problem(format!("{said} stands here a second time and must be unique{where_}"))
                .hint(format!("two were given the same number, or one was sent twice (rule `{rule}`)"))
        }
        "cvc-identity-constraint.4.3" => {
            problem(format!("something in `{name}` {NOWHERE}: no such {} is in the document", of_key(set, target)))
                .hint(format!("a number is misspelt, or what it refers to is missing (rule `{rule}`)"))
        }
        "cvc-identity-constraint.4.2.1" if error.message.contains("not all fields") => {
            let lacking: Vec<String> = fields.iter().filter(|field| value(field).is_empty()).cloned().collect();
            problem(format!("`{name}` lacks {}, by which it is known", names(&lacking))).hint(format!("rule `{rule}`"))
        }
        _ => problem(format!("`{name}`: {}", plain(&error.message))),
    }
}

/// An ID that is doubled, or a reference to one that is not there.
fn id(error: &ValidationError) -> Problem {
    let message = &error.message;
    let text = match error.constraint {
        "cvc-id.1" => format!("`{}` refers to nothing: no element has this ID", cut(quoted(message, "IDREF").unwrap_or_default())),
        "cvc-id.2" => format!("the ID `{}` stands here a second time", cut(quoted(message, "value").unwrap_or_default())),
        _ => plain(message),
    };
    Problem::new(Code::DocKey, text)
}
