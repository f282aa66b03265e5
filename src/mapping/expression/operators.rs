//! What operators do. Arithmetic takes numbers, `<` and `>` take numbers or dates, and `~` joins texts. Nothing else is guessed: a text
//! is never repeated, and its letters never decide which of two is larger.

use std::cmp::Ordering;

use minijinja::machinery::ast::{BinOpKind, CompareOpKind};
use rust_decimal::{Decimal, RoundingStrategy};

use super::value::{Number, Value, decimal};

/// The largest exponent of a power.
const MOST_POWER: u32 = 64;

/// The number of an operand.
///
/// # Errors
/// It is no number.
pub(super) fn number(value: &Value, operator: &str) -> Result<Number, String> {
    match value {
        Value::Number(number) => Ok(number.clone()),
        other => {
            let convert = match other {
                Value::Text(_) => "; read it with `as = \"decimal\"`, or join texts with `~`",
                Value::None => "; give a value for this case, such as `(x or 0)`",
                _ => "",
            };
            Err(format!("`{operator}` takes numbers, not {}{convert}", other.described()))
        }
    }
}

pub(super) fn arithmetic(kind: BinOpKind, left: &Value, right: &Value) -> Result<Value, String> {
    let operator = sign(kind);
    let (left, right) = (number(left, operator)?, number(right, operator)?);
    let (a, b) = (left.value, right.value);
    if b.is_zero() && matches!(kind, BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem) {
        return Err("division by zero".into());
    }
    let value = match kind {
        BinOpKind::Add => a.checked_add(b),
        BinOpKind::Sub => a.checked_sub(b),
        BinOpKind::Mul => a.checked_mul(b),
        BinOpKind::Div => a.checked_div(b),
        BinOpKind::FloorDiv => a.checked_div(b).map(|quotient| Number::decimal(quotient).settled().floor()),
        BinOpKind::Rem => {
            a.checked_rem(b).map(|rest| if rest.is_zero() || rest.is_sign_negative() == b.is_sign_negative() { rest } else { rest + b })
        }
        _ => power(a, b),
    };
    let value = value.ok_or_else(|| format!("`{operator}`: the result is too large, or not a number"))?.normalize();
    let has_decimals = left.has_decimals || right.has_decimals || matches!(kind, BinOpKind::Div);
    Ok(Value::Number(Number::new(value, has_decimals)))
}

fn power(base: Decimal, exponent: Decimal) -> Option<Decimal> {
    let count = u32::try_from(exponent.abs()).ok().filter(|count| exponent.fract().is_zero() && *count <= MOST_POWER)?;
    let power = (0..count).try_fold(Decimal::ONE, |power, _| power.checked_mul(base))?;
    if exponent.is_sign_negative() { Decimal::ONE.checked_div(power) } else { Some(power) }
}

fn sign(kind: BinOpKind) -> &'static str {
    match kind {
        BinOpKind::Add => "+",
        BinOpKind::Sub => "-",
        BinOpKind::Mul => "*",
        BinOpKind::Div => "/",
        BinOpKind::FloorDiv => "//",
        BinOpKind::Rem => "%",
        _ => "**",
    }
}

/// Texts joined.
///
/// # Errors
/// A value is missing.
pub(super) fn joined(left: &Value, right: &Value) -> Result<Value, String> {
    if let (Value::None, _) | (_, Value::None) = (left, right) {
        return Err("`~` joins texts, and one of them is missing; give a text for this case, such as `(x or '')`".into());
    }
    Ok(Value::Text(left.text() + &right.text()))
}

/// Whether a comparison is true.
///
/// # Errors
/// The values cannot be compared.
pub(super) fn compared(kind: CompareOpKind, left: &Value, right: &Value) -> Result<bool, String> {
    Ok(match kind {
        CompareOpKind::Eq => same(left, right),
        CompareOpKind::Ne => !same(left, right),
        CompareOpKind::Lt => order(left, right)?.is_lt(),
        CompareOpKind::Lte => order(left, right)?.is_le(),
        CompareOpKind::Gt => order(left, right)?.is_gt(),
        CompareOpKind::Gte => order(left, right)?.is_ge(),
        CompareOpKind::In => is_in(left, right)?,
        CompareOpKind::NotIn => !is_in(left, right)?,
    })
}

/// A text is compared with a number by its value; two texts by their letters, so that codes keep their zeros.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::None, Value::None) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => a.settled() == b.settled(),
        // A document may write `true` or `1`.
        (Value::Bool(is), Value::Text(text)) | (Value::Text(text), Value::Bool(is)) => {
            matches!((is, text.as_str()), (true, "true" | "1") | (false, "false" | "0"))
        }
        (Value::Bool(is), Value::Number(number)) | (Value::Number(number), Value::Bool(is)) => number.value == Decimal::from(u8::from(*is)),
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Text(text), Value::Number(number)) | (Value::Number(number), Value::Text(text)) => decimal(text) == Some(number.settled()),
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => false,
    }
}

/// Which of two numbers is larger, or which of two dates or times of the same form is later.
///
/// # Errors
/// They are something else.
pub(super) fn order(left: &Value, right: &Value) -> Result<Ordering, String> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => Ok(a.settled().cmp(&b.settled())),
        (Value::Text(a), Value::Text(b)) if is_time(a) && form(a) == form(b) => Ok(a.cmp(b)),
        (Value::Text(text), Value::Number(_)) | (Value::Number(_), Value::Text(text)) if decimal(text).is_none() => {
            Err(format!("the text `{}` and a number have no order", crate::model::problem::cut(text)))
        }
        _ => Err(format!("{} and {} have no order: numbers have one, and dates of the same form", left.described(), right.described())),
    }
}

/// The text with its digits made equal.
fn form(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

/// A date, a time, or both as ISO 8601 writes them; without an offset their letters have the order of time.
fn is_time(text: &str) -> bool {
    let form = form(text);
    let form = form.strip_suffix('Z').unwrap_or(&form);
    let (day, time) = form.split_once(['T', ' ']).map_or((form, None), |(day, time)| (day, Some(time)));
    let is_clock = |time: &str| matches!(time.split_once('.').map_or(time, |(time, _)| time), "00:00:00" | "00:00");
    (day == "0000-00-00" && time.is_none_or(is_clock)) || (time.is_none() && is_clock(day))
}

fn is_in(item: &Value, all: &Value) -> Result<bool, String> {
    match (item, all) {
        (item, Value::List(all)) => Ok(all.iter().any(|one| same(item, one))),
        (Value::Text(part), Value::Text(text)) => Ok(text.contains(part.as_str())),
        (_, Value::None) => Ok(false),
        (item, all) => Err(format!("{} cannot be looked for in {}", item.described(), all.described())),
    }
}

/// A number rounded to decimal places, halves away from zero, as in trade.
pub(super) fn rounded(number: &Number, places: u32, strategy: RoundingStrategy) -> Number {
    Number::new(number.settled().round_dp_with_strategy(places, strategy), number.has_decimals)
}
