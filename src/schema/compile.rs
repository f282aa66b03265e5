//! XSD files to the engine's compiled set; every flaw becomes a problem.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use xsd_schema::{
    LoaderChain, LocationRequest, SchemaError, SchemaSet, SchemaSetBuilder, XsdVersion,
    parser::resolver::{EmbeddedLoader, ResolverConfig, SchemaResolver},
};

use super::{catalog::Catalog, compile_errors, loader::Jailed};
use crate::model::{Code, Place, Problem, Problems};

/// What is compiled together.
#[derive(Debug, Clone)]
pub(super) struct Set {
    /// Folder that no read may leave.
    pub(super) jail: PathBuf,
    /// Schema documents, relative to it.
    pub(super) names: Vec<String>,
    /// An OASIS catalog; by default `catalog.xml` in the jail.
    pub(super) catalog: Option<PathBuf>,
    /// Documents and types that are named but missing are allowed.
    pub(super) gaps: bool,
}

/// Compiles a set. It uses the XSD 1.0 rules, or 1.1 if a schema document says `vc:minVersion="1.1"` or uses a 1.1 feature.
pub(super) fn compile(set: &Set) -> Result<SchemaSet, Problems> {
    match compile_as(set, XsdVersion::V1_0) {
        Err(Flaw { newer: true, .. }) => compile_as(set, XsdVersion::V1_1),
        other => other,
    }
    .map_err(|flaw| {
        let nothing = || Problem::new(Code::SchemaBroken, "the schema cannot be compiled");
        Problems::of(flaw.problems).unwrap_or_else(|| nothing().into())
    })
}

/// What prevents a set from being compiled.
struct Flaw {
    /// Empty if only the rule version is wrong.
    problems: Vec<Problem>,
    /// The rules of XSD 1.1 would allow it.
    newer: bool,
}

fn compile_as(set: &Set, version: XsdVersion) -> Result<SchemaSet, Flaw> {
    let one = |problem: Problem| Flaw { problems: vec![problem], newer: false };
    let own = set.jail.join("catalog.xml");
    let catalog = match (&set.catalog, own.is_file()) {
        (Some(named), _) => Catalog::read(named).map_err(one)?,
        (None, true) => {
            let mut catalog = Catalog::read(&own).map_err(one)?;
            // A catalog in the jail gives access to no other folder.
            catalog.folders.clear();
            catalog
        }
        (None, false) => Catalog::default(),
    };
    let missing = |name: &str| {
        one(Problem::new(Code::SchemaMissing, format!("the schema `{name}` is not in the workspace"))
            .at(Place::file(name))
            .hint("get the schema set from its publisher and run: consign schemas add NAME FOLDER-OR-ZIP"))
    };
    let jailed = Jailed::new(&set.jail, &catalog.folders).map_err(|_| missing(set.names.first().map_or("", String::as_str)))?;
    let root = format!("{}/", jailed.root().display());
    let mut locations = Vec::new();
    for name in &set.names {
        let full = jailed.root().join(name);
        if !full.exists() {
            return Err(missing(name));
        }
        let escapes = |message| one(Problem::new(Code::PathEscapes, message).at(Place::file(name)));
        let location = jailed.inside(&full.to_string_lossy()).map_err(escapes)?;
        if version == XsdVersion::V1_0 && says_1_1(&location) {
            return Err(Flaw { problems: Vec::new(), newer: true });
        }
        locations.push(location.to_string_lossy().into_owned());
    }
    let mut chain = LoaderChain::new();
    chain.add(Box::new(EmbeddedLoader::new()));
    chain.add(Box::new(jailed.clone()));
    let mut resolver = SchemaResolver::with_config_and_loader(ResolverConfig::default(), Box::new(Chain(chain)));
    for (name, file) in catalog.names() {
        resolver.catalog_mut().add(name, file.to_string_lossy());
    }
    // The engine's built-in documents come after what the workspace maps.
    if catalog.find("http://www.w3.org/XML/1998/namespace").is_none() {
        resolver.catalog_mut().add_xml_catalog();
    }
    resolver.set_location_rewriter(move |request: &LocationRequest<'_>, _: &SchemaResolver| {
        let mapped = catalog.find(request.location).or_else(|| catalog.find(&resolved(request)));
        mapped.map(|path| path.to_string_lossy().into_owned())
    });
    let broken = |error: &SchemaError| Flaw {
        problems: vec![problem(error, &root)],
        newer: version == XsdVersion::V1_0 && error.to_string().contains("requires XSD 1.1"),
    };
    let mut builder = SchemaSetBuilder::with_resolver(resolver, version);
    for location in &locations {
        builder = builder.add("", location).map_err(|error| jailed.refused().map_or_else(|| broken(&error), one))?;
    }
    let compiled = builder.compile();
    // What was refused during reading says more than what is missing because of it.
    if let Some(problem) = jailed.refused() {
        return Err(one(problem));
    }
    let compiled = compiled.map_err(|error| broken(&error))?;
    let failures: Vec<Problem> = compiled
        .directive_failures()
        .iter()
        // The xsi: attributes are built in; a schema that imports them needs no document.
        .filter(|failure| !failure.namespace_supplied() && failure.namespace() != Some(super::validator::XSI))
        .map(|failure| {
            let what = failure.schema_location().or(failure.namespace()).unwrap_or("a schema without a location");
            let at = failure.location().map(|at| place(&at.base_uri, at.line, at.column, &root));
            unread(what, at)
        })
        .collect();
    let compiled = compiled.into_schema_set();
    let problems: Vec<Problem> = failures.into_iter().chain(dangling(&compiled, &root)).collect();
    if problems.is_empty() || set.gaps { Ok(compiled) } else { Err(Flaw { problems, newer: false }) }
}

/// A schema document that is named and cannot be read.
fn unread(what: &str, at: Option<Place>) -> Problem {
    let hint = match what.contains("://") {
        true => format!(
            "copy it into schemas/ and have schemas/catalog.xml map the address: <uri name=\"{what}\" uri=\"FILE\"/>; nothing is fetched from the network"
        ),
        false => "copy it beside the schema, or correct the schemaLocation".to_string(),
    };
    let message = format!("the schema document `{what}` that is imported here is not in the workspace");
    Problem::new(Code::SchemaBroken, message).hint(hint).at(at.unwrap_or_default())
}

/// The engine reports a reference that leads nowhere before the missing document that causes it, and names that document at the end
/// of its sentence: `'address' (file:line:column)`.
fn named_unread(message: &str, root: &str) -> Option<Problem> {
    let (what, rest) = message.split_once("schema documents that could not be read: '")?.1.split_once("' (")?;
    let mut numbers = rest.split(')').next()?.rsplitn(3, ':');
    let (column, line) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    Some(unread(what, Some(place(numbers.next()?, line, column, root))))
}

/// Types that are named but defined nowhere: the engine reports them at the first document with such an element, which is too late.
fn dangling(set: &SchemaSet, root: &str) -> Vec<Problem> {
    let elements = set.arenas.elements.values().filter_map(|element| element.deferred_type_error.as_ref());
    let items = set.arenas.simple_types.values().filter_map(|data| data.deferred_item_type_error.as_ref());
    let mut problems: Vec<Problem> = elements
        .chain(items)
        .map(|error| {
            let missing = error.message.split('\'').nth(1).unwrap_or_default().rsplit(['}', ':']).next().unwrap_or_default();
            let types = set.namespaces.values().flat_map(|table| table.types.keys()).map(|name| set.name_table.resolve(*name));
            let types: Vec<String> = types.chain(compile_errors::BUILT_IN.map(str::to_string)).collect();
            let problem = Problem::new(Code::SchemaBroken, format!("the type `{missing}` is defined nowhere"))
                .maybe_hint(super::phrases::near(missing, types.iter().map(String::as_str)));
            match set.locate(error.source.as_ref()) {
                Some(at) => problem.at(place(&at.base_uri, at.line, at.column, root)),
                None => problem,
            }
        })
        .collect();
    problems.sort_by(|a, b| (&a.place.file, a.place.line).cmp(&(&b.place.file, b.place.line)));
    problems.dedup();
    problems
}

/// Whether a schema document asks for XSD 1.1, as its root element says.
fn says_1_1(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(16 << 10).read_to_end(&mut head));
    read.is_ok() && [&b"minVersion=\"1.1\""[..], b"minVersion='1.1'"].iter().any(|sign| memchr::memmem::find(&head, sign).is_some())
}

/// The address of a directive, resolved against its own document.
fn resolved(request: &LocationRequest<'_>) -> String {
    match request.base_uri.rsplit_once('/') {
        Some((folder, _)) if !request.location.contains("://") => format!("{folder}/{}", request.location),
        _ => request.location.to_string(),
    }
}

/// A chain that is itself a loader, because the resolver accepts one loader.
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
    if let Some(problem) = named_unread(&message, root) {
        return problem;
    }
    let (sentence, hint) = compile_errors::reported(&message.replace(root, ""));
    let problem = Problem::new(Code::SchemaBroken, sentence).maybe_hint(hint);
    match location {
        Some(at) => problem.at(place(&at.base_uri, at.line, at.column, root)),
        None => problem,
    }
}
