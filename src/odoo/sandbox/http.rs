//! The three dialects over HTTP, with the statuses and fault shapes of a real server.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Json as Body, Router,
    extract::{Path, State as Shared},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Map, Value as Json, json};

use super::{DATABASE, KEY, LOGIN, PlannedFault, Refusal, State, load, methods, orm};
use crate::odoo::{dialects::xmlrpc_values, fields::built_in};

type Handle = Arc<Mutex<State>>;

pub(super) fn router(state: Handle) -> Router {
    Router::new()
        .route("/web/health", get(|| async { Body(json!({"status": "pass"})) }))
        .route("/json/version", get(|| async { Body(json!({"version": "19.0", "version_info": [19, 0, 0, "final", 0, ""]})) }))
        .route("/jsonrpc", post(jsonrpc))
        .route("/xmlrpc/2/{service}", post(xmlrpc))
        .route("/json/2/{model}/{method}", post(json2))
        .layer(axum::extract::DefaultBodyLimit::max(256 << 20))
        .with_state(state)
}

/// A call, independent of the dialect.
struct Request {
    model: String,
    method: String,
    ids: Vec<i64>,
    args: Map<String, Json>,
    context: Map<String, Json>,
}

/// Executed, refused, or a deliberate status.
enum Answer {
    Value(Json),
    Refused(Refusal),
    Status(u16),
}

fn perform(handle: &Handle, request: &Request) -> Answer {
    let mut guard = handle.lock().unwrap_or_else(PoisonError::into_inner);
    let state = &mut *guard;
    let name = format!("{}.{}", request.model, request.method);
    let trouble = state
        .trouble
        .iter()
        .position(|(method, _)| method == "*" || *method == request.method || *method == name)
        .and_then(|at| state.trouble.remove(at))
        .map(|(_, trouble)| trouble);
    state.calls.push(name);
    match trouble {
        Some(PlannedFault::Status(status)) => return Answer::Status(status),
        Some(PlannedFault::Busy) => {
            return Answer::Refused(Refusal {
                name: "psycopg2.errors.SerializationFailure",
                message: "could not serialize access due to concurrent update\n".into(),
            });
        }
        Some(PlannedFault::StatusAfterCommit(_)) | None => {}
    }
    let result = dispatch(state, request);
    match (result, trouble) {
        (Ok(value), trouble) => {
            state.store.commit();
            if let Some(PlannedFault::StatusAfterCommit(status)) = trouble { Answer::Status(status) } else { Answer::Value(value) }
        }
        (Err(refusal), _) => {
            state.store.roll_back();
            Answer::Refused(refusal)
        }
    }
}

fn dispatch(state: &mut State, request: &Request) -> Result<Json, Refusal> {
    let Request { model, method, ids, args, context } = request;
    let store = &mut state.store;
    if built_in().model(model).is_none() {
        return Err(Refusal { name: "werkzeug.exceptions.NotFound", message: format!("The model '{model}' does not exist") });
    }
    if method.starts_with('_') {
        return Err(Refusal {
            name: "odoo.exceptions.AccessError",
            message: format!("Private methods (such as '{model}.{method}') cannot be called remotely."),
        });
    }
    let active_test = context.get("active_test") != Some(&Json::Bool(false));
    let empty = json!([]);
    let domain = args.get("domain").unwrap_or(&empty);
    let fields: Vec<String> =
        args.get("fields").and_then(Json::as_array).into_iter().flatten().filter_map(|field| field.as_str().map(str::to_string)).collect();
    let page = |found: Vec<i64>| {
        let number = |name: &str| args.get(name).and_then(Json::as_u64).and_then(|number| usize::try_from(number).ok());
        found
            .into_iter()
            .skip(number("offset").unwrap_or(0))
            .take(number("limit").filter(|limit| *limit > 0).unwrap_or(usize::MAX))
            .collect::<Vec<_>>()
    };
    match method.as_str() {
        "search" => Ok(json!(page(orm::search(store, model, domain, active_test)?))),
        "search_count" => Ok(json!(orm::search(store, model, domain, active_test)?.len())),
        "search_read" => {
            let found = page(orm::search(store, model, domain, active_test)?);
            orm::read(store, model, &found, &fields).map(Json::from)
        }
        "read" => orm::read(store, model, ids, &fields).map(Json::from),
        "create" => {
            let list = args.get("vals_list").cloned().unwrap_or_default();
            let one = list.is_object();
            let many = if one { vec![list] } else { list.as_array().cloned().unwrap_or_default() };
            let made = many.iter().map(|values| orm::create(store, model, values.as_object().unwrap_or(&Map::new()), context)).collect::<Result<Vec<_>, _>>()?;
            Ok(if one { json!(made.first()) } else { json!(made) })
        }
        "write" => orm::write(store, model, ids, args.get("vals").and_then(Json::as_object).unwrap_or(&Map::new()), context).map(|()| json!(true)),
        "unlink" => {
            ids.iter().for_each(|id| store.put(model, *id, None));
            Ok(json!(true))
        }
        "load" => {
            let answer = load::load(store, model, &fields, args.get("data").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default(), context)?;
            // A bad row is named, not raised; nevertheless the call is rolled back.
            if answer.get("ids") == Some(&Json::Bool(false)) {
                store.roll_back();
            }
            Ok(answer)
        }
        "fields_get" => Ok(built_in()
            .model(model)
            .into_iter()
            .flatten()
            .map(|(name, field)| (name.clone(), json!({"type": field.kind, "relation": field.relation, "relation_field": field.inverse, "required": field.required, "readonly": field.readonly, "store": !field.computed, "depends": [],
                "selection": field.selection.iter().flatten().map(|choice| [choice, choice]).collect::<Vec<_>>()})))
            .collect::<Map<_, _>>()
            .into()),
        "default_get" => Ok(fields
            .iter()
            .filter(|name| built_in().field(model, name).is_some_and(|field| field.filled))
            .map(|name| (name.clone(), json!(true)))
            .collect::<Map<_, _>>()
            .into()),
        _ => methods::call(store, model, method, ids, args, context)?
            .ok_or_else(|| Refusal { name: "werkzeug.exceptions.NotFound", message: format!("The method '{model}.{method}' does not exist") }),
    }
}

async fn json2(
    Shared(state): Shared<Handle>,
    Path((model, method)): Path<(String, String)>,
    headers: HeaderMap,
    Body(body): Body<Json>,
) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let exception = |status: StatusCode, name: &str, message: &str| {
        (status, Body(json!({"name": name, "message": message, "arguments": [message], "context": {}, "debug": format!("Traceback (most recent call last):\n{name}: {message}\n")}))).into_response()
    };
    if given.strip_prefix("bearer ").or(given.strip_prefix("Bearer ")) != Some(KEY) {
        return exception(StatusCode::UNAUTHORIZED, "werkzeug.exceptions.Unauthorized", "Invalid apikey");
    }
    let mut args = body.as_object().cloned().unwrap_or_default();
    let ids = ids(args.remove("ids").as_ref());
    let context = args.remove("context").and_then(|context| context.as_object().cloned()).unwrap_or_default();
    match perform(&state, &Request { model, method, ids, args, context }) {
        Answer::Value(value) => Body(value).into_response(),
        Answer::Status(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response(),
        Answer::Refused(refusal) => {
            let status = match refusal.name.rsplit('.').next() {
                Some("UserError" | "ValidationError") => StatusCode::UNPROCESSABLE_ENTITY,
                Some("MissingError" | "NotFound") => StatusCode::NOT_FOUND,
                Some("AccessError") => StatusCode::FORBIDDEN,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            exception(status, refusal.name, &refusal.message)
        }
    }
}

async fn jsonrpc(Shared(state): Shared<Handle>, Body(body): Body<Json>) -> Response {
    let text = |path: &str| body.pointer(path).and_then(Json::as_str).unwrap_or_default().to_string();
    let params: Vec<Json> = body.pointer("/params/args").and_then(Json::as_array).cloned().unwrap_or_default();
    match service(&state, &text("/params/service"), &text("/params/method"), &params) {
        Answer::Value(value) => Body(json!({"jsonrpc": "2.0", "id": body.get("id"), "result": value})).into_response(),
        Answer::Status(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response(),
        Answer::Refused(refusal) => {
            let Refusal { name, message } = older(refusal);
            let data = json!({"name": name, "message": message, "arguments": [message], "context": {}, "debug": format!("Traceback (most recent call last):\n{name}: {message}\n")});
            Body(json!({"jsonrpc": "2.0", "id": body.get("id"), "error": {"code": 0, "message": "Odoo Server Error", "data": data}}))
                .into_response()
        }
    }
}

async fn xmlrpc(Shared(state): Shared<Handle>, Path(name): Path<String>, body: String) -> Response {
    let Ok((method, params)) = xmlrpc_values::request(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let text = match service(&state, &name, &method, &params) {
        // None cannot be written; the real server notices only after it has committed.
        Answer::Value(Json::Null) => xmlrpc_values::respond(Err((
            1,
            "Traceback (most recent call last):\n  File \"xmlrpc.py\", line 1, in dumps\nTypeError: cannot marshal None unless allow_none is enabled\n",
        ))),
        Answer::Value(value) => xmlrpc_values::respond(Ok(&value)),
        Answer::Status(status) => return StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response(),
        Answer::Refused(refusal) => {
            let Refusal { name, message } = older(refusal);
            match name.rsplit('.').next() {
                Some("UserError" | "ValidationError" | "MissingError") => xmlrpc_values::respond(Err((2, &message))),
                Some("AccessDenied") => xmlrpc_values::respond(Err((3, &message))),
                Some("AccessError") => xmlrpc_values::respond(Err((4, &message))),
                _ => xmlrpc_values::respond(Err((
                    1,
                    &format!("Traceback (most recent call last):\n  File \"model.py\", line 1, in call_kw\n{name}: {message}\n"),
                ))),
            }
        }
    };
    ([(header::CONTENT_TYPE, "text/xml")], text).into_response()
}

/// Only JSON-2 says NotFound; the older dialects use other names.
fn older(refusal: Refusal) -> Refusal {
    let model = refusal.message.strip_prefix("The model '").and_then(|rest| rest.split('\'').next());
    match (refusal.name.rsplit('.').next(), model) {
        (Some("NotFound"), Some(model)) => Refusal::user(format!("Object {model} doesn't exist")),
        (Some("NotFound"), None) => Refusal { name: "AttributeError", ..refusal },
        (Some(_), _) => Refusal { name: refusal.name.trim_start_matches("builtins."), ..refusal },
        (None, _) => refusal,
    }
}

/// The services of the two older dialects.
fn service(state: &Handle, service: &str, method: &str, params: &[Json]) -> Answer {
    let text = |at: usize| params.get(at).and_then(Json::as_str).unwrap_or_default();
    let denied = || Answer::Refused(Refusal { name: "odoo.exceptions.AccessDenied", message: "Access Denied".into() });
    match (service, method) {
        ("common", "version") => Answer::Value(
            json!({"server_version": "19.0", "server_version_info": [19, 0, 0, "final", 0, ""], "server_serie": "19.0", "protocol_version": 1}),
        ),
        ("common", "authenticate" | "login") => {
            let known = text(0) == DATABASE && text(1) == LOGIN && text(2) == LOGIN;
            Answer::Value(if known { json!(2) } else { json!(false) })
        }
        ("object", "execute_kw") => {
            if text(0) != DATABASE || params.get(1).and_then(Json::as_i64) != Some(2) || !matches!(text(2), LOGIN | KEY) {
                return denied();
            }
            perform(state, &positional(text(3), text(4), params.get(5), params.get(6)))
        }
        _ => Answer::Refused(Refusal { name: "builtins.NameError", message: format!("Method not available {service}.{method}") }),
    }
}

/// Positional arguments by the names in the methods.
fn positional(model: &str, method: &str, given: Option<&Json>, named: Option<&Json>) -> Request {
    let mut list = given.and_then(Json::as_array).cloned().unwrap_or_default();
    let mut args = named.and_then(Json::as_object).cloned().unwrap_or_default();
    let context = args.remove("context").and_then(|context| context.as_object().cloned()).unwrap_or_default();
    let of_model: &[&str] = match method {
        "search" | "search_count" => &["domain", "offset", "limit"],
        "search_read" => &["domain", "fields", "offset", "limit"],
        "create" => &["vals_list"],
        "load" => &["fields", "data"],
        "fields_get" => &["allfields", "attributes"],
        "default_get" => &["fields"],
        "context_get" | "has_access" => &["operation"],
        _ => &[],
    };
    let (ids, names) = if of_model.is_empty() {
        let first = if list.is_empty() { None } else { Some(list.remove(0)) };
        let names: &[&str] = if method == "write" { &["vals"] } else { &["fields"] };
        (ids(first.as_ref()), names)
    } else {
        (Vec::new(), of_model)
    };
    args.extend(names.iter().map(|name| (*name).to_string()).zip(list));
    Request { model: model.to_string(), method: method.to_string(), ids, args, context }
}

fn ids(value: Option<&Json>) -> Vec<i64> {
    match value {
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_i64).collect(),
        Some(Json::Number(id)) => id.as_i64().into_iter().collect(),
        _ => Vec::new(),
    }
}
