//! Signs that nobody sees: blanks, and those that only steer how a text is displayed.

/// Whether a sign at the end of a value is no part of it: white space, a byte-order mark from the middle of a joined file, zero-width
/// signs, marks of writing direction, soft hyphens.
pub fn is_unseen(sign: char) -> bool {
    sign.is_whitespace()
        || matches!(sign, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{ad}')
}

/// A value without what nobody sees at its ends. Inside it such signs stay: some join letters.
pub fn trimmed(value: &str) -> &str {
    value.trim_matches(is_unseen)
}

/// A name for comparison: each run of white space is one blank, and signs without a width are left out.
pub fn folded(name: &str) -> String {
    let seen: String = name.chars().filter(|c| c.is_whitespace() || !is_unseen(*c)).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_no_part_of_a_value_at_its_ends() {
        for text in
            ["A-1", " A-1\t", "\u{feff}A-1", "A-1\u{200b}", "\u{200e}A-1\u{200f}", "\u{a0}A-1\u{2060}", "A-1\u{ad}", "\u{202a}A-1\u{202c}"]
        {
            assert_eq!(trimmed(text), "A-1", "{text:?}");
        }
        assert_eq!(trimmed("\u{200b} \u{feff}"), "", "nothing else is nothing");
        assert_eq!(trimmed("a\u{200c}b"), "a\u{200c}b", "inside a word it joins letters");
        assert_eq!(folded("Ge\u{ad}wicht\u{a0} kg\u{200b}"), "Gewicht kg");
    }
}
