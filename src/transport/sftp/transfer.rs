//! Downloads and uploads: all requests of a file are sent at once, as far as there is space in flight.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;

use super::{
    fault::Fault,
    gate::Permit,
    packet::{Attributes, CREATE, READ, Reply, Request, TRUNCATE, WRITE, status},
    session::{ROOM, Room, Session, Ticket},
};
use crate::model::Sink;

/// An open file on the server. It is closed on drop; its permit is returned once the server has closed it.
struct Open<'a> {
    session: &'a Session,
    handle: Bytes,
    place: Option<Permit>,
    closed: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        // A session that has ended has closed its files.
        let _ = self.session.post(&Request::Close { handle: self.handle.clone() }, self.place.take());
    }
}

impl<'a> Open<'a> {
    /// Opens a file. If a server refuses while other files are open, it may allow only few: the request is repeated with fewer, and at
    /// last with this one alone, before its refusal is final.
    async fn file(session: &'a Session, path: &Bytes, flags: u32) -> Result<Self, Fault> {
        let mut narrowed = false;
        loop {
            let place = session.gate.enter().await;
            let request = Request::Open { path: path.clone(), flags, attributes: Attributes::default() };
            match session.post(&request, None)?.reply().await? {
                Reply::Handle(handle) => return Ok(Self { session, handle, place: Some(place), closed: false }),
                Reply::Status { code: status::FAILURE, .. } if session.gate.narrow(&place) => narrowed = true,
                other => {
                    // Refused alone as well: the cause is this file, and not the number of open files.
                    if narrowed {
                        session.gate.restore();
                    }
                    return Err(Fault::answer(other));
                }
            }
        }
    }

    /// Closes it and waits for the server's answer: some report only now that a quota was exceeded.
    async fn close(mut self) -> Result<(), Fault> {
        let ticket = self.session.post(&Request::Close { handle: self.handle.clone() }, self.place.take())?;
        self.closed = true;
        ticket.done().await
    }
}

/// A requested part of a file.
struct Part {
    offset: u64,
    length: u32,
    ticket: Ticket,
    room: Room,
}

async fn room(session: &Session, bytes: u32, wait: bool) -> Option<Room> {
    let units = bytes.div_ceil(ROOM as u32).max(1);
    let room = Arc::clone(&session.room);
    let room = if wait { room.acquire_many_owned(units).await.ok() } else { room.try_acquire_many_owned(units).ok() };
    room.map(Arc::new)
}

/// Downloads a file that has `expected` bytes according to the listing.
///
/// Nothing comes between OPEN and the READs, since some servers refuse a STAT there, and the end is not requested separately. The last
/// READ asks for one byte more than expected, so a grown file shows without another request. Short answers are followed by
/// further requests. A download succeeds only if its size is exact.
pub(super) async fn download(session: &Session, path: &Bytes, expected: u64, sink: &mut dyn Sink) -> Result<(), Fault> {
    let file = Open::file(session, path, READ).await?;
    let most = session.abilities.read;
    // A last part as long as the longest READ would leave no space for the byte that shows growth.
    let wanted = |offset: u64| match u32::try_from(expected - offset) {
        Ok(rest) if rest == most => rest - 1,
        Ok(rest) => rest.min(most),
        Err(_) => most,
    };
    // The last one asks for a byte that should not exist.
    let read = |offset: u64, length: u32| {
        let beyond = u32::from(offset + u64::from(length) == expected);
        Request::Read { handle: file.handle.clone(), offset, length: length + beyond }
    };
    let mut parts: VecDeque<Part> = VecDeque::new();
    let mut asked = 0;
    loop {
        while asked < expected || (expected == 0 && parts.is_empty()) {
            let length = wanted(asked);
            // Waits with none of its own requests in flight, so that two files can never wait for each other.
            let Some(room) = room(session, length, parts.is_empty()).await else { break };
            let ticket = session.post_with(&read(asked, length), None, Some(Arc::clone(&room)))?;
            parts.push_back(Part { offset: asked, length, ticket, room });
            asked += u64::from(length);
            if expected == 0 {
                break;
            }
        }
        let Some(Part { offset, length, ticket, room }) = parts.pop_front() else { break };
        match ticket.reply().await? {
            Reply::Data(data) if data.len() > length as usize => {
                let last = offset + u64::from(length) == expected;
                return Err(if last && data.len() == length as usize + 1 {
                    Fault::Length { got: expected + 1, expected }
                } else {
                    Fault::Protocol("more data than requested")
                });
            }
            Reply::Data(data) if data.is_empty() && length > 0 => return Err(Fault::Protocol("an answer without data")),
            Reply::Data(data) => {
                sink.put(&data).map_err(|problem| Fault::Ours(Box::new(problem)))?;
                let got = u32::try_from(data.len()).unwrap_or(length);
                if got < length {
                    let (offset, length) = (offset + u64::from(got), length - got);
                    let ticket = session.post_with(&read(offset, length), None, Some(Arc::clone(&room)))?;
                    parts.push_front(Part { offset, length, ticket, room });
                }
            }
            Reply::Status { code: status::EOF, .. } if offset == expected => {}
            Reply::Status { code: status::EOF, .. } => return Err(Fault::Length { got: offset, expected }),
            other => return Err(Fault::answer(other)),
        }
        if expected == 0 {
            break;
        }
    }
    session.gate.grow();
    Ok(())
}

/// Uploads a file, replacing one of that name, and counts the bytes that the server accepts. If the server has `fsync@openssh.com`, the
/// file is on its disk when this returns.
pub(super) async fn upload(session: &Session, path: &Bytes, bytes: &[u8], moved: &AtomicU64) -> Result<(), Fault> {
    let file = Open::file(session, path, WRITE | CREATE | TRUNCATE).await?;
    let most = session.abilities.write as usize;
    let mut parts: VecDeque<(Ticket, Room, u64)> = VecDeque::new();
    let mut offset = 0u64;
    for part in bytes.chunks(most) {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        let room = loop {
            if let Some(room) = room(session, length, parts.is_empty()).await {
                break room;
            }
            if let Some((ticket, room, length)) = parts.pop_front() {
                drop(room);
                ticket.done().await?;
                moved.fetch_add(length, Ordering::Relaxed);
            }
        };
        let write = Request::Write { handle: file.handle.clone(), offset, data: Bytes::copy_from_slice(part) };
        parts.push_back((session.post_with(&write, None, Some(Arc::clone(&room)))?, room, u64::from(length)));
        offset += u64::from(length);
    }
    for (ticket, _room, length) in parts {
        ticket.done().await?;
        moved.fetch_add(length, Ordering::Relaxed);
    }
    let size = session.post(&Request::Fstat { handle: file.handle.clone() }, None)?;
    let synced = session.abilities.fsync.then(|| {
        let mut data = bytes::BytesMut::new();
        bytes::BufMut::put_u32(&mut data, u32::try_from(file.handle.len()).unwrap_or(u32::MAX));
        data.extend_from_slice(&file.handle);
        session.post(&Request::Extended { name: Bytes::from_static(b"fsync@openssh.com"), data: data.freeze() }, None)
    });
    let size = match size.reply().await? {
        Reply::Attributes(attributes) => attributes.size,
        // Some servers report nothing about an open file.
        _ => None,
    };
    if let Some(ticket) = synced {
        ticket?.done().await?;
    }
    file.close().await?;
    if let Some(got) = size.filter(|size| *size != bytes.len() as u64) {
        return Err(Fault::Length { got, expected: bytes.len() as u64 });
    }
    session.gate.grow();
    Ok(())
}
