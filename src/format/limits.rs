//! What a document may cost. Partners' files are hostile input.

use std::time::Duration;

/// Bounds on one document.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Nesting of elements.
    pub depth: usize,
    /// Elements in total, if a whole document is kept in memory. Validation alone needs no memory for them.
    pub elements: usize,
    /// Attributes of one element.
    pub attributes: usize,
    /// Distinct names of elements and attributes.
    pub names: usize,
    /// Bytes of one element's text, of one attribute, comment or tag.
    pub text: usize,
    /// Time for reading and validating, plus one second for every 2 MiB.
    pub time: Duration,
}

impl Default for Limits {
    /// 64 MiB, 64 levels, 2 million elements, 256 attributes, 10,000 names, 32 MiB of text, 10 s and a second for every 2 MiB. The
    /// real documents of our corpus stay below 20 levels and 300 names.
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            depth: 64,
            elements: 2_000_000,
            attributes: 256,
            names: 10_000,
            text: 32 << 20,
            time: Duration::from_secs(10),
        }
    }
}

/// Bytes read and validated in a second on the slowest expected machine.
const BYTES_A_SECOND: u64 = 2 << 20;

impl Limits {
    /// How long a file of this size may take.
    pub fn time_for(&self, bytes: u64) -> Duration {
        self.time + Duration::from_secs(bytes / BYTES_A_SECOND)
    }
}
