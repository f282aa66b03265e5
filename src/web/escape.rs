//! Escaping: every value in a page or URL goes through here, so no input can become markup.

use minijinja::{Error, Output, State, Value};

use crate::model::problem::shown;

/// Formats every value of a page: makes control characters visible, then escapes HTML. Only output of our own filters is not escaped.
pub(super) fn escaped(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() || value.is_none() {
        return Ok(());
    }
    if value.is_safe() {
        return write!(out, "{value}").map_err(Error::from);
    }
    let mut text = String::new();
    html(&shown(&value.to_string()), &mut text);
    out.write_str(&text).map_err(Error::from)
}

/// Writes a text into a page, escaped.
pub(super) fn html(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // HTML allows no zero bytes.
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// Only http and https URLs become links; anything else is shown as text.
pub(super) fn link(url: &str) -> Value {
    let mut out = String::new();
    if url.starts_with("https://") || url.starts_with("http://") {
        html(&shown(url), &mut out);
    }
    Value::from_safe_string(out)
}
