//! Calls methods on the records after writing, and reads their effect back.

use std::collections::HashSet;

use serde_json::{Map, Value as Json, json};

use super::types::Work;
use crate::{
    model::{
        Code, Effect, Outcome, Problem, Problems,
        intent::Prior,
        plan::{PostAction, Record},
    },
    odoo::{
        Call, Fault,
        actions::{self, Action},
        client::id_of,
        place::placed,
    },
};

/// A record with its index in the step and its id.
type Target<'r> = (usize, &'r Record, i64);

/// A method about to be called.
struct Calling<'t> {
    then: &'t PostAction,
    action: Option<&'static Action>,
    /// `action_confirm on sale.order`.
    doing: String,
    /// Its number among the step's methods: the same method may be called twice.
    number: usize,
}

impl Calling<'_> {
    /// Whether it leaves nothing in Odoo that proves that it was made.
    fn is_untraced(&self) -> bool {
        self.action.is_none_or(|action| action.from.is_empty() && action.mark.is_none() && !action.harmless)
    }

    fn to(&self) -> &'static [&'static str] {
        self.action.map_or(&[], |action| action.to)
    }
}

impl Work<'_> {
    /// Calls a method on the records; with `allow_partial`, returns those on which it failed.
    pub(super) async fn act(&self, number: usize, then: &PostAction, records: &[Target<'_>]) -> Result<Vec<(usize, Problem)>, Problems> {
        let (model, method) = (&self.step.model, &then.method);
        let calling = Calling { then, action: actions::known(model, method), doing: format!("{method} on {model}"), number };
        let (ready, mut refused) = self.ready(&calling, records).await?;
        if !self.setup.partial {
            Problems::check(std::mem::take(&mut refused).into_iter().map(|(_, problem)| problem).collect())?;
        }
        if ready.is_empty() {
            return Ok(refused);
        }
        let ids: Vec<i64> = ready.iter().map(|(_, _, id)| *id).collect();
        let all = match self.call(&calling, &ids, &self.mark).await {
            Ok(()) => return Ok(refused),
            Err(problem) => problem,
        };
        if !self.setup.partial || stops(&all) {
            return Err(match ready.as_slice() {
                [(_, record, _)] if all.place.is_unknown() => placed(all, record, None),
                _ => all,
            }
            .into());
        }
        for (at, record, id) in ready {
            let mark = self.single_mark(at);
            let marks = calling.action.is_some_and(|action| action.mark.is_some());
            if marks && self.is_marked(&mark).await? {
                continue;
            }
            match self.call(&calling, &[id], &mark).await {
                Ok(()) => {}
                Err(problem) if stops(&problem) => return Err(problem.into()),
                Err(problem) => refused.push((at, placed(problem, record, None))),
            }
        }
        Ok(refused)
    }

    /// The records in a state in which the method is called, and those in an unexpected state. A record that is already in the method's
    /// final state is in neither.
    async fn ready<'r>(&self, calling: &Calling<'_>, records: &[Target<'r>]) -> Result<(Vec<Target<'r>>, Vec<(usize, Problem)>), Problem> {
        let from = calling.action.map_or(&[][..], |action| action.from);
        if from.is_empty() {
            return Ok((records.to_vec(), Vec::new()));
        }
        let ids: Vec<i64> = records.iter().map(|(_, _, id)| *id).collect();
        let states = self.states(&ids, &calling.doing).await?;
        let (mut ready, mut stray) = (Vec::new(), Vec::new());
        for (at, record, id) in records {
            let state = states.iter().find(|(known, _)| known == id).map(|(_, state)| state.as_str()).unwrap_or_default();
            if from.contains(&state) {
                ready.push((*at, *record, *id));
            } else if !calling.to().is_empty() && !calling.to().contains(&state) {
                let text = format!("{}: the record {id} is {state}; the method is called only in {}", calling.doing, from.join(", "));
                stray.push((*at, placed(Problem::new(Code::ActionState, text), record, None)));
            }
        }
        Ok((ready, stray))
    }

    async fn call(&self, calling: &Calling<'_>, ids: &[i64], mark: &str) -> Result<(), Problem> {
        let model = &self.step.model;
        let mut ids = ids.to_vec();
        // A call that leaves no trace to look for is written to the journal before.
        let intents = if calling.is_untraced() { self.intend(calling, &mut ids).await? } else { Vec::new() };
        if ids.is_empty() {
            return Ok(());
        }
        let mut context = self.step.context.clone();
        context.extend(self.mark_context(mark));
        context.extend(actions::context(model, calling.then, &ids));
        let answer = self.odoo.call(Call::records(model, &calling.then.method, &ids).context(&context)).await;
        if !intents.is_empty() {
            match &answer {
                Ok(_) => self.setup.memory.conclude(&intents, Outcome::Happened).await?,
                // Refused, or never sent.
                Err(fault) if !fault.may_have_happened() => {
                    self.setup.memory.conclude(&intents, Outcome::NotHappened).await?;
                }
                Err(_) => {}
            }
        }
        match answer {
            Ok(answer) => self.verify_state(calling, &ids, &answer).await,
            Err(fault) => self.verify_after_fault(calling, &ids, mark, &fault).await,
        }
    }

    /// Writes that the method is about to be called on these records; keeps those on which it was not called yet.
    async fn intend(&self, calling: &Calling<'_>, ids: &mut Vec<i64>) -> Result<Vec<Effect>, Problem> {
        let (step, memory) = (self.step, self.setup.memory);
        let call = |id: &i64| Effect::Call(format!("{} {}.{} {},{id}", calling.then.method, step.name, calling.number, step.model));
        let intents: Vec<Effect> = ids.iter().map(call).collect();
        let known = memory.intend(&intents).await?;
        let open: Vec<i64> = ids.iter().zip(&known).filter(|(_, known)| **known == Prior::Open).map(|(id, _)| *id).collect();
        if !open.is_empty() {
            let text = format!("{}: the call may have been made, and its outcome is unknown", calling.doing);
            let hint = format!(
                "check {} {open:?} in Odoo; then run `consign resolve` with the message's id, --happened or --did-not-happen, and --reason",
                step.model
            );
            return Err(Problem::new(Code::Uncertain, text).hint(hint));
        }
        if known.iter().all(|known| *known == Prior::New) {
            return Ok(intents);
        }
        let mut at = known.iter();
        ids.retain(|_| at.next() == Some(&Prior::New));
        let left: Vec<Effect> = ids.iter().map(call).collect();
        memory.intend(&left).await?;
        Ok(left)
    }

    /// Checks that the method has led to the expected state.
    async fn verify_state(&self, calling: &Calling<'_>, ids: &[i64], answer: &Json) -> Result<(), Problem> {
        // Instead of doing it, Odoo may answer with a dialog for a person.
        let asked = answer.get("res_model").and_then(Json::as_str).map(|window| {
            let text = format!("{}: Odoo opened a dialog (`{window}`) instead of doing it", calling.doing);
            let problem = Problem::new(Code::ActionState, text);
            match window {
                "stock.backorder.confirmation" => problem.hint("less was done than ordered: set backorder = \"create\" or \"never\""),
                "confirm.stock.sms" => problem.hint("set sms = \"skip\""),
                _ => problem,
            }
        });
        if calling.to().is_empty() {
            return asked.map_or(Ok(()), Err);
        }
        let done = self.in_state(ids, calling.to(), &calling.doing).await?;
        match ids.iter().find(|id| !done.contains(id)) {
            None => Ok(()),
            Some(id) => Err(asked.unwrap_or_else(|| {
                let text = format!("{}: the record {id} is not {} after the call", calling.doing, calling.to().join(" or "));
                Problem::new(Code::ActionState, text)
            })),
        }
    }

    /// A fault is not always a failure: the method may have led to the expected state nevertheless.
    async fn verify_after_fault(&self, calling: &Calling<'_>, ids: &[i64], mark: &str, fault: &Fault) -> Result<(), Problem> {
        let is_seen = !calling.to().is_empty() || calling.action.is_some_and(|action| action.mark.is_some());
        let there = match calling.to() {
            _ if !is_seen || fault.is_open() => false,
            [] => self.is_marked(mark).await.unwrap_or(false),
            to => self.in_state(ids, to, &calling.doing).await.is_ok_and(|done| done.len() == ids.len()),
        };
        if there { Ok(()) } else { Err(fault.problem(&calling.doing)) }
    }

    async fn in_state(&self, ids: &[i64], states: &[&str], doing: &str) -> Result<Vec<i64>, Problem> {
        let all = self.states(ids, doing).await?;
        Ok(all.into_iter().filter(|(_, state)| states.contains(&state.as_str())).map(|(id, _)| id).collect())
    }

    pub(super) async fn states(&self, ids: &[i64], doing: &str) -> Result<Vec<(i64, String)>, Problem> {
        let records = self.odoo.read(&self.step.model, ids, &["state"]).await.map_err(|fault| fault.problem(doing))?;
        let state = |record: &Map<String, Json>| record.get("state").and_then(Json::as_str).unwrap_or_default().to_string();
        Ok(records.iter().map(|record| (id_of(record), state(record))).collect())
    }

    pub(super) fn mark_context(&self, mark: &str) -> Map<String, Json> {
        self.marks().map(|(key, ..)| (key.to_string(), Json::from(mark))).collect()
    }

    fn marks(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        self.step.actions.iter().filter_map(|then| actions::known(&self.step.model, &then.method)?.mark)
    }

    /// The mark of a record on which the method was called alone.
    pub(super) fn single_mark(&self, at: usize) -> String {
        format!("{}#{at}", self.mark)
    }

    /// The marks that earlier tries of this same run have left in Odoo, for this chunk or for single records of it: a marked record is
    /// done.
    pub(super) async fn marked(&self) -> Result<HashSet<String>, Problems> {
        let mut all = HashSet::new();
        for (_, model, field) in self.marks() {
            let domain = json!(["|", [field, "=", self.mark], [field, "=like", format!("{}#%", self.mark)]]);
            let found = self.odoo.search_read(model, domain, &[field], true).await;
            let found = found.map_err(|fault| fault.problem(&format!("looking for the mark in {model}")))?;
            all.extend(found.iter().filter_map(|record| record.get(field)?.as_str().map(str::to_string)));
        }
        Ok(all)
    }

    async fn is_marked(&self, mark: &str) -> Result<bool, Problem> {
        for (_, model, field) in self.marks() {
            let call = Call::model(model, "search_count").arg("domain", json!([[field, "=", mark]]));
            let count = self.odoo.call(call).await.map_err(|fault| fault.problem(&format!("looking for the mark in {model}")))?;
            if count.as_i64().unwrap_or(0) > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether a problem affects all records, so that it is useless to continue with the next.
fn stops(problem: &Problem) -> bool {
    problem.is_temporary() || matches!(problem.code, Code::Uncertain | Code::MessageMoved)
}
