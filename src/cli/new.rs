//! `consign new flow`: generates a starter flow from a schema, a sample and a model.

use std::{collections::HashMap, fs, path::Path, path::PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::{Context, Exit};
use crate::{
    config::{Workspace, check},
    endpoint,
    format::{ByteSource, Limits, xml},
    mapping::skeleton::{self, Material},
    model::{Code, Document, Place, Problem, Problems, i18n::Text, nearest::did_you_mean, problem::reason},
    schema::{Schema, ValidatedFile},
};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Generate a flow with its mapping or template, from a schema, a sample document and a model.
    Flow(FlowArgs),
}

#[derive(clap::Args)]
struct FlowArgs {
    /// Name of the flow.
    name: String,
    /// Sample document, as the partner sends or expects it.
    #[arg(long)]
    sample: PathBuf,
    /// Schema of the sample, below schemas/.
    #[arg(long)]
    schema: String,
    /// Odoo model: sale.order, product.template…
    #[arg(long)]
    model: String,
    /// Partner; by default the first one of the workspace.
    #[arg(long)]
    partner: Option<String>,
    /// Outbound flow: generate a template from the sample.
    #[arg(long)]
    out: bool,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let Verb::Flow(args) = &args.verb;
    let workspace = context.load()?;
    let usage = |text: String, hint: Option<Text>| Problems::from(Problem::new(Code::Usage, text).maybe_hint(hint));
    let plain = !args.name.is_empty() && args.name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !plain || args.name.starts_with('.') {
        return Err(usage(format!("`{}` cannot be the name of a flow: use letters, digits, `-`, `_` and `.`", args.name), None));
    }
    if workspace.flows.contains_key(&args.name) {
        return Err(usage(format!("there is already a flow `{}`", args.name), None));
    }
    let partner = args.partner.clone().or_else(|| workspace.partners.keys().next().cloned()).unwrap_or_default();
    if !workspace.partners.contains_key(&partner) {
        let hint = did_you_mean(&partner, workspace.partners.keys().map(String::as_str));
        return Err(usage(format!("there is no partner `{partner}`"), hint.or_else(|| Some("create a file for it in partners/".into()))));
    }
    if workspace.catalog.model(&args.model).is_none() {
        let hint = did_you_mean(&args.model, workspace.catalog.models());
        let hint = hint.unwrap_or_else(|| format!("if Odoo has it, run: consign odoo snapshot {}", args.model).into());
        return Err(usage(format!("the field snapshot has no model `{}`", args.model), Some(hint)));
    }
    let schema = Schema::compile(&workspace.schemas(), &args.schema)?;
    let bytes = fs::read(&args.sample).map_err(|error| {
        let text = format!("cannot read the sample ({})", reason(&error));
        Problems::from(Problem::new(Code::DropIo, text).at(Place::file(args.sample.display().to_string())))
    })?;
    let name = args.sample.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let document = xml::read(&bytes, &name, &Limits::default())?;
    // A flow from an invalid sample would be useless.
    let source = ByteSource::Bytes(bytes.clone().into());
    let own = name.clone();
    let (_, found) = schema.judge(&ValidatedFile::named(&name), move |judge| {
        xml::stream(&source, &own, &Limits::default(), xml::XmlOptions::default(), judge).map_err(Problems::from)
    });
    Problems::check(found)?;
    let texts = documentation(&workspace, &args.schema);
    let about = |name: &str| texts.get(name).cloned();
    let material = Material {
        document: &document,
        shape: schema.shape(),
        schema: &args.schema,
        catalog: &workspace.catalog,
        model: &args.model,
        about: &about,
    };
    let mut files = if args.out { outbound(args, &partner, &material) } else { inbound(args, &partner, &material, &bytes, &name) };
    let (filled, open) = (files.filled, files.open);
    for (path, text) in &files.texts {
        write(&workspace.root.join(path), text)?;
    }
    let problems = mend(&workspace.root, &args.name, &mut files)?;
    let written: Vec<&String> = files.texts.iter().map(|(path, _)| path).collect();
    context.out.data(&json!({ "files": written, "filled": filled, "open": open, "problems": problems }));
    written.iter().for_each(|path| context.out.line(path));
    context.out.line(format!("{filled} values filled in, {open} left for you to decide (as comments in the file)"));
    context.out.line(match args.out {
        true => "next: replace the remaining sample values, then: consign check".to_string(),
        false => format!("next: review the files, then: consign plan {} {}", args.name, args.sample.display()),
    });
    if !context.out.json {
        context.out.problems(&problems);
    }
    Ok(if problems.is_empty() { Exit::Fine } else { Exit::Problems })
}

struct Files {
    texts: Vec<(String, Vec<u8>)>,
    filled: usize,
    open: usize,
}

fn inbound(args: &FlowArgs, partner: &str, material: &Material<'_>, sample: &[u8], name: &str) -> Files {
    let skeleton = skeleton::skeleton(material);
    let flow = format!(
        "about     = \"{name} -> {model}\"\ndirection = \"in\"\npartner   = \"{partner}\"\nfolder    = \"out/{id}\"\nfiles     = \"*.xml\"\nmapping   = \"mappings/{id}.toml\"\nschedule  = \"every 15 minutes\"\nenabled   = false                           # switch it on once it does what you want\n",
        model = args.model,
        id = args.name,
        name = name.replace(['"', '\\'], "")
    );
    let texts = vec![
        (format!("mappings/{}.toml", args.name), skeleton.text.into_bytes()),
        (format!("flows/{}.toml", args.name), flow.into_bytes()),
        (format!("samples/{}/first/{name}", args.name), sample.to_vec()),
    ];
    Files { texts, filled: skeleton.filled, open: skeleton.open }
}

fn outbound(args: &FlowArgs, partner: &str, material: &Material<'_>) -> Files {
    let template = skeleton::template(material);
    let fields: String = template.fields.iter().map(|field| format!("  \"{field}\",\n")).collect();
    let flow = format!(
        "about     = \"{model} goes out\"\ndirection = \"out\"\npartner   = \"{partner}\"\nfolder    = \"in/{id}\"\nname      = \"{id}-{{{{ record.name | replace('/', '-') }}}}.xml\"\ntemplate  = \"templates/{id}.xml\"\nschema    = \"{schema}\"\nschedule  = \"every 1 hour\"\nenabled   = false                           # switch it on once it makes what the partner wants\n\n[read]\nmodel  = \"{model}\"\ndomain = {domain}\nfields = [\n{fields}]\n",
        model = args.model,
        id = args.name,
        schema = args.schema,
        domain = template.domain
    );
    let texts = vec![
        (format!("templates/{}.xml", args.name), template.text.into_bytes()),
        (format!("flows/{}.toml", args.name), flow.into_bytes()),
    ];
    Files { texts, filled: template.filled, open: template.open }
}

/// Writes a file that does not exist yet.
fn write(path: &Path, text: &[u8]) -> Result<(), Problems> {
    let reported = |text: String| Problems::from(Problem::new(Code::Usage, text));
    if path.exists() {
        return Err(reported(format!("{} already exists", path.display())));
    }
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    written.map_err(|error| reported(format!("cannot write {} ({})", path.display(), reason(&error))))
}

/// Problems of one field: without it the rest may be correct.
const FIELDS: [Code; 3] = [Code::MappingPath, Code::MappingField, Code::FieldReadonly];

/// Turns wrong fields into comments, so that the new flow passes the check. Returns the remaining problems.
fn mend(root: &Path, id: &str, files: &mut Files) -> Result<Vec<Problem>, Problems> {
    let mapping = format!("mappings/{id}.toml");
    let mut problems = Vec::new();
    for _ in 0..10 {
        let found = match endpoint::load(root) {
            Ok(workspace) => check::check(&workspace).problems,
            Err(problems) => problems.into_vec(),
        };
        let ours = |problem: &Problem| {
            problem
                .place
                .file
                .as_deref()
                .is_some_and(|file| file.ends_with(&format!("/{id}.toml")) || file.ends_with(&format!("/{id}.xml")))
        };
        problems = found.into_iter().filter(ours).collect();
        let lines: Vec<usize> = problems
            .iter()
            .filter(|problem| problem.place.file.as_deref() == Some(&mapping) && FIELDS.contains(&problem.code))
            .filter_map(|problem| usize::try_from(problem.place.line?).ok())
            .collect();
        let Some((_, text)) = files.texts.iter_mut().find(|(path, _)| *path == mapping).filter(|_| !lines.is_empty()) else { break };
        let changed: String = String::from_utf8_lossy(text)
            .lines()
            .enumerate()
            .map(|(at, line)| if lines.contains(&(at + 1)) && line.contains(" = ") { format!("# {line}\n") } else { format!("{line}\n") })
            .collect();
        if changed.as_bytes() == text.as_slice() {
            break;
        }
        *text = changed.into_bytes();
        fs::write(root.join(&mapping), text)
            .map_err(|error| Problems::from(Problem::new(Code::Usage, format!("cannot write {mapping} ({})", reason(&error)))))?;
    }
    Ok(problems)
}

/// Maximum number of schema documents that are read for their documentation.
const MOST: usize = 400;

/// The schema's documentation of elements and attributes, by local name.
fn documentation(workspace: &Workspace, schema: &str) -> HashMap<String, String> {
    let root = workspace.schemas();
    let mut todo = match schema.split_once('/') {
        Some((set, _)) => vec![root.join(set)],
        None => vec![root.join(schema)],
    };
    let (mut texts, mut count) = (HashMap::new(), 0);
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else if path.extension().is_some_and(|ending| ending == "xsd") && count < MOST {
            count += 1;
            if let Some(document) = fs::read(&path).ok().and_then(|bytes| xml::read(&bytes, "", &Limits::default()).ok()) {
                said(&document, &mut texts);
            }
        }
    }
    texts
}

fn said(document: &Document, texts: &mut HashMap<String, String>) {
    for id in 0..document.len() {
        let element = document.element(id);
        if !matches!(&*element.name.local, "element" | "attribute") {
            continue;
        }
        let named = element.attributes.iter().find(|attribute| matches!(&*attribute.name.local, "name" | "ref"));
        let Some(name) = named.map(|attribute| attribute.value.rsplit(':').next().unwrap_or_default().to_string()) else { continue };
        let notes = element.children.iter().filter(|child| &*document.element(**child).name.local == "annotation");
        let text = notes.flat_map(|note| below(document, *note)).find(|text| text.contains(' '));
        if let Some(text) = text {
            texts.entry(name).or_insert(text);
        }
    }
}

/// Documentation texts below an element: plain, or in a `Definition` as in UBL.
fn below(document: &Document, id: usize) -> Vec<String> {
    let element = document.element(id);
    let is_text = matches!(&*element.name.local, "documentation" | "Definition");
    let own = Some(element.text.trim().to_string()).filter(|text| is_text && !text.is_empty());
    own.into_iter().chain(element.children.iter().flat_map(|child| below(document, *child))).collect()
}
