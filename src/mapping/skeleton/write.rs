//! The text of a skeleton.

use super::{
    knowledge::{Guess, guess},
    material::{Found, Material},
    paths::{DOCUMENTS, Sample},
};
use crate::{
    mapping::functions::{self, ConversionOptions},
    model::{problem::cut, shape::ValueKind},
};

/// A starter mapping.
#[derive(Debug, Clone)]
pub struct Skeleton {
    /// The mapping's text.
    pub text: String,
    /// Fields that were filled in.
    pub filled: usize,
    /// Paths that are left as comments.
    pub open: usize,
}

/// A field that is filled in.
struct Filled {
    name: String,
    value: String,
    /// Why it may be wrong.
    remark: Option<&'static str>,
}

/// A reference under construction: field, model, and the keys of its lookup.
type Reference = (String, String, Vec<(String, String)>);

/// Identity fields by model, the most reliable first; all fields of a row must be mapped.
const IDENTITIES: [(&str, &[&str]); 14] = [
    ("account.bank.statement.line", &["payment_ref", "date", "amount"]),
    ("account.move", &["partner_id", "ref"]),
    ("account.move", &["ref"]),
    ("product.product", &["default_code"]),
    ("product.product", &["barcode"]),
    ("product.template", &["default_code"]),
    ("product.template", &["barcode"]),
    ("purchase.order", &["partner_ref"]),
    ("res.partner", &["ref"]),
    ("res.partner", &["vat"]),
    ("sale.order", &["partner_id", "client_order_ref"]),
    ("sale.order", &["client_order_ref"]),
    ("stock.picking", &["origin"]),
    ("stock.quant", &["product_id", "location_id"]),
];

/// Date formats that partners use besides the standard's.
const FORMATS: [&str; 6] = ["%d.%m.%Y", "%Y%m%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y %H:%M", "%Y%m%d%H%M"];

const GUESSED: &str = "a guess: nothing in the sample is clearly this value";

pub(super) fn write(material: &Material<'_>, sample: &Sample) -> Skeleton {
    let (mut fields, mut open) = fill(material, material.model, &sample.fields);
    let lines = DOCUMENTS.iter().find(|(model, ..)| *model == material.model).zip(sample.lines.as_ref());
    let inverse = |field: &str| material.catalog.field(material.model, field).and_then(|known| known.inverse.clone());
    complete(material, material.model, None, &sample.fields, &mut fields);
    let identity = identity(material, &mut fields, &sample.fields);
    let mut out = String::new();
    out.push_str(&format!(
        "# {} -> {}: a starter mapping, made from a sample. Check the values that are filled in: they are likely, not certain.\n",
        material.schema, material.model
    ));
    out.push_str("# Comments list paths that are not mapped yet: uncomment one and give it a field. `consign plan` shows the result.\n\n");
    out.push_str(&format!(
        "document = {}\neach     = {}\nmodel    = {}\n",
        quoted(material.schema),
        quoted(&sample.each),
        quoted(material.model)
    ));
    out.push_str(&format!(
        "identity = [{}]   # records with the same values here are the same record\n",
        identity.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
    ));
    if !sample.namespaces.is_empty() {
        out.push_str("\n[namespaces]\n");
        sample.namespaces.iter().for_each(|(prefix, namespace)| out.push_str(&format!("{} = {}\n", key(prefix), quoted(namespace))));
    }
    out.push_str("\n[fields]\n");
    print(&mut out, &fields);
    remarks(&mut out, material, &open);
    let mut filled = fields.len();
    if let Some(((_, field, model), (each, values))) = lines {
        let (mut inner, rest) = fill(material, model, values);
        complete(material, model, inverse(field).as_deref(), values, &mut inner);
        // Lines without a known field are left out.
        if inner.iter().all(|field| field.remark.is_some()) {
            inner.clear();
        }
        if inner.is_empty() {
            out.push_str(&format!("\n# Perhaps the lines ({field}): {}\n", quoted(each)));
            remarks(&mut out, material, &rest);
            open.extend(rest);
            return Skeleton { text: out, filled, open: open.len() };
        }
        out.push_str(&format!("\n[fields.{field}]\neach     = {}\n", quoted(each)));
        let same = ["sequence", "product_id"].into_iter().find(|name| inner.iter().any(|field| field.name == *name));
        if let Some(same) = same {
            out.push_str(&format!("identity = [{}]\n", quoted(same)));
        }
        out.push_str(&format!("\n[fields.{field}.fields]\n"));
        print(&mut out, &inner);
        remarks(&mut out, material, &rest);
        filled += inner.len();
        open.extend(rest);
    }
    Skeleton { text: out, filled, open: open.len() }
}

/// The fields with a clear meaning, and the remaining paths.
fn fill(material: &Material<'_>, model: &str, found: &[Found]) -> (Vec<Filled>, Vec<Found>) {
    let (mut fields, mut open): (Vec<Filled>, Vec<Found>) = (Vec::new(), Vec::new());
    let mut keys: Vec<Reference> = Vec::new();
    for one in found {
        match guess(material, model, one).filter(|guess| is_there(material, model, guess)) {
            Some(Guess::Plain(name)) if !fields.iter().any(|field| field.name == name) => match value(material, model, &name, one) {
                Some(value) => fields.push(Filled { name, value, remark: None }),
                None => open.push(one.clone()),
            },
            Some(Guess::Key { field, model, key }) => {
                let at = keys.iter().position(|(known, ..)| *known == field).unwrap_or_else(|| {
                    keys.push((field, model, Vec::new()));
                    keys.len() - 1
                });
                if keys[at].2.iter().any(|(known, _)| *known == key) {
                    open.push(one.clone())
                } else {
                    keys[at].2.push((key, one.path.clone()))
                }
            }
            _ => open.push(one.clone()),
        }
    }
    let references = keys.into_iter().map(|(name, model, by)| {
        let by: Vec<String> = by.iter().map(|(field, path)| format!("{} = {}", key(field), quoted(path))).collect();
        Filled { name, value: format!("{{ find = {}, by = {{ {} }} }}", quoted(&model), by.join(", ")), remark: None }
    });
    let mut all: Vec<Filled> = references.collect();
    all.extend(fields);
    (all, open)
}

fn is_there(material: &Material<'_>, model: &str, guess: &Guess) -> bool {
    let has = |model: &str, field: &str| material.catalog.field(model, field).is_some_and(|known| !(known.computed && known.readonly));
    match guess {
        Guess::Plain(field) => has(model, field) && material.catalog.field(model, field).is_some_and(|known| known.relation.is_none()),
        Guess::Key { field, model: target, key } => has(model, field) && material.catalog.field(target, key).is_some(),
    }
}

/// A value as the field accepts it; none if the sample's value cannot be converted.
fn value(material: &Material<'_>, model: &str, field: &str, found: &Found) -> Option<String> {
    let kind = material.catalog.field(model, field).map_or("", |known| known.kind.as_str());
    let is_gtin = field == "barcode" && found.value.len() >= 8 && found.value.chars().all(|c| c.is_ascii_digit());
    let conversion = match kind {
        "integer" => Some("integer"),
        "float" | "monetary" => Some("decimal"),
        "boolean" => Some("boolean"),
        "date" => Some("date"),
        "datetime" => Some("datetime"),
        _ if is_gtin => Some("gtin"),
        _ => None,
    };
    let Some(conversion) = conversion else { return Some(quoted(&found.path)) };
    let function = functions::find(conversion)?;
    let all = || std::iter::once(&found.value).chain(&found.further);
    let fits = |options: &ConversionOptions| all().all(|value| (function.apply)(value, options).is_ok());
    let plain = format!("from = {}, as = {}", quoted(&found.path), quoted(conversion));
    if fits(&ConversionOptions::default()) {
        return Some(format!("{{ {plain} }}"));
    }
    if fits(&ConversionOptions { decimal: Some(','), ..ConversionOptions::default() }) {
        return Some(format!("{{ {plain}, decimal = \",\" }}"));
    }
    let written = FORMATS
        .into_iter()
        .find(|format| fits(&ConversionOptions { format: vec![(*format).to_string()], ..ConversionOptions::default() }))?;
    Some(format!("{{ {plain}, format = \"{written}\" }}"))
}

/// Adds the fields that Odoo requires and that the sample does not have.
fn complete(material: &Material<'_>, model: &str, inverse: Option<&str>, found: &[Found], fields: &mut Vec<Filled>) {
    let Some(known) = material.catalog.model(model) else { return };
    for (name, field) in known {
        let is_given = fields.iter().any(|given| given.name == *name) || Some(name.as_str()) == inverse;
        if is_given || !field.required || field.filled || field.computed {
            continue;
        }
        let text = found
            .iter()
            .find(|one| one.kind == ValueKind::Text && !one.names.last().is_some_and(|last| last.starts_with('@')))
            .or(found.first());
        let path = text.map_or(".", |one| one.path.as_str());
        let value = match (field.kind.as_str(), &field.relation) {
            ("many2one", Some(relation)) => {
                let by = if material.catalog.field(relation, "default_code").is_some() { "default_code" } else { "name" };
                let by = if material.catalog.field(relation, by).is_some() { by } else { "id" };
                format!("{{ find = {}, by = {{ {by} = {} }} }}", quoted(relation), quoted(path))
            }
            ("integer" | "float" | "monetary", _) => "{ const = 0 }".to_string(),
            ("boolean", _) => "{ const = false }".to_string(),
            ("selection", _) => {
                let first = field.selection.as_ref().and_then(|choices| choices.first()).map_or("", String::as_str);
                format!("{{ const = {} }}", quoted(first))
            }
            ("date", _) => "{ const = \"2026-01-01\" }".to_string(),
            ("datetime", _) => "{ const = \"2026-01-01 00:00:00\" }".to_string(),
            _ => quoted(path),
        };
        fields.push(Filled { name: name.clone(), value, remark: Some(GUESSED) });
    }
}

fn identity(material: &Material<'_>, fields: &mut Vec<Filled>, found: &[Found]) -> Vec<String> {
    let has = |fields: &[Filled], name: &str| fields.iter().any(|field| field.name == name && field.remark.is_none());
    let known = IDENTITIES.iter().find(|(model, names)| *model == material.model && names.iter().all(|name| has(fields, name)));
    if let Some((_, names)) = known {
        return names.iter().map(|name| (*name).to_string()).collect();
    }
    let text = |field: &&Filled| material.catalog.field(material.model, &field.name).is_some_and(|known| known.kind == "char");
    if let Some(field) = fields.iter().find(|field| field.remark.is_none() && text(field)).or_else(|| fields.iter().find(text)) {
        return vec![field.name.clone()];
    }
    // Something must distinguish records; a person decides what.
    let wanted = ["ref", "client_order_ref", "partner_ref", "origin", "default_code", "name", "payment_ref"];
    let name = wanted
        .into_iter()
        .find(|name| material.catalog.field(material.model, name).is_some_and(|known| !known.computed && known.kind == "char"));
    let Some(name) = name else { return fields.first().map(|field| vec![field.name.clone()]).unwrap_or_default() };
    let path = found.iter().find(|one| one.kind == ValueKind::Text).or(found.first()).map_or(".", |one| one.path.as_str());
    fields.push(Filled { name: name.to_string(), value: quoted(path), remark: Some(GUESSED) });
    vec![name.to_string()]
}

fn print(out: &mut String, fields: &[Filled]) {
    let width = fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
    for field in fields {
        let remark = field.remark.map(|remark| format!("   # {remark}")).unwrap_or_default();
        out.push_str(&format!("{:width$} = {}{remark}\n", field.name, field.value));
    }
}

/// The paths of the sample that are not mapped, with the schema's documentation.
fn remarks(out: &mut String, material: &Material<'_>, open: &[Found]) {
    if open.is_empty() {
        return;
    }
    out.push_str("\n# Not mapped:\n");
    for one in open {
        let about = one.names.last().and_then(|name| (material.about)(name.trim_start_matches('@')));
        let about = about.map(|about| format!("   # {}", cut(&about.split_whitespace().collect::<Vec<_>>().join(" ")))).unwrap_or_default();
        let kind = if one.kind == ValueKind::Text { String::new() } else { format!(", {}", one.kind.as_str()) };
        let sample: String = cut(&one.value.split_whitespace().collect::<Vec<_>>().join(" ")).chars().filter(|c| !c.is_control()).collect();
        out.push_str(&format!("# … = {}   # `{sample}`{kind}{about}\n", quoted(&one.path)));
    }
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    if text.contains('"') && !text.contains('\'') {
        return format!("'{text}'");
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A key of TOML.
fn key(text: &str) -> String {
    let bare = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { text.to_string() } else { quoted(text) }
}
