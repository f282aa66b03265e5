//! Recovery from an invalid element: guesses what the sender meant, reports it once, and moves the engine to where it can continue.
//! So one mistake is one problem, and what follows is still validated.

use super::{
    content::{Content, Id},
    element_frame::Missing,
    report::Beside,
    validator::Validator,
};
use crate::model::{ElementStack, Start, nearest::nearest};

/// Reports what is wrong with the element that the engine has just refused, and continues after it or inside it.
pub(super) fn repair(judge: &mut Validator<'_>, id: Id, element: &Start<'_>, stack: &mut ElementStack) {
    judge.withdraw();
    let expected = judge.expected();
    let of = judge.frames.last().and_then(|parent| parent.of);
    let Some(content) = judge.content(of).filter(|content| content.names().next().is_some()) else {
        judge.report.no_elements(&element.name().local, stack);
        // The invalid value follows from this, and is not reported too.
        if let Some(parent) = judge.frames.last_mut() {
            parent.value_unreadable = true;
        }
        return judge.skip(stack);
    };
    let kinds = content.kinds(id);
    if !kinds.is_empty() {
        judge.report.is_abstract(id, &kinds, stack);
        // Assume that one of them is there, so that what follows is valid.
        if let Some(one) = kinds.first().filter(|_| expected.contains(&id)) {
            judge.pretend(*one);
        }
        return judge.skip(stack);
    }
    if content.has(id) {
        return misplaced(judge, id, &content, &expected, element, stack);
    }
    // Beyond the reporting limit there is no need to guess.
    if judge.report.is_only_counting() {
        judge.report.unexpected(&element.name().local, None, &[], stack);
        return judge.skip(stack);
    }
    // The same name in another namespace: the prefix or the default namespace has the wrong one.
    if let Some(right) = expected.iter().copied().chain(content.names()).find(|known| known.0 == id.0) {
        if judge.renamed.insert((id.1, right.1)) {
            let prefix = judge.prefix(right.1);
            judge.report.wrong_namespace(id, right, prefix, stack);
        }
        return go_on(judge, right, &content, &expected, element, stack);
    }
    let table = &judge.prepared.set.name_table;
    let near = |ids: &[Id]| {
        let names: Vec<String> = ids.iter().map(|known| table.resolve(known.0)).collect();
        let found = nearest(&element.name().local, names.iter().map(String::as_str))?;
        names.iter().position(|name| *name == found).map(|at| ids[at])
    };
    let everywhere: Vec<Id> = content.names().collect();
    let meant = near(&expected).or_else(|| near(&everywhere));
    judge.report.unexpected(&element.name().local, meant, &expected, stack);
    // Only an element in the right place, and not a guess among short names, is validated as what was meant.
    match meant.filter(|meant| expected.contains(meant) && element.name().local.chars().count() > 3) {
        Some(meant) => {
            offer_again(judge, meant, element, stack);
            // Errors inside may come from the wrong guess.
            if let (None, Some(frame)) = (judge.skipping(), judge.frames.last_mut()) {
                frame.value_unreadable = true;
            }
        }
        None => judge.skip(stack),
    }
}

/// An element that the parent may have, but not here: something before it is missing, it comes too late, or once too often.
fn misplaced(judge: &mut Validator<'_>, id: Id, content: &Content, expected: &[Id], element: &Start<'_>, stack: &mut ElementStack) {
    // It was reported as missing and comes later: the order is wrong, and nothing is missing.
    let reported = judge.frames.last_mut().and_then(|parent| {
        let at = parent.missing.iter().position(|missing| missing.names.contains(&id))?;
        let Missing { problem, before, names, one } = &mut parent.missing[at];
        match one {
            true => names.clear(),
            false => names.retain(|name| *name != id),
        }
        Some((*problem, *before, names.clone()))
    });
    if let Some((problem, before, names)) = reported {
        judge.report.wrong_order(problem, id, before, &names, stack);
        return judge.skip(stack);
    }
    match content.missing_before(expected, id) {
        Some(missing) => {
            let choice = content.one_before(expected, id);
            let one = missing.len() == 1 && choice.len() > 1;
            let problem = match one {
                true => judge.report.one_missing_before(&choice, id, stack),
                false => judge.report.missing_before(&missing, id, stack),
            };
            for name in &missing {
                judge.pretend(*name);
            }
            if let (Some(problem), Some(parent)) = (problem, judge.frames.last_mut()) {
                parent.missing.push(Missing { problem, before: id, names: if one { choice } else { missing }, one });
            }
            offer_again(judge, id, element, stack);
        }
        None => {
            let Some(parent) = judge.frames.last_mut() else { return };
            let refused = match parent.refused.iter_mut().find(|(known, _)| *known == id) {
                Some((_, count)) => {
                    *count += 1;
                    *count
                }
                None => {
                    parent.refused.push((id, 1));
                    1
                }
            };
            // This one is counted already, and so are the refused ones.
            let before = stack.siblings(element.key).saturating_sub(refused);
            let last = parent.last;
            let reported = parent.surplus.contains(&id);
            if !reported {
                parent.surplus.push(id);
                let last = last.map(|last| match (content.either(last, id), content.before(id, last)) {
                    (true, _) => (last, Beside::Either),
                    (_, true) => (last, Beside::Before),
                    _ => (last, Beside::Unknown),
                });
                judge.report.too_late(id, before, last, expected, stack);
            }
            judge.skip(stack);
        }
    }
}

/// Continues as if the element had the correct namespace.
fn go_on(judge: &mut Validator<'_>, id: Id, content: &Content, expected: &[Id], element: &Start<'_>, stack: &mut ElementStack) {
    if !expected.contains(&id)
        && let Some(missing) = content.missing_before(expected, id)
    {
        judge.report.missing_before(&missing, id, stack);
        missing.iter().for_each(|name| judge.pretend(*name));
    }
    offer_again(judge, id, element, stack);
}

fn offer_again(judge: &mut Validator<'_>, id: Id, element: &Start<'_>, stack: &mut ElementStack) {
    let (of, errors) = judge.offer(id, Some(element));
    if errors.iter().any(super::report::is_rejected) {
        judge.withdraw();
        return judge.skip(stack);
    }
    judge.enter(id, of, errors, element, stack);
}
