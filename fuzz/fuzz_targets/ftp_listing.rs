//! Lines of a hostile FTP server's listing: read or left out, never a panic, never a name that leads out of the folder.
#![no_main]

use consign::transport::ftp::listing::{customary, exact};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = (exact(data), customary(data));
});
