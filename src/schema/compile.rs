//! XSD files to the engine's compiled set, with every flaw as a problem.

use std::path::Path;

use xsd_schema::{
    LoaderChain, SchemaError, SchemaSet, SchemaSetBuilder, XsdVersion,
    parser::resolver::{EmbeddedLoader, ResolverConfig, SchemaResolver},
};

use super::loader::Jailed;
use crate::model::{Place, Problem, Problems, codes};

/// Compiles `name` inside `jail`. XSD 1.0 rules are used, or 1.1 where the schema document says `vc:minVersion="1.1"`.
pub(super) fn compile(jail: &Path, name: &str) -> Result<SchemaSet, Problems> {
    let one = |problem: Problem| vec![problem];
    let missing = || {
        one(Problem::new(codes::SCHEMA_MISSING, format!("the schema `{name}` is not in the workspace"))
            .at(Place::file(name))
            .hint("get the schema set from its publisher and run: consign schemas add NAME FOLDER-OR-ZIP"))
    };
    let jailed = Jailed::new(jail).map_err(|_| missing())?;
    let full = jailed.root().join(name);
    if !full.exists() {
        return Err(missing());
    }
    let location =
        jailed.inside(&full.to_string_lossy()).map_err(|message| one(Problem::new(codes::PATH_ESCAPES, message).at(Place::file(name))))?;
    let version = match std::fs::read_to_string(&location) {
        Ok(text) if text.contains("minVersion=\"1.1\"") => XsdVersion::V1_1,
        _ => XsdVersion::V1_0,
    };
    let location = location.to_string_lossy().into_owned();
    let root = format!("{}/", jailed.root().display());
    let mut chain = LoaderChain::new();
    chain.add(Box::new(EmbeddedLoader::new()));
    chain.add(Box::new(jailed));
    let resolver = SchemaResolver::with_config_and_loader(ResolverConfig::default(), Box::new(Chain(chain)));
    let broken = |error: &SchemaError| one(problem(error, &root));
    let compiled = SchemaSetBuilder::with_resolver(resolver, version)
        .add("", &location)
        .and_then(SchemaSetBuilder::compile)
        .map_err(|error| broken(&error))?;
    let failures: Problems = compiled
        .directive_failures()
        .iter()
        .filter(|failure| !failure.namespace_supplied())
        .map(|failure| {
            let what = failure.schema_location().or(failure.namespace()).unwrap_or("a schema without a location");
            let mut problem =
                Problem::new(codes::SCHEMA_BROKEN, format!("the schema document `{what}` that is imported here is not in the workspace"))
                    .hint("copy it beside the schema and correct the schemaLocation; nothing is fetched from the network");
            if let Some(at) = failure.location() {
                problem.place = place(&at.base_uri, at.line, at.column, &root);
            }
            problem
        })
        .collect();
    if failures.is_empty() { Ok(compiled.into_schema_set()) } else { Err(failures) }
}

/// A chain that is itself a loader, since the resolver takes one.
#[derive(Debug)]
struct Chain(LoaderChain);

impl xsd_schema::SchemaLoader for Chain {
    fn load(&self, location: &str) -> xsd_schema::SchemaResult<String> {
        self.0.load(location)
    }

    fn can_load(&self, location: &str) -> bool {
        self.0.can_load(location)
    }
}

fn place(file: &str, line: usize, column: usize, root: &str) -> Place {
    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Place::at(file.trim_start_matches("file://").replace(root, ""), narrow(line), narrow(column))
}

fn problem(error: &SchemaError, root: &str) -> Problem {
    let (message, location) = match error {
        SchemaError::XmlError { message, location }
        | SchemaError::NamespaceError { message, location }
        | SchemaError::FeatureError { message, location }
        | SchemaError::StructuralError { message, location, .. }
        | SchemaError::LimitExceeded { message, location, .. } => (message.clone(), location.as_ref()),
        SchemaError::ResolutionError { message } => (message.clone(), None),
        SchemaError::IoError(error) => (format!("cannot be read ({})", crate::model::problem::reason(error)), None),
        other => (other.to_string(), None),
    };
    let problem = Problem::new(codes::SCHEMA_BROKEN, message.replace(root, ""));
    match location {
        Some(at) => problem.at(place(&at.base_uri, at.line, at.column, root)),
        None => problem,
    }
}
