//! The client: settings, choice of the dialect, and the few calls that everything else uses.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use serde_json::{Map, Value as Json, json};
use tokio::sync::Semaphore;

use super::{
    Call, DialectChoice, Fault, FaultKind, OdooLogin, OdooSettings,
    dialects::{self, RpcDialect},
};
use crate::{
    failpoints::{self, Outside},
    http::Http,
    model::Problem,
};

/// A connection to an Odoo. Cheap to clone.
#[derive(Clone)]
pub struct Odoo {
    dialect: Arc<dyn RpcDialect>,
    context: Map<String, Json>,
    calls: Arc<AtomicU64>,
    free: Arc<Semaphore>,
    version: String,
    user: i64,
    changes: Arc<Changes>,
}

/// What calls have changed in Odoo, according to their answers.
#[derive(Debug, Default)]
pub(super) struct Changes {
    made: AtomicBool,
    open: AtomicBool,
}

impl Changes {
    /// Whether anything was changed.
    pub(super) fn any(&self) -> bool {
        self.made.load(Ordering::Relaxed)
    }

    /// Whether a call without an answer may have changed something.
    pub(super) fn may_be(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    fn note(&self, call: &Call, result: &Result<Json, Fault>) {
        match result {
            _ if call.looks => {}
            // If rows are wrong, `load` answers with the errors and has rolled everything back.
            Ok(answer) if call.method == "load" && answer.get("ids").is_none_or(|ids| !ids.is_array()) => {}
            Ok(_) => self.made.store(true, Ordering::Relaxed),
            Err(fault) if fault.may_have_happened() => self.open.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
    }
}

impl Odoo {
    /// The same connection, with its own record of changes.
    pub(super) fn accounted(&self) -> Self {
        Self { changes: Arc::default(), ..self.clone() }
    }

    /// What this connection has changed.
    pub(super) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Reads the server's version, chooses the dialect and signs in.
    ///
    /// # Errors
    /// The server cannot be reached, has a version that the dialect does not support, or refuses the login.
    pub async fn connect(settings: &OdooSettings) -> Result<Self, Problem> {
        let http = Http::new(settings.timeout, settings.largest_answer);
        let http = http.map_err(|failure| Fault::from(failure).problem("preparing the connection"))?;
        let doing = format!("connecting to {}", settings.url);
        let version = dialects::version(&http, &settings.url).await.map_err(|fault| fault.problem(&doing))?;
        let major: u32 = version.trim_start_matches("saas~").split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        let choice = match (settings.dialect, &settings.login) {
            (DialectChoice::Auto, OdooLogin::Key(_)) => DialectChoice::Json2,
            (DialectChoice::Auto, OdooLogin::Password { .. }) => DialectChoice::JsonRpc,
            (chosen, _) => chosen,
        };
        if choice == DialectChoice::Json2 && major < 19 {
            return Err(Fault::new(
                FaultKind::Version,
                &format!("JSON-2 needs Odoo 19, this is {version}; set dialect = \"jsonrpc\" and give login and password"),
            )
            .problem(&doing));
        }
        let dialect = dialects::open(choice, http, settings).await.map_err(|fault| fault.problem(&doing))?;
        let mut odoo = Self {
            dialect: Arc::from(dialect),
            context: Map::new(),
            calls: Arc::default(),
            free: Arc::new(Semaphore::new(settings.calls.max(1))),
            version,
            user: 0,
            changes: Arc::default(),
        };
        // Odoo checks a key only at the first call; a wrong one should show here.
        let own = odoo.call(Call::model("res.users", "context_get")).await.map_err(|fault| fault.problem("signing in to Odoo"))?;
        odoo.user = own.get("uid").and_then(Json::as_i64).unwrap_or_default();
        // The user's values replace missing settings and are sent with every call: without them each dialect behaves differently.
        for key in ["lang", "tz"] {
            if let Some(value) = own.get(key).filter(|value| value.is_string()) {
                odoo.context.insert(key.into(), value.clone());
            }
        }
        odoo.context.extend(settings.context.clone());
        Ok(odoo)
    }

    /// The user's id.
    pub fn user(&self) -> i64 {
        self.user
    }

    /// The context of every call: language, time zone and companies.
    pub fn context(&self) -> &Map<String, Json> {
        &self.context
    }

    /// The server's version, such as `19.0`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Name of the dialect in use.
    pub fn dialect(&self) -> &'static str {
        self.dialect.name()
    }

    /// How many calls were made so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Makes a call. The call's own context has precedence over that of the settings.
    ///
    /// # Errors
    /// Odoo refuses the call, or it cannot be reached.
    pub async fn call(&self, mut call: Call) -> Result<Json, Fault> {
        let mut context = self.context.clone();
        context.extend(std::mem::take(&mut call.context));
        call.context = context;
        let Ok(_turn) = self.free.acquire().await else {
            return Err(Fault::new(FaultKind::Unreachable, "the connection is closed"));
        };
        self.calls.fetch_add(1, Ordering::Relaxed);
        let started = std::time::Instant::now();
        let failed = |kind, what| move |_| Fault::new(kind, &failpoints::sentence(what));
        failpoints::step(Outside::Odoo, "before call").map_err(failed(FaultKind::Unreachable, "before call"))?;
        let mut result = self.dialect.call(&call).await;
        if let Err(fault) = failpoints::step(Outside::Odoo, "after call").map_err(failed(FaultKind::Timeout, "after call")) {
            result = Err(fault);
        }
        self.changes.note(&call, &result);
        tracing::debug!(
            model = call.model,
            method = call.method,
            ok = result.is_ok(),
            ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "odoo call"
        );
        result
    }

    /// Records of a model that fit a domain, archived ones too when `archived`.
    ///
    /// # Errors
    /// As [`Odoo::call`].
    pub async fn search_read(&self, model: &str, domain: Json, fields: &[&str], archived: bool) -> Result<Vec<Map<String, Json>>, Fault> {
        let mut call = Call::model(model, "search_read").arg("domain", domain).arg("fields", json!(fields)).arg("order", "id");
        if archived {
            call.context.insert("active_test".into(), json!(false));
        }
        let found = records(self.call(call.arg("limit", FOUND)).await?)?;
        // Some of them would be missing, and missing records would be created.
        if found.len() >= FOUND {
            return Err(Fault::new(FaultKind::Answer, &format!("a search for {model} finds {FOUND} records or more")));
        }
        Ok(found)
    }

    /// Fields of records by id, in any order.
    ///
    /// # Errors
    /// As [`Odoo::call`].
    pub async fn read(&self, model: &str, ids: &[i64], fields: &[&str]) -> Result<Vec<Map<String, Json>>, Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let read = records(self.call(Call::records(model, "read", ids).arg("fields", json!(fields))).await?)?;
        let asked: HashSet<i64> = ids.iter().copied().collect();
        if read.len() > ids.len() || read.iter().any(|record| !asked.contains(&id_of(record))) {
            return Err(Fault::new(FaultKind::Answer, &format!("Odoo returned records of {model} that were not asked for")));
        }
        Ok(read)
    }

    /// Creates records in one transaction and gives their ids in order.
    ///
    /// # Errors
    /// As [`Odoo::call`]; then none was created.
    pub async fn create(&self, model: &str, records: Vec<Json>, context: &Map<String, Json>) -> Result<Vec<i64>, Fault> {
        let count = records.len();
        let made = ids(&self.call(Call::model(model, "create").arg("vals_list", records).context(context)).await?)?;
        // With another number of ids, no record can be assigned for sure.
        if made.len() == count { Ok(made) } else { Err(odd()) }
    }
}

/// Records that one search may find, at most.
const FOUND: usize = 200_000;

/// The id of a record as `read` and `search_read` give it.
pub(super) fn id_of(record: &Map<String, Json>) -> i64 {
    record.get("id").and_then(Json::as_i64).unwrap_or_default()
}

fn records(answer: Json) -> Result<Vec<Map<String, Json>>, Fault> {
    match answer {
        Json::Array(items) => items.into_iter().map(|item| if let Json::Object(map) = item { Ok(map) } else { Err(odd()) }).collect(),
        _ => Err(odd()),
    }
}

fn ids(answer: &Json) -> Result<Vec<i64>, Fault> {
    match answer {
        Json::Number(_) => answer.as_i64().map(|id| vec![id]).ok_or_else(odd),
        Json::Array(items) => items.iter().map(|item| item.as_i64().ok_or_else(odd)).collect(),
        _ => Err(odd()),
    }
}

fn odd() -> Fault {
    Fault::new(FaultKind::Answer, "the answer does not have the form of an Odoo answer")
}
