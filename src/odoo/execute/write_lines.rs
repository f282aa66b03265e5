//! Writes lines of existing records by their own model, so that the number of calls does not grow with the records.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value as Json, json};

use super::{
    id_of,
    types::{Changes, Current, Done, Work},
    write::Update,
};
use crate::{
    model::{Problems, plan::Record},
    odoo::{
        Call, Fault,
        place::{locate_field, placed},
    },
};

/// Changes to the lines of one model, for all records.
#[derive(Default)]
struct LineWork {
    /// The values of new lines, each with its record.
    add: Vec<(i64, Json)>,
    change: Vec<Update>,
    remove: Vec<i64>,
    archive: Vec<i64>,
}

impl Work<'_> {
    /// Writes lines of many records by their own model, so that the number of calls does not grow with the records.
    pub(super) async fn write_lines(
        &self,
        known: &[(usize, &Record, &Current)],
        changes: Changes,
        done: &mut Done,
    ) -> Result<(), Problems> {
        let mut owners: HashMap<i64, i64> = HashMap::new();
        let mut by_model: BTreeMap<String, LineWork> = BTreeMap::new();
        let is_out = |id: i64, done: &Done| {
            let at = known.iter().find(|(_, _, current)| id_of(current) == id).map(|(at, ..)| *at);
            done.refused.iter().any(|(refused, _)| Some(*refused) == at)
        };
        for (id, fields) in changes.lines {
            if is_out(id, done) {
                continue;
            }
            for lines in fields {
                let LineWork { add, change, remove, archive } = by_model.entry(lines.model).or_default();
                owners.extend(lines.change.iter().map(|(line, _)| (*line, id)).chain(lines.gone.iter().map(|line| (*line, id))));
                change.extend(lines.change);
                if lines.archive {
                    archive.extend(lines.gone)
                } else {
                    remove.extend(lines.gone)
                }
                for mut values in lines.add {
                    if let (Some(values), Some(inverse)) = (values.as_object_mut(), &lines.inverse) {
                        values.insert(inverse.clone(), json!(id));
                    }
                    add.push((id, values));
                }
            }
        }
        let owner = |line: i64| owners.get(&line).copied().unwrap_or_default();
        for (model, LineWork { mut add, change, mut remove, mut archive }) in by_model {
            self.many(known, &model, change, owner, done).await?;
            add.retain(|(id, _)| !is_out(*id, done));
            for chunk in add.chunks(super::CHUNK) {
                self.add(known, &model, chunk, done).await?;
            }
            remove.retain(|line| !is_out(owner(*line), done));
            archive.retain(|line| !is_out(owner(*line), done));
            if !remove.is_empty() {
                let call = Call::records(&model, "unlink", &remove).context(&self.step.context);
                self.settle_lines(known, &remove, self.odoo.call(call).await, &format!("removing {model}"), owner, done)?;
            }
            if !archive.is_empty() {
                let call = Call::records(&model, "write", &archive).arg("vals", json!({"active": false})).context(&self.step.context);
                self.settle_lines(known, &archive, self.odoo.call(call).await, &format!("archiving {model}"), owner, done)?;
            }
        }
        Ok(())
    }

    /// Creates new lines; if Odoo refuses some, tries those of each record separately, or creates none.
    async fn add(&self, known: &[(usize, &Record, &Current)], model: &str, lines: &[(i64, Json)], done: &mut Done) -> Result<(), Problems> {
        let doing = format!("adding {model}");
        let create = |lines: Vec<Json>| Call::model(model, "create").arg("vals_list", lines).context(&self.step.context);
        let all = lines.iter().map(|(_, values)| values.clone()).collect();
        let fault = match self.odoo.call(create(all)).await {
            Ok(_) => {
                done.wrote = true;
                return Ok(());
            }
            Err(fault) => fault,
        };
        let mut of: BTreeMap<i64, Vec<Json>> = BTreeMap::new();
        for (id, values) in lines {
            of.entry(*id).or_default().push(values.clone());
        }
        let owners: Vec<i64> = of.keys().copied().collect();
        if of.len() < 2 || !self.setup.partial || !fault.is_refusal() {
            return self.settle_lines(known, &owners, Err(fault), &doing, |id| id, done);
        }
        for (id, lines) in of {
            let result = self.odoo.call(create(lines)).await;
            self.settle_lines(known, &[id], result, &doing, |id| id, done)?;
        }
        Ok(())
    }

    /// Handles the result of a call for the lines of some records: with `allow_partial`, a refused call refuses only those records.
    fn settle_lines(
        &self,
        known: &[(usize, &Record, &Current)],
        lines: &[i64],
        result: Result<Json, Fault>,
        doing: &str,
        owner: impl Fn(i64) -> i64,
        done: &mut Done,
    ) -> Result<(), Problems> {
        let fault = match result {
            Ok(_) => {
                done.wrote = true;
                return Ok(());
            }
            Err(fault) => fault,
        };
        let ids: HashSet<i64> = lines.iter().map(|line| owner(*line)).collect();
        let of: Vec<&(usize, &Record, &Current)> = known.iter().filter(|(_, _, current)| ids.contains(&id_of(current))).collect();
        if self.setup.partial && fault.is_refusal() {
            done.refused.extend(of.iter().map(|(at, record, _)| (*at, placed(fault.problem(doing), record, None))));
            return Ok(());
        }
        let problem = fault.problem(doing);
        let speaks = |(_, record, _): &&&(usize, &Record, &Current)| locate_field(&problem.message, record).is_some();
        let reported = match of.as_slice() {
            [(_, record, _)] => Some(record),
            several => several.iter().find(speaks).map(|(_, record, _)| record),
        };
        Err(match reported {
            Some(record) => placed(problem, record, None),
            None => problem,
        }
        .into())
    }
}
