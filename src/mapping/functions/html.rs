use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{i18n::Sentence, shape::ValueKind};

pub(super) const FUNCTION: Function = Function {
    name: "html",
    summary: "the text of a piece of HTML: tags are removed, breaks and paragraphs become line breaks, references become their characters",
    options: &[],
    makes: ValueKind::Text,
    example: ("<p>Salt &amp; pepper<br>500&nbsp;g</p>", PLAIN, "\"Salt & pepper\\n500 g\""),
    apply,
};

fn apply(text: &str, _: &ConversionOptions) -> Result<Json, Sentence> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Content between these tags is not text.
    let mut unseen: Option<&str> = None;
    // After the last `>` no tag can end, so its end is not searched for again and again.
    let last = text.rfind('>').map_or(usize::MAX, |at| text.len() - at);
    while let Some(start) = rest.find('<').filter(|start| rest.len() - start > last) {
        let (before, after) = rest.split_at(start);
        if unseen.is_none() {
            out.push_str(before);
        }
        let named = after[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let Some(end) = named.then(|| after.find('>')).flatten() else {
            if unseen.is_none() {
                out.push('<');
            }
            rest = &after[1..];
            continue;
        };
        let tag = after[1..end].trim_start_matches('/').split([' ', '/', '\n', '\t']).next().unwrap_or_default().to_ascii_lowercase();
        let closes = after[1..].starts_with('/');
        match (tag.as_str(), unseen) {
            ("script", None) if !closes => unseen = Some("script"),
            ("style", None) if !closes => unseen = Some("style"),
            (tag, Some(open)) if closes && tag == open => unseen = None,
            ("br" | "p" | "div" | "li" | "tr" | "h1" | "h2" | "h3" | "h4", None) => out.push('\n'),
            ("td" | "th", None) => out.push(' '),
            _ => {}
        }
        rest = &after[end + 1..];
    }
    if unseen.is_none() {
        out.push_str(rest);
    }
    let text = references(&out);
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|line| !line.is_empty());
    Ok(json!(lines.collect::<Vec<_>>().join("\n")))
}

/// The references that occur in product texts, and all numeric ones.
fn references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.char_indices().take(12).find(|(_, c)| *c == ';').map(|(at, _)| at);
        let character = end.and_then(|end| character(&rest[1..end]));
        match (character, end) {
            (Some(character), Some(end)) => {
                out.push(character);
                rest = &rest[end + 1..];
            }
            _ => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| !c.is_control());
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        "agrave" => 'à',
        "ccedil" => 'ç',
        "ntilde" => 'ñ',
        "aring" => 'å',
        "oslash" => 'ø',
        "aelig" => 'æ',
        "euro" => '€',
        "deg" => '°',
        "reg" => '®',
        "trade" => '™',
        "copy" => '©',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "bull" => '•',
        "times" => '×',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(html: &str) -> String {
        apply(html, &PLAIN).expect("a text").as_str().expect("a text").to_string()
    }

    #[test]
    fn what_is_no_html_stays() {
        assert_eq!(plain("5 < 7 & 8 > 3 &unknown; &#8364; &#xe4;"), "5 < 7 & 8 > 3 &unknown; € ä");
        assert_eq!(plain("a<script>alert('x')</script>b<style>p{}</style>c"), "abc");
        assert_eq!(plain("<ul><li>one<li>two</ul>"), "one\ntwo");
        assert_eq!(plain("a < b <i>c</i> < d <e"), "a < b c < d <e");
        assert_eq!(plain("<table><tr><td>a</td><td>b"), "a b");
    }

    #[test]
    fn tags_that_never_end_cost_no_more_than_others() {
        let long = "<a".repeat(1_000_000);
        assert_eq!(plain(&long).len(), long.len());
        let marks = "1 < 2 ".repeat(500_000) + ">";
        assert_eq!(plain(&marks).len(), marks.len());
    }

    proptest::proptest! {
        #[test]
        fn no_text_does_harm(text in "\\PC{0,60}") {
            let _ = apply(&text, &PLAIN);
        }
    }
}
