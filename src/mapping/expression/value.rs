//! Values of expressions. A number is exact: nothing is rounded between the document and Odoo.

use minijinja::value::ValueKind as Kind;
use rust_decimal::Decimal;
use serde_json::{Number as JsonNumber, Value as Json};

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    None,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Value>),
}

/// A number. As a text, one of a type with decimals has a decimal point (`7.0`), as XML Schema writes it (Part 2, 3.2.3.2), however the
/// document spells it. A whole number of the document keeps its spelling: it may be a code.
#[derive(Debug, Clone)]
pub(super) struct Number {
    pub(super) value: Decimal,
    /// Its type has decimals.
    pub(super) has_decimals: bool,
    /// How the document spells a whole number, if that is not the usual way: with leading zeros or a plus sign.
    spelling: Option<String>,
}

/// Decimals that count when two numbers are compared. A quotient has 28, of which the last ones are rounded.
const SETTLED: u32 = 20;

impl Number {
    pub(super) fn new(value: Decimal, has_decimals: bool) -> Self {
        Self { value, has_decimals, spelling: None }
    }

    pub(super) fn whole(value: Decimal) -> Self {
        Self::new(value, false)
    }

    pub(super) fn decimal(value: Decimal) -> Self {
        Self::new(value, true)
    }

    /// A whole number as a document spells it.
    pub(super) fn spelt(value: Decimal, text: &str) -> Self {
        Self { spelling: Some(text.trim().to_string()).filter(|text| *text != value.to_string()), ..Self::whole(value) }
    }

    /// The value without what a division has left: 7 / 3 * 3 is 7.
    pub(super) fn settled(&self) -> Decimal {
        self.value.round_dp(SETTLED).normalize()
    }
}

/// A number in any spelling that XML Schema allows for `xs:decimal`: a sign, leading zeros, `12.`, `.5`, blanks around it. Digits beyond
/// the 28th are rounded.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number =
        !(whole.is_empty() && fraction.is_empty()) && [whole, fraction].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if !is_number {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    // 28 digits are kept, so more decimals than that cannot count.
    let fraction: String = fraction.chars().take(30).collect();
    format!("{sign}{whole}.{fraction}0").parse().ok().map(|number: Decimal| number.normalize())
}

/// A number of a type that may also write `1.5E3`, as `xs:double` does.
pub(super) fn scientific(text: &str) -> Option<Decimal> {
    decimal(text).or_else(|| {
        let (mantissa, exponent) = text.trim().split_once(['e', 'E'])?;
        let (mantissa, exponent) = (decimal(mantissa)?, exponent.parse::<i32>().ok()?);
        // Beyond 28 places nothing is left of it, and above it is too large.
        let shift = |by: fn(Decimal, Decimal) -> Option<Decimal>| {
            (0..exponent.unsigned_abs().min(60)).try_fold(mantissa, |number, _| by(number, Decimal::TEN))
        };
        let number = if exponent < 0 {
            shift(Decimal::checked_div)
        } else if mantissa.is_zero() {
            Some(mantissa)
        } else {
            shift(Decimal::checked_mul)
        };
        number.map(|number| number.normalize())
    })
}

impl Value {
    /// A plain value; a text stays a text.
    pub(super) fn of(json: &Json) -> Self {
        match json {
            Json::Null => Self::None,
            Json::Bool(is) => Self::Bool(*is),
            Json::Number(number) => match scientific(&number.to_string()) {
                Some(value) => Self::Number(Number::new(value, number.is_f64())),
                None => Self::Text(number.to_string()),
            },
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(all) => Self::List(all.iter().map(Self::of).collect()),
            Json::Object(_) => Self::Text(json.to_string()),
        }
    }

    /// The value as a plan holds it; a whole number has no decimal point.
    ///
    /// # Errors
    /// It is a list, or a number that Odoo cannot store.
    pub(super) fn json(&self) -> Result<Json, String> {
        Ok(match self {
            Self::None => Json::Null,
            Self::Bool(is) => Json::Bool(*is),
            Self::Text(text) => Json::String(text.clone()),
            Self::List(_) => return Err("the result is a list, not a single value: choose one, or join them".into()),
            Self::Number(Number { spelling: Some(text), .. }) => Json::String(text.clone()),
            Self::Number(number) => {
                let value = number.settled();
                match i64::try_from(value) {
                    Ok(whole) if value.scale() == 0 => Json::Number(JsonNumber::from(whole)),
                    // A code that is too long to be a number.
                    _ if value.scale() == 0 && !number.has_decimals => Json::String(value.to_string()),
                    _ => {
                        let number = value.to_string().parse().ok().and_then(JsonNumber::from_f64);
                        Json::Number(number.ok_or("the result is not a number that Odoo can store")?)
                    }
                }
            }
        })
    }

    /// As in Jinja: nothing, zero, and what is empty are false.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(is) => *is,
            Self::Number(number) => !number.value.is_zero(),
            Self::Text(text) => !text.is_empty(),
            Self::List(all) => !all.is_empty(),
        }
    }

    /// The value as a text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::None => "none".into(),
            Self::Bool(is) => is.to_string(),
            Self::Text(text) => text.clone(),
            Self::Number(Number { spelling: Some(text), .. }) => text.clone(),
            Self::Number(number) => match number.settled() {
                value if value.scale() == 0 && number.has_decimals => format!("{value}.0"),
                value => value.to_string(),
            },
            Self::List(all) => format!("[{}]", all.iter().map(Self::text).collect::<Vec<_>>().join(", ")),
        }
    }

    /// What it is, for a sentence.
    pub(super) fn described(&self) -> String {
        match self {
            Self::None => "a missing value".into(),
            Self::Bool(_) => "true or false".into(),
            Self::Number(_) => format!("the number {}", self.text()),
            Self::Text(text) => format!("the text `{}`", crate::model::problem::cut(text)),
            Self::List(_) => "a list".into(),
        }
    }

    /// For the filters and tests of minijinja.
    pub(super) fn to_jinja(&self) -> minijinja::Value {
        match self {
            Self::None => minijinja::Value::from(()),
            Self::Bool(is) => (*is).into(),
            Self::Text(text) => text.as_str().into(),
            Self::List(all) => all.iter().map(Self::to_jinja).collect(),
            Self::Number(number) => match (number.has_decimals, i64::try_from(number.value)) {
                _ if number.spelling.is_some() => self.text().into(),
                (false, Ok(whole)) if number.value.fract().is_zero() => whole.into(),
                (false, Err(_)) => self.text().into(),
                _ => number.value.to_string().parse::<f64>().unwrap_or(f64::NAN).into(),
            },
        }
    }

    /// What a filter of minijinja made.
    ///
    /// # Errors
    /// It is no plain value.
    pub(super) fn of_jinja(value: &minijinja::Value) -> Result<Self, String> {
        Ok(match value.kind() {
            Kind::Undefined | Kind::None => Self::None,
            Kind::Bool => Self::Bool(value.is_true()),
            Kind::String => Self::Text(value.to_string()),
            Kind::Number => {
                let number = scientific(&value.to_string()).ok_or("the result is not a number")?;
                Self::Number(Number::new(number, !value.is_integer()))
            }
            Kind::Seq | Kind::Iterable => {
                let all = value.try_iter().map_err(|error| error.to_string())?;
                Self::List(all.map(|one| Self::of_jinja(&one)).collect::<Result<_, _>>()?)
            }
            _ => return Err("the result is not a plain value".into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_the_same_in_every_spelling() {
        for text in ["12.5", "0012.50", "+12.5", " 12.500\n", "000000000012.5000000000000"] {
            assert_eq!(decimal(text).map(|number| number.to_string()).as_deref(), Some("12.5"), "{text}");
        }
        for (text, right) in [("12.", "12"), (".5", "0.5"), ("-0", "0"), ("-.25", "-0.25"), ("33.333333333333336", "33.333333333333336")] {
            assert_eq!(decimal(text).map(|number| number.to_string()).as_deref(), Some(right), "{text}");
        }
        for text in ["", "+", ".", "1.2.3", "1,5", "1e5", "12 50", "0x10", "--1", "１２"] {
            assert_eq!(decimal(text), None, "{text}");
        }
        for (text, right) in [
            ("1.5E3", "1500"),
            ("-2e-2", "-0.02"),
            ("5.551115123125783E-17", "0.0000000000000000555111512313"),
            ("0E-30", "0"),
            ("1E-99", "0"),
        ] {
            assert_eq!(scientific(text).map(|number| number.to_string()).as_deref(), Some(right), "{text}");
        }
        for text in ["1E99", "E5", "1E", "INF", "NaN", "1E5.5"] {
            assert_eq!(scientific(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_reaches_the_plan_as_it_is() {
        let json = |text: &str| Value::Number(Number::decimal(decimal(text).expect("a number"))).json();
        assert_eq!(json("120.00"), Ok(json!(120)));
        assert_eq!(json("0.1"), Ok(json!(0.1)));
        assert_eq!(json("33.333333333333336"), Ok(json!(33.333_333_333_333_336)));
        assert_eq!(Value::of(&json!(7.0)).text(), "7.0");
        assert_eq!(Value::of(&json!(7)).text(), "7");
        let code = |text: &str| Value::Number(Number::spelt(decimal(text).expect("a number"), text));
        assert_eq!((code("00815").text(), code("00815").json()), ("00815".to_string(), Ok(json!("00815"))), "a code keeps its zeros");
        assert_eq!(code("12345678901234567890").json(), Ok(json!("12345678901234567890")), "too long for a number");
        assert_eq!(code("815").json(), Ok(json!(815)));
    }
}
