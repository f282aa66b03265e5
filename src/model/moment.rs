//! Dates and times as partners write them. CSV columns and mappings read them here.

use chrono::{
    DateTime, Datelike as _, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _,
    format::{Item, Parsed, StrftimeItems, parse},
};

/// Years of business documents. A year outside comes from a format that does not fit, such as `%Y` for two digits.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;
/// Price lists and agreements without an end have this one.
const NO_END: (i32, u32, u32) = (9999, 12, 31);
/// Years of two digits from this one on are of the last century, as POSIX has it.
pub const PIVOT: u32 = 69;
/// The largest offset of a time zone (XML Schema Part 2, 3.2.7).
const FARTHEST: i32 = 14 * 3600;

/// A date or a time as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// A day.
    Day(NaiveDate),
    /// A day and a time of some zone.
    Local(NaiveDateTime),
    /// A moment: a time with its offset from UTC.
    Instant(DateTime<FixedOffset>),
}

impl Written {
    /// The day that is written.
    pub fn day(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Local(at) => at.date(),
            Self::Instant(at) => at.date_naive(),
        }
    }

    fn is_plausible(self) -> bool {
        let is_leap_second = match self {
            Self::Day(_) => false,
            Self::Local(at) => at.nanosecond() >= 1_000_000_000,
            Self::Instant(at) => at.nanosecond() >= 1_000_000_000,
        };
        let day = self.day();
        let has_no_end = NaiveDate::from_ymd_opt(NO_END.0, NO_END.1, NO_END.2) == Some(day);
        (YEARS.contains(&day.year()) || has_no_end) && !is_leap_second
    }
}

/// Reads a text by a format of strftime. Two-digit years from `pivot` on are of the last century.
///
/// `None` if it does not fit, if there is no such day, or if its year is outside 1900 to 2200.
pub fn by_format(text: &str, format: &str, pivot: u32) -> Option<Written> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, StrftimeItems::new(format)).ok()?;
    if let (Some(short), None) = (parsed.year_mod_100(), parsed.year()) {
        let century = if short >= i32::try_from(pivot).ok()? { 19 } else { 20 };
        // A format may name the century too.
        if parsed.year_div_100().is_none() {
            parsed.set_year_div_100(century).ok()?;
        }
    }
    let has_time = parsed.hour_div_12().is_some() || parsed.hour_mod_12().is_some() || parsed.minute().is_some();
    let written = match (has_time || parsed.timestamp().is_some(), parsed.offset()) {
        (true, Some(_)) => Written::Instant(parsed.to_datetime().ok()?),
        (true, None) if parsed.timestamp().is_some() => {
            Written::Instant(parsed.to_naive_datetime_with_offset(0).ok()?.and_utc().fixed_offset())
        }
        // A time of which a part is missing is none: it would be midnight.
        (true, None) => Written::Local(parsed.to_naive_datetime_with_offset(0).ok()?),
        (false, _) => Written::Day(parsed.to_naive_date().ok()?),
    };
    Some(written).filter(|written| written.is_plausible())
}

/// Reads a date or time as ISO 8601 and XML Schema write it: `2026-03-01`, `2026-03-01+01:00`, `2026-03-01T08:00:00Z`. Hour 24 ends
/// the day (XML Schema Part 2, 3.2.7.1).
pub fn iso(text: &str) -> Option<Written> {
    let day = NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()?;
    let rest = text.get(10..)?;
    let written = match rest.strip_prefix(['T', ' ']) {
        None => match offset(rest)? {
            None => Written::Day(day),
            Some(zone) => Written::Instant(day.and_time(NaiveTime::MIN).and_local_timezone(zone).single()?),
        },
        Some(time) => {
            let at = time.find(['Z', '+', '-']).unwrap_or(time.len());
            let (clock, zone) = time.split_at_checked(at)?;
            let local = match clock.split_once('.').map_or((clock, ""), |(clock, part)| (clock, part)) {
                ("24:00:00", part) if part.bytes().all(|byte| byte == b'0') => day.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN),
                _ => day.and_time(["%H:%M:%S%.f", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(clock, form).ok())?),
            };
            match offset(zone)? {
                None => Written::Local(local),
                Some(zone) => Written::Instant(local.and_local_timezone(zone).single()?),
            }
        }
    };
    Some(written).filter(|written| written.is_plausible())
}

/// The day that a text names, where only the day is wanted: that of hour 24 is the day that it ends.
pub fn iso_day(text: &str) -> Option<NaiveDate> {
    iso(text)?;
    NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()
}

/// `Z`, `+01:00` or nothing. The outer `None` is for what is neither.
#[expect(clippy::option_option, reason = "no offset is a valid one")]
fn offset(text: &str) -> Option<Option<FixedOffset>> {
    if text.is_empty() {
        return Some(None);
    }
    if text == "Z" {
        return Some(FixedOffset::east_opt(0));
    }
    let (sign, clock) = match text.split_at_checked(1)? {
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let is_two_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) = clock.split_once(':').filter(|(hours, minutes)| is_two_digits(hours) && is_two_digits(minutes))?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = hours * 3600 + minutes * 60;
    ((0..60).contains(&minutes) && (0..=FARTHEST).contains(&seconds)).then(|| FixedOffset::east_opt(sign * seconds))
}

/// Why a format of strftime cannot be used, if it cannot.
pub fn wrong_format(format: &str) -> Option<String> {
    if format.contains("%Z") {
        return Some(
            "`%Z` cannot be read: names of zones such as EST are not unique. Use `%z` for an offset, and `zone` for times without one"
                .into(),
        );
    }
    if StrftimeItems::new(format).any(|item| matches!(item, Item::Error)) {
        return Some(format!("`{format}` is not a date format: write it as `%d.%m.%Y`"));
    }
    // What the format writes, it must read: all of a day, and of a time if it has one.
    let moment = NaiveDate::from_ymd_opt(2026, 11, 23).and_then(|day| day.and_hms_opt(13, 45, 30))?.and_utc();
    let is_read = match by_format(&moment.format(format).to_string(), format, PIVOT) {
        Some(Written::Day(day)) => day == moment.date_naive(),
        Some(Written::Local(at)) => at.date() == moment.date_naive() && at.hour() == 13,
        Some(Written::Instant(at)) => at.date_naive() == moment.date_naive() && at.hour() == 13,
        None => false,
    };
    (!is_read).then(|| format!("`{format}` does not read a day: it needs a year, a month and a day, and a time needs hours and minutes"))
}

/// Whether a text in the form of [`iso`] has a time, and not only a day with a zone.
pub fn has_time(text: &str) -> bool {
    matches!(text.as_bytes().get(10), Some(b'T' | b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str, format: &str) -> Option<String> {
        by_format(text, format, PIVOT).map(|written| written.day().to_string())
    }

    #[test]
    fn a_year_has_the_digits_that_the_format_asks_for() {
        for (text, format, right) in [
            ("01.03.2026", "%d.%m.%Y", Some("2026-03-01")),
            ("01.03.26", "%d.%m.%Y", None),
            ("01.03.226", "%d.%m.%Y", None),
            ("01.03.0026", "%d.%m.%Y", None),
            ("01.03.20266", "%d.%m.%Y", None),
            ("26-03-01", "%Y-%m-%d", None),
            ("01.03.26", "%d.%m.%y", Some("2026-03-01")),
            ("01.03.68", "%d.%m.%y", Some("2068-03-01")),
            ("01.03.69", "%d.%m.%y", Some("1969-03-01")),
            ("01.03.2026", "%d.%m.%y", None),
            ("01032026", "%d%m%Y", Some("2026-03-01")),
            ("010326", "%d%m%y", Some("2026-03-01")),
            ("31.02.2026", "%d.%m.%Y", None),
            ("31.12.1899", "%d.%m.%Y", None),
            ("31.12.9999", "%d.%m.%Y", Some("9999-12-31")),
            ("30.12.9999", "%d.%m.%Y", None),
            ("01.03.2026 14", "%d.%m.%Y %H", None),
            ("01.01.2201", "%d.%m.%Y", None),
        ] {
            assert_eq!(day(text, format).as_deref(), right, "{text} by {format}");
        }
        assert_eq!(by_format("01.03.68", "%d.%m.%y", 30).map(|written| written.day().year()), Some(1968), "another pivot");
        assert_eq!(
            by_format("01.03.2026 08:15", "%d.%m.%Y %H:%M", PIVOT),
            NaiveDate::from_ymd_opt(2026, 3, 1).and_then(|day| day.and_hms_opt(8, 15, 0)).map(Written::Local)
        );
        assert!(matches!(by_format("01.03.2026 08:15 +0500", "%d.%m.%Y %H:%M %z", PIVOT), Some(Written::Instant(_))));
    }

    #[test]
    fn iso_is_read_to_its_edges_and_no_further() {
        let at = |text: &str| match iso(text) {
            Some(Written::Day(day)) => day.to_string(),
            Some(Written::Local(at)) => at.to_string(),
            Some(Written::Instant(at)) => at.to_utc().to_string(),
            None => "-".into(),
        };
        for (text, right) in [
            ("2026-03-01", "2026-03-01"),
            ("2026-03-01Z", "2026-03-01 00:00:00 UTC"),
            ("2026-03-01+02:00", "2026-02-28 22:00:00 UTC"),
            ("2026-03-01T08:00:00", "2026-03-01 08:00:00"),
            ("2026-03-01 08:00:00", "2026-03-01 08:00:00"),
            ("2026-03-01T08:00:00.123+01:00", "2026-03-01 07:00:00.123 UTC"),
            ("2026-03-01T24:00:00", "2026-03-02 00:00:00"),
            ("2026-12-31T24:00:00.00Z", "2027-01-01 00:00:00 UTC"),
            ("2026-02-28T24:00:00", "2026-03-01 00:00:00"),
            ("2026-03-01T24:00:01", "-"),
            ("2026-03-01T24:01:00", "-"),
            ("2026-03-01T23:59:60", "-"),
            ("2026-03-01T08:00:00+99:99", "-"),
            ("2026-03-01T08:00:00++1:00", "-"),
            ("2026-03-01T08:00:00+14:01", "-"),
            ("2026-03-01T08:00:00+14:00", "2026-02-28 18:00:00 UTC"),
            ("2026-03-01Tomorrow", "-"),
            ("2026-03-01 or so", "-"),
            ("2026-03-01T", "-"),
            ("2026-02-30", "-"),
            ("0026-03-01", "-"),
            ("26-03-01", "-"),
            ("2026-3-1", "-"),
            ("+2026-03-01", "-"),
            ("2026-03-0é", "-"),
        ] {
            assert_eq!(at(text), right, "{text}");
        }
        assert_eq!(iso_day("2026-03-01T24:00:00").map(|day| day.to_string()).as_deref(), Some("2026-03-01"), "the day that ends");
    }

    #[test]
    fn a_format_names_a_day_and_no_zone_by_name() {
        for format in
            ["%d.%m.%Y", "%d.%m.%y %H:%M", "%F", "%Y%m%dT%H%M%S%z", "%d %b %Y", "%Y-%j", "%-d.%-m.%Y", "%_d.%_m.%Y", "%I:%M %p %D", "%s"]
        {
            assert_eq!(wrong_format(format), None, "{format}");
        }
        for format in ["%Y-%m-%d %Z", "%Q", "dd.mm.yyyy", "%H:%M", "%d.%m.", "%d.%m.%Y %H", "%d.%m.%Y %I:%M"] {
            assert!(wrong_format(format).is_some(), "{format}");
        }
    }
}
