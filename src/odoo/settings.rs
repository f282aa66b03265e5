//! The address of an Odoo, and our login.

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

/// Which dialect to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DialectChoice {
    /// JSON-2 if the server has it and an API key is given, otherwise JSON-RPC.
    #[default]
    Auto,
    /// JSON-2, Odoo 19 and newer.
    Json2,
    /// JSON-RPC.
    JsonRpc,
    /// XML-RPC.
    XmlRpc,
}

/// The address of Odoo and our login.
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
    /// Bytes of one answer, at most.
    pub largest_answer: u64,
    /// Calls at the same time, at most: each uses one of the server's workers.
    pub calls: usize,
    /// Context of every call: `lang`, `tz`, `allowed_company_ids`.
    pub context: Map<String, Json>,
}
