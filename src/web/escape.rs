//! Nothing that comes from outside is markup: every value of a page and of an address goes through here.

use std::fmt::Write as _;

use minijinja::{Error, Output, State, Value};

use crate::model::problem::shown;

/// Everything that is put into a page goes through here: control characters are made visible, then what means something in HTML is
/// escaped. Only what our own filters have made passes as it is.
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

/// Puts a text into a page as text.
pub(super) fn html(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // HTML has no zero bytes.
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// Only addresses of the web are links; anything else a page shows as text.
pub(super) fn link(url: &str) -> Value {
    let mut out = String::new();
    if url.starts_with("https://") || url.starts_with("http://") {
        html(&shown(url), &mut out);
    }
    Value::from_safe_string(out)
}

/// A text as part of an address.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
