//! File names as text without loss: UTF-8 stays as it is, and every other byte `b` becomes the character U+F700 + `b` of the private
//! use area. So a name that a partner wrote in Latin-1 passes through journal and configuration like any other, and still finds its
//! file.

/// First of the 256 characters that stand for a byte.
const FIRST: u32 = 0xF700;

/// The text for a server's file name.
pub fn text(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            if byte(character).is_some() {
                // Such a character in a real name would become a byte on the way back.
                character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| out.push(stand_in(byte)));
            } else {
                out.push(character);
            }
        }
        chunk.invalid().iter().for_each(|byte| out.push(stand_in(*byte)));
    }
    out
}

/// The server's file name.
pub fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for character in text.chars() {
        match byte(character) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// The byte that a character stands for.
pub fn byte(character: char) -> Option<u8> {
    u32::from(character).checked_sub(FIRST).and_then(|offset| u8::try_from(offset).ok())
}

/// Whether a character is invisible, or changes the direction of writing: it can make one name look like another.
/// Unicode's Default_Ignorable_Code_Point, its direction marks, and its line ends.
pub fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn stand_in(byte: u8) -> char {
    char::from_u32(FIRST + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// A text encoded for a URL.
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// Names that programs use while they write; never received, whatever the flow's patterns say.
pub fn is_never_received(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with('.') || [".tmp", ".part", ".filepart", ".partial", ".crdownload"].iter().any(|ending| lower.ends_with(ending))
}

/// What operating systems and office programs leave in a zip beside its documents: resource forks of macOS, hidden folders, lock files,
/// thumbnails.
pub fn is_no_document(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_hidden = |folder: &str| folder == "__MACOSX" || (folder.starts_with('.') && !folder.trim_matches('.').is_empty());
    let is_left_behind = name.starts_with("~$") || name.eq_ignore_ascii_case("Thumbs.db") || name.eq_ignore_ascii_case("desktop.ini");
    is_never_received(name) || is_left_behind || folders.split('/').any(is_hidden)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_utf8_stays_as_it_is() {
        assert_eq!(text("Bestellung ü 1.xml".as_bytes()), "Bestellung ü 1.xml");
        assert_eq!(text(b"Gr\xfc\xdfe.xml"), "Gr\u{f7fc}\u{f7df}e.xml");
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name: Vec<u8>) {
            prop_assert_eq!(bytes(&text(&name)), name);
        }

        #[test]
        fn different_names_stay_different(one: Vec<u8>, other: Vec<u8>) {
            prop_assert_eq!(one == other, text(&one) == text(&other));
        }
    }
}
