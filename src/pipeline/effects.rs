//! The journal as a target sees it: the intent goes there first, then the outcome.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};

use crate::{
    endpoint::{Effects, Site},
    failpoints::{Planted, planted},
    model::{
        BoxFuture, Effect, Message, Problem,
        intent::{Outcome, Prior},
    },
    odoo::execute::write_history,
};

/// The journal, for one message in its current state.
pub(super) struct JournalledEffects<'a> {
    site: &'a Site,
    message: Message,
    /// Effects that were repeated without knowing whether the first attempt took place.
    repeated: Mutex<Vec<Effect>>,
}

impl<'a> JournalledEffects<'a> {
    pub(super) fn of(site: &'a Site, message: &Message) -> Self {
        Self { site, message: message.clone(), repeated: Mutex::default() }
    }

    fn repeated(&self) -> MutexGuard<'_, Vec<Effect>> {
        self.repeated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl write_history::WriteHistory for JournalledEffects<'_> {
    fn written<'a>(&'a self, model: &'a str, ids: &'a [i64]) -> BoxFuture<'a, Result<HashMap<i64, write_history::Written>, Problem>> {
        Box::pin(self.site.journal().written(&self.message.odoo, model, ids))
    }

    fn remember<'a>(&'a self, model: &'a str, records: &'a [(i64, write_history::Written)]) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.site.journal().remember(&self.message.odoo, model, records, self.site.clock().now()))
    }

    fn intend<'a>(&'a self, effects: &'a [Effect]) -> BoxFuture<'a, Result<Vec<Prior>, Problem>> {
        Box::pin(self.site.journal().intend(&self.message, effects, self.site.clock().now()))
    }

    fn conclude<'a>(&'a self, effects: &'a [Effect], outcome: Outcome) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            // A refused second attempt says nothing about the first.
            let repeated = self.repeated().clone();
            let is_known = |effect: &&Effect| outcome != Outcome::NotHappened || !repeated.contains(effect);
            let known: Vec<Effect> = effects.iter().filter(is_known).cloned().collect();
            self.site.journal().conclude(&self.message, &known, outcome, self.site.clock().now()).await
        })
    }

    fn has_begun<'a>(&'a self, write: &'a Effect) -> BoxFuture<'a, Result<bool, Problem>> {
        Box::pin(async move {
            let intents = self.site.journal().intents_of_run(&self.message).await?;
            Ok(intents.iter().any(|intent| intent.effect == *write && intent.outcome() != Some(Outcome::NotHappened)))
        })
    }
}

impl Effects for JournalledEffects<'_> {
    fn open<'a>(&'a self, effect: &'a Effect, due: Option<DateTime<Utc>>) -> BoxFuture<'a, Result<Prior, Problem>> {
        Box::pin(async move {
            if planted(Planted::IntentIgnored) {
                return Ok(Prior::New);
            }
            let known = self.site.journal().about_to_send(&self.message, effect, due, self.site.clock().now()).await?;
            let known = known.first().copied().unwrap_or(Prior::Open);
            if known == Prior::Open {
                self.repeated().push(effect.clone());
            }
            Ok(known)
        })
    }
}
