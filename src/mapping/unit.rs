//! Whether a document can be mapped a part at a time, so that one of any size needs little memory.

use super::{
    path::{Path, Predicate, Step, Test},
    rules::RecordRule,
};
use crate::model::Name;

/// The names from the root to the elements that records are made of, where every record is made of one of them and of what stands
/// outside all of them.
pub(super) fn unit(rules: &[RecordRule]) -> Option<Vec<Name>> {
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
        apart && !asks_around && paths.iter().all(|path| stays(path, depth, &shortest)) && counts_nothing(&rule.each, shortest.len())
    };
    rules.iter().all(fits).then_some(shortest)
}

fn names(path: &Path) -> Option<Vec<Name>> {
    let of = |step: &Step| if let Step::Child { test: Test::Named(name), .. } = step { Some(name.clone()) } else { None };
    path.is_absolute().then(|| path.steps.iter().map(of).collect())?
}

/// Whether no position is asked for among the elements that are seen one by one.
fn counts_nothing(each: &Path, depth: usize) -> bool {
    let plain = |step: &Step| match step {
        Step::Child { predicates, .. } => predicates.iter().all(|predicate| matches!(predicate, Predicate::Test(_))),
        _ => true,
    };
    each.steps.iter().take(depth).all(plain)
}

/// Whether a predicate looks at what stands around its element.
fn asks_around(path: &Path) -> bool {
    let conditions = path.steps.iter().filter_map(|step| if let Step::Child { predicates, .. } = step { Some(predicates) } else { None });
    let paths = conditions
        .flatten()
        .filter_map(|predicate| if let Predicate::Test(condition) = predicate { Some(condition.paths()) } else { None });
    paths.flatten().any(|steps| steps.contains(&Step::Parent))
}

/// Whether a path leads into no other element of that name than its own, seen from `depth` steps below it.
fn stays(path: &Path, depth: usize, unit: &[Name]) -> bool {
    let mut down: Vec<&Step> = Vec::new();
    if path.is_absolute() {
        down.extend(&path.steps);
    } else {
        let climbs = path.steps.iter().take_while(|step| matches!(step, Step::Parent)).count();
        // A climb that does not leave it, and no climb behind a step down.
        let rest = &path.steps[climbs..];
        if rest.iter().any(|step| matches!(step, Step::Parent)) {
            return false;
        }
        if climbs <= depth {
            return true;
        }
        // Above it: what is left of the unit's own names is what must not be gone down again.
        let above = unit.len().saturating_sub(climbs - depth);
        let below = &unit[above..];
        let leads_in = rest.iter().zip(below).all(|(step, name)| matches!(step, Step::Child { test, .. } if test.fits(name)));
        return !(leads_in && rest.len() >= below.len());
    }
    let leads_in = down.iter().zip(unit).all(|(step, name)| matches!(step, Step::Child { test, .. } if test.fits(name)));
    !(leads_in && down.len() >= unit.len())
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
    }
}
