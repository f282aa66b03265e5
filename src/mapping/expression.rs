//! Expressions inside mappings: minijinja's, strict. There is no language of consign's own.

use std::sync::OnceLock;

use minijinja::{Environment, UndefinedBehavior, Value, value::Serde};
use serde_json::{Number, Value as Json};

/// A value that an expression uses by name.
pub(super) struct Input {
    pub(super) name: String,
    /// None if there is no value.
    pub(super) value: Option<Json>,
    /// It stays a text, even if it looks like a number.
    pub(super) is_text: bool,
}

fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
    })
}

/// Whether `text` is an expression, and which names it uses.
///
/// # Errors
/// The parser's message.
pub(super) fn check(text: &str) -> Result<Vec<String>, String> {
    let expression = environment().compile_expression(text).map_err(|error| sentence(&error))?;
    let mut names: Vec<String> = expression.undeclared_variables(false).into_iter().collect();
    names.sort();
    Ok(names)
}

/// Whether a condition is true, as in minijinja's `if`.
///
/// # Errors
/// The evaluator's message.
pub(super) fn holds(text: &str, with: &[Input]) -> Result<bool, String> {
    let result = environment().compile_expression(text).and_then(|expression| expression.eval(context(with)));
    result.map(|value| value.is_true()).map_err(|error| sentence(&error))
}

fn context(with: &[Input]) -> Value {
    let value = |one: &Input| match (&one.value, one.is_text) {
        (None, _) => Value::from(()),
        (Some(value), true) => Value::from(Serde(value)),
        (Some(value), false) => input(value),
    };
    let values = with.iter().map(|one| (one.name.clone(), value(one)));
    values.collect::<std::collections::BTreeMap<_, _>>().into()
}

/// Evaluates an expression. Values that look like numbers are numbers, missing ones are none; a result of none is `None`.
///
/// # Errors
/// The evaluator's message.
pub(super) fn evaluate(text: &str, with: &[Input]) -> Result<Option<Json>, String> {
    let result =
        environment().compile_expression(text).and_then(|expression| expression.eval(context(with))).map_err(|error| sentence(&error))?;
    if result.is_none() || result.is_undefined() {
        return Ok(None);
    }
    let json = serde_json::to_value(&result).map_err(|_| "the result is not a plain value".to_string())?;
    match &json {
        Json::Null => Err("the result is not a number (a division by zero?)".into()),
        Json::Array(_) | Json::Object(_) => Err("the result is not a plain value".into()),
        _ => Ok(Some(json)),
    }
}

/// Text that reads as a decimal number counts as one, so that `price / base` needs no conversion. Codes with leading zeros stay text.
fn input(value: &Json) -> Value {
    if let Json::String(text) = value {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = !digits.is_empty()
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
            && (digits == "0" || digits.starts_with("0.") || !digits.starts_with('0'));
        // Whole numbers stay whole; a number with more digits than a float can hold stays text.
        if plain
            && digits.len() <= 15
            && let Ok(number) = text.parse::<i64>()
        {
            return Value::from(number);
        }
        if plain
            && digits.len() <= 15
            && let Some(number) = text.parse().ok().and_then(Number::from_f64)
        {
            return Value::from(Serde(number));
        }
    }
    Value::from(Serde(value))
}

fn sentence(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_count_and_missing_values_are_none() {
        let input = |name: &str, value: Option<Json>, is_text: bool| Input { name: name.into(), value, is_text };
        let with = [input("price", Some(json!("12.50")), false), input("base", None, false), input("code", Some(json!("1.10")), true)];
        assert_eq!(evaluate("code ~ ''", &with), Ok(Some(json!("1.10"))), "a text stays as it is");
        assert_eq!(evaluate("price / (base or 1)", &with), Ok(Some(json!(12.5))));
        assert_eq!(evaluate("base", &with), Ok(None));
        assert!(evaluate("other + 1", &with).is_err());
        for code in ["007", "123", "12345678901234567890"] {
            assert_eq!(evaluate("code ~ '/x'", &[input("code", Some(json!(code)), false)]), Ok(Some(json!(format!("{code}/x")))));
        }
    }

    #[test]
    fn a_division_by_zero_is_no_value() {
        assert!(evaluate("1 / 0", &[]).is_err());
    }
}
