//! Sentences about elements, attributes, keys and roots.

use xsd_schema::{SchemaSet, TypeKey, validation::ValidationError};

use super::{
    element_frame::Frame,
    expectations,
    phrases::{SHOWN, names, near, plain, quoted, step},
};
use crate::model::{
    Code, DeferredLocation, Name, Problem,
    i18n::{Argument, Join, List, Sentence, Text, namespace, say},
    problem::cut,
};

/// A root that the schema does not know; `roots` are its elements, namespace and name.
pub(super) fn unknown_root(name: &Name, roots: &[(String, String)]) -> Problem {
    let same: Vec<&str> = roots.iter().filter(|(_, local)| *local == *name.local).map(|(namespace, _)| namespace.as_str()).collect();
    if let [right] = same.as_slice() {
        let message =
            say!("element-namespace", element = cut(&name.local), found = namespace(&name.namespace), expected = namespace(right));
        return Problem::new(Code::DocRoot, message).hint(say!("hint-other-version"));
    }
    let message = say!("root-unknown", element = cut(&name.local), namespace = namespace(&name.namespace));
    // Elements of other namespaces are parts of documents, not documents.
    let mut known: Vec<String> =
        roots.iter().filter(|(namespace, _)| *namespace == *name.namespace).map(|(_, local)| local.clone()).collect();
    known.sort();
    known.dedup();
    let hint = near(&name.local, known.iter().map(String::as_str)).unwrap_or_else(|| match known.len() {
        1..=SHOWN => say!("hint-schema-describes", names = names(&known)),
        _ => say!("hint-wrong-file"),
    });
    Problem::new(Code::DocRoot, message).hint(hint)
}

/// Something wrong with an attribute; `allowed` are those that its element may have, if this one is not allowed.
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
        return Problem::new(Code::DocAttribute, say!("attribute-not-allowed", attribute = &attribute, element = element))
            .hint(near(&attribute, allowed.iter().map(String::as_str)).unwrap_or_else(|| say!("hint-remove")));
    }
    if let Some(fixed) = quoted(message, "has fixed value") {
        let message = say!("attribute-fixed", attribute = attribute, element = element, value = cut(fixed));
        return Problem::new(Code::DocAttribute, message);
    }
    if message.contains("No global attribute declaration") {
        return Problem::new(Code::DocAttribute, say!("attribute-undescribed", attribute = attribute, element = element));
    }
    if code == Code::DocValue {
        let words = expectations::Value { set, of, decimal_comma: false };
        return words.attribute(element, &attribute, value.trim(), error);
    }
    if &*name.local == "type" && error.constraint.starts_with("cvc-elt.4") {
        return Problem::new(Code::DocAttribute, say!("attribute-type-unknown", kind = cut(value)));
    }
    let reason = Argument::English { english: plain(message) };
    Problem::new(code, say!("attribute-other", attribute = attribute, element = element, reason = reason))
}

/// Something wrong with an element, apart from its value.
pub(super) fn element(error: &ValidationError, code: Code, name: &str, frame: &Frame) -> Problem {
    let message = &error.message;
    let text = frame.text.trim();
    match error.constraint {
        "cvc-complex-type.4" => {
            let attribute = quoted(message, "attribute").unwrap_or("an attribute");
            Problem::new(code, say!("attribute-missing", attribute = attribute, element = name))
        }
        "cvc-complex-type.2.3" => Problem::new(code, say!("element-holds-text", element = name, text = cut(text))),
        "cvc-complex-type.2.1" => Problem::new(code, say!("element-must-be-empty", element = name)),
        "cvc-elt.1" => Problem::new(code, say!("element-undescribed", element = name)).hint(say!("hint-extension-missing")),
        "cvc-elt.2" | "cvc-type.2" => Problem::new(Code::DocSchema, say!("element-abstract", element = name)),
        "cvc-elt.3.1" => Problem::new(Code::DocAttribute, say!("element-nil-not-allowed", element = name)),
        "cvc-elt.3.2.1" => Problem::new(code, say!("element-nil-content", element = name)),
        other if other.starts_with("cvc-elt.4") => {
            let named =
                quoted(message, "value").or_else(|| quoted(message, "xsi:type")).or_else(|| quoted(message, "Type")).unwrap_or_default();
            Problem::new(Code::DocAttribute, say!("element-type-unknown", element = name, kind = cut(named)))
        }
        "cvc-assertion" => {
            let rule = quoted(message, "ssertion").or_else(|| quoted(message, "test"));
            let message = match rule {
                Some(rule) => say!("element-breaks-rule", element = name, rule = cut(rule)),
                None => say!("element-breaks-a-rule", element = name),
            };
            Problem::new(Code::DocSchema, message)
        }
        "validation-resource-limit" => {
            Problem::new(code, say!("element-too-much-work", element = name)).hint(say!("hint-plain-occurrences"))
        }
        other if other.starts_with("cvc-id") => id(error),
        _ => Problem::new(code, other(name, message)),
    }
}

/// The engine's own words about an element.
fn other(name: &str, message: &str) -> Sentence {
    say!("element-other", element = name, reason = Argument::English { english: plain(message) })
}

/// The name of the broken rule, and of the key that it refers to.
pub(super) fn rule(message: &str) -> (String, String) {
    let rule = quoted(message, "onstraint").unwrap_or_default();
    (rule.to_string(), quoted(message, "referenced constraint").unwrap_or_default().to_string())
}

/// The fields of a rule: `@no`, `Line`.
fn fields(set: &SchemaSet, rule: &str) -> Vec<String> {
    let found = set.arenas.identity_constraints.values().find(|data| set.name_table.resolve(data.name) == rule);
    found.map(|data| data.fields.iter().map(|field| step(&field.xpath)).collect()).unwrap_or_default()
}

/// A reference that leads nowhere.
pub(super) fn lost(set: &SchemaSet, rule: &str, target: &str, values: &[String], spot: &DeferredLocation) -> Problem {
    let path = spot.way.to_string();
    let element = path.rsplit('/').next().unwrap_or_default().split('[').next().unwrap_or_default();
    let key = said(&fields(set, rule), values, element);
    Problem::new(Code::DocKey, say!("key-refers-to-nothing", key = key, target = of_key(set, target)))
        .hint(say!("hint-key-unknown", rule = rule))
}

/// Where a key's values are: `@no` of `Package`.
fn of_key(set: &SchemaSet, key: &str) -> List {
    let found = set.arenas.identity_constraints.values().find(|data| set.name_table.resolve(data.name) == key);
    let names = found.map(|data| data.selector.xpath.split('|').map(|path| format!("`{}`", step(path))).collect());
    List::new(Join::Or, names.unwrap_or_else(|| vec![format!("`{key}`")]))
}

/// `Line` `3`, or `@no` `1` with `@part` `2`.
fn said(fields: &[String], values: &[String], element: &str) -> List {
    let one = |(field, value): (&String, &String)| match field.as_str() {
        "." => say!("key-element", field = element, value = cut(value)),
        attribute if attribute.starts_with('@') => {
            say!("key-attribute", field = &attribute[1..], value = cut(value), element = element)
        }
        field => say!("key-element", field = field, value = cut(value)),
    };
    List::new(Join::With, fields.iter().zip(values).map(one))
}

/// A key that is a duplicate or lacks a value; `first` is the line of the first with the same value.
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
    let key = said(&fields, &fields.iter().map(value).collect::<Vec<_>>(), name);
    let problem = |sentence: Sentence| Problem::new(Code::DocKey, sentence);
    match error.constraint {
        "cvc-identity-constraint.4.2.2" => {
            let twice = match first {
                Some(line) => say!("key-twice", key = key, line = line),
                None => say!("key-twice-somewhere", key = key),
            };
            problem(twice).hint(say!("hint-key-twice", rule = rule))
        }
        "cvc-identity-constraint.4.3" => problem(say!("key-something-refers-to-nothing", element = name, target = of_key(set, target)))
            .hint(say!("hint-something-key-unknown", rule = rule)),
        "cvc-identity-constraint.4.2.1" if error.message.contains("not all fields") => {
            let lacking: Vec<String> = fields.iter().filter(|field| value(field).is_empty()).cloned().collect();
            problem(say!("key-incomplete", element = name, names = names(&lacking))).hint(say!("hint-rule", rule = rule))
        }
        _ => problem(other(name, &error.message)),
    }
}

/// A duplicate ID, or a reference to one that does not exist.
fn id(error: &ValidationError) -> Problem {
    let message = &error.message;
    let text = match error.constraint {
        "cvc-id.1" => say!("id-refers-to-nothing", id = cut(quoted(message, "IDREF").unwrap_or_default())).into(),
        "cvc-id.2" => say!("id-twice", id = cut(quoted(message, "value").unwrap_or_default())).into(),
        _ => Text::from(plain(message)),
    };
    Problem::new(Code::DocKey, text)
}
