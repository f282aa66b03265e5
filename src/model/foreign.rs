//! Text from others, before it enters our sentences: an Odoo, a proxy or a server may quote what we sent, including our password.
//!
//! **Invariant:** foreign text enters a problem only through [`without_secrets`].

use std::sync::{PoisonError, RwLock};

use base64::{Engine as _, prelude::BASE64_STANDARD};

/// Minimum length of a secret in characters: cutting out shorter ones would cut words.
const SHORTEST: usize = 4;

/// What replaces a secret.
const CUT: &str = "[secret]";

/// Every secret that this process has opened, in each form in which it may be quoted, longest first.
static KNOWN: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Remembers an opened secret.
pub fn know(secret: &str) {
    if secret.chars().count() < SHORTEST {
        return;
    }
    let forms = forms(secret);
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    for form in forms {
        if !known.contains(&form) {
            known.push(form);
        }
    }
    known.sort_by_key(|form| std::cmp::Reverse(form.len()));
}

/// A secret as it is, and as JSON, an address, XML, HTML, Python and base64 write it.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let percent: String =
        secret.bytes().map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect();
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let html = xml.replace('"', "&quot;");
    vec![
        secret.to_string(),
        ascii(&json),
        json,
        percent.to_lowercase(),
        percent.replace("%20", "+"),
        percent,
        html.replace('\'', "&#39;"),
        html.replace('\'', "&#x27;"),
        html,
        xml,
        secret.replace('\\', "\\\\").replace('\'', "\\'"),
        BASE64_STANDARD.encode(secret),
    ]
}

/// JSON in ASCII, as Python writes it.
fn ascii(json: &str) -> String {
    let escaped = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect();
    json.chars().map(|c| if c.is_ascii() { c.to_string() } else { escaped(c) }).collect()
}

/// The text without any opened secret.
pub fn without_secrets(text: &str) -> String {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.iter().filter(|secret| text.contains(secret.as_str())).fold(text.to_string(), |text, secret| text.replace(secret, CUT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_cut_out_however_it_is_quoted() {
        know("p\"ss<ö&7");
        for quoted in [
            "args: ['p\"ss<ö&7']",
            "\"p\\\"ss<ö&7\"",
            "token=p%22ss%3C%C3%B6%267",
            "<value>p\"ss&lt;ö&amp;7</value>",
            "p&quot;ss&lt;ö&amp;7",
            "p\\\"ss<\\u00f6&7",
            "token=p%22ss%3c%c3%b6%267",
            "Basic cCJzczzDtiY3",
        ] {
            let reported = without_secrets(quoted);
            assert!(reported.contains(CUT) && !reported.contains("ss"), "{reported}");
        }
        assert_eq!(without_secrets("nothing of ours"), "nothing of ours");
    }

    #[test]
    fn a_secret_that_is_part_of_another_leaves_nothing_of_it() {
        know("swordfish");
        know("swordfish-2026");
        assert_eq!(without_secrets("login swordfish-2026 refused"), format!("login {CUT} refused"));
    }

    #[test]
    fn what_is_as_short_as_a_word_is_no_secret_that_can_be_cut() {
        know("odo");
        assert_eq!(without_secrets("an odometer"), "an odometer");
    }
}
