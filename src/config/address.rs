//! Addresses of servers, and what they may contain.

use crate::model::{Code, Problem, toml_reader::TomlReader};

/// Reads the address of a server. An address with a user, a password or a query is refused and not repeated: it is a secret.
pub(super) fn read(table: &TomlReader<'_>, key: &str, example: &str) -> Option<String> {
    let (text, node) = (table.text(key)?, table.node(key)?);
    let Some(rest) = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme)) else {
        // The part before an `@` may be a secret, whatever its beginning.
        let shown = if text.contains(['@', '?']) { String::new() } else { format!(", unlike `{text}`") };
        table.bad(node, format!("`{key}` begins with http:// or https://{shown}: {example}"));
        return None;
    };
    if holds_more(rest) {
        let text = format!("`{key}` contains a user, a password or a query, which anybody who sees this file or a log could read");
        let problem = Problem::new(Code::ConfigBadValue, text).at(table.place(node));
        table.report(problem.hint(format!("write only the address, as in {example}; put secrets in their own keys, with env or file")));
        return None;
    }
    Some(text)
}

/// Whether an address has more than a host and a path: a user, a password, a query.
pub(super) fn holds_more(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default().contains('@') || rest.contains(['?', '#'])
}
