//! What the types of a schema want, for sentences about values that break them.

use xsd_schema::{InstanceValidationError, SchemaSet, TypeKey, XmlTypeCode, ids::SimpleTypeKey, types::FacetSet};

/// Types above one another that are looked at.
const DEEP: usize = 64;

/// The simple type of a value: itself, or the content of a complex type with simple content.
pub(super) fn simple(set: &SchemaSet, of: Option<TypeKey>) -> Option<SimpleTypeKey> {
    let mut at = of?;
    for _ in 0..DEEP {
        match at {
            TypeKey::Simple(key) => return Some(key),
            TypeKey::Complex(key) => at = set.arenas.complex_types.get(key)?.resolved_base_type?,
        }
    }
    None
}

/// The type and those it is derived from, nearest first.
fn line(set: &SchemaSet, key: SimpleTypeKey) -> impl Iterator<Item = SimpleTypeKey> + '_ {
    let above = |key: &SimpleTypeKey| match set.arenas.simple_types.get(*key)?.resolved_base_type? {
        TypeKey::Simple(above) if above != *key => Some(above),
        _ => None,
    };
    std::iter::successors(Some(key), above).take(DEEP)
}

/// Whether a value of the type is base64.
pub(super) fn is_base64(set: &SchemaSet, of: Option<TypeKey>) -> bool {
    simple(set, of).is_some_and(|key| line(set, key).any(|key| set.get_type_code(key) == Some(XmlTypeCode::Base64Binary)))
}

/// Whether a value of the type is a list of values.
pub(super) fn is_list(set: &SchemaSet, of: Option<TypeKey>) -> bool {
    let is_list = |key| set.arenas.simple_types.get(key).is_some_and(|data| data.resolved_item_type.is_some());
    simple(set, of).is_some_and(|key| line(set, key).any(is_list))
}

/// Whether an error is the engine's mistake about base64 with blanks in it (see the judge); `value` is the whole value.
pub(super) fn is_spaced_base64(error: &InstanceValidationError, value: &str) -> bool {
    use base64::Engine;
    if !error.message.starts_with("Invalid base64Binary value") {
        return false;
    }
    let text: String = value.split_ascii_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}

/// The values a type lists, sorted; those of a union's members together.
pub(super) fn listed(set: &SchemaSet, of: Option<TypeKey>) -> Vec<String> {
    let mut values = Vec::new();
    let mut todo: Vec<SimpleTypeKey> = simple(set, of).into_iter().collect();
    let mut seen = 0;
    while let Some(key) = todo.pop() {
        seen += 1;
        if seen > DEEP {
            break;
        }
        match facets(set, key).find_map(|facets| facets.enumeration.as_ref()) {
            Some(found) => values.extend(found.values.iter().cloned()),
            None => {
                let members = set.arenas.simple_types.get(key).map(|data| data.resolved_member_types.clone()).unwrap_or_default();
                todo.extend(members.into_iter().filter_map(|member| if let TypeKey::Simple(key) = member { Some(key) } else { None }));
            }
        }
    }
    values.sort_by(|a, b| match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    });
    values.dedup();
    values
}

fn facets(set: &SchemaSet, key: SimpleTypeKey) -> impl Iterator<Item = &FacetSet> {
    line(set, key).filter_map(|key| set.arenas.simple_types.get(key)).map(|data| &data.facets)
}

/// The built-in type a value is written like.
pub(super) fn builtin(set: &SchemaSet, of: Option<TypeKey>) -> Option<XmlTypeCode> {
    line(set, simple(set, of)?).find_map(|key| set.get_type_code(key))
}
