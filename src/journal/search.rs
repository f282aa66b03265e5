//! Finding messages: by id, by partner, flow, stage and time, by the name of a file, a business number, a record's name. Every query
//! reads an index, newest first, so it does not matter how many messages there are.

use std::{cmp::Reverse, collections::HashSet};

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sqlx::{QueryBuilder, Sqlite};

use super::{
    message::{A_STAGE, message, stage},
    sql::{Cells, Journal, all, push_list, stamp},
};
use crate::model::{Code, Message, MessageId, Problem, Stage, answer::AckStatus, problem::cut};

/// Which messages to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one of these flows; empty: of any.
    pub flows: Vec<String>,
    /// At one of these stages; empty: any.
    pub stages: Vec<Stage>,
    /// Also those at rest whose file is still in the wrong place on the partner's side.
    pub unmoved: bool,
    /// Received at or after.
    pub since: Option<DateTime<Utc>>,
    /// Received before.
    pub until: Option<DateTime<Utc>>,
    /// Part of a file's name, a business number or a record's name, at least three characters; or all of it.
    pub text: Option<String>,
    /// Without those whose cause blocks others too.
    pub alone: bool,
    /// Blocked by this cause ([`crate::model::fingerprint`]).
    pub cause: Option<String>,
    /// With this acknowledgement by the partner.
    pub answer: Option<Wanted>,
    /// Made from this message.
    pub parent: Option<MessageId>,
    /// Also acknowledgements to partners.
    pub answers: bool,
    /// Only those that come after this one in the list: its time and id.
    pub after: Option<(DateTime<Utc>, MessageId)>,
    /// At most this many.
    pub limit: u32,
}

/// Acknowledgements by partners.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// One of these.
    pub replies: Vec<AckStatus>,
    /// That were due before this time.
    pub due: Option<DateTime<Utc>>,
}

/// The shortest part of a word that the index knows.
const TRIGRAM: usize = 3;
/// Characters of a text that are looked up in the index (measured: one character repeated a thousand times takes 20 s). The rest is
/// compared.
const INDEXED: usize = 60;
/// Characters of a searchable text: no file name and no number has more.
const LONGEST: usize = 300;

impl Filter {
    /// All messages of one flow.
    pub fn of_flow(flow: &str) -> Self {
        Self { flows: vec![flow.to_string()], limit: u32::MAX, ..Self::default() }
    }

    fn conditions(&self, query: &mut QueryBuilder<Sqlite>) {
        if !self.answers {
            query.push(" and m.answers is null");
        }
        if !self.stages.is_empty() {
            // Two short lists, each by its own index: an `or` of both would read every message.
            query.push(if self.unmoved { " and m.id in (select id from message where stage in (" } else { " and m.stage in (" });
            let mut stages = query.separated(", ");
            for stage in &self.stages {
                stages.push_bind(stage.as_str());
            }
            let unmoved = ") union select id from message where moved = 0 and +stage in ('done', 'failed'))";
            query.push(if self.unmoved { unmoved } else { ")" });
        }
        if let Some(since) = self.since {
            query.push(" and m.received >= ").push_bind(stamp(since));
        }
        if let Some(until) = self.until {
            query.push(" and m.received < ").push_bind(stamp(until));
        }
        if let Some(cause) = &self.cause {
            query.push(" and m.id in (select message from trouble where cause = ").push_bind(cause.clone()).push(")");
        }
        if self.alone {
            query.push(" and m.id not in (select message from trouble where cause in (");
            super::failure_groups::shared(query, &self.flows);
            query.push("))");
        }
        if let Some(wanted) = &self.answer {
            query.push(" and m.id in (select message from answer where state in (");
            let mut replies = query.separated(", ");
            for reply in &wanted.replies {
                replies.push_bind(reply.as_str());
            }
            query.push(")");
            if let Some(due) = wanted.due {
                query.push(" and due <= ").push_bind(stamp(due));
            }
            query.push(")");
        }
        if let Some(parent) = self.parent {
            query.push(" and m.parent = ").push_bind(parent.to_string());
        }
        if let Some((received, id)) = self.after {
            query.push(" and (m.received, m.id) < (").push_bind(stamp(received)).push(", ").push_bind(id.to_string()).push(")");
        }
    }
}

impl Journal {
    /// The message with this id, or whose id begins or ends with it.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub async fn find(&self, id: &str) -> Result<Message, Problem> {
        let id = id.trim().to_lowercase();
        let mut found = self.with_id(&id).await?;
        match found.len() {
            1 => Ok(found.swap_remove(0)),
            0 => {
                Err(Problem::new(Code::MessageUnknown, format!("there is no message `{}`", cut(&id)))
                    .hint("`consign log` lists the messages"))
            }
            _ => {
                Err(Problem::new(Code::MessageUnknown, format!("`{id}` matches more than one message"))
                    .hint("give a longer part of the id"))
            }
        }
    }

    /// At most three messages whose id is this text, or begins or ends with it.
    async fn with_id(&self, id: &str) -> Result<Vec<Message>, Problem> {
        let plausible = (4..=36).contains(&id.len()) && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        if !plausible {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::new("select * from message where id = ");
        query.push_bind(id.to_string());
        if id.len() < 36 {
            // Ids with the same beginning are a range; the last eight digits have an index.
            query.push(" or (id >= ").push_bind(id.to_string()).push(" and id < ").push_bind(format!("{id}g"));
            query.push(if id.len() == 8 { ") or substr(id, -8) = " } else { ") or substr(id, -8) like " });
            query.push_bind(if id.len() < 8 { format!("%{id}") } else { id.to_string() });
            if id.len() > 8 {
                query = QueryBuilder::new("select * from message where (id >= ");
                query.push_bind(id.to_string()).push(" and id < ").push_bind(format!("{id}g"));
                let short = id.get(id.len() - 8..).unwrap_or_default();
                query.push(") or (substr(id, -8) = ").push_bind(short.to_string()).push(" and id like ").push_bind(format!("%{id}"));
                query.push(")");
            }
        }
        query.push(" limit 3");
        self.messages(query).await
    }

    /// Messages, newest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Message>, Problem> {
        if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            return self.search(text, filter).await;
        }
        let mut all = Vec::new();
        // One query for each flow: each has its own order in the index, and the newest of them together are the newest.
        let flows: Vec<Option<&String>> = if filter.flows.is_empty() { vec![None] } else { filter.flows.iter().map(Some).collect() };
        for flow in &flows {
            let mut query = QueryBuilder::new("select m.* from message m where 1 = 1");
            if let Some(flow) = flow {
                query.push(" and m.flow = ").push_bind((*flow).clone());
            }
            filter.conditions(&mut query);
            query.push(" order by m.received desc, m.id desc limit ").push_bind(i64::from(filter.limit));
            all.extend(self.messages(query).await?);
        }
        if flows.len() > 1 {
            all.sort_by_key(|message| Reverse((message.received, message.id)));
            all.truncate(filter.limit as usize);
        }
        Ok(all)
    }

    /// Messages that a word finds, newest first.
    async fn search(&self, text: &str, filter: &Filter) -> Result<Vec<Message>, Problem> {
        // No term contains one, and for the index it ends the query.
        if text.contains('\0') || text.chars().count() > LONGEST {
            return Ok(Vec::new());
        }
        let mut found = match text.len() >= TRIGRAM {
            true => self.with_id(&text.to_lowercase()).await?,
            false => Vec::new(),
        };
        found.retain(|message| {
            (filter.flows.is_empty() || filter.flows.contains(&message.flow))
                && (filter.stages.is_empty() || filter.stages.contains(&message.stage))
                && filter.since.is_none_or(|since| message.received >= since)
                && filter.until.is_none_or(|until| message.received < until)
                && filter.cause.is_none()
                && filter.answer.is_none()
                && filter.after.is_none()
        });
        // Terms first: joined the other way round, SQLite would read every message.
        let by_parts = text.chars().count() >= TRIGRAM;
        let mut query = if by_parts {
            let mut query = QueryBuilder::new(
                "select m.* from term_text f cross join term t on t.id = f.rowid cross join message m on m.id = t.message where term_text match ",
            );
            // Quoted, so that nothing in it is an operator.
            let begin: String = text.chars().take(INDEXED).collect();
            query.push_bind(format!("\"{}\"", begin.replace('"', "\"\"")));
            if begin.len() < text.len() {
                query.push(" and instr(lower(t.value), ").push_bind(text.to_ascii_lowercase()).push(") > 0");
            }
            query
        } else {
            let mut query = QueryBuilder::new(
                "select m.* from term t cross join message m on m.id = t.message where length(t.value) < 3 and t.value = ",
            );
            query.push_bind(text.to_string());
            query
        };
        if !filter.flows.is_empty() {
            push_list(&mut query, " and m.flow", &filter.flows);
        }
        filter.conditions(&mut query);
        // In the order of the index, so that reading ends as soon as there are enough.
        query.push(if by_parts { " order by f.rowid desc" } else { " order by t.id desc" });
        let mut seen: HashSet<MessageId> = found.iter().map(|message| message.id).collect();
        let mut rows = query.build().fetch(&self.pool);
        while found.len() < filter.limit as usize
            && let Some(one) = rows.try_next().await?
        {
            found.extend(Some(message(&one)?).filter(|message| seen.insert(message.id)));
        }
        drop(rows);
        found.sort_by_key(|message| Reverse((message.received, message.id)));
        found.truncate(filter.limit as usize);
        Ok(found)
    }

    /// How many messages were received and how many of them failed, by flow and day, from a day on.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn days(&self, from: chrono::NaiveDate) -> Result<Vec<DayOfMessages>, Problem> {
        let rows = sqlx::query("select flow, day, came, failed from day where day >= ? order by flow, day").bind(from.to_string());
        let rows = rows.fetch_all(&self.pool).await?;
        all(&rows, |row| {
            let cells = Cells::of("day", "day", row);
            Ok(DayOfMessages {
                flow: cells.get("flow")?,
                day: cells.parsed("day", "a day", |day| day.parse().ok())?,
                came: cells.number("came")?,
                failed: cells.number("failed")?,
            })
        })
    }

    /// Counts by flow and stage.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn stage_counts(&self) -> Result<Vec<StageCount>, Problem> {
        let rows =
            sqlx::query("select flow, stage, count, last from stage_count where count > 0 order by flow").fetch_all(&self.pool).await?;
        all(&rows, |row| {
            let cells = Cells::of("stage_count", "flow", row);
            Ok(StageCount {
                flow: cells.get("flow")?,
                stage: cells.parsed("stage", A_STAGE, stage)?,
                count: cells.number("count")?,
                last: cells.time("last")?,
            })
        })
    }
}

impl Journal {
    /// How many messages were ever received, by flow.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn came(&self) -> Result<Vec<(String, u64)>, Problem> {
        let rows = sqlx::query("select flow, sum(came) as came from day group by flow").fetch_all(&self.pool).await;
        all(&rows?, |row| {
            let cells = Cells::of("day", "flow", row);
            Ok((cells.get("flow")?, cells.number("came")?))
        })
    }
}

/// Messages of a flow at a stage.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StageCount {
    /// Flow.
    pub flow: String,
    /// Stage.
    pub stage: Stage,
    /// How many.
    pub count: u64,
    /// When one of them last changed.
    pub last: DateTime<Utc>,
}

/// What was received on a day.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DayOfMessages {
    /// Flow.
    pub flow: String,
    /// Day, in UTC.
    pub day: chrono::NaiveDate,
    /// Messages received.
    pub came: u64,
    /// Those of them that are failed now.
    pub failed: u64,
}
