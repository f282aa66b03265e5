//! Floor 5: carries messages from their source through their stages to their target.
//!
//! The order that makes it safe: bytes to the spool and on disk, then a journal row, then the work, then the effect with an identity that a
//! second attempt finds, then the journal, then the move on the partner's drop. After a crash anywhere, the same code continues from the
//! recorded stage.

mod answers;
mod apply;
mod broken_off;
mod carry;
mod dedup;
mod document_stream;
mod effects;
mod ends;
mod engine;
mod fair_queue;
mod lock;
mod look;
mod make;
mod map;
pub mod mapping_store;
mod own_journal;
mod parts;
mod payload;
pub mod plan_store;
mod react;
mod receive;
pub mod render;
mod retry;
mod run;
mod settle;
mod shared;
mod summary;
pub mod unpack;
mod validate;

use std::time::Duration;

use self::ends::Run;
pub use self::{
    engine::Engine,
    lock::Lock,
    own_journal::{JOURNAL, belongs},
    summary::{Silent, Summary, Watcher},
    validate::{Schemas, validate_and_parse},
};
use crate::{
    journal::Filter,
    model::{Code, Problem, Stage, codes::Who, nearest::did_you_mean},
};

impl Engine {
    /// One run of a flow: finishes unfinished messages, then receives new ones.
    pub async fn run(&self, flow: &str) -> Summary {
        self.work(flow, true).await
    }

    /// Only unfinished messages, without polling the drop or looking for new records.
    pub async fn resume(&self, flow: &str) -> Summary {
        self.work(flow, false).await
    }

    /// Why this process can do no more work, if its journal was removed while it ran.
    pub fn lost_journal(&self) -> Option<Problem> {
        self.own.gone()
    }

    async fn work(&self, id: &str, look: bool) -> Summary {
        let mut summary = Summary { flow: id.to_string(), ..Summary::default() };
        // One run of a flow at a time: an earlier engine may still have one in progress.
        let Some(_turn) = self.unless_stopped(Duration::ZERO, self.shared.flows.turn(id)).await else { return summary };
        let Some(flow) = self.workspace().flows.get(id) else {
            let names = self.workspace().flows.keys().map(String::as_str);
            summary.problems.push(Problem::new(Code::FlowUnknown, format!("there is no flow `{id}`")).maybe_hint(did_you_mean(id, names)));
            return summary;
        };
        if let Some(problem) = self.own.gone() {
            if self.own.is_news() {
                tracing::error!(code = problem.code.as_str(), "{}", problem.message);
            }
            summary.problems.push(problem);
            return summary;
        }
        if look && let Err(problem) = self.journal().run_begins(id, self.clock().now()).await {
            summary.problems.push(problem);
            return summary;
        }
        let went = match Run::of(self, flow) {
            Ok(run) => run.go(look, &mut summary).await,
            Err(problems) => Err(problems),
        };
        if let Err(problems) = went {
            self.forget_what_is_away(flow, &flow.odoo, &problems).await;
            summary.problems.extend(problems);
        }
        if self.eager {
            // Messages that must wait keep their time all the same.
            let filter = Filter { stages: vec![Stage::Waiting], ..Filter::of_flow(id) };
            summary.waiting = self.journal().list(&filter).await.map_or(summary.waiting, |waiting| waiting.len());
        }
        summary.waiting += summary.not_written;
        if look {
            // Files that the partner does not collect, and problems that need no one, do not stop a flow.
            let ours = |problem: &&Problem| problem.code != Code::NotCollected && problem.who != Who::Nobody;
            let problems: Vec<Problem> = summary.problems.iter().filter(ours).cloned().collect();
            if let Err(problem) = self.journal().run_ends(id, &problems, summary.paused, self.clock().now()).await {
                summary.problems.push(problem);
            }
        }
        self.own.mark(self.storage()).await;
        for problem in &summary.problems {
            tracing::error!(flow = id, code = problem.code.as_str(), cause = problem.causes(), "{}", problem.message);
        }
        summary
    }
}
