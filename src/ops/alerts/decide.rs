//! Decides which conditions are news. A pure function of the known alerts, the current conditions and the time.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{condition::AlertCondition, rules::Looked};
use crate::{
    config::Alerts,
    journal::{Alert, Decided},
};

/// Minimum time between two notices, whatever their subjects: alerts raised together are sent together.
const PAUSE: TimeDelta = TimeDelta::minutes(5);

/// State of an alert in a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The alert is new.
    New,
    /// The count has grown since the last notice.
    More,
    /// The alert is still active: a reminder.
    Lasts,
    /// The alert has resolved.
    Over,
}

impl State {
    /// The state as text for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::More => "more",
            Self::Lasts => "still",
            Self::Over => "recovered",
        }
    }
}

/// An alert to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct News {
    /// Its state.
    pub state: State,
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
}

/// Decides which alerts are news, and which are remembered.
pub fn decide(known: Vec<Alert>, looked: &Looked, settings: &Alerts, now: DateTime<Utc>) -> (Decided, Vec<News>) {
    let cool_down = TimeDelta::from_std(settings.cool_down).unwrap_or(TimeDelta::hours(1));
    let remind = TimeDelta::from_std(settings.remind).unwrap_or(TimeDelta::hours(24));
    let pauses = known.iter().filter_map(|alert| alert.reported).max().is_some_and(|last| now - last < PAUSE.min(cool_down));
    let mut known: HashMap<String, Alert> = known.into_iter().map(|alert| (alert.key.clone(), alert)).collect();
    let (mut decided, mut news) = (Decided::default(), Vec::new());
    for condition in &looked.conditions {
        let mut alert = known.remove(&condition.key).unwrap_or_else(|| begun(condition, now));
        // If its recovery was not sent, the alert has never resolved.
        if alert.ended.take().is_some() && alert.reported_count == 0 {
            alert = Alert { reported: alert.reported, ..begun(condition, now) };
        }
        (alert.text, alert.hint, alert.count) = (condition.text.clone(), Some(condition.hint.clone()), condition.count);
        let state = match alert.reported {
            _ if pauses || alert.muted => None,
            None => Some(State::New),
            Some(reported) if now - reported < cool_down => None,
            Some(_) if alert.reported_count == 0 => Some(State::New),
            Some(_) if alert.count > alert.reported_count => Some(State::More),
            Some(reported) if now - reported >= remind => Some(State::Lasts),
            Some(_) => None,
        };
        if let Some(state) = state {
            (alert.reported, alert.reported_count) = (Some(now), alert.count.max(1));
            news.push(News { state, alert: alert.clone() });
        }
        decided.alerts.push(alert);
    }
    let mut over: Vec<Alert> = known.into_values().filter(|alert| !looked.unseen.contains(&alert.key)).collect();
    over.sort_by(|a, b| a.key.cmp(&b.key));
    for mut alert in over {
        let ended = *alert.ended.get_or_insert(now);
        if alert.reported_count > 0 && !alert.muted {
            if pauses {
                decided.alerts.push(alert);
                continue;
            }
            (alert.reported, alert.reported_count) = (Some(now), 0);
            news.push(News { state: State::Over, alert: alert.clone() });
        }
        // An alert that comes and goes is not sent each time: it is remembered until the cool-down is over.
        match alert.reported.is_some_and(|reported| now - reported.max(ended) < cool_down) {
            true => decided.alerts.push(alert),
            false => decided.forgotten.push(alert.key),
        }
    }
    (decided, news)
}

fn begun(condition: &AlertCondition, now: DateTime<Utc>) -> Alert {
    Alert {
        key: condition.key.clone(),
        kind: condition.kind.to_string(),
        flow: condition.flow.clone(),
        text: condition.text.clone(),
        hint: Some(condition.hint.clone()),
        count: condition.count,
        since: condition.since.unwrap_or(now),
        reported: None,
        reported_count: 0,
        ended: None,
        muted: false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(count: u64) -> Looked {
        let conditions = (count > 0).then(|| AlertCondition {
            key: "failed/f".into(),
            kind: "failed",
            flow: Some("f".into()),
            text: format!("{count} failed"),
            hint: "look".into(),
            count,
            since: None,
        });
        Looked { conditions: conditions.into_iter().collect(), unseen: Vec::new() }
    }

    /// The states sent, each with its minute, if the counts are one minute apart.
    fn reported(counts: &[u64]) -> Vec<(usize, State)> {
        let (mut known, mut all) = (Vec::new(), Vec::new());
        for (minute, count) in counts.iter().enumerate() {
            let now = DateTime::UNIX_EPOCH + TimeDelta::minutes(i64::try_from(minute).expect("small"));
            let (decided, news) = decide(known, &seen(*count), &Alerts::default(), now);
            known = decided.alerts;
            all.extend(news.iter().map(|news| (minute, news.state)));
        }
        all
    }

    #[test]
    fn what_begins_is_told_at_once_and_what_grows_after_the_pause() {
        let mut counts = vec![0, 1];
        counts.extend([17; 90]);
        assert_eq!(reported(&counts), [(1, State::New), (61, State::More)]);
    }

    #[test]
    fn what_lasts_is_told_again_after_a_day_and_its_end_as_well() {
        let mut counts = vec![3; 1441];
        counts.extend([0; 10]);
        assert_eq!(reported(&counts), [(0, State::New), (1440, State::Lasts), (1445, State::Over)]);
    }

    #[test]
    fn what_comes_and_goes_is_told_once_an_hour() {
        let counts: Vec<u64> = (0..180).map(|minute| u64::from(minute % 2 == 0)).collect();
        let reported = reported(&counts);
        assert!(reported.len() <= 6, "{reported:?}");
        assert!(reported.contains(&(0, State::New)));
    }

    #[test]
    fn what_could_not_be_looked_at_is_not_over() {
        let (decided, _) = decide(Vec::new(), &seen(1), &Alerts::default(), DateTime::UNIX_EPOCH);
        let unseen = Looked { conditions: Vec::new(), unseen: vec!["failed/f".into()] };
        let later = DateTime::UNIX_EPOCH + TimeDelta::hours(5);
        let (after, news) = decide(decided.alerts, &unseen, &Alerts::default(), later);
        assert!(news.is_empty() && after.forgotten.is_empty());
    }

    proptest! {
        #[test]
        fn there_is_never_a_flood_and_no_end_without_a_beginning(counts in prop::collection::vec(0u64..5, 1..400)) {
            let reported = reported(&counts);
            for window in reported.windows(3) {
                prop_assert!(window[2].0 - window[0].0 >= 55, "three within the hour: {reported:?}");
            }
            let mut on = false;
            for (_, state) in &reported {
                match state {
                    State::New => { prop_assert!(!on); on = true; }
                    State::Over => { prop_assert!(on); on = false; }
                    State::More | State::Lasts => prop_assert!(on),
                }
            }
        }

        #[test]
        fn what_lasts_for_an_hour_is_always_told(counts in prop::collection::vec(0u64..3, 0..200)) {
            let mut counts = counts;
            counts.extend([1; 70]);
            let reported = reported(&counts);
            let last = reported.iter().rfind(|(_, state)| matches!(state, State::New | State::Over));
            prop_assert_eq!(last.map(|(_, state)| *state), Some(State::New));
        }
    }
}
