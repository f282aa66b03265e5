//! Quotes of a table, read byte by byte beside the csv crate, which takes a stray one without a word (RFC 4180, 2.7 wants it doubled).

/// Where in a field the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before its first byte.
    Start,
    /// In a field that does not begin with a quote.
    Plain,
    Quoted,
    /// After the escape sign in a quoted field.
    Escaped,
    /// After a quote in a quoted field: the field ends here, or the quote is doubled.
    Closed,
    /// Blanks after a quoted field.
    Padded,
}

/// Follows the quotes of a table.
#[derive(Debug)]
pub(super) struct Quotes {
    quote: Option<u8>,
    separator: u8,
    escape: Option<u8>,
    at: At,
    /// Fields of the row before this one.
    fields: u32,
    /// A field of the row that had blanks after its quote.
    padded: Option<u32>,
}

impl Quotes {
    pub(super) fn new(quote: Option<u8>, separator: u8, escape: Option<u8>) -> Self {
        Self { quote, separator, escape, at: At::Start, fields: 0, padded: None }
    }

    /// Whether the reader is between two fields or rows.
    pub(super) fn is_between(&self) -> bool {
        self.at == At::Start
    }

    /// The next byte; returns the number of the field (from 1) in which the byte before it was a stray quote.
    pub(super) fn next(&mut self, byte: u8) -> Option<u32> {
        let is_end = matches!(byte, b'\r' | b'\n');
        let mut stray = None;
        self.at = match self.at {
            At::Quoted if Some(byte) == self.escape => At::Escaped,
            At::Quoted if Some(byte) == self.quote => At::Closed,
            At::Quoted | At::Escaped => At::Quoted,
            At::Closed if Some(byte) == self.quote => At::Quoted,
            At::Start if Some(byte) == self.quote => At::Quoted,
            At::Start | At::Plain | At::Closed | At::Padded if byte == self.separator => {
                self.fields += 1;
                At::Start
            }
            At::Start | At::Plain | At::Closed | At::Padded if is_end => {
                (self.fields, self.padded) = (0, None);
                At::Start
            }
            At::Closed | At::Padded if matches!(byte, b' ' | b'\t') => {
                self.padded = self.padded.or(Some(self.fields + 1));
                At::Padded
            }
            At::Closed | At::Padded => {
                (stray, self.padded) = (Some(self.fields + 1), None);
                At::Plain
            }
            // `"Cable 2" ; red"`: the quote before the blank did not end the field.
            At::Start | At::Plain if Some(byte) == self.quote => {
                stray = self.padded.take();
                At::Plain
            }
            At::Start | At::Plain => At::Plain,
        };
        stray
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strays(text: &str, escape: Option<u8>) -> Vec<u32> {
        let mut quotes = Quotes::new(Some(b'"'), b';', escape);
        text.bytes().filter_map(|byte| quotes.next(byte)).collect()
    }

    #[test]
    fn a_quote_that_is_neither_doubled_nor_last_is_stray() {
        for (text, right) in [
            ("1;\"Monitor 24\" wide\";2\n", vec![2]),
            ("1;\"Monitor 24\"\" wide\";2\n", vec![]),
            ("1;\"Cable 2\" ; red\";2\n", vec![2]),
            ("1;\"19\\\" rack\";2\n", vec![2]),
            ("1;24\" wide;2\n", vec![]),
            ("1;\"Pump\" ;2\n\"a\"\t;b\"\n", vec![1]),
            ("\"a\"x\n\"b\"\r\n\"c\"y", vec![1, 1]),
            ("\"a;b\";\"c\nd\"\n\"\"\n\"\"\"\"\n", vec![]),
        ] {
            assert_eq!(strays(text, None), right, "{text}");
        }
        assert_eq!(strays("1;\"19\\\" rack\";2\n", Some(b'\\')), Vec::<u32>::new());
    }
}
