//! Names in the storage: a partner's file name is made safe before it is used there.

use crate::model::{MessageId, names};

/// Bytes of a name in the storage; with an id and `.problem.json` it stays below the 255 that file systems allow.
const LONGEST: usize = 150;

/// A partner's file name made safe: no separators, no control characters, no leading dot or dash; a name that is too long is cut
/// before its ending.
pub fn safe_name(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| {
            let is_odd = c.is_control() || names::is_invisible(c) || names::byte(c).is_some();
            if is_odd || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') { '-' } else { c }
        })
        .collect();
    let clean = clean.trim_start_matches(['.', '-', ' ']).trim_end_matches([' ', '.']);
    let (stem, ending) = match clean.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 10 => (stem, format!(".{ending}")),
        _ => (clean, String::new()),
    };
    let mut cut = stem.len().min(LONGEST - ending.len());
    while !stem.is_char_boundary(cut) {
        cut -= 1;
    }
    let name = format!("{}{ending}", &stem[..cut]);
    if name.trim_start_matches('.').is_empty() { "unnamed".to_string() } else { name }
}

/// Whether a safe name is one that consign uses itself: a report, or the refused part of a file. No original has such a name.
pub(super) fn is_ours(name: &str) -> bool {
    let name = name.to_lowercase();
    let is_id = |part: &str| part.len() == 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_part = name.split_once(".refused.").is_some_and(|(_, rest)| rest.split('.').next().is_some_and(is_id));
    is_part || [".problem.txt", ".problem.json"].iter().any(|ending| name.ends_with(ending))
}

/// The name with the message's short id before its ending: `order-778.1a2b3c4d.xml`.
pub fn name_with_id(name: &str, id: MessageId) -> String {
    let name = safe_name(name);
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!("{stem}.{}.{ending}", id.short()),
        _ => format!("{name}.{}", id.short()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_partner_leaves_its_folder() {
        for name in ["../../etc/passwd", "/abs", "a\0b", "..", "", "-rf", ".hidden", "C:\\x", "x\n.xml"] {
            let safe = safe_name(name);
            assert!(!safe.contains(['/', '\\', '\0', '\n']) && !safe.starts_with(['.', '-']) && !safe.is_empty(), "{name:?} -> {safe:?}");
        }
        for name in ["a\u{2028}b", "a\u{200b}b", "a\u{202e}b"] {
            assert_eq!(safe_name(name), "a-b");
        }
        let long = format!("{}.xml", "\u{20ac}".repeat(100));
        assert!(safe_name(&long).len() <= LONGEST && safe_name(&long).ends_with("\u{20ac}.xml"));
        let id = MessageId::new();
        assert_eq!(name_with_id("order-778.xml", id), format!("order-778.{}.xml", id.short()));
    }

    #[test]
    fn the_names_of_reports_are_never_those_of_originals() {
        for name in ["z.xml.problem.json", "Z.XML.PROBLEM.TXT", "orders.refused.1a2b3c4d.csv", "orders.refused.1a2b3c4d"] {
            assert!(is_ours(name), "{name}");
            assert!(!is_ours(&name_with_id(name, MessageId::new())) || name.contains("refused"), "{name}");
        }
        for name in ["z.problem.xml", "problem.json", "refused.xml", "orders.refused.csv"] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
