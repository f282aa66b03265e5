//! Where bytes go as they arrive.

use super::Problem;

/// Where the bytes of a file go as they arrive.
pub trait Sink: Send {
    /// Accepts the next bytes.
    ///
    /// # Errors
    /// The bytes cannot be stored; the transfer ends.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem>;
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}
