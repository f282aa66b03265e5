//! Where an Odoo is, and who we are there.

use std::time::Duration;

use serde_json::{Map, Value as Json};

/// How we sign in.
#[derive(Clone)]
pub enum OdooLogin {
    /// Login and password (or an API key in the password's place).
    Password {
        /// Login.
        login: String,
        /// Password.
        password: String,
    },
    /// An API key for JSON-2.
    Key(String),
}

impl std::fmt::Debug for OdooLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Password { login, .. } => write!(f, "Password({login}, …)"),
            Self::Key(_) => write!(f, "Key(…)"),
        }
    }
}

/// Which dialect to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DialectChoice {
    /// JSON-2 where the server has it and an API key is given, otherwise JSON-RPC.
    #[default]
    Auto,
    /// JSON-2, Odoo 19 and newer.
    Json2,
    /// JSON-RPC.
    JsonRpc,
    /// XML-RPC.
    XmlRpc,
}

/// Where Odoo is and who we are there.
#[derive(Debug, Clone)]
pub struct OdooSettings {
    /// Base address, `https://odoo.example.com`.
    pub url: String,
    /// Database.
    pub database: String,
    /// Login.
    pub login: OdooLogin,
    /// Dialect.
    pub dialect: DialectChoice,
    /// How long one call may take.
    pub timeout: Duration,
    /// Bytes that one answer may have.
    pub largest_answer: u64,
    /// Calls that may be under way at once: each takes one of the server's workers.
    pub calls: usize,
    /// Context of every call: `lang`, `tz`, `allowed_company_ids`.
    pub context: Map<String, Json>,
}
