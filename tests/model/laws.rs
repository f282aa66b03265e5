//! The laws that hold whatever happens.

use consign::{endpoint::kinds::memory_target::Tells, model::Stage, pipeline::Engine};

use super::play::Theatre;

/// What holds at any time, also where the process has just died.
pub async fn at_any_time(theatre: &Theatre, engine: &Engine) -> Result<(), String> {
    let messages = theatre.messages(engine).await;
    // Nothing is accepted before it is safe.
    for (key, at, is_accepted) in theatre.source.items() {
        if is_accepted && !messages.iter().any(|message| message.path == key && message.modified == Some(at)) {
            return Err(format!("accepted before it was safe: {key}"));
        }
    }
    // Nothing is settled before it rests, and as what it is.
    for told in theatre.source.reported() {
        let Some((id, stage)) = told.message else { continue };
        if !matches!(stage, Stage::Done | Stage::Failed | Stage::Discarded) {
            return Err(format!("settled while it was {stage}: message {}", id.short()));
        }
        if told.is_done != (stage == Stage::Done) {
            return Err(format!("settled as something else than {stage}: message {}", id.short()));
        }
    }
    Ok(())
}

/// What holds once everything has come to rest.
pub async fn in_the_end(theatre: &Theatre, engine: &Engine) -> Result<(), String> {
    let effects = theatre.target.effects(consign::model::Clock::now(&*theatre.clock));
    for message in theatre.messages(engine).await {
        let own: Vec<_> = effects.iter().filter(|(name, _)| name.starts_with(&message.id.to_string())).collect();
        let (id, asked) = (message.id.short(), theatre.asked.get(&message.id).copied().unwrap_or(0));
        if own.len() > 1 + asked {
            return Err(format!("message {id} had {} effects, and people asked for {asked} more than one", own.len()));
        }
        for run in 1..=message.run {
            let name = format!("{}.{run}", message.id);
            if theatre.tells != Tells::Idempotent && own.iter().filter(|(known, _)| *known == name).count() > 1 {
                return Err(format!("message {id} had its effect twice in run {run}"));
            }
        }
        let present = format!("{}.{}", message.id, message.run);
        let took_place = own.iter().any(|(name, _)| *name == present);
        match message.stage {
            Stage::Done if !took_place => return Err(format!("message {id} is done and had no effect in run {}", message.run)),
            Stage::Failed if took_place && theatre.tells != Tells::Idempotent => {
                return Err(format!("message {id} failed and had its effect"));
            }
            Stage::Done | Stage::Discarded => {}
            // Refused: it says why.
            Stage::Failed if message.code.is_some() => {}
            stage => return Err(format!("message {id} is {stage} in the end: {:?}", message.reason)),
        }
        if !message.moved {
            return Err(format!("message {id} was not settled"));
        }
        // A later outcome replaces an earlier one.
        let told =
            theatre.source.reported().into_iter().filter_map(|told| told.message.filter(|(known, _)| *known == message.id)).next_back();
        // One that was refused and is given up lies where refused ones lie.
        let is_given_up = message.stage == Stage::Discarded && told.is_some_and(|(_, stage)| stage == Stage::Failed);
        if told.map(|(_, stage)| stage) != Some(message.stage) && !is_given_up {
            return Err(format!("the source was told last that message {id} is {told:?}, and it is {}", message.stage));
        }
        let arrival = theatre.arrivals.iter().find(|(key, at, _)| *key == message.path && Some(*at) == message.modified);
        let Some((.., bytes)) = arrival else { return Err(format!("message {id} never arrived")) };
        if own.iter().any(|(_, sent)| sent != bytes) {
            return Err(format!("message {id} was handed over with other bytes"));
        }
    }
    // What was taken for a repetition repeats something.
    let messages = theatre.messages(engine).await;
    for told in theatre.source.reported().into_iter().filter(|told| told.message.is_none()) {
        let arrival = theatre.arrivals.iter().find(|(key, at, _)| *key == told.key && Some(*at) == told.at);
        let sha256 = arrival.map(|(.., bytes)| consign::storage::digest(bytes)).unwrap_or_default();
        if !messages.iter().any(|message| message.path == told.key && message.sha256 == sha256) {
            return Err(format!("taken for a repetition of nothing: {}", told.key));
        }
    }
    // What arrived has become a message, repeats one, or was replaced at its source before anybody saw it.
    match theatre.source.items().first() {
        Some((key, _, true)) => Err(format!("accepted and never settled: {key}")),
        Some((key, _, false)) => Err(format!("left lying: {key}")),
        None => Ok(()),
    }
}
