//! `consign doctor`: tests everything live, to find problems before the first file arrives.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{Context, Exit};
use crate::{
    config::{Flow, OdooConfig, Workspace, check},
    endpoint,
    model::{Code, MessageId, Problem, Problems},
    odoo::{Call, Odoo, keys},
    ops::health,
    transport::{RemoteFs, join},
};

#[derive(clap::Args)]
pub(super) struct Args {}

#[derive(Serialize)]
struct Probe {
    what: String,
    found: Option<String>,
    problem: Option<Problem>,
}

#[derive(Default)]
struct Findings(Vec<Probe>);

impl Findings {
    fn add(&mut self, what: impl Into<String>, result: Result<String, Problem>) {
        let (found, problem) = match result {
            Ok(found) => (Some(found), None),
            Err(problem) => (None, Some(problem)),
        };
        self.0.push(Probe { what: what.into(), found, problem });
    }
}

pub(super) async fn run(context: &Context, _: &Args) -> Result<Exit, Problems> {
    let (workspace, broken) = context.load_whole_flows()?;
    let mut findings = Findings::default();
    let wrong: Vec<Problem> = broken.into_iter().chain(check::check(&workspace).problems).collect();
    if wrong.is_empty() {
        findings.add("workspace", Ok(format!("{} flows, no problems", workspace.flows.len())));
    }
    wrong.into_iter().for_each(|problem| findings.add("workspace", Err(problem)));
    for (what, found) in health::house(&workspace, workspace.alerts.disk).await {
        findings.add(what, found);
    }
    for (id, partner) in &workspace.partners {
        let flows: Vec<&Flow> = workspace.flows.values().filter(|flow| flow.enabled && flow.partner == *id).collect();
        match endpoint::open_drop(partner, &workspace.root) {
            Ok(drop) => probe_drop(&*drop, id, &flows, &workspace, &mut findings).await,
            Err(problem) => findings.add(format!("drop of {id}"), Err(problem)),
        }
    }
    for (name, config) in workspace.every_odoo() {
        probe_odoo(&workspace, name, config, &mut findings).await;
    }
    context.out.data(&findings.0);
    for probe in &findings.0 {
        match (&probe.found, &probe.problem) {
            (Some(found), _) => context.out.line(format!("ok    {}: {found}", probe.what)),
            (None, Some(problem)) => {
                context.out.line(format!("FAIL  {}", probe.what));
                problem.to_string().lines().for_each(|line| context.out.line(format!("      {line}")));
            }
            (None, None) => {}
        }
    }
    let problems: Vec<Problem> = findings.0.into_iter().filter_map(|probe| probe.problem).collect();
    Ok(Exit::of(&problems))
}

async fn probe_drop(drop: &dyn RemoteFs, id: &str, flows: &[&Flow], workspace: &Workspace, findings: &mut Findings) {
    let login = drop.list("").await;
    let reached = login.is_ok();
    findings.add(format!("drop of {id}"), login.map(|entries| format!("{}, {} files at its root", drop.name(), entries.len())));
    if !reached {
        return;
    }
    let Some(partner) = workspace.partners.get(id) else { return };
    for flow in flows {
        match drop.list(flow.folder()).await {
            Ok(entries) => {
                let archives = match flow.inbound() {
                    Some(_) => vec![partner.archive.as_str(), partner.error.as_str()],
                    None => vec![flow.folder()],
                };
                let rights = rights(drop, flow.folder(), &archives).await;
                findings.add(
                    format!("{id}: folder {} of {}", flow.folder(), flow.id),
                    rights.map(|()| format!("{} files; listing, writing, renaming and removing work", entries.len())),
                );
            }
            Err(problem) => findings.add(format!("{id}: folder {} of {}", flow.folder(), flow.id), Err(problem)),
        }
    }
}

/// Writes a small file under a name that nobody collects, moves it as we would move a partner's file, and removes it.
async fn rights(drop: &dyn RemoteFs, folder: &str, archives: &[&str]) -> Result<(), Problem> {
    let name = format!(".consign-doctor-{}.tmp", MessageId::new().short());
    let mut at = join(folder, &name);
    drop.write(&at, b"probe").await?;
    for archive in archives {
        let moved = async {
            drop.make_folder(archive).await?;
            let to = join(archive, &format!("{name}.moved"));
            drop.rename(&at, &to).await?;
            Ok::<_, Problem>(to)
        };
        match moved.await {
            Ok(to) => at = to,
            Err(problem) => {
                // The probe must not stay behind; the first error is the one to report.
                let _ = drop.remove(&at).await;
                return Err(problem);
            }
        }
        let back = join(folder, &name);
        drop.rename(&at, &back).await?;
        at = back;
    }
    drop.remove(&at).await
}

async fn probe_odoo(workspace: &Workspace, name: &str, config: &OdooConfig, findings: &mut Findings) {
    let title = if name.is_empty() { "Odoo".to_string() } else { format!("Odoo {name}") };
    let settings = config.open(&workspace.root);
    let connected = match settings {
        Ok(settings) => Odoo::connect(&settings).await,
        Err(problem) => Err(problem),
    };
    let odoo = match connected {
        Ok(odoo) => {
            findings.add(&title, fits(config.url(), &odoo));
            odoo
        }
        Err(problem) => return findings.add(&title, Err(problem)),
    };
    findings.add(format!("{title}: context"), stands(&odoo).await);
    for problem in keys::ending(&odoo, chrono::Utc::now()).await {
        findings.add(format!("{title}: key"), Err(problem));
    }
    let mut needed: BTreeSet<(String, &'static str)> = BTreeSet::new();
    for flow in workspace.flows.values().filter(|flow| flow.enabled && flow.odoo == name) {
        if let Some(inbound) = flow.inbound() {
            for model in inbound.map.mapping.written() {
                needed.insert((model.to_string(), "create"));
                needed.insert((model.to_string(), "write"));
            }
            for model in inbound.map.mapping.models() {
                needed.insert((model.to_string(), "read"));
            }
        }
        needed.extend(flow.outbound().map(|outbound| (outbound.records.model.clone(), "read")));
    }
    for (model, operation) in needed {
        findings.add(format!("{title}: {operation} {model}"), may(&odoo, &model, operation).await);
    }
}

/// The oldest supported Odoo: its calls are the same as in [`MEASURED`].
const OLDEST: u32 = 17;
/// The Odoo that everything is tested with.
const MEASURED: u32 = 19;

/// The server's version, or an error if consign does not support it.
fn fits(url: &str, odoo: &Odoo) -> Result<String, Problem> {
    let major: u32 = odoo.version().trim_start_matches("saas~").split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0);
    if major < OLDEST {
        let text = format!("{url} is Odoo {}, which is not supported: consign supports {OLDEST} to {MEASURED}", odoo.version());
        return Err(Problem::new(Code::OdooVersion, text));
    }
    let measured = if major == MEASURED { String::new() } else { format!(" (consign is tested with {MEASURED}: test every flow)") };
    Ok(format!("{url} is {}, called by {}{measured}", odoo.version(), odoo.dialect()))
}

/// The user, company, language and time zone that consign works with.
async fn stands(odoo: &Odoo) -> Result<String, Problem> {
    let doing = "reading the Odoo user";
    let fields = ["login", "company_id"];
    let users = odoo.read("res.users", &[odoo.user()], &fields).await.map_err(|fault| fault.problem(doing))?;
    let user = users.first().cloned().unwrap_or_default();
    let context = odoo.context();
    let said = |key: &str| {
        context.get(key).map_or_else(|| "none".to_string(), |value| value.as_str().map_or_else(|| value.to_string(), str::to_string))
    };
    let company = match context.get("allowed_company_ids") {
        Some(ids) => format!("companies {ids}"),
        None => format!("company {}", user.get("company_id").and_then(|pair| pair.get(1)).and_then(Json::as_str).unwrap_or("of the user")),
    };
    let login = user.get("login").and_then(Json::as_str).unwrap_or_default();
    Ok(format!("user {login}, {company}, language {}, time zone {}", said("lang"), said("tz")))
}

/// Asks Odoo for a permission: `has_access` since 18, `check_access_rights` before.
async fn may(odoo: &Odoo, model: &str, operation: &str) -> Result<String, Problem> {
    let doing = format!("checking the permission to {operation} {model}");
    let major: u32 = odoo.version().split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0);
    let call = if major >= 18 {
        Call::records(model, "has_access", &[]).arg("operation", operation)
    } else {
        Call::model(model, "check_access_rights").arg("operation", operation).arg("raise_exception", json!(false))
    };
    match odoo.call(call).await {
        Ok(Json::Bool(true)) => Ok("allowed".into()),
        Ok(_) => {
            Err(Problem::new(Code::OdooRights, format!("the Odoo user may not {operation} {model}"))
                .hint("add the user to a group that may"))
        }
        Err(fault) => Err(fault.problem(&doing)),
    }
}
