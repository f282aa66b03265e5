//! OASIS XML Catalogs 1.1: which file replaces an address that a schema imports. Nothing is ever fetched, so an address that no
//! catalog maps is a problem of the schema.

use std::{
    fs,
    path::{Path, PathBuf},
};

use quick_xml::{Reader, XmlVersion, events::Event};

use crate::model::{Code, Place, Problem, problem::cut};

/// Maximum number of catalogs that refer to one another.
const MOST: usize = 20;

/// The entries of a catalog and of the catalogs it refers to.
#[derive(Debug, Default, Clone)]
pub(super) struct Catalog {
    /// Addresses and namespaces with an exact match.
    exact: Vec<(String, PathBuf)>,
    /// Prefixes of addresses, and the folder that replaces each.
    starts: Vec<(String, PathBuf)>,
    /// Suffixes of addresses.
    ends: Vec<(String, PathBuf)>,
    /// Folders of the catalogs themselves: the files they map to are below.
    pub(super) folders: Vec<PathBuf>,
}

impl Catalog {
    /// Reads the catalog at `path`.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let mut catalog = Self::default();
        let mut todo = vec![path.to_path_buf()];
        let mut seen = Vec::new();
        while let Some(next) = todo.pop() {
            if seen.len() >= MOST || seen.contains(&next) {
                continue;
            }
            catalog.add(&next, &mut todo)?;
            seen.push(next);
        }
        Ok(catalog)
    }

    /// The file for an address.
    pub(super) fn find(&self, address: &str) -> Option<PathBuf> {
        if let Some((_, to)) = self.exact.iter().find(|(from, _)| from == address) {
            return Some(to.clone());
        }
        // The longest prefix decides (XML Catalogs 1.1, 7.1.2), then the longest suffix.
        let longest = self.starts.iter().filter(|(from, _)| address.starts_with(from.as_str())).max_by_key(|(from, _)| from.len());
        if let Some((from, to)) = longest {
            return Some(to.join(&address[from.len()..]));
        }
        let longest = self.ends.iter().filter(|(from, _)| address.ends_with(from.as_str())).max_by_key(|(from, _)| from.len());
        longest.map(|(_, to)| to.clone())
    }

    /// Every name with an exact match, including namespaces.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.exact.iter().map(|(from, to)| (from.as_str(), to.as_path()))
    }

    fn add(&mut self, path: &Path, todo: &mut Vec<PathBuf>) -> Result<(), Problem> {
        let place = || Place::file(path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned()));
        let text = fs::read_to_string(path).map_err(|error| {
            Problem::new(Code::SchemaMissing, format!("the catalog cannot be read ({})", crate::model::problem::reason(&error))).at(place())
        })?;
        let folder = fs::canonicalize(path).ok().and_then(|path| path.parent().map(Path::to_path_buf)).unwrap_or_default();
        self.folders.push(folder.clone());
        let broken = |message: String| Problem::new(Code::SchemaBroken, message).at(place());
        let mut reader = Reader::from_str(&text);
        let mut bases = vec![folder];
        loop {
            let event = reader.read_event().map_err(|_| broken("the catalog is not well-formed XML".into()))?;
            let (tag, closed) = match &event {
                Event::Start(tag) => (tag, false),
                Event::Empty(tag) => (tag, true),
                Event::End(_) => {
                    bases.pop();
                    continue;
                }
                Event::Eof => return Ok(()),
                _ => continue,
            };
            let attribute = |name: &str| {
                let found = tag.attributes().flatten().find(|attribute| attribute.key.as_ref() == name)?;
                found.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
            };
            let mut base = bases.last().cloned().unwrap_or_default();
            if let Some(own) = attribute("xml:base") {
                base = local(&base, &own)?;
            }
            let name = tag.name();
            let kind = name.as_ref().rsplit(':').next().unwrap_or_default().to_string();
            let mut entry = |from: &str, to: &str, list: fn(&mut Self) -> &mut Vec<(String, PathBuf)>| -> Result<(), Problem> {
                if let (Some(from), Some(to)) = (attribute(from), attribute(to)) {
                    let to = local(&base, &to)?;
                    list(self).push((from, to));
                }
                Ok(())
            };
            match kind.as_str() {
                "system" => entry("systemId", "uri", |catalog| &mut catalog.exact)?,
                "uri" => entry("name", "uri", |catalog| &mut catalog.exact)?,
                "rewriteSystem" => entry("systemIdStartString", "rewritePrefix", |catalog| &mut catalog.starts)?,
                "rewriteURI" => entry("uriStartString", "rewritePrefix", |catalog| &mut catalog.starts)?,
                "systemSuffix" => entry("systemIdSuffix", "uri", |catalog| &mut catalog.ends)?,
                "uriSuffix" => entry("uriSuffix", "uri", |catalog| &mut catalog.ends)?,
                "nextCatalog" => {
                    if let Some(next) = attribute("catalog") {
                        todo.push(local(&base, &next)?);
                    }
                }
                _ => {}
            }
            if !closed {
                bases.push(base);
            }
        }
    }
}

/// A catalog's reference as a path; one that leaves this machine is refused.
fn local(base: &Path, reference: &str) -> Result<PathBuf, Problem> {
    if let Some(path) = reference.strip_prefix("file://") {
        return Ok(PathBuf::from(path));
    }
    if reference.contains("://") {
        let message = format!("the catalog maps to `{}`, which is not a file", cut(reference));
        return Err(Problem::new(Code::SchemaBroken, message).hint("a catalog must name local files; nothing is fetched from the network"));
    }
    Ok(base.join(reference))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_as_the_standard_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = r#"<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
            <group xml:base="sub/"><system systemId="http://a/x.xsd" uri="x.xsd"/></group>
            <uri name="urn:n" uri="n.xsd"/>
            <rewriteURI uriStartString="http://b/" rewritePrefix="b/"/>
            <rewriteURI uriStartString="http://b/c/" rewritePrefix="c/"/>
            <uriSuffix uriSuffix="/last.xsd" uri="last.xsd"/>
            <nextCatalog catalog="next.xml"/>
        </catalog>"#;
        fs::write(folder.path().join("catalog.xml"), text).expect("written");
        fs::write(
            folder.path().join("next.xml"),
            "<catalog><uri name='urn:next' uri='next.xsd'/><nextCatalog catalog='catalog.xml'/></catalog>",
        )
        .expect("written");
        let catalog = Catalog::read(&folder.path().join("catalog.xml")).expect("a catalog");
        let root = fs::canonicalize(folder.path()).expect("there");
        for (address, expected) in [
            ("http://a/x.xsd", Some("sub/x.xsd")),
            ("urn:n", Some("n.xsd")),
            ("http://b/d.xsd", Some("b/d.xsd")),
            ("http://b/c/d.xsd", Some("c/d.xsd")),
            ("http://z/last.xsd", Some("last.xsd")),
            ("urn:next", Some("next.xsd")),
            ("http://z/", None),
        ] {
            assert_eq!(catalog.find(address), expected.map(|path| root.join(path)), "{address}");
        }
    }

    #[test]
    fn a_catalog_that_leads_to_the_network_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("catalog.xml");
        fs::write(&path, "<catalog><uri name='urn:n' uri='http://evil.example/n.xsd'/></catalog>").expect("written");
        assert!(Catalog::read(&path).is_err_and(|problem| problem.message.contains("not a file")));
    }
}
