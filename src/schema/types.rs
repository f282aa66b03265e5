//! What the types of a schema require, for sentences about values that break them.

use xsd_schema::{
    InstanceValidationError, SchemaSet, TypeKey, XmlTypeCode,
    ids::SimpleTypeKey,
    parser::frames::ComplexContentResult,
    types::{FacetSet, facets::WhitespaceMode},
};

use crate::model::shape::WhiteSpace;

/// Maximum number of base types that are followed.
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

/// The type and its base types, nearest first.
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

/// Whether an error is the engine's mistake about base64 with blanks in it (see the validator); `value` is the whole value.
pub(super) fn is_spaced_base64(error: &InstanceValidationError, value: &str) -> bool {
    use base64::Engine;
    if !error.message.starts_with("Invalid base64Binary value") {
        return false;
    }
    let text: String = value.split_ascii_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}

/// The values that a type lists, sorted; for a union, those of all its members.
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

/// The built-in type that defines how a value is written.
pub(super) fn builtin(set: &SchemaSet, of: Option<TypeKey>) -> Option<XmlTypeCode> {
    line(set, simple(set, of)?).find_map(|key| set.get_type_code(key))
}

/// How this type treats white space in its values. For a union (XML Schema Part 2, 4.3.6: the member that the value is valid against
/// decides), only what all members do is done.
pub(super) fn white_space(set: &SchemaSet, of: Option<TypeKey>) -> WhiteSpace {
    said(set, of, DEEP).unwrap_or_default()
}

fn said(set: &SchemaSet, of: Option<TypeKey>, deep: usize) -> Option<WhiteSpace> {
    let deep = deep.checked_sub(1)?;
    let facet = |facets: &FacetSet| {
        facets.whitespace.as_ref().map(|facet| match facet.value {
            WhitespaceMode::Preserve => WhiteSpace::Preserve,
            WhitespaceMode::Replace => WhiteSpace::Replace,
            WhitespaceMode::Collapse => WhiteSpace::Collapse,
        })
    };
    match of? {
        TypeKey::Complex(key) => {
            let data = set.arenas.complex_types.get(key)?;
            let own = match &data.content {
                ComplexContentResult::Simple(content) => facet(&content.facets),
                _ => None,
            };
            own.or_else(|| said(set, data.resolved_simple_content_type, deep)).or_else(|| said(set, data.resolved_base_type, deep))
        }
        TypeKey::Simple(key) => {
            let data = set.arenas.simple_types.get(key)?;
            if let Some(own) = facet(&data.facets) {
                return Some(own);
            }
            if data.resolved_item_type.is_some() {
                return Some(WhiteSpace::Collapse);
            }
            if let Some((first, others)) = data.resolved_member_types.split_first() {
                let first = said(set, Some(*first), deep)?;
                let agree = others.iter().all(|member| said(set, Some(*member), deep) == Some(first));
                return Some(if agree { first } else { WhiteSpace::Preserve });
            }
            match set.get_type_code(key) {
                Some(XmlTypeCode::String | XmlTypeCode::AnySimpleType | XmlTypeCode::AnyAtomicType | XmlTypeCode::UntypedAtomic) => {
                    Some(WhiteSpace::Preserve)
                }
                Some(XmlTypeCode::NormalizedString) => Some(WhiteSpace::Replace),
                Some(_) => Some(WhiteSpace::Collapse),
                None => said(set, data.resolved_base_type.filter(|above| *above != TypeKey::Simple(key)), deep),
            }
        }
    }
}
