//! The fingerprint of a problem: messages that one fix would repair have the same one.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{Code, Problem, codes::Area};

/// A short fingerprint, the same for every message that one fix would repair: eight hexadecimal digits. A missing record in Odoo is
/// identified by its sentence, a service that does not answer by its code, and a wrong document by its flow, code and path.
/// `odoo` is the name of the message's Odoo, empty for the default one.
pub fn fingerprint(problem: &Problem, flow: &str, odoo: &str) -> String {
    let code = problem.code.as_str();
    let with = if odoo.is_empty() { String::new() } else { format!("{odoo} ") };
    let key = match problem.code {
        // The sentence names what is missing on our side: one fix repairs it for every flow.
        Code::LookupNone | Code::LookupMany | Code::LookupHeld => format!("{code} {with}{}", problem.message.identity()),
        Code::ValueUnmapped => format!("{code} {} {}", problem.mapping.as_deref().unwrap_or(flow), problem.message.identity()),
        // A decision about one message does not apply to another.
        Code::Uncertain => format!("{code} {flow} {}", problem.message.identity()),
        _ if problem.is_temporary() && problem.code.area() == Area::Odoo => format!("{code} {with}"),
        _ if problem.is_temporary() => format!("{code} {flow}"),
        _ => {
            let place = problem.place.field.as_deref().map(str::to_string).or_else(|| problem.place.path.as_deref().map(kind));
            format!("{code} {flow} {}", place.unwrap_or_default())
        }
    };
    Sha256::digest(key.as_bytes()).iter().take(4).fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// A path without its positions: `/Order/Line[7]/Code` is the same as `/Order/Line[2]/Code`.
fn kind(path: &str) -> String {
    let mut depth = 0;
    path.chars()
        .filter(|c| {
            depth += i32::from(*c == '[');
            let keep = depth == 0;
            depth -= i32::from(*c == ']');
            keep
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Place;

    #[test]
    fn one_product_that_is_missing_is_one_cause_whatever_the_file_and_flow() {
        let missing =
            |file: &str, product: &str| Problem::new(Code::LookupNone, format!("no product `{product}`")).at(Place::at(file, 7, 1));
        assert_eq!(fingerprint(&missing("a.xml", "L-7"), "orders", ""), fingerprint(&missing("b.xml", "L-7"), "counts", ""));
        assert_ne!(fingerprint(&missing("a.xml", "L-7"), "orders", ""), fingerprint(&missing("a.xml", "L-8"), "orders", ""));
    }

    #[test]
    fn what_one_odoo_lacks_says_nothing_of_another() {
        let missing = Problem::new(Code::LookupNone, "no product `L-7`");
        let away = Problem::new(Code::OdooUnreachable, "no answer");
        for problem in [missing, away] {
            assert_ne!(fingerprint(&problem, "orders", ""), fingerprint(&problem, "orders", "west"));
            assert_eq!(fingerprint(&problem, "orders", "west"), fingerprint(&problem, "counts", "west"));
        }
    }

    #[test]
    fn what_is_wrong_with_documents_is_told_apart_by_flow_and_path() {
        let bad = |path: &str, value: &str| {
            Problem::new(Code::DocValue, format!("`{value}` is no date")).at(Place::at("a.xml", 7, 1).with_path(path))
        };
        assert_eq!(fingerprint(&bad("/O/L[2]/D", "x"), "orders", ""), fingerprint(&bad("/O/L[7]/D", "y"), "orders", ""));
        assert_ne!(fingerprint(&bad("/O/L[2]/D", "x"), "orders", ""), fingerprint(&bad("/O/L[2]/D", "x"), "counts", ""));
        assert_ne!(fingerprint(&bad("/O/L[2]/D", "x"), "orders", ""), fingerprint(&bad("/O/H/D", "x"), "orders", ""));
    }
}
