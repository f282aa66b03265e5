//! Create, read, write, search on the store, with Odoo's conversions and refusals.

use serde_json::{Map, Value as Json, json};

use super::{
    Refusal, business,
    domain::{self, Domain},
    stock,
    store::{Row, Store},
    values::{display_name, has_field, value, variant},
};
use crate::{model::catalog::Field, odoo::fields::built_in};

/// Fields without which the database refuses a record, with the label that the refusal names.
const REQUIRED: [(&str, &str, &str); 6] = [
    ("product.template", "name", "Name"),
    ("res.partner", "name", "Name"),
    ("sale.order", "partner_id", "Customer"),
    ("sale.order.line", "order_id", "Order Reference"),
    ("stock.quant", "location_id", "Location"),
    ("stock.quant", "product_id", "Product"),
];

/// A value as `read` gives it: a many2one with its name.
fn shown(store: &Store, model: &str, id: i64, field: &str) -> Json {
    let raw = value(store, model, id, field);
    match (built_in().field(model, field), raw.as_i64()) {
        (Some(Field { kind, relation: Some(target), .. }), Some(target_id)) if kind == "many2one" => {
            json!([target_id, display_name(store, target, target_id)])
        }
        _ => raw,
    }
}

pub(super) fn read(store: &mut Store, model: &str, ids: &[i64], fields: &[String]) -> Result<Vec<Json>, Refusal> {
    for field in fields {
        known(model, field)?;
    }
    let present = ids.iter().filter(|id| store.row(model, **id).is_some());
    Ok(present
        .map(|id| {
            let mut record = Map::new();
            record.insert("id".into(), json!(id));
            for field in fields {
                record.insert(field.clone(), shown(store, model, *id, field));
            }
            Json::Object(record)
        })
        .collect())
}

fn known(model: &str, field: &str) -> Result<(), Refusal> {
    if has_field(model, field) { Ok(()) } else { Err(Refusal::value(format!("Invalid field '{field}' in '{model}'"))) }
}

pub(super) fn search(store: &Store, model: &str, domain: &Json, active_test: bool) -> Result<Vec<i64>, Refusal> {
    let domain: Domain = domain::parse(model, domain)?;
    let hides_archived = active_test && built_in().field(model, "active").is_some();
    let visible = |id: i64| !hides_archived || value(store, model, id, "active") != Json::Bool(false);
    Ok(store.ids(model).into_iter().filter(|id| visible(*id) && domain.fits(store, model, *id)).collect())
}

pub(super) fn create(store: &mut Store, model: &str, values: &Map<String, Json>, context: &Map<String, Json>) -> Result<i64, Refusal> {
    match model {
        // A product comes with its template.
        "product.product" if !values.contains_key("product_tmpl_id") => {
            let template = create(store, "product.template", values, context)?;
            if let Some(product) = variant(store, template) {
                return Ok(product);
            }
        }
        "stock.quant" => return stock::create_quant(store, values, context),
        _ => {}
    }
    let mut row = business::defaults(store, model, values);
    let later = assign(store, model, &mut row, values)?;
    let id = store.insert(model, row);
    for (field, commands) in later {
        lines(store, model, id, &field, &commands, context)?;
    }
    business::created(store, model, id)?;
    for (of, field, label) in REQUIRED {
        if of == model && matches!(value(store, model, id, field), Json::Bool(false) | Json::Null) {
            return Err(Refusal::validation(format!(
                "The operation cannot be completed: Missing required value for the field '{label}' ({field}).\nModel: '{label}' ({model})\n- create/update: a mandatory field is not set\n- delete: another model requires the record being deleted, you can archive it instead\n"
            )));
        }
    }
    Ok(id)
}

pub(super) fn write(
    store: &mut Store,
    model: &str,
    ids: &[i64],
    values: &Map<String, Json>,
    context: &Map<String, Json>,
) -> Result<(), Refusal> {
    for id in ids {
        let mut row = store.row(model, *id).cloned().ok_or_else(|| Refusal::missing(model, *id))?;
        let later = assign(store, model, &mut row, values)?;
        store.put(model, *id, Some(row));
        for (field, commands) in later {
            lines(store, model, *id, &field, &commands, context)?;
        }
        business::written(store, model, *id, values)?;
    }
    Ok(())
}

/// Puts converted values into a row; one2many commands are given back for later.
fn assign(store: &Store, model: &str, row: &mut Row, values: &Map<String, Json>) -> Result<Vec<(String, Json)>, Refusal> {
    let mut later = Vec::new();
    for (name, given) in values {
        known(model, name)?;
        let Some(field) = built_in().field(model, name) else { continue };
        match field.kind.as_str() {
            "one2many" => later.push((name.clone(), given.clone())),
            "many2many" => {
                let list = ids_of(row.get(name), given);
                row.insert(name.clone(), list);
            }
            _ => {
                let value = convert(store, model, name, field, given)?;
                row.insert(name.clone(), value);
            }
        }
    }
    Ok(later)
}

fn convert(store: &Store, model: &str, name: &str, field: &Field, given: &Json) -> Result<Json, Refusal> {
    if matches!(given, Json::Null | Json::Bool(false)) {
        return Ok(match field.kind.as_str() {
            "float" | "monetary" => json!(0.0),
            "integer" => json!(0),
            _ => Json::Bool(false),
        });
    }
    Ok(match (field.kind.as_str(), given) {
        ("float" | "monetary", _) => {
            let number = given.as_f64().or_else(|| given.as_str()?.trim().parse().ok());
            let number = number
                .ok_or_else(|| Refusal::value(format!("could not convert string to float: '{}'", given.as_str().unwrap_or_default())))?;
            if matches!(name, "list_price" | "price_unit" | "standard_price") {
                json!((number * 100.0).round() / 100.0)
            } else {
                json!(number)
            }
        }
        ("integer", Json::String(text)) => {
            json!(text.parse::<i64>().map_err(|_| Refusal::value(format!("invalid literal for int() with base 10: '{text}'")))?)
        }
        ("many2one", _) => {
            let id = given
                .as_i64()
                .or_else(|| given.as_array()?.first()?.as_i64())
                .ok_or_else(|| Refusal::value(format!("Wrong value for {model}.{name}: {given}")))?;
            let target = field.relation.as_deref().unwrap_or_default();
            if store.row(target, id).is_none() {
                return Err(Refusal::missing(target, id));
            }
            json!(id)
        }
        ("selection", Json::String(text)) if field.selection.as_ref().is_some_and(|known| !known.contains(text)) => {
            return Err(Refusal::value(format!("Wrong value for {model}.{name}: '{text}'")));
        }
        ("html", Json::String(text)) if !text.starts_with('<') => {
            json!(format!("<p>{}</p>", text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")))
        }
        _ => given.clone(),
    })
}

/// A many2many after commands `[6,0,ids]`, `[4,id]`, `[3,id]`, `[5]`, or a plain list of ids.
fn ids_of(before: Option<&Json>, given: &Json) -> Json {
    let mut ids: Vec<i64> = before.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_i64).collect();
    for command in given.as_array().into_iter().flatten() {
        match command.as_array().map(Vec::as_slice) {
            None => ids.extend(command.as_i64()),
            Some([kind, rest @ ..]) => match (kind.as_i64(), rest) {
                (Some(6), [_, list]) => ids = list.as_array().into_iter().flatten().filter_map(Json::as_i64).collect(),
                (Some(5), _) => ids.clear(),
                (Some(4), [id, ..]) => ids.extend(id.as_i64()),
                (Some(3), [id, ..]) => ids.retain(|known| Some(*known) != id.as_i64()),
                _ => {}
            },
            Some([]) => {}
        }
    }
    ids.sort_unstable();
    ids.dedup();
    json!(ids)
}

/// one2many commands: `[0,0,values]`, `[1,id,values]`, `[2,id]`, `[5]`, `[6,0,[]]`.
fn lines(store: &mut Store, model: &str, id: i64, field: &str, commands: &Json, context: &Map<String, Json>) -> Result<(), Refusal> {
    let Some(Field { relation: Some(target), inverse: Some(inverse), .. }) = built_in().field(model, field) else { return Ok(()) };
    for command in commands.as_array().into_iter().flatten() {
        let parts = command.as_array().map(Vec::as_slice).unwrap_or_default();
        match (parts.first().and_then(Json::as_i64), parts) {
            (Some(0), [_, _, Json::Object(values)]) => {
                let mut values = values.clone();
                values.insert(inverse.clone(), json!(id));
                create(store, target, &values, context)?;
            }
            (Some(1), [_, line, Json::Object(values)]) => write(store, target, &[line.as_i64().unwrap_or_default()], values, context)?,
            (Some(2), [_, line, ..]) => store.put(target, line.as_i64().unwrap_or_default(), None),
            (Some(5), _) => {
                for line in value(store, model, id, field).as_array().cloned().unwrap_or_default() {
                    store.put(target, line.as_i64().unwrap_or_default(), None);
                }
            }
            _ => return Err(Refusal::value(format!("Wrong value for {model}.{field}: {command}"))),
        }
    }
    Ok(())
}
