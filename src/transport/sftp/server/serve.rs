//! One SFTP session of the embedded server: packets in, answers out, changed by the switches.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{
    files::{Files, troubled},
    quirks::{Board, Hostile, ServerFault},
};
use crate::transport::sftp::packet::{Attributes, Frames, Name, Reply, Request};

/// Serves until the client leaves or breaks the protocol. `cut` breaks the connection without an answer.
pub(super) async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, mut files: Files, board: Board, cut: impl Fn()) {
    let mut frames = Frames::default();
    let mut chunk = vec![0; 256 << 10];
    let mut invented = 0;
    loop {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(length) => frames.push(&chunk[..length]),
        }
        let mut answers = Vec::new();
        while let Ok(Some(packet)) = frames.packet() {
            let Ok((id, request)) = Request::decode(packet) else { return };
            if matches!(request, Request::Init { .. }) {
                answers.push(files.greeting().encode(0));
                continue;
            }
            let trouble = board.count();
            let mut moved = if let Request::Write { data, .. } = &request { data.len() as u64 } else { 0 };
            let reply = match trouble {
                Some(ServerFault::CutBefore) => return cut(),
                Some(ServerFault::CutAfter) => {
                    files.answer(request);
                    return cut();
                }
                Some(other) => troubled(other),
                None => {
                    let hostile = board.quirks().hostile;
                    match hostile.and_then(|hostile| invent(hostile, &request, &mut invented)) {
                        Some(reply) => reply,
                        None => files.answer(request),
                    }
                }
            };
            if let Reply::Data(data) = &reply {
                moved += data.len() as u64;
            }
            if board.cuts(moved) {
                return cut();
            }
            answers.push(reply.encode(id));
        }
        let (latency, reversed, hostile) = {
            let quirks = board.quirks();
            (quirks.latency, quirks.out_of_order, quirks.hostile)
        };
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        if reversed {
            answers.reverse();
        }
        let greeted = board.requests() > 0;
        let bytes = match hostile.filter(|_| greeted) {
            Some(hostile) => spoilt(hostile, &answers),
            None => answers.concat().into(),
        };
        if hostile == Some(Hostile::Trickle) && greeted {
            // The beginning of a long answer, and then a byte now and then forever.
            let begun = [0, 0, 0x80, 0, 103];
            for byte in begun.iter().chain(std::iter::repeat(&0)) {
                tokio::time::sleep(Duration::from_millis(50)).await;
                if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
        }
        if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

/// Invented answers of a hostile server.
fn invent(hostile: Hostile, request: &Request, invented: &mut u64) -> Option<Reply> {
    let page = |names: Vec<String>| {
        let named = |name: String| Name {
            name: name.into(),
            long: Bytes::new(),
            attributes: Attributes { size: Some(1), ..Attributes::default() },
        };
        Some(Reply::Names(names.into_iter().map(named).collect()))
    };
    match (hostile, request) {
        (Hostile::EndlessListing, Request::Readdir { .. }) => {
            *invented += 1;
            page((0..1000).map(|number| format!("endless-{invented}-{number}.xml")).collect())
        }
        (Hostile::EmptyPages, Request::Readdir { .. }) => page(Vec::new()),
        (Hostile::EscapingNames, Request::Readdir { .. }) if *invented < 8 => {
            *invented += 1;
            page(["../evil.xml", "/etc/passwd", "..", "sub/evil.xml", "", "nul\0.xml", "good.xml"].map(str::to_string).to_vec())
        }
        (Hostile::MoreData, Request::Read { length, .. }) => Some(Reply::Data(vec![b'x'; *length as usize + 10].into())),
        (Hostile::EmptyData, Request::Read { .. }) => Some(Reply::Data(Bytes::new())),
        (Hostile::WrongKind, Request::Read { .. } | Request::Lstat { .. } | Request::Readdir { .. }) => {
            Some(Reply::Handle(Bytes::from_static(b"h")))
        }
        _ => None,
    }
}

/// Answers as a hostile server sends them.
fn spoilt(hostile: Hostile, answers: &[Bytes]) -> Bytes {
    let mut out = BytesMut::new();
    match hostile {
        Hostile::Silence => {}
        Hostile::HugePacket => out.put_u32(u32::MAX),
        Hostile::LyingLength => {
            for answer in answers {
                // A data packet whose text claims to be longer than the packet.
                out.put_u32(9);
                out.put_u8(103);
                out.extend_from_slice(answer.get(5..9).unwrap_or(&[0; 4]));
                out.put_u32(0x7fff_ffff);
            }
        }
        Hostile::AnswersTwice => answers.iter().for_each(|answer| {
            out.extend_from_slice(answer);
            out.extend_from_slice(answer);
        }),
        Hostile::UnknownId => answers.iter().for_each(|answer| {
            let mut other = BytesMut::from(&answer[..]);
            if let Some(byte) = other.get_mut(5) {
                *byte ^= 0x40;
            }
            out.extend_from_slice(&other);
        }),
        _ => answers.iter().for_each(|answer| out.extend_from_slice(answer)),
    }
    out.freeze()
}
