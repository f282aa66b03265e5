//! A starter template: the sample itself, with the values of clear meaning replaced by values read from Odoo.

use super::{
    knowledge::{self, Guess},
    material::Material,
    paths::{DOCUMENTS, Reader},
};
use crate::model::{Document, NodeId};

/// A starter template, and what it reads.
#[derive(Debug, Clone)]
pub struct StarterTemplate {
    /// Its text.
    pub text: String,
    /// Dotted fields that it uses.
    pub fields: Vec<String>,
    /// The domain of records that are ready to send, as TOML.
    pub domain: &'static str,
    /// Values that were replaced.
    pub filled: usize,
    /// Values that are still the sample's.
    pub open: usize,
}

/// Fields for the ends of paths in outbound documents; they come before the rows for inbound documents: models, names from the end,
/// field.
const OWN: [(&[&str], &[&str], &str); 9] = [
    (&["stock.picking"], &["ID|OrderNumber", "OrderReference"], "sale_id.client_order_ref"),
    (&["stock.picking"], &["SalesOrderID|SalesOrderNumber"], "sale_id.name"),
    (&["sale.order"], &["ID|OrderNumber|ORDER_ID", "OrderReference|ORDER_REFERENCE|ORDERRESPONSE_INFO"], "client_order_ref"),
    (&["account.move"], &["ID|ORDER_ID", "OrderReference|ORDER_REFERENCE"], "invoice_origin"),
    (&["stock.picking"], &["Name", "DeliverTo"], "partner_id.name"),
    (&["stock.picking"], &["StreetName", "PostalAddress", "Party", "DeliveryCustomerParty"], "partner_id.street"),
    (&["stock.picking"], &["CityName", "PostalAddress", "Party", "DeliveryCustomerParty"], "partner_id.city"),
    (&["stock.picking"], &["PostalZone", "PostalAddress", "Party", "DeliveryCustomerParty"], "partner_id.zip"),
    (
        &["stock.picking", "sale.order", "account.move", "purchase.order"],
        &["ID|DespatchNumber|InvoiceNumber|OrderNumber|DISPATCHNOTIFICATION_ID|ORDERRESPONSE_ID|INVOICE_ID|ORDER_ID"],
        "name",
    ),
];

/// Makes a template from the sample.
pub fn template(material: &Material<'_>) -> StarterTemplate {
    let document = material.document;
    let Some(root) = document.root() else {
        return StarterTemplate { text: String::new(), fields: Vec::new(), domain: "[]", filled: 0, open: 0 };
    };
    let reader = Reader::new(material);
    let record = reader.record(root, material.model);
    let lines = DOCUMENTS.iter().find(|(model, ..)| *model == material.model).copied();
    let mut writer = Writer {
        material,
        document,
        line: lines.and_then(|(.., of)| reader.repeated(record, of)),
        lines,
        fields: vec!["name".into()],
        out: String::new(),
        filled: 0,
        open: 0,
    };
    writer.out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writer.element(root, 0, false);
    let domain = match material.model {
        "account.move" => "[[\"move_type\", \"=\", \"out_invoice\"], [\"state\", \"=\", \"posted\"]]",
        "purchase.order" => "[[\"state\", \"=\", \"purchase\"]]",
        "sale.order" => "[[\"state\", \"=\", \"sale\"]]",
        "stock.picking" => "[[\"picking_type_code\", \"=\", \"outgoing\"], [\"state\", \"=\", \"assigned\"]]",
        _ => "[]",
    };
    StarterTemplate { text: writer.out, fields: writer.fields, domain, filled: writer.filled, open: writer.open }
}

struct Writer<'m> {
    material: &'m Material<'m>,
    document: &'m Document,
    line: Option<NodeId>,
    lines: Option<(&'static str, &'static str, &'static str)>,
    fields: Vec<String>,
    out: String,
    filled: usize,
    open: usize,
}

impl Writer<'_> {
    fn element(&mut self, id: NodeId, depth: usize, in_line: bool) {
        let element = self.document.element(id);
        let indent = "  ".repeat(depth);
        let is_line = |id: NodeId| {
            self.line.is_some_and(|line| {
                let (line, other) = (self.document.element(line), self.document.element(id));
                line.name == other.name && line.parent == other.parent
            })
        };
        let opens = self.line == Some(id);
        if is_line(id) && !opens {
            return;
        }
        if let (true, Some((_, field, _))) = (opens, self.lines) {
            self.out.push_str(&format!("{indent}{{% for line in record.{field} %}}\n"));
        }
        let in_line = in_line || opens;
        let name = self.name(id);
        self.out.push_str(&format!("{indent}<{name}"));
        for (prefix, namespace) in &element.declares {
            let colon = if prefix.is_empty() { "" } else { ":" };
            self.out.push_str(&format!(" xmlns{colon}{prefix}=\"{}\"", escaped(namespace)));
        }
        for attribute in element.attributes.iter().filter(|attribute| attribute.name.namespace.is_empty()) {
            self.out.push_str(&format!(" {}=\"{}\"", attribute.name.local, escaped(&attribute.value)));
        }
        let text = element.text.trim();
        if element.children.is_empty() {
            match text {
                "" => self.out.push_str("/>\n"),
                text => {
                    let value = self.value(id, in_line).unwrap_or_else(|| {
                        self.open += 1;
                        format!("{}{{# from the sample #}}", escaped(text).replace("{{", "{{ '{{' }}"))
                    });
                    self.out.push_str(&format!(">{value}</{name}>\n"));
                }
            }
        } else {
            self.out.push_str(">\n");
            element.children.iter().for_each(|child| self.element(*child, depth + 1, in_line));
            self.out.push_str(&format!("{indent}</{name}>\n"));
        }
        if opens && self.lines.is_some() {
            self.out.push_str(&format!("{indent}{{% endfor %}}\n"));
        }
    }

    /// The element's name with the prefix that is in scope there.
    fn name(&self, id: NodeId) -> String {
        let name = &self.document.element(id).name;
        if name.namespace.is_empty() {
            return name.local.to_string();
        }
        let mut at = Some(id);
        while let Some(here) = at {
            let element = self.document.element(here);
            if let Some((prefix, _)) = element.declares.iter().find(|(_, namespace)| **namespace == *name.namespace) {
                return if prefix.is_empty() { name.local.to_string() } else { format!("{prefix}:{}", name.local) };
            }
            at = element.parent;
        }
        name.local.to_string()
    }

    /// The replacement for a value of the sample.
    fn value(&mut self, id: NodeId, in_line: bool) -> Option<String> {
        let names = self.names(id);
        let last = names.last()?.as_str();
        if !in_line
            && names.len() <= 3
            && !names.iter().any(|name| name.ends_with("Reference"))
            && matches!(last, "IssueDate" | "IssuedAt" | "IssueTime" | "GENERATION_DATE")
        {
            self.filled += 1;
            let filter = match last {
                "IssueDate" => "date",
                "IssueTime" => "time",
                _ => "datetime",
            };
            return Some(format!("{{{{ now | {filter} }}}}"));
        }
        if in_line && matches!(last, "LineNumber" | "LINE_ITEM_ID") {
            self.filled += 1;
            return Some("{{ loop.index }}".to_string());
        }
        let (model, above) = match (in_line, self.lines) {
            (true, Some((_, field, model))) => (model, format!("{field}.")),
            _ => (self.material.model, String::new()),
        };
        let own = OWN.iter().find(|(models, ends, _)| {
            !in_line
                && models.contains(&model)
                && names.len() >= ends.len()
                && ends.iter().zip(names.iter().rev()).all(|(end, name)| end.split('|').any(|word| word == name))
        });
        let field = match own {
            // The document's own number is near its top; deeper ones belong to something else.
            Some((_, ends, field)) if ends.len() > 1 || names.len() <= 2 => (*field).to_string(),
            _ => match knowledge::known(model, &names)? {
                Guess::Plain(field) => field,
                Guess::Key { field, key, .. } => format!("{field}.{key}"),
            },
        };
        let kind = self.kind(model, &field)?;
        let path = format!("{above}{field}");
        if !self.fields.contains(&path) {
            self.fields.push(path);
        }
        self.filled += 1;
        let of = if in_line { format!("line.{field}") } else { format!("record.{field}") };
        Some(match kind.as_str() {
            "float" | "monetary" => format!("{{{{ {of} | decimal(2) }}}}"),
            "integer" => format!("{{{{ {of} }}}}"),
            "date" | "datetime" => format!("{{% if {of} %}}{{{{ {of} | date }}}}{{% endif %}}"),
            _ => format!("{{{{ {of} or '' }}}}"),
        })
    }

    /// The kind of a dotted field; none if it does not exist.
    fn kind(&self, model: &str, field: &str) -> Option<String> {
        let mut at = model.to_string();
        let mut kind = String::new();
        for part in field.split('.') {
            let known = self.material.catalog.field(&at, part)?;
            kind.clone_from(&known.kind);
            at = known.relation.clone().unwrap_or_default();
        }
        Some(kind)
    }

    fn names(&self, id: NodeId) -> Vec<String> {
        let mut names = Vec::new();
        let mut at = Some(id);
        while let Some(here) = at {
            names.push(self.document.element(here).name.local.to_string());
            at = self.document.element(here).parent;
        }
        names.reverse();
        names
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
