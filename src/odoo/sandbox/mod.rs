//! An Odoo for tests: the three dialects over HTTP, the fields of a real Odoo 19, records in memory, and the behaviour that EDI
//! needs. One behaviour suite runs unchanged against it and against a real server (`tests/suite/odoo`).
//!
//! **Invariant:** it refuses what Odoo refuses, with the same fault shapes; a call is a transaction and leaves nothing behind when
//! it is refused.

mod business;
mod domain;
mod http;
mod load;
mod methods;
mod orm;
mod seed;
mod stock;
mod store;
mod values;

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value as Json;
use tokio::{net::TcpListener, task::JoinHandle};

use store::Store;

/// Name and message of an exception.
#[derive(Debug, Clone)]
struct Refusal {
    name: &'static str,
    message: String,
}

impl Refusal {
    fn user(message: impl Into<String>) -> Self {
        Self { name: "odoo.exceptions.UserError", message: message.into() }
    }

    fn validation(message: impl Into<String>) -> Self {
        Self { name: "odoo.exceptions.ValidationError", message: message.into() }
    }

    fn value(message: impl Into<String>) -> Self {
        Self { name: "builtins.ValueError", message: message.into() }
    }

    fn missing(model: &str, id: i64) -> Self {
        Self {
            name: "odoo.exceptions.MissingError",
            message: format!("Record does not exist or has been deleted.\n(Record: {model}({id},), User: 2)"),
        }
    }
}

/// A deliberate fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedFault {
    /// Answer with this HTTP status and do nothing.
    Status(u16),
    /// Do the work, then answer with this HTTP status: the answer is lost, the effect is not.
    StatusAfterCommit(u16),
    /// Refuse as a transaction that conflicts with another.
    Busy,
}

struct State {
    store: Store,
    trouble: VecDeque<(String, PlannedFault)>,
    calls: Vec<String>,
}

/// A running sandbox; dropping it stops it.
pub struct Sandbox {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

/// The database's name.
pub const DATABASE: &str = "sandbox";
/// The login; the password is the same.
pub const LOGIN: &str = "admin";
/// The API key.
pub const KEY: &str = "sandbox-key";

impl Sandbox {
    /// Starts a sandbox on loopback, on `port` or, for 0, on a free one. It has the records of a new Odoo: a company, a
    /// warehouse with its locations, units, a currency.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let mut store = Store::default();
        seed::seed(&mut store);
        let state = Arc::new(Mutex::new(State { store, trouble: VecDeque::new(), calls: Vec::new() }));
        let router = http::router(Arc::clone(&state));
        let serving = tokio::spawn(async move {
            // Serving ends with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, state, serving })
    }

    /// Base address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Causes `trouble` at the next call of `method`, alone or as `model.method` (`*` for any). Several for one method come one by one.
    pub fn expect_trouble(&self, method: &str, trouble: PlannedFault) {
        self.state().trouble.push_back((method.to_string(), trouble));
    }

    /// The methods called so far, as `model.method`.
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// All records of a model as `read` would give them, for assertions.
    pub fn records(&self, model: &str, fields: &[&str]) -> Vec<Json> {
        let mut state = self.state();
        let ids = state.store.ids(model);
        let fields: Vec<String> = fields.iter().map(|field| (*field).to_string()).collect();
        orm::read(&mut state.store, model, &ids, &fields).unwrap_or_default()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
