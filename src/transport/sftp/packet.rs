//! The packets of SFTP version 3 (draft-ietf-secsh-filexfer-02; for extensions, OpenSSH's PROTOCOL file, section 4), in both directions.
//!
//! **Invariant:** nothing here trusts a length: every count is checked against the available bytes before any memory is allocated for
//! it. Names, paths and handles are bytes, never text.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Longest packet that either side may send: OpenSSH's limit (`SFTP_MAX_MSG_LENGTH`), so that a length field costs no memory.
pub const LONGEST: usize = 256 << 10;

/// `SSH_FXF_READ`.
pub const READ: u32 = 1;
/// `SSH_FXF_WRITE`.
pub const WRITE: u32 = 2;
/// `SSH_FXF_CREAT`.
pub const CREATE: u32 = 8;
/// `SSH_FXF_TRUNC`.
pub const TRUNCATE: u32 = 16;
/// `SSH_FXF_EXCL`.
pub const EXCLUSIVE: u32 = 32;

/// Status codes (section 7 of the draft).
pub mod status {
    /// `SSH_FX_OK`.
    pub const OK: u32 = 0;
    /// `SSH_FX_EOF`.
    pub const EOF: u32 = 1;
    /// `SSH_FX_NO_SUCH_FILE`.
    pub const NO_SUCH_FILE: u32 = 2;
    /// `SSH_FX_PERMISSION_DENIED`.
    pub const PERMISSION_DENIED: u32 = 3;
    /// `SSH_FX_FAILURE`.
    pub const FAILURE: u32 = 4;
    /// `SSH_FX_NO_CONNECTION`.
    pub const NO_CONNECTION: u32 = 6;
    /// `SSH_FX_CONNECTION_LOST`.
    pub const CONNECTION_LOST: u32 = 7;
    /// `SSH_FX_OP_UNSUPPORTED`.
    pub const OP_UNSUPPORTED: u32 = 8;
}

/// What is wrong with a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// Attributes of a file (section 5 of the draft); missing ones are `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Bytes.
    pub size: Option<u64>,
    /// User and group.
    pub owner: Option<(u32, u32)>,
    /// Type and permissions in POSIX form.
    pub permissions: Option<u32>,
    /// Times of access and change, in seconds since 1970.
    pub times: Option<(u32, u32)>,
}

/// One entry of an `SSH_FXP_NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name as the server has it.
    pub name: Bytes,
    /// A line as `ls -l` prints it; only its first letter is ever read.
    pub long: Bytes,
    /// Attributes.
    pub attributes: Attributes,
}

/// A client's request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is named after the request of the draft, its fields after the draft's")]
pub enum Request {
    Init { version: u32 },
    Open { path: Bytes, flags: u32, attributes: Attributes },
    Close { handle: Bytes },
    Read { handle: Bytes, offset: u64, length: u32 },
    Write { handle: Bytes, offset: u64, data: Bytes },
    Lstat { path: Bytes },
    Fstat { handle: Bytes },
    Setstat { path: Bytes, attributes: Attributes },
    Fsetstat { handle: Bytes, attributes: Attributes },
    Opendir { path: Bytes },
    Readdir { handle: Bytes },
    Remove { path: Bytes },
    Mkdir { path: Bytes, attributes: Attributes },
    Rmdir { path: Bytes },
    Realpath { path: Bytes },
    Stat { path: Bytes },
    Rename { from: Bytes, to: Bytes },
    Extended { name: Bytes, data: Bytes },
}

/// A server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is named after the response of the draft, its fields after the draft's")]
pub enum Reply {
    Version { version: u32, extensions: Vec<(Bytes, Bytes)> },
    Status { code: u32, message: Bytes },
    Handle(Bytes),
    Data(Bytes),
    Names(Vec<Name>),
    Attributes(Attributes),
    Extended(Bytes),
}

/// Cuts a stream of bytes into packets.
#[derive(Debug, Default)]
pub struct Frames {
    gathered: BytesMut,
}

impl Frames {
    /// Accepts the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.gathered.extend_from_slice(bytes);
    }

    /// The next complete packet, without its length.
    ///
    /// # Errors
    /// An impossible length. The stream cannot be used after that.
    pub fn packet(&mut self) -> Result<Option<Bytes>, Malformed> {
        let Some(head) = self.gathered.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*head) as usize;
        if length == 0 || length > LONGEST {
            return Err(Malformed("a packet of an impossible length"));
        }
        if self.gathered.len() < 4 + length {
            return Ok(None);
        }
        self.gathered.advance(4);
        Ok(Some(self.gathered.split_to(length).freeze()))
    }
}

const SHORT: Malformed = Malformed("a packet that ends too early");

fn byte(from: &mut Bytes) -> Result<u8, Malformed> {
    from.try_get_u8().map_err(|_| SHORT)
}

fn word(from: &mut Bytes) -> Result<u32, Malformed> {
    from.try_get_u32().map_err(|_| SHORT)
}

fn long(from: &mut Bytes) -> Result<u64, Malformed> {
    from.try_get_u64().map_err(|_| SHORT)
}

fn string(from: &mut Bytes) -> Result<Bytes, Malformed> {
    let length = word(from)? as usize;
    if length > from.len() {
        return Err(SHORT);
    }
    Ok(from.split_to(length))
}

fn attributes(from: &mut Bytes) -> Result<Attributes, Malformed> {
    let flags = word(from)?;
    let mut found = Attributes::default();
    if flags & 1 != 0 {
        found.size = Some(long(from)?);
    }
    if flags & 2 != 0 {
        found.owner = Some((word(from)?, word(from)?));
    }
    if flags & 4 != 0 {
        found.permissions = Some(word(from)?);
    }
    if flags & 8 != 0 {
        found.times = Some((word(from)?, word(from)?));
    }
    if flags & 0x8000_0000 != 0 {
        for _ in 0..word(from)? {
            string(from)?;
            string(from)?;
        }
    }
    Ok(found)
}

fn put_string(into: &mut BytesMut, bytes: &[u8]) {
    into.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    into.extend_from_slice(bytes);
}

fn put_attributes(into: &mut BytesMut, what: &Attributes) {
    let flag = |present: bool, bit: u32| if present { bit } else { 0 };
    into.put_u32(
        flag(what.size.is_some(), 1) | flag(what.owner.is_some(), 2) | flag(what.permissions.is_some(), 4) | flag(what.times.is_some(), 8),
    );
    what.size.into_iter().for_each(|size| into.put_u64(size));
    for number in what.owner.into_iter().flat_map(|(user, group)| [user, group]) {
        into.put_u32(number);
    }
    what.permissions.into_iter().for_each(|mode| into.put_u32(mode));
    for number in what.times.into_iter().flat_map(|(read, changed)| [read, changed]) {
        into.put_u32(number);
    }
}

/// A packet around its body: the length is filled in when the body is known.
fn framed(kind: u8, id: Option<u32>, body: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut packet = BytesMut::with_capacity(64);
    packet.put_u32(0);
    packet.put_u8(kind);
    id.into_iter().for_each(|id| packet.put_u32(id));
    body(&mut packet);
    let length = u32::try_from(packet.len() - 4).unwrap_or(u32::MAX);
    packet[..4].copy_from_slice(&length.to_be_bytes());
    packet.freeze()
}

impl Request {
    /// The packet, with its length; `SSH_FXP_INIT` has no id.
    pub fn encode(&self, id: u32) -> Bytes {
        let with = |kind: u8, strings: &[&Bytes]| framed(kind, Some(id), |to| strings.iter().for_each(|text| put_string(to, text)));
        match self {
            Self::Init { version } => framed(1, None, |to| to.put_u32(*version)),
            Self::Open { path, flags, attributes } => framed(3, Some(id), |to| {
                put_string(to, path);
                to.put_u32(*flags);
                put_attributes(to, attributes);
            }),
            Self::Close { handle } => with(4, &[handle]),
            Self::Read { handle, offset, length } => framed(5, Some(id), |to| {
                put_string(to, handle);
                to.put_u64(*offset);
                to.put_u32(*length);
            }),
            Self::Write { handle, offset, data } => framed(6, Some(id), |to| {
                to.reserve(handle.len() + data.len() + 16);
                put_string(to, handle);
                to.put_u64(*offset);
                put_string(to, data);
            }),
            Self::Lstat { path } => with(7, &[path]),
            Self::Fstat { handle } => with(8, &[handle]),
            Self::Setstat { path, attributes } => framed(9, Some(id), |to| {
                put_string(to, path);
                put_attributes(to, attributes);
            }),
            Self::Fsetstat { handle, attributes } => framed(10, Some(id), |to| {
                put_string(to, handle);
                put_attributes(to, attributes);
            }),
            Self::Opendir { path } => with(11, &[path]),
            Self::Readdir { handle } => with(12, &[handle]),
            Self::Remove { path } => with(13, &[path]),
            Self::Mkdir { path, attributes } => framed(14, Some(id), |to| {
                put_string(to, path);
                put_attributes(to, attributes);
            }),
            Self::Rmdir { path } => with(15, &[path]),
            Self::Realpath { path } => with(16, &[path]),
            Self::Stat { path } => with(17, &[path]),
            Self::Rename { from, to } => with(18, &[from, to]),
            Self::Extended { name, data } => framed(200, Some(id), |to| {
                put_string(to, name);
                to.extend_from_slice(data);
            }),
        }
    }

    /// Decodes a packet without its length; returns the id (0 for `SSH_FXP_INIT`) and the request.
    ///
    /// # Errors
    /// A client may not send this packet.
    pub fn decode(mut packet: Bytes) -> Result<(u32, Self), Malformed> {
        let from = &mut packet;
        let kind = byte(from)?;
        if kind == 1 {
            return Ok((0, Self::Init { version: word(from)? }));
        }
        let id = word(from)?;
        let request = match kind {
            3 => Self::Open { path: string(from)?, flags: word(from)?, attributes: attributes(from)? },
            4 => Self::Close { handle: string(from)? },
            5 => Self::Read { handle: string(from)?, offset: long(from)?, length: word(from)? },
            6 => Self::Write { handle: string(from)?, offset: long(from)?, data: string(from)? },
            7 => Self::Lstat { path: string(from)? },
            8 => Self::Fstat { handle: string(from)? },
            9 => Self::Setstat { path: string(from)?, attributes: attributes(from)? },
            10 => Self::Fsetstat { handle: string(from)?, attributes: attributes(from)? },
            11 => Self::Opendir { path: string(from)? },
            12 => Self::Readdir { handle: string(from)? },
            13 => Self::Remove { path: string(from)? },
            14 => Self::Mkdir { path: string(from)?, attributes: attributes(from)? },
            15 => Self::Rmdir { path: string(from)? },
            16 => Self::Realpath { path: string(from)? },
            17 => Self::Stat { path: string(from)? },
            18 => Self::Rename { from: string(from)?, to: string(from)? },
            200 => Self::Extended { name: string(from)?, data: std::mem::take(from) },
            _ => return Err(Malformed("a request of an unknown kind")),
        };
        Ok((id, request))
    }
}

impl Reply {
    /// The packet, with its length; `SSH_FXP_VERSION` has no id.
    pub fn encode(&self, id: u32) -> Bytes {
        match self {
            Self::Version { version, extensions } => framed(2, None, |to| {
                to.put_u32(*version);
                for (name, data) in extensions {
                    put_string(to, name);
                    put_string(to, data);
                }
            }),
            Self::Status { code, message } => framed(101, Some(id), |to| {
                to.put_u32(*code);
                put_string(to, message);
                put_string(to, b"en");
            }),
            Self::Handle(handle) => framed(102, Some(id), |to| put_string(to, handle)),
            Self::Data(data) => framed(103, Some(id), |to| {
                to.reserve(data.len() + 4);
                put_string(to, data);
            }),
            Self::Names(names) => framed(104, Some(id), |to| {
                to.put_u32(u32::try_from(names.len()).unwrap_or(u32::MAX));
                for name in names {
                    put_string(to, &name.name);
                    put_string(to, &name.long);
                    put_attributes(to, &name.attributes);
                }
            }),
            Self::Attributes(attributes) => framed(105, Some(id), |to| put_attributes(to, attributes)),
            Self::Extended(data) => framed(201, Some(id), |to| to.extend_from_slice(data)),
        }
    }

    /// Decodes a packet without its length; returns the id (0 for `SSH_FXP_VERSION`) and the reply.
    ///
    /// # Errors
    /// A server may not send this packet.
    pub fn decode(mut packet: Bytes) -> Result<(u32, Self), Malformed> {
        let from = &mut packet;
        let kind = byte(from)?;
        if kind == 2 {
            let version = word(from)?;
            let mut extensions = Vec::new();
            while !from.is_empty() {
                extensions.push((string(from)?, string(from)?));
            }
            return Ok((0, Self::Version { version, extensions }));
        }
        let id = word(from)?;
        let reply = match kind {
            // Servers of version 2 and some later ones end a status after its code.
            101 => Self::Status { code: word(from)?, message: if from.is_empty() { Bytes::new() } else { string(from)? } },
            102 => Self::Handle(string(from)?),
            103 => Self::Data(string(from)?),
            104 => {
                let count = word(from)? as usize;
                // A name takes at least twelve bytes, so a packet cannot hold more of them than this.
                if count > from.len() / 12 {
                    return Err(Malformed("more names than the packet can hold"));
                }
                let mut names = Vec::with_capacity(count);
                for _ in 0..count {
                    names.push(Name { name: string(from)?, long: string(from)?, attributes: attributes(from)? });
                }
                Self::Names(names)
            }
            105 => Self::Attributes(attributes(from)?),
            201 => Self::Extended(std::mem::take(from)),
            _ => return Err(Malformed("a reply of an unknown kind")),
        };
        Ok((id, reply))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn bytes() -> impl Strategy<Value = Bytes> {
        vec(any::<u8>(), 0..60).prop_map(Bytes::from)
    }

    fn attributes() -> impl Strategy<Value = Attributes> {
        let pair = || option::of((any::<u32>(), any::<u32>()));
        let all = (option::of(any::<u64>()), pair(), option::of(any::<u32>()), pair());
        all.prop_map(|(size, owner, permissions, times)| Attributes { size, owner, permissions, times })
    }

    fn request() -> impl Strategy<Value = Request> {
        prop_oneof![
            (bytes(), any::<u32>(), attributes()).prop_map(|(path, flags, attributes)| Request::Open { path, flags, attributes }),
            bytes().prop_map(|handle| Request::Close { handle }),
            (bytes(), any::<u64>(), any::<u32>()).prop_map(|(handle, offset, length)| Request::Read { handle, offset, length }),
            (bytes(), any::<u64>(), bytes()).prop_map(|(handle, offset, data)| Request::Write { handle, offset, data }),
            bytes().prop_map(|path| Request::Lstat { path }),
            bytes().prop_map(|handle| Request::Fstat { handle }),
            (bytes(), attributes()).prop_map(|(path, attributes)| Request::Setstat { path, attributes }),
            bytes().prop_map(|path| Request::Opendir { path }),
            bytes().prop_map(|handle| Request::Readdir { handle }),
            bytes().prop_map(|path| Request::Remove { path }),
            (bytes(), attributes()).prop_map(|(path, attributes)| Request::Mkdir { path, attributes }),
            bytes().prop_map(|path| Request::Realpath { path }),
            (bytes(), bytes()).prop_map(|(from, to)| Request::Rename { from, to }),
            (bytes(), bytes()).prop_map(|(name, data)| Request::Extended { name, data }),
        ]
    }

    fn reply() -> impl Strategy<Value = Reply> {
        let name = (bytes(), bytes(), attributes()).prop_map(|(name, long, attributes)| Name { name, long, attributes });
        prop_oneof![
            (any::<u32>(), bytes()).prop_map(|(code, message)| Reply::Status { code, message }),
            bytes().prop_map(Reply::Handle),
            bytes().prop_map(Reply::Data),
            vec(name, 0..20).prop_map(Reply::Names),
            attributes().prop_map(Reply::Attributes),
            bytes().prop_map(Reply::Extended),
        ]
    }

    /// The one packet of a stream that comes in pieces of `size`.
    fn packet(stream: &[u8], size: usize) -> Bytes {
        let mut frames = Frames::default();
        let mut found = None;
        for piece in stream.chunks(size) {
            assert_eq!(found, None, "not before its last byte");
            frames.push(piece);
            found = frames.packet().expect("well-formed");
        }
        found.expect("whole")
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_whatever_the_pieces(request in request(), reply in reply(), id: u32, size in 1usize..50) {
            prop_assert_eq!(Request::decode(packet(&request.encode(id), size)), Ok((id, request)));
            prop_assert_eq!(Reply::decode(packet(&reply.encode(id), size)), Ok((id, reply)));
        }

        #[test]
        fn a_packet_that_is_cut_is_malformed_or_something_else_but_never_a_panic(reply in reply(), request in request(), at in 0.0f64..1.0) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let cut = |bytes: Bytes| bytes.slice(4..4 + ((bytes.len() - 4) as f64 * at) as usize);
            let _ = (Reply::decode(cut(reply.encode(7))), Request::decode(cut(request.encode(7))));
        }

        #[test]
        fn no_bytes_do_harm(noise: Vec<u8>) {
            let mut frames = Frames::default();
            frames.push(&noise);
            while let Ok(Some(packet)) = frames.packet() {
                let _ = (Reply::decode(packet.clone()), Request::decode(packet));
            }
        }
    }

    #[test]
    fn announced_lengths_cost_nothing() {
        let mut frames = Frames::default();
        frames.push(&u32::MAX.to_be_bytes());
        assert!(frames.packet().is_err(), "a packet of 4 GB");
        // 4,000,000,000 names in a packet of 20 bytes.
        let mut lie = vec![104, 0, 0, 0, 1, 0xee, 0x6b, 0x28, 0x00];
        lie.extend_from_slice(&[0; 11]);
        assert_eq!(Reply::decode(Bytes::from(lie)), Err(Malformed("more names than the packet can hold")));
        let data = Bytes::from_static(&[103, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, b'x']);
        assert_eq!(Reply::decode(data), Err(SHORT));
    }
}
