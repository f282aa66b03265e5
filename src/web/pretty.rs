//! XML that stands on a few long lines, one element on each line: for reading only. What is not XML stays as it is.

/// Levels that are indented; deeper elements stay at that depth.
const DEEPEST: usize = 40;
/// A line that nobody can read at a glance.
const LONG: usize = 300;

/// Whether a text is XML that is hard to read as it is.
pub(super) fn helps(text: &str) -> bool {
    text.trim_start().starts_with('<') && text.lines().take(20).any(|line| line.len() > LONG)
}

/// The text with each element on a line of its own, indented by its depth. Text and the end tag of an element without children stay
/// beside its start tag.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let (mut depth, mut rest, mut is_open) = (0_usize, text, false);
    while !rest.is_empty() {
        let Some(start) = rest.find('<') else {
            append(&mut out, rest);
            break;
        };
        let (words, tag) = rest.split_at(start);
        append(&mut out, words);
        let (tag, behind) = tag.split_at(end_of(tag));
        rest = behind;
        let closes = tag.starts_with("</");
        if closes {
            depth = depth.saturating_sub(1);
        }
        if closes && is_open {
            append(&mut out, tag);
        } else {
            out.push(format!("{}{}", "  ".repeat(depth.min(DEEPEST)), tag.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
        is_open = !closes && !tag.ends_with("/>") && !tag.starts_with("<!") && !tag.starts_with("<?");
        depth += usize::from(is_open);
    }
    out
}

/// Words beside the tag before them; blanks between elements are only layout.
fn append(out: &mut Vec<String>, words: &str) {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match out.last_mut() {
        _ if words.is_empty() => {}
        Some(last) => last.push_str(&words),
        None => out.push(words),
    }
}

/// Where a tag, comment or CDATA section that begins here ends; all of the rest where it does not.
fn end_of(text: &str) -> usize {
    for (start, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
        if text.starts_with(start) {
            return text.find(end).map_or(text.len(), |at| at + end.len());
        }
    }
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_a_line_of_its_own() {
        let text =
            "<?xml version=\"1.0\"?><!-- a > b --><Order a=\"x>y\"><No>1</No><Lines><Line/><Line><![CDATA[<b>]]></Line></Lines></Order>";
        let expected = [
            "<?xml version=\"1.0\"?>",
            "<!-- a > b -->",
            "<Order a=\"x>y\">",
            "  <No>1</No>",
            "  <Lines>",
            "    <Line/>",
            "    <Line>",
            "      <![CDATA[<b>]]>",
            "    </Line>",
            "  </Lines>",
            "</Order>",
        ];
        assert_eq!(lines(text), expected);
    }

    #[test]
    fn what_is_broken_is_shown_all_the_same() {
        assert_eq!(lines("<a><b"), ["<a>", "  <b"]);
        assert_eq!(lines("</a></b>x"), ["</a>", "</b>x"]);
        assert_eq!(lines("a;b"), ["a;b"]);
        assert_eq!(lines(&"<a>".repeat(1000)).len(), 1000);
        assert!(!helps("a;b") && !helps("<a>\n<b/>\n</a>") && helps(&"<a/>".repeat(100)));
    }
}
