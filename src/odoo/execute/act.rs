//! Methods called on the records afterwards, and their effect read back.

use serde_json::{Map, Value as Json};

use super::work::Work;
use crate::{
    model::{
        Problem, Problems, codes,
        plan::{Record, Then},
    },
    odoo::{Call, FaultKind, actions, client::id_of},
};

impl Work<'_> {
    /// Calls a method on the records; gives those on which it failed, where each stands for itself.
    pub(super) async fn act(&self, then: &Then, records: &[(usize, &Record, i64)]) -> Result<Vec<(usize, Problem)>, Problems> {
        let ids: Vec<i64> = records.iter().map(|(_, _, id)| *id).collect();
        let first = match self.call(then, &ids).await {
            Ok(()) => return Ok(Vec::new()),
            Err(problem) if !self.setup.partial || problem.is_temporary() || records.len() < 2 => problem,
            Err(_) => {
                let mut refused = Vec::new();
                for (at, record, id) in records {
                    match self.call(then, &[*id]).await {
                        Ok(()) => {}
                        Err(problem) if problem.is_temporary() => return Err(vec![problem]),
                        Err(problem) => refused.push((*at, super::place::placed(problem, record, None))),
                    }
                }
                return Ok(refused);
            }
        };
        Err(vec![match records {
            [(_, record, _)] if first.place.is_unknown() => super::place::placed(first, record, None),
            _ => first,
        }])
    }

    async fn call(&self, then: &Then, ids: &[i64]) -> Result<(), Problem> {
        let (model, method) = (&self.step.model, &then.method);
        let doing = format!("{method} on {model}");
        let action = actions::known(model, method);
        let from = action.map_or(&[][..], |action| action.from);
        let ready: Vec<i64> = if from.is_empty() { ids.to_vec() } else { self.in_state(ids, from, &doing).await? };
        if ready.is_empty() {
            return Ok(());
        }
        // What leaves no trace to look for is written down before.
        let untraced = action.is_none_or(|action| action.from.is_empty() && action.mark.is_none() && !action.harmless);
        let intent = format!("{doing} {ready:?}");
        if untraced && self.setup.memory.intend(&intent).await? {
            let text = format!("{doing} was about to be called and its answer is not known");
            return Err(Problem::new(codes::UNCERTAIN, text)
                .hint(format!("look at {model} {ready:?} in Odoo; reprocess the message to have it called (again)")));
        }
        let mut context = self.step.context.clone();
        context.extend(self.mark_context());
        context.extend(actions::context(model, then, &ready));
        let answer = self.odoo.call(Call::records(model, method, &ready).context(&context)).await;
        // Refused, or never sent: nothing was done, and it may be called again.
        if untraced && !matches!(&answer, Err(fault) if fault.kind == FaultKind::Timeout) {
            self.setup.memory.ended(&intent).await?;
        }
        let answer = match answer {
            Ok(answer) => answer,
            // A fault is not always a failure: what the method leads to may be there all the same.
            Err(fault) if action.is_some_and(|action| !action.to.is_empty() || action.mark.is_some()) && !fault.is_open() => {
                let to = action.map_or(&[][..], |action| action.to);
                let there = match to {
                    [] => self.is_marked().await.unwrap_or(false),
                    to => self.in_state(&ready, to, &doing).await.is_ok_and(|done| done.len() == ready.len()),
                };
                return if there { Ok(()) } else { Err(fault.problem(&doing)) };
            }
            Err(fault) => return Err(fault.problem(&doing)),
        };
        // Instead of doing it, Odoo may answer with a window that asks a person.
        let asks = answer.get("res_model").and_then(Json::as_str);
        let asked = |window: &str| {
            let problem = Problem::new(codes::ACTION_STATE, format!("{doing}: Odoo asks a question (`{window}`) instead of doing it"));
            match window {
                "stock.backorder.confirmation" => {
                    problem.hint("less was done than asked: decide it with backorder = \"create\" or \"never\"")
                }
                "confirm.stock.sms" => problem.hint("decide it with sms = \"skip\""),
                _ => problem,
            }
        };
        match action {
            Some(action) if !action.to.is_empty() => {
                let done = self.in_state(&ready, action.to, &doing).await?;
                match ready.iter().find(|id| !done.contains(id)) {
                    None => Ok(()),
                    Some(id) => Err(asks.map(asked).unwrap_or_else(|| {
                        let text = format!("{doing}: the record {id} is not {} afterwards", action.to.join(" or "));
                        Problem::new(codes::ACTION_STATE, text)
                    })),
                }
            }
            _ => asks.map_or(Ok(()), |window| Err(asked(window))),
        }
    }

    async fn in_state(&self, ids: &[i64], states: &[&str], doing: &str) -> Result<Vec<i64>, Problem> {
        let records = self.odoo.read(&self.step.model, ids, &["state"]).await.map_err(|fault| fault.problem(doing))?;
        let fits = |record: &&Map<String, Json>| record.get("state").and_then(Json::as_str).is_some_and(|state| states.contains(&state));
        Ok(records.iter().filter(fits).map(id_of).collect())
    }

    pub(super) fn mark_context(&self) -> Map<String, Json> {
        let marks = self.step.then.iter().filter_map(|then| actions::known(&self.step.model, &then.method)?.mark);
        marks.map(|(key, _, _)| (key.to_string(), Json::from(self.mark.clone()))).collect()
    }

    /// Whether an earlier try of this very run left its mark in Odoo: then its effect is complete.
    pub(super) async fn marked(&self) -> Result<bool, Problems> {
        self.is_marked().await.map_err(|problem| vec![problem])
    }

    async fn is_marked(&self) -> Result<bool, Problem> {
        for then in &self.step.then {
            let Some((_, model, field)) = actions::known(&self.step.model, &then.method).and_then(|action| action.mark) else { continue };
            let call = Call::model(model, "search_count").arg("domain", serde_json::json!([[field, "=", self.mark]]));
            let count = self.odoo.call(call).await.map_err(|fault| fault.problem(&format!("looking for the mark in {model}")))?;
            if count.as_i64().unwrap_or(0) > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
