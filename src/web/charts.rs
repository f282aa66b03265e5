//! Charts of a flow's newest messages: how long each took from its arrival to done, and how long the partner was silent between them.
//! Each says in words what it shows.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::{journal::Arrival, model::lasting::lasting};

/// Messages in the charts.
pub(super) const NEWEST: u32 = 60;
/// Height of a chart.
const HEIGHT: f64 = 40.0;

/// A chart of time spans. Heights follow the logarithm: seconds and days fit into one chart.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Spans {
    /// What it shows, in words.
    pub words: String,
    pub bars: Vec<Span>,
}

/// One bar; `height` is 1 to 40.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Span {
    pub x: u64,
    pub height: u64,
    /// Its message and time, in words.
    pub words: String,
    /// The end of this time span is not known yet.
    pub open: bool,
}

/// The time from arrival to done of each message; nothing before the first.
pub(super) fn until_done(arrivals: &[Arrival], now: DateTime<Utc>) -> Option<Spans> {
    let spans: Vec<(Duration, bool, String)> = arrivals
        .iter()
        .filter(|arrival| arrival.done.is_some() || !arrival.is_discarded)
        .map(|arrival| {
            let span = between(arrival.received, arrival.done.unwrap_or(now));
            let words = match arrival.done {
                Some(_) => format!("{}: done after {}", minute(arrival.received), lasting(span)),
                None => format!("{}: not done after {}", minute(arrival.received), lasting(span)),
            };
            (span, arrival.done.is_none(), words)
        })
        .collect();
    let mut known: Vec<Duration> = spans.iter().filter(|(_, open, _)| !open).map(|(span, _, _)| *span).collect();
    known.sort_unstable();
    let open = spans.len() - known.len();
    let done = match (known.get(known.len() / 2), known.last()) {
        (Some(only), _) if known.len() == 1 => format!("done after {}", lasting(*only)),
        (Some(median), Some(longest)) => format!("half are done within {}, the slowest took {}", lasting(*median), lasting(*longest)),
        _ => "none is done yet".to_string(),
    };
    let rest = if open > 0 && open < spans.len() { format!(", {open} not done") } else { String::new() };
    drawn(format!("Last {}: {done}{rest}", messages(spans.len())), spans)
}

/// The time between each message and the one before, and since the last one; nothing before the first.
pub(super) fn silence(arrivals: &[Arrival], now: DateTime<Utc>) -> Option<Spans> {
    let last = arrivals.last()?;
    let mut spans: Vec<(Duration, bool, String)> = arrivals
        .windows(2)
        .map(|pair| {
            let [before, after] = pair else { return (Duration::ZERO, false, String::new()) };
            let span = between(before.received, after.received);
            (span, false, format!("nothing for {} before {}", lasting(span), minute(after.received)))
        })
        .collect();
    let longest = spans.iter().map(|(span, _, _)| *span).max();
    let now_silent = between(last.received, now);
    let longest = match longest {
        Some(longest) => format!("; longest time without one before: {}", lasting(longest)),
        None => String::new(),
    };
    spans.push((now_silent, true, format!("nothing for {} since {}", lasting(now_silent), minute(last.received))));
    drawn(format!("Last message {} ago{longest}", lasting(now_silent)), spans)
}

fn drawn(words: String, spans: Vec<(Duration, bool, String)>) -> Option<Spans> {
    let size = |span: Duration| (1.0 + span.as_secs_f64()).ln();
    let most = spans.iter().map(|(span, _, _)| size(*span)).fold(1.0, f64::max);
    let bars = (0..).zip(spans).map(|(number, (span, open, words))| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 40")]
        let height = (size(span) / most * HEIGHT).round() as u64;
        Span { x: number * 5, height: height.max(1), words, open }
    });
    let bars: Vec<Span> = bars.collect();
    (!bars.is_empty()).then_some(Spans { words, bars })
}

fn messages(count: usize) -> String {
    if count == 1 { "message".into() } else { format!("{count} messages") }
}

/// Clocks may have been set back.
fn between(from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
    (to - from).max(TimeDelta::zero()).to_std().unwrap_or_default()
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MessageId;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn arrival(received: i64, done: Option<i64>) -> Arrival {
        Arrival { message: MessageId::new(), received: at(received), done: done.map(at), is_discarded: false }
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let arrivals = [arrival(0, Some(3)), arrival(10, Some(11)), arrival(400, None)];
        let done = until_done(&arrivals, at(500)).expect("a chart");
        assert_eq!(done.words, "Last 3 messages: half are done within 3 minutes, the slowest took 3 minutes, 1 not done");
        assert_eq!(done.bars[2].words, "1970-01-01 06:40 UTC: not done after 100 minutes");
        assert!(done.bars[2].open && done.bars[2].height == 40, "{done:?}");
        assert!(done.bars[1].height < done.bars[0].height, "{done:?}");
        let silence = silence(&arrivals, at(430)).expect("a chart");
        assert_eq!(silence.words, "Last message 30 minutes ago; longest time without one before: 6 hours");
        assert_eq!(silence.bars.iter().map(|bar| bar.open).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!(silence.bars[1].words, "nothing for 6 hours before 1970-01-01 06:40 UTC");
    }

    #[test]
    fn what_was_discarded_is_not_waited_for() {
        let arrivals = [arrival(0, Some(1)), Arrival { is_discarded: true, ..arrival(2, None) }];
        assert_eq!(until_done(&arrivals, at(9)).expect("a chart").words, "Last message: done after 60 s");
        assert_eq!(silence(&arrivals, at(9)).expect("a chart").bars.len(), 2, "it arrived all the same");
    }

    #[test]
    fn the_first_message_and_none_have_their_words_too() {
        assert_eq!((until_done(&[], at(0)), silence(&[], at(0))), (None, None));
        let first = [arrival(0, None)];
        assert_eq!(until_done(&first, at(1)).expect("a chart").words, "Last message: none is done yet");
        assert_eq!(silence(&first, at(1)).expect("a chart").words, "Last message 60 s ago");
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_negative_span() {
        let back = [arrival(10, Some(5)), arrival(5, Some(6))];
        assert!(until_done(&back, at(0)).expect("a chart").bars.iter().all(|bar| (1..=40).contains(&bar.height)));
        assert_eq!(silence(&back, at(0)).expect("a chart").words, "Last message 0 s ago; longest time without one before: 0 s");
    }
}
