//! The partner's sequence number in its file names, which shows missing files.

/// A pattern such as `ORD_{number}_*.xml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    before: Vec<String>,
    after: Vec<String>,
}

impl Numbered {
    /// Reads the pattern; it has `{number}` once.
    pub fn parse(text: &str) -> Option<Self> {
        let (before, after) = text.split_once("{number}")?;
        let parts = |text: &str| text.to_lowercase().split('*').map(str::to_string).collect::<Vec<_>>();
        // Digits next to a star could belong to either.
        let clear = !before.ends_with('*') && !after.starts_with('*') && !after.contains("{number}");
        clear.then(|| Self { before: parts(before), after: parts(after) })
    }

    /// The number in a file name; `None` if the name does not match.
    pub fn number(&self, name: &str) -> Option<i64> {
        let name = name.to_lowercase();
        let glob = |parts: &[String]| parts.join("*");
        name.char_indices().filter(|(at, c)| c.is_ascii_digit() && !name[..*at].ends_with(|c: char| c.is_ascii_digit())).find_map(
            |(at, _)| {
                let digits = name[at..].bytes().take_while(u8::is_ascii_digit).count();
                let (before, number, after) = (&name[..at], &name[at..at + digits], &name[at + digits..]);
                let fits =
                    crate::model::pattern::fits(&glob(&self.before), before) && crate::model::pattern::fits(&glob(&self.after), after);
                if fits { number.parse().ok() } else { None }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read_where_it_stands() {
        let numbered = Numbered::parse("ORD_*_{number}.xml").expect("a pattern");
        for (name, number) in [
            ("ord_2026_000123.XML", Some(123)),
            ("ORD__7.xml", Some(7)),
            ("ORD_2026_.xml", None),
            ("ORD_2026_12a.xml", None),
            ("DES_2026_12.xml", None),
            ("ORD_x_99999999999999999999.xml", None),
            ("é_1.xml", None),
        ] {
            assert_eq!(numbered.number(name), number, "{name}");
        }
        for bad in ["ORD.xml", "ORD_*{number}.xml", "{number}{number}.xml"] {
            assert_eq!(Numbered::parse(bad), None, "{bad}");
        }
    }
}
