//! The XML declaration and processing instructions.

/// Whether the inside of `<?xml …?>` is a declaration (XML 1.0, production 23): version, then encoding, then standalone.
pub(super) fn is_declaration(text: &str) -> bool {
    let Some(mut rest) = text.strip_prefix("xml") else { return false };
    let mut last = 0;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if trimmed.is_empty() {
            return last > 0;
        }
        // A blank is required before every part.
        let Some((number, value, behind)) = part(trimmed).filter(|(number, ..)| trimmed.len() < rest.len() && *number > last) else {
            return false;
        };
        let fits = match number {
            1 => value.strip_prefix("1.").is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit())),
            2 => value.starts_with(|c: char| c.is_ascii_alphabetic()),
            _ => matches!(value, "yes" | "no"),
        };
        if !fits || (last == 0 && number != 1) {
            return false;
        }
        (last, rest) = (number, behind);
    }
}

/// The next part: its name, its value, and the rest.
fn part(text: &str) -> Option<(u8, &str, &str)> {
    let (name, rest) = text.split_once('=')?;
    let number = match name.trim_end_matches([' ', '\t', '\r', '\n']) {
        "version" => 1,
        "encoding" => 2,
        "standalone" => 3,
        _ => return None,
    };
    let rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, behind) = rest[1..].split_once(quote)?;
    Some((number, value, behind))
}

/// Whether a processing instruction may have this name (XML 1.0, production 17).
pub(super) fn is_target(name: &str) -> bool {
    super::tags::is_name(name) && !name.eq_ignore_ascii_case("xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_as_the_standard_says() {
        for (text, expected) in [
            ("xml version=\"1.0\"", true),
            ("xml version='1.0' encoding='UTF-8' standalone='yes' ", true),
            ("xml version = \"1.1\"", true),
            ("xml encoding='UTF-8'", false),
            ("xml", false),
            ("xml version='2.0'", false),
            ("xml version='1.0' standalone='maybe'", false),
            ("xml version='1.0' standalone='no' encoding='UTF-8'", false),
            ("xml version='1.0'encoding='UTF-8'", false),
            ("xml version='1.0' a='b'", false),
        ] {
            assert_eq!(is_declaration(text), expected, "{text}");
        }
    }
}
