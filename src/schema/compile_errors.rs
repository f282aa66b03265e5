//! The engine's sentences about schema documents, in a consultant's words. An unknown sentence stays as it is, without the engine's own
//! numbers.

use super::phrases::{near, plain, quoted};
use crate::model::i18n::Text;

/// The built-in types that schemas use.
pub(super) const BUILT_IN: [&str; 26] = [
    "string",
    "normalizedString",
    "token",
    "boolean",
    "decimal",
    "integer",
    "int",
    "long",
    "short",
    "byte",
    "positiveInteger",
    "nonNegativeInteger",
    "unsignedInt",
    "unsignedLong",
    "float",
    "double",
    "date",
    "dateTime",
    "time",
    "duration",
    "gYear",
    "anyURI",
    "base64Binary",
    "language",
    "NMTOKEN",
    "anyType",
];

/// Elements of schema documents.
const ELEMENTS: [&str; 24] = [
    "element",
    "attribute",
    "complexType",
    "simpleType",
    "sequence",
    "choice",
    "all",
    "group",
    "attributeGroup",
    "any",
    "anyAttribute",
    "complexContent",
    "simpleContent",
    "extension",
    "restriction",
    "annotation",
    "documentation",
    "import",
    "include",
    "redefine",
    "key",
    "keyref",
    "unique",
    "enumeration",
];

/// What is wrong, and what to do about it if that is known.
pub(super) fn reported(message: &str) -> (String, Option<Text>) {
    let name = |key: &str| quoted(message, key).map(|name| name.rsplit(['}', ':']).next().unwrap_or(name).to_string());
    if message.contains("' not found")
        && let Some(missing) = name("ype ")
    {
        let hint = near(&missing, BUILT_IN.into_iter());
        return (format!("the type `{missing}` is defined nowhere"), hint.map(Into::into));
    }
    if message.starts_with("UPA violation") {
        let what = quoted(message, "elements ").map_or_else(|| "an element".to_string(), |name| format!("`{name}`"));
        let text = format!("the content model is ambiguous: {what} matches two of its parts (Unique Particle Attribution)");
        return (text, Some("make one of them required, or combine them with maxOccurs".into()));
    }
    if message.starts_with("Circular type dependency") {
        return ("types are derived from each other in a circle".into(), Some("one of them must be derived from something else".into()));
    }
    if let Some(unknown) = quoted(message, "Unexpected element").filter(|_| message.contains("in current context")) {
        let hint = near(unknown, ELEMENTS.into_iter().filter(|known| *known != unknown));
        return (format!("`{unknown}` is not allowed here in a schema document"), hint.map(Into::into));
    }
    if message.starts_with("Duplicate element declaration") {
        return (format!("`{}` is declared twice", name("declaration").unwrap_or_default()), None);
    }
    (plain(message), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_flaws_are_said_plainly() {
        for (message, expected, hint) in [
            (
                "Type '{http://www.w3.org/2001/XMLSchema}strng' not found",
                "the type `strng` is defined nowhere",
                Some("did you mean `string`?"),
            ),
            (
                "Unexpected element 'elment' in current context",
                "`elment` is not allowed here in a schema document",
                Some("did you mean `element`?"),
            ),
            ("Duplicate element declaration 'a'", "`a` is declared twice", None),
            ("something else about {urn:x}a", "something else about a", None),
        ] {
            let (text, advice) = reported(message);
            assert_eq!((&*text, advice.as_deref()), (expected, hint));
        }
        assert!(!reported("Circular type dependency detected: Complex(ComplexTypeKey(2v1))").0.contains("Key"));
    }
}
