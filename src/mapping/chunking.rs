//! Whether a document can be mapped one part at a time, so that a document of any size needs little memory.

use super::{
    path::{Path, Predicate, Step, Test},
    rules::RecordRule,
};
use crate::model::Name;

/// The names from the root to the elements that records are made from, if every record is made from one of them and from content
/// outside all of them.
pub(super) fn chunk_element(rules: &[RecordRule]) -> Option<Vec<Name>> {
    let shortest = rules.iter().map(|rule| names(&rule.each)).min_by_key(|names| names.as_ref().map_or(0, Vec::len))??;
    // A record for the whole document is mapped with all of it.
    if shortest.len() < 2 {
        return None;
    }
    let fits = |rule: &RecordRule| {
        let Some(names) = names(&rule.each) else { return false };
        // Grouping looks at all elements at once.
        let apart = rule.group.is_none() && names.starts_with(&shortest);
        let depth = names.len() - shortest.len();
        let paths = rule.paths();
        let asks_around = paths.iter().copied().chain([&rule.each]).any(asks_around);
        apart
            && !asks_around
            && paths.iter().all(|path| stays(path, depth, &shortest))
            && counts_nothing(&rule.each, shortest.len())
            && !looks_ahead(&rule.each, &shortest)
    };
    rules.iter().all(fits).then_some(shortest)
}

fn names(path: &Path) -> Option<Vec<Name>> {
    let of = |step: &Step| if let Step::Child { test: Test::Named(name), .. } = step { Some(name.clone()) } else { None };
    path.is_absolute().then(|| path.steps.iter().map(of).collect())?
}

/// Whether no predicate uses a position among the elements that are read one by one.
fn counts_nothing(each: &Path, depth: usize) -> bool {
    let plain = |step: &Step| match step {
        Step::Child { predicates, .. } => predicates.iter().all(|predicate| matches!(predicate, Predicate::Test(_))),
        _ => true,
    };
    each.steps.iter().take(depth).all(plain)
}

/// Whether a predicate on the way down to the elements looks into them from an element around them.
fn looks_ahead(each: &Path, unit: &[Name]) -> bool {
    let above: Vec<&Step> = each.steps.iter().take(unit.len() - 1).collect();
    leads_in(&above, unit)
}

/// Whether a predicate looks at content around its element.
fn asks_around(path: &Path) -> bool {
    let conditions = path.steps.iter().filter_map(|step| if let Step::Child { predicates, .. } = step { Some(predicates) } else { None });
    let paths = conditions
        .flatten()
        .filter_map(|predicate| if let Predicate::Test(condition) = predicate { Some(condition.paths()) } else { None });
    paths.flatten().any(|steps| steps.contains(&Step::Parent))
}

/// Whether a path, from `depth` steps below its own element, leads into no other element of that name, and has no predicate that
/// looks into them from outside.
fn stays(path: &Path, depth: usize, unit: &[Name]) -> bool {
    let steps: Vec<&Step> = path.steps.iter().filter(|step| !matches!(step, Step::Itself)).collect();
    if path.is_absolute() {
        return !leads_in(&steps, unit);
    }
    let climbs = steps.iter().take_while(|step| matches!(step, Step::Parent)).count();
    // Steps up that do not leave it, and none after a step down.
    let rest = &steps[climbs..];
    if rest.iter().any(|step| matches!(step, Step::Parent)) {
        return false;
    }
    // Above it: the path must not go down the remaining names of the unit again.
    climbs <= depth || !leads_in(rest, &unit[unit.len().saturating_sub(climbs - depth)..])
}

/// Whether steps down lead to the element of these names, or a predicate on the way looks into it.
fn leads_in(steps: &[&Step], below: &[Name]) -> bool {
    for (at, step) in steps.iter().enumerate() {
        let Some(name) = below.get(at) else { return true };
        let Step::Child { test, predicates } = step else { return false };
        if !test.fits(name) {
            return false;
        }
        let left = &below[at + 1..];
        let asks = |predicate: &Predicate| match predicate {
            Predicate::Test(condition) => condition
                .paths()
                .iter()
                .any(|path| leads_in(&path.iter().filter(|step| !matches!(step, Step::Itself)).collect::<Vec<_>>(), left)),
            Predicate::Position(_) | Predicate::Last => false,
        };
        if !left.is_empty() && predicates.iter().any(asks) {
            return true;
        }
    }
    steps.len() >= below.len()
}

#[cfg(test)]
mod tests {
    use crate::mapping::{Mapping, tables::NoTables};

    fn unit(each: &str, path: &str) -> Option<String> {
        let text = format!("document = \"d.xsd\"\neach = \"{each}\"\nmodel = \"m\"\nidentity = [\"f\"]\n[fields]\nf = \"{path}\"\n");
        let mapping = Mapping::parse(&text, "m.toml", &NoTables).expect("a mapping");
        mapping.unit().map(|names| names.iter().map(|name| format!("/{}", name.local)).collect())
    }

    #[test]
    fn what_looks_at_its_siblings_is_mapped_whole() {
        assert_eq!(unit("/C/L", "N").as_deref(), Some("/C/L"));
        assert_eq!(unit("/C/L", "../Id").as_deref(), Some("/C/L"));
        assert_eq!(unit("/C/L[Action!='Delete']", "/C/Id").as_deref(), Some("/C/L"));
        assert_eq!(unit("/C", "L"), None, "one record for all of it");
        assert_eq!(unit("/C/L", "../L/N"), None);
        assert_eq!(unit("/C/L", "/C/L/N"), None);
        assert_eq!(unit("/C/L", "/C/*/N"), None);
        assert_eq!(unit("/C/L[1]", "N"), None);
        assert_eq!(unit("/C/L[../Id='x']", "N"), None);
        assert_eq!(unit("/C/L", "/C[L/K='end']/H"), None, "a question about all of them");
        assert_eq!(unit("/C/L", "../../C[L]/H"), None);
        assert_eq!(unit("/C[L/K='end']/L", "N"), None);
        assert_eq!(unit("/C/L", "/C[K='end']/H").as_deref(), Some("/C/L"));
        assert_eq!(unit("/C/L", "/C/X[L='end']/H").as_deref(), Some("/C/L"));
    }
}
