//! The ledger's verdict on received files: new, a duplicate, new content under a known name, known content under a new name.

use std::collections::HashSet;

use super::Engine;
use crate::{
    config::{Documents, SameContent},
    journal::{NewMessage, Novelty},
    model::{Code, Message, MessageId, Problem, Stage, problem::shown},
};

/// A duplicate of a known file.
pub(super) type Repeat = (NewMessage, Message);

/// The ledger's verdict on each file, compared with earlier files and with each other.
pub(super) async fn classify(
    engine: &Engine,
    flow: &str,
    documents: &Documents,
    files: Vec<NewMessage>,
) -> Result<(Vec<NewMessage>, Vec<Repeat>), Problem> {
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let contents: HashSet<&str> = files.iter().map(|file| file.sha256.as_str()).filter(|digest| !digest.is_empty()).collect();
    let known = engine.journal().known(flow, &paths, &contents.into_iter().collect::<Vec<_>>()).await?;
    let (mut new, mut repeats): (Vec<NewMessage>, Vec<Repeat>) = (Vec::new(), Vec::new());
    // Contents of this batch: name and id of the file that had them first.
    let mut here: Vec<(String, String, MessageId)> = Vec::new();
    for mut file in files {
        if file.rest.is_some() || file.size == 0 {
            file.verdict = Some(if known.paths.contains(&file.path) { Novelty::NewContent } else { Novelty::New });
            new.push(file);
            continue;
        }
        // Only a copy of the latest file of its name is a duplicate; a return to an earlier state (a price set back) is news.
        let latest = known.latest.get(&file.path);
        let same_name = latest.filter(|latest| latest.sha256 == file.sha256);
        let other_name = known.by_content.get(&file.sha256).and_then(|same| same.iter().find(|message| message.path != file.path));
        let beside = here.iter().find(|(digest, ..)| *digest == file.sha256);
        let verdict = match (same_name, latest) {
            (Some(_), _) => Novelty::Duplicate,
            (None, Some(_)) => Novelty::NewContent,
            (None, None) if other_name.is_some() || beside.is_some() => Novelty::SameContent,
            (None, None) if known.paths.contains(&file.path) => Novelty::NewContent,
            (None, None) => Novelty::New,
        };
        file.verdict = Some(verdict);
        // A zip's document is known by its path in a zip of that name. This does not show whether a later version was received meanwhile,
        // so it is held rather than skipped.
        let skipped = verdict == Novelty::SameContent && documents.same_content == SameContent::Skip && file.parent.is_none();
        if let Some(first) = same_name.or(other_name)
            && (verdict == Novelty::Duplicate || skipped)
        {
            let first = first.clone();
            repeats.push((file, first));
            continue;
        }
        if verdict == Novelty::SameContent && documents.same_content != SameContent::Process {
            let (name, id) = match (other_name, beside) {
                (Some(message), _) => (message.name.as_str(), message.id),
                (None, Some((_, name, id))) => (name.as_str(), *id),
                (None, None) => ("", file.id),
            };
            let held = Problem::new(Code::SameContent, format!("the same content as in `{}` (message {})", shown(name), id.short()))
                .hint(format!("to process it again: consign reprocess {}", file.id.short()));
            file.rest = Some((Stage::Held, held.in_file(&file.name)));
        } else {
            here.push((file.sha256.clone(), file.name.clone(), file.id));
        }
        new.push(file);
    }
    Ok((new, repeats))
}
