//! XML-RPC values to and from JSON. `nil` is written where Odoo accepts it as an argument; it is never in an answer.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use quick_xml::{Reader, events::Event};

/// The body of a method call.
pub(crate) fn call(method: &str, params: &[Json]) -> String {
    let mut out = format!("<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params>");
    for param in params {
        out.push_str("<param>");
        write(&mut out, param);
        out.push_str("</param>");
    }
    out.push_str("</params></methodCall>");
    out
}

/// The body of an answer; used by the sandbox.
pub(crate) fn respond(result: Result<&Json, (i64, &str)>) -> String {
    let mut out = String::from("<?xml version=\"1.0\"?><methodResponse>");
    match result {
        Ok(value) => {
            out.push_str("<params><param>");
            write(&mut out, value);
            out.push_str("</param></params>");
        }
        Err((code, text)) => {
            out.push_str("<fault>");
            write(&mut out, &json!({"faultCode": code, "faultString": text}));
            out.push_str("</fault>");
        }
    }
    out.push_str("</methodResponse>");
    out
}

fn write(out: &mut String, value: &Json) {
    out.push_str("<value>");
    match value {
        Json::Null => out.push_str("<nil/>"),
        Json::Bool(flag) => out.push_str(if *flag { "<boolean>1</boolean>" } else { "<boolean>0</boolean>" }),
        Json::Number(number) => {
            let kind = if number.is_f64() { "double" } else { "int" };
            // Writing into a String cannot fail.
            let _ = write!(out, "<{kind}>{number}</{kind}>");
        }
        Json::String(text) => {
            out.push_str("<string>");
            escape(out, text);
            out.push_str("</string>");
        }
        Json::Array(items) => {
            out.push_str("<array><data>");
            items.iter().for_each(|item| write(out, item));
            out.push_str("</data></array>");
        }
        Json::Object(map) => {
            out.push_str("<struct>");
            for (name, item) in map {
                out.push_str("<member><name>");
                escape(out, name);
                out.push_str("</name>");
                write(out, item);
                out.push_str("</member>");
            }
            out.push_str("</struct>");
        }
    }
    out.push_str("</value>");
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A bare carriage return would be read back as a line feed (XML 1.0, 2.11).
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
}

/// An element while it is being read.
struct Open {
    name: String,
    text: String,
    values: Vec<Json>,
    members: Map<String, Json>,
    member_name: Option<String>,
}

/// Reads a method response: the value, or a fault's code and text. The outer error means that it is not XML-RPC.
pub(crate) fn answer(text: &str) -> Result<Result<Json, (i64, String)>, String> {
    let root = read(text)?;
    if let Some(fault) = root.get("fault") {
        let code = fault.get("faultCode").and_then(Json::as_i64).unwrap_or(1);
        return Ok(Err((code, fault.get("faultString").and_then(Json::as_str).unwrap_or_default().to_string())));
    }
    root.get("params").and_then(|params| params.get(0)).cloned().map(Ok).ok_or_else(|| "no value".to_string())
}

/// Reads a method call: its name and parameters; used by the sandbox.
pub(crate) fn request(text: &str) -> Result<(String, Vec<Json>), String> {
    let root = read(text)?;
    let name = root.get("methodName").and_then(Json::as_str).ok_or("no method name")?.to_string();
    Ok((name, root.get("params").and_then(Json::as_array).cloned().unwrap_or_default()))
}

fn read(text: &str) -> Result<Json, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> =
        vec![Open { name: String::new(), text: String::new(), values: Vec::new(), members: Map::new(), member_name: None }];
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let (start, end) = match &event {
            Event::Start(tag) => (Some(tag.local_name().as_ref().to_string()), false),
            Event::Empty(tag) => (Some(tag.local_name().as_ref().to_string()), true),
            Event::End(_) => (None, true),
            Event::Eof => break,
            Event::DocType(_) => return Err("a document type".into()),
            Event::Text(text) => {
                if let Some(top) = open.last_mut() {
                    top.text.push_str(&text.xml10_content());
                }
                continue;
            }
            Event::GeneralRef(reference) => {
                let name = reference.xml10_content();
                let c = match &*name {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    number => number
                        .strip_prefix('#')
                        .and_then(|n| n.strip_prefix('x').map_or_else(|| n.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok()))
                        .and_then(char::from_u32),
                };
                if let (Some(top), Some(c)) = (open.last_mut(), c) {
                    top.text.push(c);
                }
                continue;
            }
            _ => continue,
        };
        if let Some(name) = start {
            if open.len() > 200 {
                return Err("nested too deep".into());
            }
            open.push(Open { name, text: String::new(), values: Vec::new(), members: Map::new(), member_name: None });
        }
        if end {
            let (Some(closed), Some(parent)) = (open.pop(), open.last_mut()) else { return Err("unbalanced".into()) };
            close(closed, parent)?;
        }
    }
    open.pop().filter(|_| open.is_empty()).map(|root| Json::Object(root.members)).ok_or_else(|| "unbalanced".into())
}

/// Adds a closed element's value to its parent.
fn close(mut closed: Open, parent: &mut Open) -> Result<(), String> {
    let bad = |kind: &str| format!("not a {kind}");
    match closed.name.as_str() {
        "value" => {
            let value = if closed.values.is_empty() { Json::String(closed.text) } else { closed.values.swap_remove(0) };
            parent.values.push(value);
        }
        "string" | "dateTime.iso8601" | "base64" => parent.values.push(Json::String(closed.text)),
        "int" | "i4" | "i8" => parent.values.push(json!(closed.text.trim().parse::<i64>().map_err(|_| bad("number"))?)),
        "double" => parent.values.push(json!(closed.text.trim().parse::<f64>().map_err(|_| bad("number"))?)),
        "boolean" => parent.values.push(json!(closed.text.trim() == "1")),
        "nil" => parent.values.push(Json::Null),
        "array" => parent.values.push(closed.values.pop().unwrap_or_else(|| json!([]))),
        "data" => parent.values.push(Json::Array(closed.values)),
        "struct" => parent.values.push(Json::Object(closed.members)),
        "name" => parent.member_name = Some(closed.text),
        "member" => {
            let name = closed.member_name.ok_or_else(|| bad("member"))?;
            parent.members.insert(name, closed.values.pop().unwrap_or(Json::Null));
        }
        "param" => parent.values.append(&mut closed.values),
        "params" => {
            parent.members.insert("params".into(), Json::Array(closed.values));
        }
        "fault" => {
            parent.members.insert("fault".into(), closed.values.pop().unwrap_or(Json::Null));
        }
        "methodName" => {
            parent.members.insert("methodName".into(), Json::String(closed.text));
        }
        "methodResponse" | "methodCall" => parent.members.append(&mut closed.members),
        other => return Err(format!("`{other}` is not part of XML-RPC")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            (-1e9f64..1e9).prop_map(Json::from),
            "[\\PC\\r\\n<>&]{0,12}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[a-z<&]{1,5}", inner, 0..4).prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_survives_the_way(value in value()) {
            prop_assert_eq!(answer(&respond(Ok(&value))), Ok(Ok(value.clone())));
            prop_assert_eq!(request(&call("execute_kw", std::slice::from_ref(&value))), Ok(("execute_kw".to_string(), vec![value])));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[<>/a-z\\PC]{0,60}") {
            let _ = answer(&text);
        }
    }
}
