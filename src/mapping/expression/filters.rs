//! Filters and tests. Those over numbers are exact and ours; the others are minijinja's.

use minijinja::{
    Environment,
    machinery::ast::{BinOpKind, CompareOpKind},
};
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive as _};

use super::{
    operators::{arithmetic, compared, number, order, rounded},
    value::{Number, Value, scientific},
};

/// What minijinja says of an error.
pub(super) fn sentence(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_string)
}

/// Applies a filter.
///
/// # Errors
/// There is no such filter, or it does not take these values.
pub(super) fn apply(environment: &Environment<'_>, name: &str, value: &Value, arguments: &[Value]) -> Result<Value, String> {
    // What is missing stays missing: it is never the text "none".
    if matches!(value, Value::None) && !matches!(name, "default" | "d" | "abs" | "float" | "int" | "round") {
        return Ok(Value::None);
    }
    match (name, value, arguments) {
        ("string", value, []) => Ok(Value::Text(value.text())),
        ("float", value, []) => Ok(Value::Number(Number::decimal(converted(value, name)?.value))),
        ("int", value, []) => Ok(Value::Number(Number::whole(converted(value, name)?.settled().trunc()))),
        ("abs", value, []) => number(value, name).map(|number| Value::Number(Number::new(number.value.abs(), number.has_decimals))),
        ("round", value, arguments) => round(value, arguments),
        ("sum", Value::List(all), []) => {
            all.iter().try_fold(Value::Number(Number::whole(Decimal::ZERO)), |sum, one| arithmetic(BinOpKind::Add, &sum, one))
        }
        ("min", Value::List(all), []) => extreme(all, |order| order.is_lt()),
        ("max", Value::List(all), []) => extreme(all, |order| order.is_gt()),
        ("join", Value::List(all), arguments) => {
            if all.iter().any(|one| matches!(one, Value::None)) {
                return Err(
                    "`join`: a value is missing; give a text for this case, such as `(x or '')`, or leave it out with `| select`".into()
                );
            }
            let between = arguments.first().map(Value::text).unwrap_or_default();
            Ok(Value::Text(all.iter().map(Value::text).collect::<Vec<_>>().join(&between)))
        }
        ("map", Value::List(all), [Value::Text(filter), rest @ ..]) => {
            all.iter().map(|one| apply(environment, filter, one, rest)).collect::<Result<_, _>>().map(Value::List)
        }
        ("select" | "reject", Value::List(all), arguments) => {
            let wanted = name == "select";
            let mut kept = Vec::new();
            for one in all {
                let is = match arguments {
                    [Value::Text(test), rest @ ..] => self::test(environment, test, one, rest)?,
                    _ => one.is_true(),
                };
                if is == wanted {
                    kept.push(one.clone());
                }
            }
            Ok(Value::List(kept))
        }
        ("first", Value::List(all), []) => Ok(all.first().cloned().unwrap_or(Value::None)),
        ("last", Value::List(all), []) => Ok(all.last().cloned().unwrap_or(Value::None)),
        ("list", Value::List(all), []) => Ok(Value::List(all.clone())),
        ("reverse", Value::List(all), []) => Ok(Value::List(all.iter().rev().cloned().collect())),
        _ => {
            let values: Vec<_> = std::iter::once(value).chain(arguments).map(Value::to_jinja).collect();
            let mut state = environment.empty_state();
            let made = state.apply_filter(name, &values).map_err(|error| format!("filter `{name}`: {}", sentence(&error)))?;
            Value::of_jinja(&made)
        }
    }
}

/// Whether a test holds.
///
/// # Errors
/// There is no such test, or it does not take these values.
pub(super) fn test(environment: &Environment<'_>, name: &str, value: &Value, arguments: &[Value]) -> Result<bool, String> {
    let comparison = match name {
        "eq" | "equalto" | "==" => Some(CompareOpKind::Eq),
        "ne" | "!=" => Some(CompareOpKind::Ne),
        "lt" | "lessthan" | "<" => Some(CompareOpKind::Lt),
        "le" | "<=" => Some(CompareOpKind::Lte),
        "gt" | "greaterthan" | ">" => Some(CompareOpKind::Gt),
        "ge" | ">=" => Some(CompareOpKind::Gte),
        "in" => Some(CompareOpKind::In),
        _ => None,
    };
    if let (Some(comparison), [other]) = (comparison, arguments) {
        return compared(comparison, value, other);
    }
    let values: Vec<_> = std::iter::once(value).chain(arguments).map(Value::to_jinja).collect();
    environment.empty_state().perform_test(name, &values).map_err(|error| format!("test `{name}`: {}", sentence(&error)))
}

/// A number, or a text that is one: the filter says that a number is meant.
fn converted(value: &Value, filter: &str) -> Result<Number, String> {
    match value {
        Value::Text(text) => {
            let value = scientific(text).ok_or_else(|| format!("`{filter}`: {} is not a number", value.described()))?;
            Ok(Number::decimal(value))
        }
        other => number(other, filter),
    }
}

fn round(value: &Value, arguments: &[Value]) -> Result<Value, String> {
    let places = match arguments.first() {
        None => 0,
        Some(places) => number(places, "round")?.value.to_u32().ok_or("`round` takes a number of decimals from 0")?,
    };
    let strategy = match arguments.get(1) {
        None => RoundingStrategy::MidpointAwayFromZero,
        Some(Value::Text(text)) if text == "common" => RoundingStrategy::MidpointAwayFromZero,
        Some(Value::Text(text)) if text == "ceil" => RoundingStrategy::ToPositiveInfinity,
        Some(Value::Text(text)) if text == "floor" => RoundingStrategy::ToNegativeInfinity,
        Some(_) => return Err("`round` takes `common`, `ceil` or `floor` as its method".into()),
    };
    Ok(Value::Number(rounded(&number(value, "round")?, places, strategy)))
}

fn extreme(all: &[Value], is_better: fn(std::cmp::Ordering) -> bool) -> Result<Value, String> {
    let mut best: Option<&Value> = None;
    for one in all {
        match best {
            Some(known) if !is_better(order(one, known)?) => {}
            _ => best = Some(one),
        }
    }
    Ok(best.cloned().unwrap_or(Value::None))
}
