//! What a type's content model requires, computed only when a document breaks it: what is missing before an element, and what is
//! missing at the end. It reads the automaton that validation itself uses, so the two cannot disagree.

use std::collections::{HashMap, HashSet, VecDeque};

use xsd_schema::{
    NfaTable, NfaTerm, SchemaSet, TypeKey,
    compiler::{ContentModelMatcher, SubstitutionGroupMap, compile_content_model_matcher},
    ids::NameId,
};

/// An expanded name by the engine's number.
pub(super) type Id = (NameId, Option<NameId>);

/// Elements that may be missing in a row before we stop guessing.
const FAR: usize = 4;
/// Maximum number of automaton states that are searched; UBL's largest has 250.
const LARGEST: usize = 20_000;

/// A content model as a graph of its elements.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Elements of each node: the declared one unless it is abstract, and its substitution group; none for a wildcard.
    terms: Vec<Vec<Id>>,
    /// The declared element of each node.
    declared: Vec<Option<Id>>,
    /// Nodes that may follow each node.
    next: Vec<Vec<usize>>,
    /// Whether the content may end after each node.
    ends: Vec<bool>,
    /// Nodes that may be first.
    first: Vec<usize>,
    /// Elements of an `xs:all` group and the required number of each.
    all: Option<Vec<(Vec<Id>, u32)>>,
}

impl Content {
    /// The content model of a type; `None` for types without element content.
    pub(super) fn of(set: &SchemaSet, groups: &SubstitutionGroupMap, key: Option<TypeKey>) -> Option<Self> {
        let Some(TypeKey::Complex(key)) = key else { return None };
        let data = set.arenas.complex_types.get(key)?;
        match compile_content_model_matcher(set, data).ok()? {
            ContentModelMatcher::Nfa(table) | ContentModelMatcher::WithOpenContent { nfa: table, .. } => {
                (table.states.len() <= LARGEST).then(|| Self::of_table(set, groups, &table))
            }
            ContentModelMatcher::AllGroup(group) => {
                let all = group.particles.iter().map(|particle| (terms(set, groups, &particle.term), particle.min_occurs)).collect();
                Some(Self { all: Some(all), ..Self::default() })
            }
        }
    }

    fn of_table(set: &SchemaSet, groups: &SubstitutionGroupMap, table: &NfaTable) -> Self {
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        let mut content = Self::default();
        for (at, state) in table.states.iter().enumerate() {
            if let Some(found) = &state.term {
                numbers.insert(at, content.terms.len());
                content.terms.push(terms(set, groups, found));
                content.declared.push(declared(found));
            }
        }
        let reach = |from: Vec<usize>| {
            let (mut seen, mut todo, mut nodes, mut ends) = (HashSet::new(), from, Vec::new(), false);
            while let Some(at) = todo.pop() {
                let Some(state) = table.states.get(at).filter(|_| seen.insert(at)) else { continue };
                ends |= table.accept_state as usize == at;
                nodes.extend(numbers.get(&at).copied());
                todo.extend(state.transitions.iter().filter(|to| to.kind.is_epsilon_like()).map(|to| to.target as usize));
            }
            nodes.sort_unstable();
            (nodes, ends)
        };
        content.first = reach(vec![table.start_state as usize]).0;
        for state in table.states.iter().filter(|state| state.term.is_some()) {
            let targets = state.transitions.iter().filter(|to| !to.kind.is_epsilon_like()).map(|to| to.target as usize);
            let (next, ends) = reach(targets.collect());
            content.next.push(next);
            content.ends.push(ends);
        }
        content
    }

    /// Whether the model has an element of this name anywhere.
    pub(super) fn has(&self, id: Id) -> bool {
        self.names().any(|known| known == id)
    }

    /// Elements that may replace an abstract one of this name; none if it is not abstract.
    pub(super) fn kinds(&self, id: Id) -> Vec<Id> {
        let node = (0..self.terms.len()).find(|node| self.declared[*node] == Some(id) && !self.terms[*node].contains(&id));
        node.map(|node| self.terms[node].clone()).unwrap_or_default()
    }

    /// Every element of the model, in its order.
    pub(super) fn names(&self) -> impl Iterator<Item = Id> {
        self.terms.iter().flatten().chain(self.all.iter().flatten().flat_map(|(ids, _)| ids)).copied()
    }

    /// Whether `one` may come anywhere before `other`.
    pub(super) fn before(&self, one: Id, other: Id) -> bool {
        let mut todo: Vec<usize> = self.nodes(&[one]).flat_map(|node| self.next[node].clone()).collect();
        let mut seen = HashSet::new();
        while let Some(node) = todo.pop() {
            if self.terms[node].contains(&other) {
                return true;
            }
            if seen.insert(node) {
                todo.extend(&self.next[node]);
            }
        }
        false
    }

    /// Whether both may come at the same place, but not one after the other.
    pub(super) fn either(&self, one: Id, other: Id) -> bool {
        let has = |nodes: &[usize], id: Id| nodes.iter().any(|node| self.terms[*node].contains(&id));
        let together = std::iter::once(&self.first).chain(&self.next).any(|nodes| has(nodes, one) && has(nodes, other));
        let leads = |from: Id, to: Id| self.nodes(&[from]).any(|node| has(&self.next[node], to));
        together && !leads(one, other) && !leads(other, one)
    }

    /// The elements, one of which would have to come before `id`, if one of `expected` may come now.
    pub(super) fn one_before(&self, expected: &[Id], id: Id) -> Vec<Id> {
        let leads = |node: &usize| self.next[*node].iter().any(|next| self.terms[*next].contains(&id));
        let mut all: Vec<Id> = self.nodes(expected).filter(leads).flat_map(|node| self.terms[node].clone()).collect();
        let mut seen = HashSet::new();
        all.retain(|id| seen.insert(*id));
        all
    }

    /// The fewest elements that would have to come before `id`, if one of `expected` may come now.
    pub(super) fn missing_before(&self, expected: &[Id], id: Id) -> Option<Vec<Id>> {
        let mut seen = HashSet::new();
        let mut todo: VecDeque<Vec<usize>> = self.nodes(expected).map(|node| vec![node]).collect();
        while let Some(path) = todo.pop_front() {
            let last = *path.last()?;
            if !seen.insert(last) || path.len() > FAR {
                continue;
            }
            if self.next[last].iter().any(|next| self.terms[*next].contains(&id)) {
                return path.iter().map(|node| self.terms[*node].first().copied()).collect();
            }
            todo.extend(self.next[last].iter().map(|next| path.iter().copied().chain([*next]).collect()));
        }
        None
    }

    /// What is missing at the end after `last` (or without any child): all of the first list, or one of the second.
    pub(super) fn missing_at_end(&self, last: Option<Id>, had: impl Fn(Id) -> u32) -> (Vec<Id>, Vec<Id>) {
        if let Some(all) = &self.all {
            let lacking = all.iter().filter(|(ids, least)| ids.iter().map(|id| had(*id)).sum::<u32>() < *least);
            return (lacking.filter_map(|(ids, _)| ids.first().copied()).collect(), Vec::new());
        }
        let from: Vec<usize> = match last {
            Some(last) => self.nodes(&[last]).flat_map(|node| self.next[node].clone()).collect(),
            None => self.first.clone(),
        };
        let far: Vec<(usize, usize)> = from.iter().filter_map(|node| Some((self.distance(*node)?, *node))).collect();
        let Some(least) = far.iter().map(|(far, _)| *far).min() else { return Default::default() };
        let mut nearest: Vec<usize> = far.into_iter().filter(|(far, _)| *far == least).map(|(_, node)| node).collect();
        nearest.sort_unstable();
        nearest.dedup_by_key(|node| self.declared[*node]);
        let [only] = nearest.as_slice() else {
            return (Vec::new(), nearest.iter().flat_map(|node| self.terms[*node].clone()).collect());
        };
        let (mut row, mut at) = (vec![*only], *only);
        while !self.ends[at] && row.len() < FAR {
            let Some(next) = self.next[at].iter().copied().min_by_key(|node| self.distance(*node).unwrap_or(usize::MAX)) else { break };
            row.push(next);
            at = next;
        }
        match row.as_slice() {
            // A member of a substitution group.
            [one] if self.terms[*one].len() > 1 => (Vec::new(), self.terms[*one].clone()),
            _ => (row.iter().filter_map(|node| self.terms[*node].first().copied()).collect(), Vec::new()),
        }
    }

    /// Steps from a node to one after which the content may end.
    fn distance(&self, from: usize) -> Option<usize> {
        let (mut seen, mut todo) = (HashSet::from([from]), VecDeque::from([(from, 1)]));
        while let Some((node, far)) = todo.pop_front() {
            if self.ends[node] {
                return Some(far);
            }
            todo.extend(self.next[node].iter().filter(|next| seen.insert(**next)).map(|next| (*next, far + 1)));
        }
        None
    }

    fn nodes<'c>(&'c self, ids: &'c [Id]) -> impl Iterator<Item = usize> + 'c {
        (0..self.terms.len()).filter(|node| self.terms[*node].iter().chain(&self.declared[*node]).any(|id| ids.contains(id)))
    }
}

fn declared(term: &NfaTerm) -> Option<Id> {
    match term {
        NfaTerm::Element { name, namespace, .. } => Some((*name, *namespace)),
        NfaTerm::Wildcard { .. } => None,
    }
}

/// The elements that a term accepts.
fn terms(set: &SchemaSet, groups: &SubstitutionGroupMap, term: &NfaTerm) -> Vec<Id> {
    let NfaTerm::Element { name, namespace, element_key, .. } = term else { return Vec::new() };
    let own = (*name, *namespace);
    let is_abstract = element_key.and_then(|key| set.arenas.elements.get(key)).is_some_and(|element| element.is_abstract);
    let mut all: Vec<Id> = (!is_abstract).then_some(own).into_iter().collect();
    let mut members: Vec<Id> =
        element_key.and_then(|key| groups.get(&key)).into_iter().flatten().copied().filter(|id| *id != own).collect();
    members.sort_unstable_by_key(|(name, _)| set.name_table.resolve(*name));
    all.extend(members);
    all
}
