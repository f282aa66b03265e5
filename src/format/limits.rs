//! What a document may cost us. Partners' files are hostile input.

/// Bounds on one document.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Nesting of elements.
    pub depth: usize,
    /// Elements in all.
    pub elements: usize,
    /// Attributes of one element.
    pub attributes: usize,
    /// Bytes of one element's text or of one attribute.
    pub text: usize,
}

impl Default for Limits {
    /// 64 MiB, 64 levels, 2 million elements, 256 attributes, 32 MiB of text. Real documents of the corpus stay below 20 levels.
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 64, elements: 2_000_000, attributes: 256, text: 32 << 20 }
    }
}
