//! One SFTP session on one channel: requests are sent as they come, and answers find their requests, in whatever order the server
//! sends them.
//!
//! **Invariants:** the reading task never waits for the writing one (otherwise both ends could block). An unrequested or repeated answer
//! ends the session: a server that miscounts cannot be trusted with anything else.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, client::Msg};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::timeout,
};

use super::{
    fault::Fault,
    gate::{Gate, Permit},
    packet::{Frames, LONGEST, Reply, Request},
};

/// Requests are collected into SSH packets of about this size.
const GATHERED: usize = 30 << 10;

/// Maximum bytes of files in flight, requested or sent: what 20 ms at 300 MB/s need, and half as much again.
const IN_FLIGHT: usize = 9 << 20;

/// Bytes of one permit of [`Session::room`].
pub(super) const ROOM: usize = 1 << 10;

/// Bytes of a READ or WRITE if the server reports no limit: what every server must support (section 6.4).
const COMMON: u32 = 32 << 10;

/// The server's abilities, as it reported them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Abilities {
    /// `posix-rename@openssh.com`: a rename that replaces.
    pub(super) posix_rename: bool,
    /// `fsync@openssh.com`.
    pub(super) fsync: bool,
    /// Bytes of one READ.
    pub(super) read: u32,
    /// Bytes of one WRITE.
    pub(super) write: u32,
    /// Files open at once.
    pub(super) handles: usize,
}

struct Waiting {
    answer: oneshot::Sender<Reply>,
    since: Instant,
    /// Bytes of requested data.
    most: usize,
    /// Returned when the answer comes, whether or not anybody still waits for it.
    _place: Option<Permit>,
    _room: Option<Room>,
}

/// Space for bytes in flight, until the answer has come and was used.
pub(super) type Room = Arc<OwnedSemaphorePermit>;

#[derive(Default)]
struct Asked {
    by_id: HashMap<u32, Waiting>,
    /// Why the session cannot be used any more.
    ended: Option<&'static str>,
}

#[derive(Default)]
struct Shared {
    asked: Mutex<Asked>,
}

impl Shared {
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the session: everybody who waits for an answer gets an error.
    fn end(&self, why: &'static str) {
        let mut asked = self.asked();
        asked.ended.get_or_insert(why);
        asked.by_id.clear();
    }
}

/// A session; dropping it ends it.
pub(super) struct Session {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Bytes>,
    next: AtomicU32,
    pub(super) abilities: Abilities,
    /// Permits for open files, and for requests about paths.
    pub(super) gate: Arc<Gate>,
    /// Space for bytes of files in flight, in units of [`ROOM`].
    pub(super) room: Arc<Semaphore>,
    tasks: [tokio::task::JoinHandle<()>; 2],
}

/// A pending answer.
pub(super) struct Ticket {
    answer: oneshot::Receiver<Reply>,
    shared: Arc<Shared>,
}

impl Ticket {
    /// Waits for the answer.
    pub(super) async fn reply(self) -> Result<Reply, Fault> {
        match self.answer.await {
            Ok(reply) => Ok(reply),
            Err(_) => Err(Fault::Broken(self.shared.asked().ended.unwrap_or("the session ended"))),
        }
    }

    /// Waits for an answer that is only success or failure.
    pub(super) async fn done(self) -> Result<(), Fault> {
        match self.reply().await? {
            Reply::Status { code: super::packet::status::OK, .. } => Ok(()),
            other => Err(Fault::answer(other)),
        }
    }
}

impl Session {
    /// Begins a session on a channel whose subsystem is running. `width` is the maximum number of parallel operations, `patience` how long
    /// the server may stay silent while an answer is pending.
    pub(super) async fn begin(
        read: ChannelReadHalf,
        write: ChannelWriteHalf<Msg>,
        width: usize,
        patience: Duration,
    ) -> Result<Self, Fault> {
        let shared = Arc::new(Shared::default());
        let (outgoing, queue) = mpsc::unbounded_channel();
        let (hello, greeted) = oneshot::channel();
        let reading = tokio::spawn(listen(read, Arc::clone(&shared), hello, patience));
        let writing = tokio::spawn(send(write, queue, Arc::clone(&shared)));
        let mut session = Self {
            shared,
            outgoing,
            next: AtomicU32::new(1),
            abilities: Abilities { posix_rename: false, fsync: false, read: COMMON, write: COMMON, handles: 1 << 16 },
            gate: Gate::new(width),
            room: Arc::new(Semaphore::new(IN_FLIGHT / ROOM)),
            tasks: [reading, writing],
        };
        // A closed queue shows in the answer that does not come.
        let _ = session.outgoing.send(Request::Init { version: 3 }.encode(0));
        let Ok(Ok(Reply::Version { version, extensions })) = timeout(patience, greeted).await else {
            return Err(Fault::Broken("no SFTP greeting"));
        };
        if version < 3 {
            return Err(Fault::Protocol("it speaks an SFTP older than version 3"));
        }
        let has = |name: &str, version: &str| extensions.iter().any(|(key, value)| key == name.as_bytes() && value == version.as_bytes());
        session.abilities.posix_rename = has("posix-rename@openssh.com", "1");
        session.abilities.fsync = has("fsync@openssh.com", "1");
        if has("limits@openssh.com", "1") {
            session.learn_limits().await?;
        }
        session.gate = Gate::new(width.min(session.abilities.handles));
        Ok(session)
    }

    /// `limits@openssh.com`: four numbers, longest packet, read, write, open handles; 0 means unknown (PROTOCOL, section 4.8).
    async fn learn_limits(&mut self) -> Result<(), Fault> {
        let ask = Request::Extended { name: Bytes::from_static(b"limits@openssh.com"), data: Bytes::new() };
        let Reply::Extended(mut reported) = self.post(&ask, None)?.reply().await? else { return Ok(()) };
        let mut number = || bytes::Buf::try_get_u64(&mut reported).unwrap_or(0);
        let (_packet, read, write, handles) = (number(), number(), number(), number());
        // A packet has a header besides its data, and we must keep to the longest packet. A limit below what every server must support is
        // not trusted: a file requested byte by byte would take thousands of requests.
        let most = (LONGEST - 1024) as u64;
        let bytes =
            |reported: u64| if reported == 0 { COMMON } else { u32::try_from(reported.clamp(u64::from(COMMON), most)).unwrap_or(COMMON) };
        (self.abilities.read, self.abilities.write) = (bytes(read), bytes(write));
        if handles > 0 {
            // Some are left for listings, and for other users of the account.
            self.abilities.handles = usize::try_from(handles).unwrap_or(usize::MAX).saturating_sub(8).max(1);
        }
        Ok(())
    }

    /// Whether it is still usable.
    pub(super) fn is_alive(&self) -> bool {
        self.shared.asked().ended.is_none()
    }

    /// Sends a request; its permit is returned when its answer comes.
    pub(super) fn post(&self, request: &Request, place: Option<Permit>) -> Result<Ticket, Fault> {
        self.post_with(request, place, None)
    }

    /// Sends a request that occupies space for its bytes, until its answer comes.
    pub(super) fn post_with(&self, request: &Request, place: Option<Permit>, room: Option<Room>) -> Result<Ticket, Fault> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, receiver) = oneshot::channel();
        let most = if let Request::Read { length, .. } = request { *length as usize } else { 0 };
        {
            let mut asked = self.shared.asked();
            if let Some(why) = asked.ended {
                return Err(Fault::Broken(why));
            }
            asked.by_id.insert(id, Waiting { answer, since: Instant::now(), most, _place: place, _room: room });
        }
        // A closed queue has ended the session; the ticket reports that.
        let _ = self.outgoing.send(request.encode(id));
        Ok(Ticket { answer: receiver, shared: Arc::clone(&self.shared) })
    }

    /// Sends a request about a path and waits for its answer.
    pub(super) async fn ask(&self, request: &Request) -> Result<Reply, Fault> {
        let place = self.gate.enter().await;
        let reply = self.post(request, Some(place))?.reply().await?;
        self.gate.grow();
        Ok(reply)
    }

    /// Sends a request about a path whose answer is only success or failure.
    pub(super) async fn tell(&self, request: &Request) -> Result<(), Fault> {
        match self.ask(request).await? {
            Reply::Status { code: super::packet::status::OK, .. } => Ok(()),
            other => Err(Fault::answer(other)),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
        self.shared.end("the session was closed");
    }
}

/// How often the reading task checks whether the server has gone silent.
const LOOK: Duration = Duration::from_millis(500);

/// How many times its patience a server gets if it answers others but never this one.
const ONE_ANSWER: u32 = 20;

/// Bytes that count as a sign of life without a complete answer; a server that sends less in its time is silent.
const SIGN_OF_LIFE: usize = 4 << 10;

async fn listen(mut channel: ChannelReadHalf, shared: Arc<Shared>, hello: oneshot::Sender<Reply>, patience: Duration) {
    let mut frames = Frames::default();
    let mut hello = Some(hello);
    let (mut heard, mut looked, mut since_heard) = (Instant::now(), Instant::now(), 0);
    loop {
        match timeout(LOOK.min(patience), channel.wait()).await {
            Ok(Some(ChannelMsg::Data { data })) => {
                frames.push(&data);
                since_heard += data.len();
                match deliver(&mut frames, &shared, &mut hello) {
                    Err(why) => return shared.end(why),
                    Ok(answers) if answers > 0 || since_heard >= SIGN_OF_LIFE => (heard, since_heard) = (Instant::now(), 0),
                    Ok(_) => {}
                }
            }
            Ok(Some(ChannelMsg::Eof | ChannelMsg::Close) | None) => return shared.end("the server closed the connection"),
            Ok(Some(_)) | Err(_) => {}
        }
        if looked.elapsed() >= LOOK.min(patience) {
            looked = Instant::now();
            let oldest = shared.asked().by_id.values().map(|waiting| waiting.since).min();
            let silent = oldest.is_some_and(|since| since.max(heard).elapsed() > patience);
            if silent || oldest.is_some_and(|since| since.elapsed() > patience * ONE_ANSWER) {
                return shared.end("no answer in time");
            }
        }
    }
}

/// Gives every complete packet to its requester, and returns how many there were.
fn deliver(frames: &mut Frames, shared: &Shared, hello: &mut Option<oneshot::Sender<Reply>>) -> Result<usize, &'static str> {
    let mut answers = 0;
    while let Some(packet) = frames.packet().map_err(|malformed| malformed.0)? {
        let (id, reply) = Reply::decode(packet).map_err(|malformed| malformed.0)?;
        let answer = match (&reply, hello.take()) {
            (Reply::Version { .. }, Some(hello)) => hello,
            (Reply::Version { .. }, None) | (_, Some(_)) => return Err("its greeting comes at the wrong time"),
            (reply, None) => {
                let waiting = shared.asked().by_id.remove(&id).ok_or("it sends an answer that nobody requested")?;
                if matches!(reply, Reply::Data(data) if data.len() > waiting.most) {
                    return Err("more data than requested");
                }
                waiting.answer
            }
        };
        // The requester may be gone.
        let _ = answer.send(reply);
        answers += 1;
    }
    Ok(answers)
}

async fn send(channel: ChannelWriteHalf<Msg>, mut queue: mpsc::UnboundedReceiver<Bytes>, shared: Arc<Shared>) {
    let mut packets = Vec::new();
    while queue.recv_many(&mut packets, 256).await > 0 {
        let mut gathered = BytesMut::with_capacity(GATHERED);
        for packet in packets.drain(..) {
            if !gathered.is_empty()
                && gathered.len() + packet.len() > GATHERED
                && channel.data_bytes(gathered.split().freeze()).await.is_err()
            {
                return shared.end("the connection broke");
            }
            gathered.extend_from_slice(&packet);
        }
        if channel.data_bytes(gathered.freeze()).await.is_err() {
            return shared.end("the connection broke");
        }
    }
}
