//! Where bytes go as they come.

use super::Problem;

/// Where the bytes of a file go as they come.
pub trait Sink: Send {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// They cannot be kept; the transfer ends.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem>;
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}
