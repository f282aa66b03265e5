//! Expressions inside mappings: Jinja's, as minijinja parses them. Their values are ours: numbers are exact, and what a value is follows
//! from the schema or its conversion, not from its spelling.

mod evaluate;
mod filters;
mod operators;
mod value;

use std::sync::OnceLock;

use minijinja::{Environment, UndefinedBehavior, machinery::parse_expr};
use serde_json::Value as Json;

use self::{
    evaluate::Evaluator,
    filters::sentence,
    value::{Number, Value, decimal, scientific},
};
use crate::model::shape::ValueKind;

/// A value that an expression uses by name.
pub(super) struct Input {
    pub(super) name: String,
    /// None if there is no value.
    pub(super) value: Option<Json>,
    /// What it is; none if nothing says so. Then a text that is spelt as a number is one, unless it has leading zeros.
    pub(super) kind: Option<ValueKind>,
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
/// The parser's message, or a part of Jinja that is not there.
pub(super) fn check(text: &str) -> Result<Vec<String>, String> {
    evaluate::supported(&parse_expr(text).map_err(|error| sentence(&error))?)?;
    let expression = environment().compile_expression(text).map_err(|error| sentence(&error))?;
    let mut names: Vec<String> = expression.undeclared_variables(false).into_iter().collect();
    names.sort();
    Ok(names)
}

/// Whether a condition is true, as in Jinja's `if`.
///
/// # Errors
/// A sentence about what an operator or filter does not take.
pub(super) fn holds(text: &str, with: &[Input]) -> Result<bool, String> {
    value(text, with).map(|value| value.is_true())
}

/// Evaluates an expression; a result of none is `None`.
///
/// # Errors
/// A sentence about what an operator or filter does not take, or the result is no plain value.
pub(super) fn evaluate(text: &str, with: &[Input]) -> Result<Option<Json>, String> {
    match value(text, with)? {
        Value::None => Ok(None),
        value => value.json().map(Some),
    }
}

fn value(text: &str, with: &[Input]) -> Result<Value, String> {
    let expression = parse_expr(text).map_err(|error| sentence(&error))?;
    let values = with.iter().map(|input| (input.name.as_str(), typed(input))).collect();
    Evaluator { environment: environment(), values }.value(&expression)
}

/// Whether two values are the same by their types: `1.0` and `1.00` of a decimal are, `01` and `1` of a text are not.
pub(super) fn is_same(one: &Input, other: &Input) -> bool {
    operators::same(&typed(one), &typed(other))
}

/// A value as its type has it.
fn typed(input: &Input) -> Value {
    let Some(value) = &input.value else { return Value::None };
    let Json::String(text) = value else { return Value::of(value) };
    let number = match input.kind {
        Some(ValueKind::Integer) => decimal(text).map(|value| Number::spelt(value, text)),
        Some(ValueKind::Boolean) => {
            return match text.trim() {
                "true" | "1" => Value::Bool(true),
                "false" | "0" => Value::Bool(false),
                _ => Value::of(value),
            };
        }
        Some(ValueKind::Decimal) => scientific(text).map(Number::decimal),
        Some(_) => None,
        None => untyped(text),
    };
    number.map_or_else(|| Value::of(value), Value::Number)
}

/// A number where nothing says what the value is. A code may be spelt like one, so leading zeros and long ones stay texts.
fn untyped(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain =
        digits.len() <= 15 && (digits == "0" || digits.starts_with("0.") || digits.starts_with(|c: char| ('1'..='9').contains(&c)));
    let value = decimal(text).filter(|_| is_plain && !digits.ends_with('.'))?;
    Some(Number::new(value, digits.contains('.')))
}

#[cfg(test)]
mod tests;
