//! Bytes of a hostile server or client: cut into packets and read both ways. Nothing panics, nothing is allocated that was only announced,
//! and what is understood says the same after it was written and read again.
#![no_main]

use consign::transport::sftp::packet::{Frames, Reply, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut frames = Frames::default();
    for chunk in data.chunks(37) {
        frames.push(chunk);
        while let Ok(Some(packet)) = frames.packet() {
            if let Ok((id, reply)) = Reply::decode(packet.clone()) {
                assert_eq!(again(&reply.encode(id)).and_then(|packet| Reply::decode(packet).ok()), Some((id, reply)));
            }
            if let Ok((id, request)) = Request::decode(packet) {
                assert_eq!(again(&request.encode(id)).and_then(|packet| Request::decode(packet).ok()), Some((id, request)));
            }
        }
    }
});

/// The packet of a frame, through the same door.
fn again(frame: &[u8]) -> Option<bytes::Bytes> {
    let mut frames = Frames::default();
    frames.push(frame);
    frames.packet().ok().flatten()
}
