//! `consign validate --schema XSD FILE…`: files against a schema, without a workspace.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::json;

use super::{Context, Exit};
use crate::{
    format::{Limits, xml},
    model::{Place, Problem, Problems, codes},
    schema::Schema,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Schema: a path, or the name of one in the workspace's schemas/.
    #[arg(long)]
    schema: PathBuf,
    /// XML files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let (jail, name) = locate(&context.workspace, &args.schema);
    let schema = match Schema::compile(&jail, &name) {
        Ok(schema) => schema,
        Err(problems) => {
            context.out.problems(&problems);
            return Ok(Exit::Unable);
        }
    };
    let mut exit = Exit::Fine;
    for file in &args.files {
        let shown = file.display().to_string();
        let problems = match fs::read(file) {
            Err(error) => {
                exit = Exit::Unable;
                vec![
                    Problem::new(codes::DROP_IO, format!("the file cannot be read ({})", crate::model::problem::reason(&error)))
                        .at(Place::file(&shown)),
                ]
            }
            Ok(bytes) => match xml::read(&bytes, &shown, &Limits::default()) {
                Ok(document) => schema.validate(Arc::new(document), &shown),
                Err(problem) => vec![problem],
            },
        };
        if !problems.is_empty() && exit == Exit::Fine {
            exit = Exit::Problems;
        }
        if context.out.json {
            // One line a file, so that many files can be piped on.
            let line = json!({ "file": shown, "valid": problems.is_empty(), "problems": problems });
            let _ = writeln!(std::io::stdout(), "{line}");
        } else {
            context.out.problems(&problems);
            let verdict = match problems.first() {
                None => "valid",
                Some(problem) if problem.code == codes::DROP_IO => "not judged",
                Some(_) => "not valid",
            };
            context.out.line(format!("{shown}: {verdict}"));
        }
    }
    Ok(exit)
}

/// The folder that bounds what may be included, and the schema relative to it: the workspace's schemas for a name in it, otherwise
/// the folder above the schema's own, since sets lie in `maindoc/` and `common/` side by side.
fn locate(workspace: &Path, schema: &Path) -> (PathBuf, String) {
    let in_workspace = workspace.join("schemas");
    if !schema.exists() || schema.starts_with(&in_workspace) {
        let name = schema.strip_prefix(&in_workspace).unwrap_or(schema);
        return (in_workspace, name.to_string_lossy().into_owned());
    }
    let full = fs::canonicalize(schema).unwrap_or_else(|_| schema.to_path_buf());
    let jail = full.parent().and_then(Path::parent).or(full.parent()).unwrap_or(Path::new("/")).to_path_buf();
    let name = full.strip_prefix(&jail).unwrap_or(&full).to_string_lossy().into_owned();
    (jail, name)
}
