//! `consign validate`: validates files against a schema without a workspace, or as a flow would.

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use super::{Context, Exit, files, report};
use crate::{
    format::{ByteSource, Limits, xml},
    model::{Code, Place, Problem, Problems, nearest::did_you_mean},
    pipeline::{Schemas, validate_and_parse},
    schema::{CompileOptions, Schema, ValidatedFile},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Schema: a path, or a name in the workspace's schemas/. Can be repeated; all are loaded together.
    #[arg(long, required_unless_present = "flow", conflicts_with = "flow")]
    schema: Vec<PathBuf>,
    /// Validate as this flow would: with its schemas, envelope, CSV dialect and limits.
    #[arg(long)]
    flow: Option<String>,
    /// OASIS XML catalog that maps imported schema addresses to files.
    #[arg(long, conflicts_with = "flow")]
    catalog: Option<PathBuf>,
    /// Ignore a DOCTYPE that declares nothing, instead of refusing the file.
    #[arg(long, conflicts_with = "flow")]
    skip_doctype: bool,
    /// Output format: text, json (one line for each file) or html (one page).
    #[arg(long, default_value = "text")]
    format: report::Format,
    /// Maximum file size, in bytes.
    #[arg(long, default_value_t = 4 << 30)]
    max_bytes: u64,
    /// Files, folders (all files below) and patterns such as 'in/*.xml'.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What files are validated by.
enum By {
    Schema(Schema, xml::XmlOptions, Limits),
    Flow(Box<crate::config::Workspace>, String, Schemas),
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let format = if context.out.json { report::Format::Json } else { args.format };
    let by = match prepare(context, args, threads) {
        Ok(by) => by,
        Err((problems, folder)) => {
            let what = args.schema.first().map_or_else(|| args.flow.clone().unwrap_or_default(), |schema| schema.display().to_string());
            report::Report::new(format).schema(&what, &problems, &folder);
            return Ok(Exit::Unable);
        }
    };
    let found = files::find(&args.files)?;
    let progress = super::progress::count(found.len());
    let mut out = report::Report::new(format);
    // Files are validated in parallel and reported in their order.
    // Bounded, so that results do not pile up behind a large file.
    let (sender, receiver) = mpsc::sync_channel(AHEAD);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let (exit, written) = thread::scope(|scope| {
        for _ in 0..threads.min(found.len()) {
            let (sender, next, found, by) = (sender.clone(), &next, &found, &by);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(file) = found.get(at) else { return };
                    if sender.send((at, judged(file, by))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (mut waiting, mut reported, mut exit) = (std::collections::BTreeMap::new(), 0, Exit::Fine);
        for (at, problems) in receiver {
            waiting.insert(at, problems);
            while let Some(problems) = waiting.remove(&reported) {
                exit = worse(exit, &problems);
                progress.inc(1);
                if let Err(error) = progress.suspend(|| out.file(&found[reported], &problems)) {
                    // The remaining files need not be validated.
                    return (exit, Err(error));
                }
                reported += 1;
            }
        }
        (exit, Ok(()))
    });
    progress.finish_and_clear();
    match written.and_then(|()| out.finish()).err().as_ref().and_then(report::unwritten) {
        Some(problem) => {
            context.out.problems(&[problem]);
            Ok(Exit::Unable)
        }
        None => Ok(exit),
    }
}

/// What to validate by, or its problems with the folder of the wrong schemas.
fn prepare(context: &Context, args: &Args, threads: usize) -> Result<By, (Problems, PathBuf)> {
    let nowhere = |problems| (problems, PathBuf::new());
    if let Some(id) = &args.flow {
        let workspace = context.load().map_err(nowhere)?;
        context.known_flow(&workspace, Some(id)).map_err(nowhere)?;
        let flow = &workspace.flows[id];
        if flow.inbound().is_none() {
            return Err(nowhere(Problems::from(Problem::new(
                Code::Usage,
                format!("`{id}` is outbound; only inbound flows receive files"),
            ))));
        }
        let schemas = Schemas::compile(&workspace, flow, threads).map_err(|problems| (problems, workspace.schemas()))?;
        return Ok(By::Flow(Box::new(workspace), id.clone(), schemas));
    }
    let (jail, names) = locate(&context.workspace, &args.schema).map_err(nowhere)?;
    let schema = Schema::compile_all(&jail, &names, CompileOptions { catalog: args.catalog.clone(), threads, gaps: false })
        .map_err(|problems| (problems, jail))?;
    let doctype = if args.skip_doctype { xml::Doctype::SkipBare } else { xml::Doctype::Refuse };
    let limits = Limits { bytes: args.max_bytes, ..Limits::default() };
    Ok(By::Schema(schema, xml::XmlOptions { doctype, several: false }, limits))
}

/// Results that may wait for those before them.
const AHEAD: usize = 64;

/// All problems of a file.
fn judged(file: &Path, by: &By) -> Vec<Problem> {
    if let Some(problem) = files::nothing(file) {
        return vec![problem];
    }
    let name = file.display().to_string();
    let source = ByteSource::File(file.to_path_buf());
    match by {
        By::Schema(schema, options, limits) => {
            let size = std::fs::metadata(file).map_or(0, |found| found.len());
            let judged = ValidatedFile { time: limits.time_for(size), ..ValidatedFile::named(&name) };
            let (options, limits) = (*options, limits.clone());
            schema.judge(&judged, move |judge| xml::stream(&source, &name, &limits, options, judge).map_err(Problems::from)).1
        }
        By::Flow(workspace, id, schemas) => match workspace.flows[id].inbound() {
            Some(inbound) => validate_and_parse(&source, &name, inbound, schemas).err().map(Problems::into_vec).unwrap_or_default(),
            None => Vec::new(),
        },
    }
}

/// 2 if a file could not be validated, 1 if one is not valid.
fn worse(exit: Exit, problems: &[Problem]) -> Exit {
    match (exit, problems.is_empty()) {
        (exit, true) => exit,
        (Exit::Unable, _) => Exit::Unable,
        _ if problems.iter().any(report::is_unjudged) => Exit::Unable,
        _ => Exit::Problems,
    }
}

/// The folder that includes must not leave, and the schemas relative to it. It is the workspace's schemas for names in there, otherwise
/// the parent of the schema's folder, as sets have `maindoc/` and `common/` side by side.
fn locate(workspace: &Path, schemas: &[PathBuf]) -> Result<(PathBuf, Vec<String>), Problems> {
    let in_workspace = workspace.join("schemas");
    let (mut jail, mut names) = (None::<PathBuf>, Vec::new());
    for schema in schemas {
        let (folder, name) = if !schema.exists() || schema.starts_with(&in_workspace) {
            let name = schema.strip_prefix(&in_workspace).unwrap_or(schema).to_string_lossy().into_owned();
            if !in_workspace.join(&name).exists() {
                let near = siblings(schema.parent().unwrap_or(Path::new("")));
                let hint = did_you_mean(&schema.to_string_lossy(), near.iter().map(String::as_str));
                let problem = Problem::new(Code::SchemaMissing, "no such schema, neither here nor in the workspace's schemas/");
                return Err(Problems::from(problem.at(Place::file(schema.display().to_string())).maybe_hint(hint)));
            }
            (in_workspace.clone(), name)
        } else {
            let full = std::fs::canonicalize(schema).unwrap_or_else(|_| schema.clone());
            let folder = full.parent().and_then(Path::parent).or(full.parent()).unwrap_or(Path::new("/")).to_path_buf();
            let name = full.strip_prefix(&folder).unwrap_or(&full).to_string_lossy().into_owned();
            (folder, name)
        };
        if jail.as_ref().is_some_and(|jail| *jail != folder) {
            let problem =
                Problem::new(Code::Usage, "schemas that are loaded together must be in the same folder, or in folders side by side");
            return Err(Problems::from(problem.at(Place::file(schema.display().to_string()))));
        }
        jail = Some(folder);
        names.push(name);
    }
    Ok((jail.unwrap_or(in_workspace), names))
}

/// The schemas in a folder, as named on the command line.
fn siblings(folder: &Path) -> Vec<String> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(here).into_iter().flatten().flatten();
    let names = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "xsd"));
    names.map(|entry| folder.join(entry.file_name()).display().to_string()).collect()
}
