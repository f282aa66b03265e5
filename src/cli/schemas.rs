//! `consign schemas add NAME PATH`: adds third-party schemas to the workspace, if they compile.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use super::{Context, Exit};
use crate::{
    config::Workspace,
    model::{Code, Place, Problem, Problems},
    schema::Schema,
};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Add a schema set from a folder or a zip file.
    Add {
        /// Name of the set, which is its folder below schemas/.
        name: String,
        /// Folder or zip file with the schemas.
        path: PathBuf,
    },
}

/// Maximum number of files and bytes of a set; UBL 2.1 has 79 files and 5 MB.
const MOST_FILES: usize = 5_000;
const MOST_BYTES: u64 = 200 << 20;

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let Action::Add { name, path } = &args.action;
    let plain =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) && !name.starts_with('.');
    if !plain {
        return Err(Problems::from(Problem::new(
            Code::Usage,
            format!("`{name}` cannot be the name of a schema set: use letters, digits, `-`, `_` and `.`"),
        )));
    }
    let workspace = context.load()?;
    let target = workspace.schemas().join(name);
    if target.exists() {
        return Err(Problems::from(
            Problem::new(Code::Usage, format!("schemas/{name} already exists")).hint("remove the folder first, or choose another name"),
        ));
    }
    let unreadable = |error: std::io::Error| {
        Problems::from(
            Problem::new(Code::ConfigUnreadable, format!("cannot read it ({})", crate::model::problem::reason(&error)))
                .at(Place::file(path.display().to_string())),
        )
    };
    // Next to its final place, so that the last step is a rename.
    let making = tempfile::Builder::new().prefix(".adding-").tempdir_in(workspace.schemas()).map_err(unreadable)?;
    let count = if path.is_dir() { copy(path, making.path()).map_err(unreadable)? } else { unpack(path, making.path())? };
    if count == 0 {
        return Err(Problems::from(
            Problem::new(Code::SchemaMissing, "it contains no .xsd file").at(Place::file(path.display().to_string())),
        ));
    }
    let (entries, named) = entry_points(&workspace, name, making.path());
    let (mut compiled, mut broken) = (Vec::new(), Vec::new());
    for entry in &entries {
        match Schema::compile(making.path(), entry) {
            Ok(_) => compiled.push(format!("{name}/{entry}")),
            Err(problems) => broken.extend(problems.into_iter().take(1).map(|problem| problem.in_file(entry))),
        }
    }
    // A schema that a flow names must compile. If no flow names the set yet, one schema that compiles is enough.
    if named || compiled.is_empty() {
        Problems::check(broken.clone())?;
    }
    let kept = making.keep();
    fs::rename(&kept, &target).map_err(|error| {
        // Nothing incomplete stays behind; the first error is the one to report.
        let _ = fs::remove_dir_all(&kept);
        unreadable(error)
    })?;
    context.out.data(&serde_json::json!({ "set": name, "files": count, "compiled": compiled, "broken": broken }));
    context.out.line(format!("added {count} schema files to schemas/{name}; {} compiled:", compiled.len()));
    compiled.iter().take(10).for_each(|entry| context.out.line(format!("  {entry}")));
    if compiled.len() > 10 {
        context.out.line(format!("  and {} more", compiled.len() - 10));
    }
    for problem in broken.iter().take(10) {
        context.out.line(format!("note: {} does not compile: {}", problem.place, problem.message));
    }
    let waiting: Vec<&str> =
        workspace.flows.values().filter(|flow| flow.schema.starts_with(&format!("{name}/"))).map(|flow| flow.id.as_str()).collect();
    if !waiting.is_empty() {
        context.out.line(format!("flows that use it: {}", waiting.join(", ")));
    }
    Ok(Exit::Fine)
}

/// The schemas to compile, and whether flows name them. If no flow names any: those that no other schema of the set includes or imports.
fn entry_points(workspace: &Workspace, name: &str, folder: &Path) -> (Vec<String>, bool) {
    let named: Vec<String> = workspace
        .flows
        .values()
        .filter_map(|flow| flow.schema.strip_prefix(&format!("{name}/")))
        .filter(|entry| folder.join(entry).exists())
        .map(str::to_string)
        .collect();
    if !named.is_empty() {
        return (named, true);
    }
    let files = files(folder, folder);
    let texts: Vec<String> = files.iter().filter_map(|file| fs::read_to_string(folder.join(file)).ok()).collect();
    let is_used = |file: &String| {
        let leaf = file.rsplit('/').next().unwrap_or(file);
        texts.iter().any(|text| text.contains(&format!("/{leaf}\"")) || text.contains(&format!("schemaLocation=\"{leaf}\"")))
    };
    let roots: Vec<String> = files.iter().filter(|file| !is_used(file)).cloned().collect();
    (if roots.is_empty() { files } else { roots }, false)
}

fn files(folder: &Path, root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, root));
        } else if let Ok(relative) = path.strip_prefix(root) {
            found.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
    found.sort();
    found
}

fn wanted(name: &Path) -> bool {
    name.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xsd"))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            let inner = copy(&entry.path(), &target)?;
            count += inner;
        } else if kind.is_file() && wanted(&entry.path()) {
            fs::create_dir_all(to)?;
            fs::copy(entry.path(), target)?;
            count += 1;
        }
    }
    Ok(count)
}

fn unpack(path: &Path, to: &Path) -> Result<usize, Problems> {
    let place = Place::file(path.display().to_string());
    let bad = |message: String| Problems::from(Problem::new(Code::Usage, message).at(place.clone()).hint("give a folder or a zip file"));
    let file = fs::File::open(path).map_err(|error| bad(format!("cannot open it ({})", crate::model::problem::reason(&error))))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|_| bad("it is neither a folder nor a zip file".into()))?;
    if archive.len() > MOST_FILES {
        return Err(bad(format!("it has more than {MOST_FILES} entries")));
    }
    let (mut count, mut total) = (0, 0u64);
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|_| bad("the zip file is damaged".into()))?;
        // A name that leaves the folder is refused, not corrected.
        let name = entry.enclosed_name().ok_or_else(|| bad("the path of an entry leaves the folder".into()))?;
        if !entry.is_file() || !wanted(&name) {
            continue;
        }
        let mut bytes = Vec::new();
        let room = MOST_BYTES - total;
        entry.take(room + 1).read_to_end(&mut bytes).map_err(|_| bad("the zip file is damaged".into()))?;
        total += bytes.len() as u64;
        if total > MOST_BYTES {
            return Err(bad(format!("it unpacks to more than {MOST_BYTES} bytes")));
        }
        let target = to.join(&name);
        let written = target.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&target, &bytes));
        written.map_err(|error| bad(format!("cannot write it ({})", crate::model::problem::reason(&error))))?;
        count += 1;
    }
    Ok(count)
}
