//! What can go wrong in a session; all problems of this transport are made here.

use bytes::Bytes;

use super::packet::{Reply, status};
use crate::{
    model::{Code, Problem, problem::shown},
    transport::missing,
};

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The session cannot be used any more; the same request may succeed on the next one.
    Broken(&'static str),
    /// The server broke the protocol in its answer.
    Protocol(&'static str),
    /// The server refused.
    Status(u32, Bytes),
    /// A file has another number of bytes than its listing said.
    Length {
        /// Bytes received, as far as they were requested.
        got: u64,
        /// Expected bytes.
        expected: u64,
    },
    /// Our own side failed.
    Ours(Box<Problem>),
}

impl Fault {
    /// The fault for an answer of another kind than the request has.
    pub(super) fn answer(reply: Reply) -> Self {
        match reply {
            Reply::Status { code, message } => Self::Status(code, message),
            _ => Self::Protocol("an answer of the wrong kind"),
        }
    }

    pub(super) fn is(&self, code: u32) -> bool {
        matches!(self, Self::Status(found, _) if *found == code)
    }

    /// Whether its session must not be used again.
    pub(super) fn ends_session(&self) -> bool {
        match self {
            Self::Broken(_) | Self::Protocol(_) => true,
            Self::Status(code, _) => matches!(*code, status::NO_CONNECTION | status::CONNECTION_LOST),
            Self::Length { .. } | Self::Ours(_) => false,
        }
    }

    /// The fault as a problem.
    pub(super) fn problem(self, path: &str) -> Problem {
        let path = shown(path);
        match self {
            Self::Ours(problem) => *problem,
            Self::Broken(why) => Problem::new(Code::DropUnreachable, format!("the connection broke at `{path}`: {why}")),
            Self::Protocol(why) => Problem::new(Code::DropUnreachable, format!("the server breaks the SFTP protocol at `{path}`: {why}"))
                .hint("if it happens again, the partner's server is defective; try `engine = \"libssh2\"`"),
            Self::Length { got, expected } => super::super::other_length(&path, got, expected),
            Self::Status(code, message) => match code {
                status::NO_SUCH_FILE => missing(&path),
                status::PERMISSION_DENIED => Problem::new(Code::DropDenied, format!("no permission on the server for `{path}`")),
                status::NO_CONNECTION | status::CONNECTION_LOST => {
                    Problem::new(Code::DropUnreachable, format!("the connection broke at `{path}`: the server says so"))
                }
                _ if is_full(&message) => Problem::new(Code::DiskFull, format!("no space left on the server for `{path}`")),
                status::OP_UNSUPPORTED => Problem::new(Code::DropIo, format!("the server does not support this operation for `{path}`")),
                status::FAILURE => Problem::new(Code::DropIo, format!("the server failed at `{path}`"))
                    .hint("a name that is taken, a full disk, a quota or a lock; the server does not say which"),
                other => Problem::new(Code::DropIo, format!("the server answered with status {other} for `{path}`")),
            },
        }
    }
}

/// Servers have one status for every failure; only the words show that a disk is full.
fn is_full(message: &[u8]) -> bool {
    let text = String::from_utf8_lossy(message).to_lowercase();
    ["no space", "quota", "disk full"].iter().any(|sign| text.contains(sign))
}
