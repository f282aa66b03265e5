//! Filters for messages: by partner, flow, stage, time, text and cause.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use crate::{
    config::Workspace,
    journal::{Filter, Wanted},
    model::{Code, Problem, Stage, answer::AckStatus, nearest::did_you_mean, problem::cut},
};

/// A filter for messages, as a person gives it.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only this flow.
    pub flow: Option<String>,
    /// Only this partner.
    pub partner: Option<String>,
    /// Only these stages.
    pub stages: Vec<String>,
    /// Received at or after: `2026-11-27`, `2026-11-27 10:00`, or an age such as `2h`.
    pub since: Option<String>,
    /// Received before, in the same formats.
    pub until: Option<String>,
    /// Part of a file name, business number or record name.
    pub find: Option<String>,
    /// Only with this cause.
    pub cause: Option<String>,
    /// Acknowledgement status: `awaited`, `pending`, `accepted`, `refused` or `overdue`.
    pub answer: Option<String>,
    /// Include acknowledgements that we send.
    pub with_answers: bool,
}

impl Selection {
    /// Whether no filter is set.
    pub fn is_empty(&self) -> bool {
        self.flow.is_none()
            && self.partner.is_none()
            && self.stages.is_empty()
            && self.since.is_none()
            && self.until.is_none()
            && self.find.is_none()
            && self.cause.is_none()
            && self.answer.is_none()
    }

    /// The filter as a query to the journal.
    ///
    /// # Errors
    /// Unknown flow, partner or stage; a time in no known format.
    pub fn filter(&self, workspace: &Workspace, now: DateTime<Utc>, limit: u32) -> Result<Filter, Problem> {
        let mut flows = Vec::new();
        if let Some(flow) = &self.flow {
            known("flow", flow, workspace.flows.keys(), Code::FlowUnknown)?;
            flows.push(flow.clone());
        }
        if let Some(partner) = &self.partner {
            known("partner", partner, workspace.partners.keys(), Code::Usage)?;
            let of_partner = workspace.flows.values().filter(|flow| flow.partner == *partner).map(|flow| flow.id.clone());
            flows = match &self.flow {
                // Both given, both must hold.
                Some(flow) => of_partner.filter(|id| id == flow).collect(),
                None => of_partner.collect(),
            };
            if flows.is_empty() {
                return Err(Problem::new(Code::Usage, format!("partner `{partner}` has no such flow")));
            }
        }
        let stages = self.stages.iter().map(|text| stage(text)).collect::<Result<Vec<_>, _>>()?;
        let time = |text: &Option<String>| text.as_deref().map(|text| moment(text, now)).transpose();
        Ok(Filter {
            flows,
            stages,
            since: time(&self.since)?,
            until: time(&self.until)?,
            text: self.find.clone(),
            cause: self.cause.clone(),
            answer: self.answer.as_deref().map(|text| answer(text, now)).transpose()?,
            // A cause includes all its messages.
            answers: self.with_answers || self.cause.is_some(),
            limit,
            ..Filter::default()
        })
    }
}

fn known<'n>(what: &str, name: &str, mut names: impl Iterator<Item = &'n String> + Clone, code: Code) -> Result<(), Problem> {
    if names.clone().any(|known| known == name) {
        return Ok(());
    }
    let hint = did_you_mean(name, names.clone().map(String::as_str));
    let all: Vec<&str> = names.by_ref().map(String::as_str).collect();
    Err(Problem::new(code, format!("there is no {what} `{}`", cut(name)))
        .hint(hint.unwrap_or_else(|| format!("{what}s: {}", all.join(", ")).into())))
}

/// The acknowledgement status of a name; `overdue` means open and due before now.
fn answer(text: &str, now: DateTime<Utc>) -> Result<Wanted, Problem> {
    if text == "overdue" {
        return Ok(Wanted { replies: vec![AckStatus::Awaited, AckStatus::Pending], due: Some(now) });
    }
    let known = || AckStatus::ALL.map(AckStatus::as_str).into_iter().chain(["overdue"]);
    let reply = AckStatus::parse(text).ok_or_else(|| {
        let hint = did_you_mean(text, known()).unwrap_or_else(|| known().collect::<Vec<_>>().join(", ").into());
        Problem::new(Code::Usage, format!("there is no acknowledgement status `{}`", cut(text))).hint(hint)
    })?;
    Ok(Wanted { replies: vec![reply], due: None })
}

/// The stage of a name.
///
/// # Errors
/// There is no such stage.
pub fn stage(text: &str) -> Result<Stage, Problem> {
    Stage::parse(text).ok_or_else(|| {
        let hint = did_you_mean(text, Stage::ALL.map(Stage::as_str)).unwrap_or_else(|| Stage::ALL.map(Stage::as_str).join(", ").into());
        Problem::new(Code::Usage, format!("there is no stage `{}`", cut(text))).hint(hint)
    })
}

/// A time: a day, a day and time (both in UTC), RFC 3339, or an age.
///
/// # Errors
/// It has none of these formats.
pub fn moment(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    let text = text.trim();
    let ago = || {
        let (number, unit) = text.split_at(text.char_indices().last()?.0);
        let number: i64 = number.trim().parse().ok().filter(|number| (0..=1_000_000).contains(number))?;
        let span = match unit {
            "m" => TimeDelta::try_minutes(number),
            "h" => TimeDelta::try_hours(number),
            "d" => TimeDelta::try_days(number),
            _ => None,
        };
        now.checked_sub_signed(span?)
    };
    let day = || text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|at| at.and_utc());
    let time = || {
        ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|at| at.and_utc())
    };
    let full = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    ago().or_else(day).or_else(time).or_else(full).ok_or_else(|| {
        Problem::new(Code::Usage, format!("`{}` is not a time", cut(text)))
            .hint("write 2026-11-27, \"2026-11-27 10:00\" (UTC), or an age: 30m, 2h, 7d")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_day_a_moment_or_how_long_ago() {
        let now = moment("2026-11-27T12:00:00Z", Utc::now()).expect("a time");
        let at = |text: &str| moment(text, now).map(|at| at.to_rfc3339()).unwrap_or_else(|problem| problem.message.into());
        assert_eq!(at("2026-11-26"), "2026-11-26T00:00:00+00:00");
        assert_eq!(at("2026-11-26 08:30"), "2026-11-26T08:30:00+00:00");
        assert_eq!(at("2h"), "2026-11-27T10:00:00+00:00");
        assert_eq!(at("7d"), "2026-11-20T12:00:00+00:00");
        assert_eq!(at("2026-11-26T08:30:00+02:00"), "2026-11-26T06:30:00+00:00");
        for wrong in ["", "yesterday", "-2h", "9999999999d", "h", "2026-13-01"] {
            assert_eq!(at(wrong), format!("`{wrong}` is not a time"));
        }
    }
}
