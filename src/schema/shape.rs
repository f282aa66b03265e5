//! The compiled set as a [`Shape`]: it reads the content models that validation itself uses, so the two cannot disagree.

use std::collections::{HashMap, HashSet};

use xsd_schema::{
    NfaTable, NfaTerm, SchemaSet, TypeKey, XmlTypeCode,
    arenas::{ComplexTypeDefData, ResolvedAttributeUse, SchemaArenas},
    compiler::{ContentModelMatcher, compile_content_model_matcher},
    ids::{AttributeGroupKey, ComplexTypeKey, NameId},
    parser::frames::{AttributeUseKind, AttributeUseResult, ComplexContentResult},
};

use super::types;
use crate::model::{
    Name,
    shape::{Shape, ShapeAttribute, ShapeId, ShapeType, ValueKind, WhiteSpace},
};

/// Builds the shape of every global element and of all types reachable from it.
pub(super) fn shape(set: &SchemaSet) -> Shape {
    let mut builder = Builder { set, shape: Shape::default(), known: HashMap::new(), todo: Vec::new() };
    // The first types are texts without attributes, one of each kind: they serve for every simple type.
    builder.shape.types.extend(SIMPLE.map(|(kind, white_space)| ShapeType { text: true, kind, white_space, ..ShapeType::default() }));
    for (namespace, table) in &set.namespaces {
        for (name, key) in &table.elements {
            let of = set.arenas.elements.get(*key).and_then(|element| element.resolved_type);
            let id = builder.id(of);
            let name = builder.name(*namespace, *name);
            builder.shape.roots.push((name, id));
        }
        for (name, key) in &table.types {
            let (id, name) = (builder.id(Some(*key)), builder.name(*namespace, *name));
            builder.shape.named.push((name, id));
        }
    }
    for (key, data) in &set.arenas.simple_types {
        if let (true, Some(name)) = (set.builtin_types().is_builtin(key), data.name) {
            let id = builder.id(Some(TypeKey::Simple(key)));
            builder.shape.named.push((Name::new(XSD, &set.name_table.resolve(name)), id));
        }
    }
    while let Some((key, id)) = builder.todo.pop() {
        builder.fill(key, id);
    }
    builder.shape.roots.sort();
    builder.shape.named.sort();
    builder.shape
}

/// The namespace of the types that the standard itself defines.
const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// The kinds of simple types' values, and how they treat white space.
const SIMPLE: [(ValueKind, WhiteSpace); 9] = [
    (ValueKind::Text, WhiteSpace::Preserve),
    (ValueKind::Text, WhiteSpace::Replace),
    (ValueKind::Text, WhiteSpace::Collapse),
    (ValueKind::Integer, WhiteSpace::Collapse),
    (ValueKind::Decimal, WhiteSpace::Collapse),
    (ValueKind::Boolean, WhiteSpace::Collapse),
    (ValueKind::Date, WhiteSpace::Collapse),
    (ValueKind::DateTime, WhiteSpace::Collapse),
    (ValueKind::Time, WhiteSpace::Collapse),
];

/// The kind of a type's values.
fn kind(set: &SchemaSet, of: Option<TypeKey>) -> ValueKind {
    use XmlTypeCode as Code;
    // A list of numbers is not a number.
    if types::is_list(set, of) {
        return ValueKind::Text;
    }
    match types::builtin(set, of) {
        Some(Code::Boolean) => ValueKind::Boolean,
        Some(Code::Decimal | Code::Float | Code::Double) => ValueKind::Decimal,
        Some(Code::Date) => ValueKind::Date,
        Some(Code::DateTime | Code::DateTimeStamp) => ValueKind::DateTime,
        Some(Code::Time) => ValueKind::Time,
        Some(
            Code::Integer
            | Code::NonPositiveInteger
            | Code::NegativeInteger
            | Code::Long
            | Code::Int
            | Code::Short
            | Code::Byte
            | Code::NonNegativeInteger
            | Code::UnsignedLong
            | Code::UnsignedInt
            | Code::UnsignedShort
            | Code::UnsignedByte
            | Code::PositiveInteger,
        ) => ValueKind::Integer,
        _ => ValueKind::Text,
    }
}

struct Builder<'s> {
    set: &'s SchemaSet,
    shape: Shape,
    known: HashMap<ComplexTypeKey, ShapeId>,
    todo: Vec<(ComplexTypeKey, ShapeId)>,
}

impl Builder<'_> {
    fn name(&self, namespace: Option<NameId>, local: NameId) -> Name {
        let namespace = namespace.map(|id| self.set.name_table.resolve(id)).unwrap_or_default();
        Name::new(&namespace, &self.set.name_table.resolve(local))
    }

    fn id(&mut self, of: Option<TypeKey>) -> ShapeId {
        match of {
            Some(TypeKey::Complex(key)) => *self.known.entry(key).or_insert_with(|| {
                let id = self.shape.types.len();
                self.shape.types.push(ShapeType::default());
                self.todo.push((key, id));
                id
            }),
            simple => {
                let wanted = (kind(self.set, simple), types::white_space(self.set, simple));
                SIMPLE.iter().position(|known| *known == wanted).unwrap_or(0)
            }
        }
    }

    fn fill(&mut self, key: ComplexTypeKey, id: ShapeId) {
        let Some(data) = self.set.arenas.complex_types.get(key) else { return };
        let mut of = ShapeType { text: data.mixed || self.has_simple_content(data), is_mixed: data.mixed, ..ShapeType::default() };
        if of.text && !data.mixed {
            of.kind = kind(self.set, Some(TypeKey::Complex(key)));
            of.white_space = types::white_space(self.set, Some(TypeKey::Complex(key)));
        }
        match compile_content_model_matcher(self.set, data) {
            Ok(ContentModelMatcher::Nfa(table)) => self.terms(&table, &mut of),
            Ok(ContentModelMatcher::WithOpenContent { nfa, .. }) => {
                of.open = true;
                self.terms(&nfa, &mut of);
            }
            Ok(ContentModelMatcher::AllGroup(group)) => {
                of.open = group.open_content.is_some();
                for particle in &group.particles {
                    self.term(&particle.term, &mut of);
                    if let (NfaTerm::Element { name, namespace, .. }, 1..) = (&particle.term, particle.min_occurs) {
                        of.needed.push(self.name(*namespace, *name));
                    }
                }
            }
            // A model too large to compile allows any path; validation reports it.
            Err(_) => of.open = true,
        }
        self.attributes(data, &mut of, 0);
        of.children.sort();
        of.children.dedup();
        of.needed.sort();
        of.needed.dedup();
        self.shape.types[id] = of;
    }

    fn terms(&mut self, table: &NfaTable, of: &mut ShapeType) {
        for state in &table.states {
            if let Some(term) = &state.term {
                self.term(term, of);
            }
        }
        let mut names: Vec<(NameId, Option<NameId>)> = table
            .states
            .iter()
            .filter_map(|state| match &state.term {
                Some(NfaTerm::Element { name, namespace, .. }) => Some((*name, *namespace)),
                _ => None,
            })
            .collect();
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(*name));
        for (name, namespace) in names.into_iter().filter(|(name, namespace)| !can_do_without(table, *name, *namespace)) {
            of.needed.push(self.name(namespace, name));
        }
    }

    fn term(&mut self, term: &NfaTerm, of: &mut ShapeType) {
        match term {
            NfaTerm::Element { name, namespace, element_key, resolved_type } => {
                let declared = element_key.and_then(|key| self.set.arenas.elements.get(key)).and_then(|element| element.resolved_type);
                let id = self.id(declared.or(*resolved_type));
                of.children.push((self.name(*namespace, *name), id));
            }
            NfaTerm::Wildcard { .. } => of.open = true,
        }
    }

    /// Whether the type, or one of its base types, has simple content.
    fn has_simple_content(&self, data: &ComplexTypeDefData) -> bool {
        let mut at = Some(data);
        for _ in 0..64 {
            let Some(data) = at else { return false };
            if matches!(data.content, ComplexContentResult::Simple(_)) {
                return true;
            }
            match data.resolved_base_type {
                Some(TypeKey::Complex(base)) => at = self.set.arenas.complex_types.get(base),
                Some(TypeKey::Simple(_)) => return true,
                None => return false,
            }
        }
        false
    }

    fn attributes(&self, data: &ComplexTypeDefData, of: &mut ShapeType, depth: usize) {
        for (at, used) in data.attributes.iter().enumerate() {
            of.attributes.extend(self.attribute(used, data.resolved_attributes.get(at)));
        }
        for group in &data.resolved_attribute_groups {
            self.group(*group, of, depth);
        }
        if depth < 64
            && let Some(TypeKey::Complex(base)) = data.resolved_base_type
            && let Some(base) = self.set.arenas.complex_types.get(base)
        {
            self.attributes(base, of, depth + 1);
        }
    }

    fn group(&self, key: AttributeGroupKey, of: &mut ShapeType, depth: usize) {
        let arenas: &SchemaArenas = &self.set.arenas;
        let Some(group) = arenas.attribute_groups.get(key).filter(|_| depth < 64) else { return };
        for (at, used) in group.attributes.iter().enumerate() {
            of.attributes.extend(self.attribute(used, group.resolved_attributes.get(at)));
        }
        for inner in &group.resolved_attribute_groups {
            self.group(*inner, of, depth + 1);
        }
    }

    fn attribute(&self, used: &AttributeUseResult, resolved: Option<&ResolvedAttributeUse>) -> Option<ShapeAttribute> {
        let name = match &used.attribute.ref_name {
            Some(named) => self.name(named.namespace, named.local_name),
            None => {
                let (own, form, source) = (used.attribute.target_namespace, used.attribute.form.as_deref(), used.attribute.source.as_ref());
                let namespace = self.set.effective_local_attribute_namespace(own, form, source, None);
                used.attribute.name.map(|name| self.name(namespace, name))?
            }
        };
        let referred = || self.set.arenas.attributes.get(resolved?.resolved_ref?)?.resolved_type;
        let of = resolved.and_then(|resolved| resolved.resolved_type).or_else(referred);
        let (needed, white_space) = (used.use_kind == AttributeUseKind::Required, types::white_space(self.set, of));
        Some(ShapeAttribute { name, kind: kind(self.set, of), white_space, needed })
    }
}

/// Whether an element is complete without any child of this name.
fn can_do_without(table: &NfaTable, name: NameId, namespace: Option<NameId>) -> bool {
    let is_it = |at: usize| match table.states.get(at).and_then(|state| state.term.as_ref()) {
        Some(NfaTerm::Element { name: known, namespace: of, .. }) => (*known, *of) == (name, namespace),
        _ => false,
    };
    let (mut todo, mut seen) = (vec![table.start_state as usize], HashSet::new());
    while let Some(at) = todo.pop() {
        let Some(state) = table.states.get(at).filter(|_| seen.insert(at)) else { continue };
        if at == table.accept_state as usize {
            return true;
        }
        // A state's element is read when the state is left.
        let ways = state.transitions.iter().filter(|to| to.kind.is_epsilon_like() || !is_it(at));
        todo.extend(ways.map(|to| to.target as usize));
    }
    false
}
