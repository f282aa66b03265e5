//! Reads the files of a workspace to a [`Workspace`].

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value as Json;

use super::{DropConfig, Kinds, OdooConfig, Pace, Partner, Workspace, address, contained, flows, secrets, workspace_files::WorkspaceFiles};
use crate::{
    http,
    model::{
        Code, Place, Problem, Problems, answer,
        catalog::Catalog,
        i18n::Language,
        nearest::did_you_mean,
        renamed_keys,
        toml_reader::{self, TomlNode, TomlReader},
    },
    odoo::{DialectChoice, fields},
};

/// Default of how long a stop waits for a running effect. `deploy/consign.service` allows 30 seconds more.
const STOP_AFTER: Duration = Duration::from_secs(60);

/// A TOML file of the workspace, parsed.
struct Parsed {
    id: String,
    file: String,
    node: TomlNode,
}

struct Root<'r> {
    root: &'r Path,
    partners: &'r BTreeMap<String, Partner>,
    odoos: &'r BTreeMap<String, OdooConfig>,
}

impl WorkspaceFiles for Root<'_> {
    fn has(&self, path: &str) -> bool {
        crate::transport::contained(path).is_ok() && self.root.join(path).is_file()
    }

    fn odoos(&self) -> Vec<&str> {
        self.odoos.keys().map(String::as_str).collect()
    }

    fn partner(&self, id: &str) -> serde_json::Map<String, Json> {
        let partner = self.partners.get(id);
        let texts = [
            ("id", Some(id.to_string())),
            ("name", partner.map(|known| known.name.clone())),
            ("gln", partner.and_then(|known| known.gln.clone())),
        ];
        texts.into_iter().filter_map(|(key, text)| Some((key.to_string(), Json::String(text?)))).collect()
    }

    fn text(&self, path: &str) -> Result<String, Problem> {
        if crate::transport::contained(path).is_err() {
            return Err(Problem::new(Code::PathEscapes, format!("`{path}` leaves the workspace")));
        }
        fs::read_to_string(self.root.join(path)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let folder = Path::new(path).parent().unwrap_or(Path::new("")).to_path_buf();
                let near = names(&self.root.join(&folder));
                let hint = did_you_mean(
                    path,
                    near.iter().map(|name| folder.join(name).display().to_string()).collect::<Vec<_>>().iter().map(String::as_str),
                );
                Problem::new(Code::ConfigUnknownName, format!("there is no file `{path}` in the workspace")).maybe_hint(hint)
            }
            kind => Problem::new(Code::ConfigUnreadable, format!("`{path}` cannot be read ({kind})")),
        })
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The workspace with the correct flows, and the problems of the others.
pub(super) fn load(root: &Path, kinds: &Kinds) -> Result<(Workspace, Vec<Problem>), Problems> {
    let mut broken = Vec::new();
    let main = parse_file(root, "consign.toml").map_err(|problem| {
        if problem.code == Code::ConfigUnreadable {
            problem.hint("a workspace is a folder with a consign.toml; `consign init DIR` creates one, `-w DIR` selects one")
        } else {
            problem
        }
    })?;
    let folder = |name: &str, broken: &mut Vec<Problem>| -> Vec<Parsed> {
        let mut parsed = Vec::new();
        for entry in names(&root.join(name)).iter().filter(|entry| entry.ends_with(".toml") && !entry.starts_with('.')) {
            let file = format!("{name}/{entry}");
            match parse_file(root, &file) {
                Ok(node) => parsed.push(Parsed { id: entry.trim_end_matches(".toml").to_string(), file, node }),
                Err(problem) => broken.push(problem),
            }
        }
        parsed
    };
    let mut apart = Vec::new();
    let (partner_files, flow_files) = (folder("partners", &mut broken), folder("flows", &mut apart));
    let problems = RefCell::new(broken);
    let reader = TomlReader::new(&main, "consign.toml", &problems);
    let odoo = odoo(&reader, "odoo");
    let odoos = odoos(&reader, &odoo);
    let (alerts, web, keep) = (super::alerts::read(&reader), super::web::read(&reader), super::keep::read(&reader));
    let traces = super::traces::read(&reader);
    let stop_after = reader.duration("stop_after").unwrap_or(STOP_AFTER);
    let storage = root.join(reader.text("storage").unwrap_or_else(|| "var".into()));
    reader.finish();
    let partners: BTreeMap<String, Partner> = partner_files.iter().map(|parsed| (parsed.id.clone(), partner(parsed, &problems))).collect();
    let (mut flows, mut renamed) = (BTreeMap::new(), Vec::new());
    for parsed in &flow_files {
        let own = RefCell::default();
        let reader = TomlReader::new(&parsed.node, &parsed.file, &own);
        let flow = flows::read(&reader, &parsed.id, &parsed.file, &Root { root, partners: &partners, odoos: &odoos }, kinds);
        if let Some(flow) = flow {
            if !partners.contains_key(&flow.partner) && !flow.partner.is_empty() {
                let hint = did_you_mean(&flow.partner, partners.keys().map(String::as_str))
                    .unwrap_or_else(|| "each partner is a file in partners/".into());
                reader.report(
                    Problem::new(Code::ConfigUnknownName, format!("there is no partner `{}`", flow.partner))
                        .at(reader.place_of("partner"))
                        .hint(hint),
                );
            }
            reader.finish();
            let (own, old_names) = renamed_keys::apart(own.take());
            if own.is_empty() {
                flows.insert(parsed.id.clone(), flow);
            }
            apart.extend(own);
            renamed.extend(old_names);
        } else {
            apart.extend(renamed_keys::apart(own.take()).0);
        }
    }
    let named = |name: &str| {
        let mut catalog = catalog(root, &Workspace::catalog_file(name), &problems)?;
        answer::add_to(&mut catalog);
        Some(catalog)
    };
    let catalogs: BTreeMap<String, Catalog> = odoos.keys().filter_map(|name| Some((name.clone(), named(name)?))).collect();
    let catalog = named("").unwrap_or_else(|| {
        let mut catalog = fields::built_in().clone();
        answer::add_to(&mut catalog);
        catalog
    });
    let (problems, old_names) = renamed_keys::apart(problems.into_inner());
    renamed.extend(old_names);
    match Problems::of(problems) {
        None => Ok((
            Workspace {
                root: root.to_path_buf(),
                storage,
                odoo,
                odoos,
                alerts,
                web,
                keep,
                stop_after,
                traces,
                partners,
                flows,
                catalog,
                catalogs,
                renamed,
            },
            apart,
        )),
        Some(problems) => Err(problems.and(apart)),
    }
}

fn parse_file(root: &Path, file: &str) -> Result<TomlNode, Problem> {
    let text = fs::read_to_string(root.join(file)).map_err(|error| {
        Problem::new(
            Code::ConfigUnreadable,
            format!("`{file}` cannot be read in {} ({})", root.display(), crate::model::problem::reason(&error)),
        )
        .at(Place::file(file))
    })?;
    toml_reader::parse(&text, file)
}

/// Default number of calls to Odoo at the same time: two of the four workers that a small server has.
const CALLS: usize = 2;

/// `[odoos.NAME]`.
fn odoos(reader: &TomlReader<'_>, usual: &OdooConfig) -> BTreeMap<String, OdooConfig> {
    let Some(table) = reader.table("odoos") else { return BTreeMap::new() };
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let mut odoos: BTreeMap<String, OdooConfig> = BTreeMap::new();
    for entry in table.free() {
        if !is_name(&entry.key) {
            table.bad(&entry.node, format!("`{}` is not a name of letters, digits, - and _", entry.key));
            continue;
        }
        let read = odoo(&table, &entry.key);
        // Otherwise the journal would treat one record as two, and a value written under one name as a person's change under the other.
        if let Some(same) = std::iter::once(usual).chain(odoos.values()).find(|known| known.is_same(&read)) {
            table.bad(&entry.node, format!("[odoos.{}] is the same database as [{}]: give each Odoo only one name", entry.key, same.table));
        }
        odoos.insert(entry.key.clone(), read);
    }
    odoos
}

fn odoo(reader: &TomlReader<'_>, key: &str) -> OdooConfig {
    let empty = OdooConfig {
        table: if key == "odoo" { "odoo".into() } else { format!("odoos.{key}") },
        url: String::new(),
        database: String::new(),
        login: None,
        password: None,
        key: None,
        dialect: DialectChoice::Auto,
        timeout: Duration::from_secs(120),
        limit_time_real: Duration::from_secs(120),
        largest_answer: http::LARGEST,
        calls: CALLS,
        context: serde_json::Map::new(),
    };
    let Some(table) = reader.table(key) else {
        reader.missing(key);
        return empty;
    };
    let dialect = match table.choice("dialect", &["auto", "json2", "jsonrpc", "xmlrpc"]) {
        "json2" => DialectChoice::Json2,
        "jsonrpc" => DialectChoice::JsonRpc,
        "xmlrpc" => DialectChoice::XmlRpc,
        _ => DialectChoice::Auto,
    };
    let mut context = serde_json::Map::new();
    for (key, name) in [("language", "lang"), ("zone", "tz")] {
        if let Some(text) = table.text(key) {
            context.insert(name.into(), Json::String(text));
        }
    }
    if let Some(companies) = table.list("companies") {
        context.insert("allowed_company_ids".into(), Json::Array(companies));
    }
    if table.node("url").is_none() {
        table.missing("url");
    }
    let url = address::read(&table, "url", "https://odoo.example.com").unwrap_or_default();
    let config = OdooConfig {
        table: empty.table,
        url,
        database: table.need_text("database"),
        login: table.text("login"),
        password: secrets::read(&table, "password"),
        key: secrets::read(&table, "api_key"),
        dialect,
        timeout: table.duration("timeout").unwrap_or(empty.timeout),
        limit_time_real: table.duration("limit_time_real").unwrap_or(empty.limit_time_real),
        largest_answer: largest_answer(&table),
        calls: table.integer("max_concurrency").and_then(|calls| usize::try_from(calls).ok()).filter(|calls| *calls > 0).unwrap_or(CALLS),
        context,
    };
    if config.key.is_none()
        && (config.login.is_none() || config.password.is_none())
        && table.node("api_key").is_none()
        && table.node("password").is_none()
    {
        table.missing("api_key` or `password");
    }
    table.finish();
    config
}

/// Default maximum bytes of an Odoo answer.
fn largest_answer(table: &TomlReader<'_>) -> u64 {
    match (table.integer("max_answer_bytes").map(u64::try_from), table.node("max_answer_bytes")) {
        (Some(Ok(bytes @ 1..)), _) => bytes,
        (Some(_), Some(node)) => {
            table.bad(node, "`max_answer_bytes` is a number from 1".into());
            http::LARGEST
        }
        _ => http::LARGEST,
    }
}

fn partner(parsed: &Parsed, problems: &RefCell<Vec<Problem>>) -> Partner {
    let reader = TomlReader::new(&parsed.node, &parsed.file, problems);
    let (drop, pace) = match reader.table("drop") {
        Some(table) => {
            let drop = (DropConfig::read(&table, &parsed.id), Pace::read(&table));
            table.finish();
            drop
        }
        None => {
            reader.missing("drop");
            (DropConfig::Local(PathBuf::new()), Pace::default())
        }
    };
    for key in ["archive", "error"] {
        contained::check(&reader, key);
    }
    let partner = Partner {
        id: parsed.id.clone(),
        name: reader.need_text("name"),
        gln: reader.text("gln"),
        language: Language::parse(reader.choice("language", &["en", "de", "fr", "es"])).unwrap_or_default(),
        contact: reader.text("contact"),
        drop,
        pace,
        archive: reader.text("archive").unwrap_or_else(|| "archive".into()),
        error: reader.text("error").unwrap_or_else(|| "error".into()),
    };
    reader.finish();
    partner
}

/// The workspace's own snapshot of an Odoo's fields, if it has one.
fn catalog(root: &Path, name: &str, problems: &RefCell<Vec<Problem>>) -> Option<Catalog> {
    let bytes = fs::read(root.join(name)).ok()?;
    let read = serde_json::from_slice(&bytes).map_err(|error| {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let place = Place::at(name, narrow(error.line()), narrow(error.column()));
        problems.borrow_mut().push(Problem::new(Code::ConfigSyntax, "the field snapshot is not valid").at(place));
    });
    read.ok()
}
