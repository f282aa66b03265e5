//! What went wrong in a call, by who can fix it. The only place in this module that turns faults into problems.

use crate::{
    http::HttpFailure,
    model::{Code, Problem, foreign},
};

/// Kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// No connection; the call was not made.
    Unreachable,
    /// No answer in time, or the connection broke: the call may have been executed.
    Timeout,
    /// The server's certificate was refused; the call was not made.
    Certificate,
    /// Database, login or password.
    Login,
    /// API key.
    Key,
    /// Rights or record rules.
    Rights,
    /// One of the rules that Odoo has on data.
    Refused,
    /// Another transaction had locked the records; Odoo's own retries did not help.
    Busy,
    /// Unknown model, method or field.
    Unknown,
    /// Any other error in Odoo.
    Server,
    /// Not an answer from Odoo.
    Answer,
    /// A server that the dialect does not support.
    Version,
}

/// A failed call.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Kind.
    pub kind: FaultKind,
    /// Odoo's message, as one line.
    pub message: String,
}

impl From<HttpFailure> for Fault {
    fn from(failure: HttpFailure) -> Self {
        let kind = match &failure {
            HttpFailure::Unable | HttpFailure::Address | HttpFailure::Unreachable => FaultKind::Unreachable,
            HttpFailure::Certificate(_) => FaultKind::Certificate,
            HttpFailure::Late | HttpFailure::Broken => FaultKind::Timeout,
            HttpFailure::Large(_) | HttpFailure::Many(_) | HttpFailure::NotJson => FaultKind::Answer,
        };
        match failure {
            HttpFailure::Large(_) => Self::new(kind, &format!("{} (`max_answer_bytes` in [odoo] is the limit)", failure.words())),
            _ => Self::new(kind, &failure.words()),
        }
    }
}

impl Fault {
    /// A fault with the first lines of a message. A server's message may quote our request: secrets are removed.
    pub fn new(kind: FaultKind, message: &str) -> Self {
        let message = foreign::without_secrets(message);
        let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut short: String = line.chars().take(400).collect();
        if short.len() < line.len() {
            short.push('…');
        }
        Self { kind, message: short }
    }

    /// The fault for an exception by its name in Odoo (`odoo.exceptions.UserError`).
    pub fn from_exception(name: &str, message: &str) -> Self {
        let last = name.rsplit('.').next().unwrap_or(name);
        let unknown = message.starts_with("Invalid field")
            || message.contains("does not exist") && (last == "AttributeError" || last == "NotFound" || last == "KeyError");
        let no_model = message.starts_with("Object ") && message.trim_end().ends_with("doesn't exist");
        let kind = match last {
            _ if no_model => FaultKind::Unknown,
            "AccessDenied" => FaultKind::Login,
            "AccessError" => FaultKind::Rights,
            "UserError" | "ValidationError" | "RedirectWarning" | "MissingError" | "CheckViolation" | "NotNullViolation"
            | "UniqueViolation" | "IntegrityError" => FaultKind::Refused,
            "OperationalError"
            | "InterfaceError"
            | "AdminShutdown"
            | "LockError"
            | "SerializationFailure"
            | "LockNotAvailable"
            | "DeadlockDetected"
            | "PoolError"
            | "ConcurrencyError" => FaultKind::Busy,
            _ if message.contains("could not serialize access") || message.contains("deadlock detected") => FaultKind::Busy,
            _ if unknown => FaultKind::Unknown,
            "KeyError" => FaultKind::Unknown,
            _ => FaultKind::Server,
        };
        Self::new(kind, message)
    }

    /// The fault for an HTTP status that does not come with an Odoo answer.
    pub(super) fn from_status(status: u16) -> Self {
        match status {
            401 => Self::new(FaultKind::Key, "the key is not accepted"),
            403 => Self::new(FaultKind::Rights, "forbidden"),
            409 | 429 | 503 => Self::new(FaultKind::Busy, "the server is overloaded"),
            // Some of 520 to 524 mean that the proxy reached the server and got no answer.
            408 | 502 | 504 | 520..=524 => Self::new(FaultKind::Timeout, "the proxy has no answer from Odoo"),
            // A proxy that refuses this request will refuse it again: too large, malformed.
            400 | 405..=499 => Self::new(FaultKind::Server, &format!("a proxy refuses the request with HTTP status {status}")),
            other => Self::new(FaultKind::Answer, &format!("HTTP status {other} without an answer from Odoo")),
        }
    }

    /// Whether Odoo refused the content of the records, so that others may be accepted.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self.kind, FaultKind::Refused | FaultKind::Server | FaultKind::Unknown)
    }

    /// Whether nothing is known about the call: it did not arrive, or its answer did not.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.kind, FaultKind::Unreachable | FaultKind::Certificate | FaultKind::Timeout | FaultKind::Answer)
    }

    /// Whether the call may have been executed nevertheless.
    pub(super) fn may_have_happened(&self) -> bool {
        self.is_open() && !matches!(self.kind, FaultKind::Unreachable | FaultKind::Certificate)
    }

    /// The problem for a person. `doing` is what was tried: `creating sale.order`.
    pub fn problem(&self, doing: &str) -> Problem {
        let code: Code = match self.kind {
            FaultKind::Unreachable => Code::OdooUnreachable,
            FaultKind::Certificate => Code::OdooCertificate,
            FaultKind::Timeout => Code::OdooTimeout,
            FaultKind::Login => Code::OdooLogin,
            FaultKind::Key => Code::OdooKey,
            FaultKind::Rights => Code::OdooRights,
            FaultKind::Refused => Code::OdooRefused,
            FaultKind::Busy => Code::OdooBusy,
            FaultKind::Unknown => Code::OdooUnknown,
            FaultKind::Server => Code::OdooError,
            FaultKind::Answer => Code::OdooAnswer,
            FaultKind::Version => Code::OdooVersion,
        };
        let mut problem = Problem::new(code, format!("{doing}: {}", self.message));
        problem.hint = match self.kind {
            FaultKind::Unreachable => {
                Some("check that Odoo is running and that `url` in [odoo] is right; consign retries by itself".into())
            }
            FaultKind::Login | FaultKind::Key => {
                Some("correct [odoo] in consign.toml or the secret it names; every message waits until then".into())
            }
            FaultKind::Rights => Some("give the Odoo user of consign the right, or use another user".into()),
            _ => None,
        };
        problem
    }
}
