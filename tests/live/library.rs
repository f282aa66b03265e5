//! Every document of the library against a real Odoo: what its samples speak of is made there first, the flow runs, and what Odoo holds
//! afterwards is read back by the test itself and held against the plan: amounts, quantities, addresses, states.

use std::{collections::HashMap, fs, path::PathBuf, process::Command};

use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

use crate::{
    common::{goods, library, rpc::Target},
    library_out,
};

/// The library as a workspace on a real Odoo.
pub struct Site {
    pub dir: TempDir,
    pub odoo: Target,
    /// Records made for the samples, which must not meet the next dialect's.
    made: Vec<(String, i64)>,
}

impl Site {
    fn new(odoo: Target, dialect: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(library::workspace(dir.path()), "the schemas of others are needed here");
        let login = if dialect == "json2" {
            "api_key = { env = \"KEY\" }".into()
        } else {
            format!("login = \"{}\"\npassword = {{ env = \"PASSWORD\" }}", odoo.login)
        };
        let text = format!(
            "[odoo]\nurl = \"{}\"\ndatabase = \"{}\"\n{login}\ndialect = \"{dialect}\"\nlanguage = \"en_US\"\n",
            odoo.url, odoo.database
        );
        fs::write(dir.path().join("consign.toml"), text).expect("written");
        for entry in fs::read_dir(dir.path().join("flows")).expect("flows").flatten() {
            let text = fs::read_to_string(entry.path()).expect("a flow");
            let text: String = text.lines().filter(|line| !line.starts_with("enabled")).map(|line| format!("{line}\n")).collect();
            let settle = if text.contains("\"in\"") { "stable_for = \"0s\"\n" } else { "" };
            fs::write(entry.path(), format!("{settle}{text}")).expect("written");
        }
        Self { dir, odoo, made: Vec::new() }
    }

    pub fn consign(&self, args: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_consign"))
            .args(args)
            .env("CONSIGN_WORKSPACE", self.dir.path())
            .env("KEY", &self.odoo.key)
            .env("PASSWORD", &self.odoo.password)
            .output()
            .expect("consign starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    fn flow(&self, flow: &str) -> String {
        fs::read_to_string(self.dir.path().join(format!("flows/{flow}.toml"))).expect("a flow")
    }

    pub fn folder(&self, flow: &str) -> PathBuf {
        let text = self.flow(flow);
        let line = text.lines().find(|line| line.starts_with("folder")).expect("a folder");
        let folder = self.dir.path().join("drops/partner").join(line.split('"').nth(1).expect("a name"));
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    async fn ids(&self, model: &str, domain: Json) -> Vec<i64> {
        let found = self.odoo.call(model, "search", json!([domain]), json!({"context": {"active_test": false}, "order": "id"})).await;
        found.as_array().into_iter().flatten().filter_map(Json::as_i64).collect()
    }

    async fn make(&mut self, model: &str, values: Json) -> i64 {
        let id = self.odoo.create(model, values).await;
        self.made.push((model.to_string(), id));
        id
    }

    /// The record that a reference of the plan leads to, as Odoo has it.
    async fn find(&self, find: &Json) -> Option<i64> {
        let model = find["model"].as_str().expect("a model");
        for pair in find["by"].as_array().expect("keys") {
            let mut ids = self.ids(model, json!([[pair[0], "=", pair[1]]])).await;
            if model == "stock.picking.type" || model == "res.partner" && ids.len() > 1 {
                ids.truncate(1);
            }
            if let Some(id) = ids.last() {
                return Some(*id);
            }
        }
        None
    }

    /// Makes what a reference needs, where it is not there and the flow would not make it itself.
    async fn prepare(&mut self, find: &Json, unit: Option<i64>) {
        if find["on_missing"] == "create" || find["on_missing"] == "empty" {
            return;
        }
        if let Some(id) = self.find(find).await {
            // Another document may speak of it in another unit.
            if let (Some(unit), true) = (unit, find["model"] == "product.product") {
                self.odoo.call("product.product", "write", json!([[id], {"uom_ids": [[4, unit]]}]), json!({})).await;
            }
            return;
        }
        let keys: Map<String, Json> = find["by"]
            .as_array()
            .expect("keys")
            .iter()
            .map(|pair| (pair[0].as_str().expect("a key").to_string(), pair[1].clone()))
            .collect();
        match find["model"].as_str().expect("a model") {
            "product.product" => {
                let mut values = json!({"name": format!("Library {}", goods::fresh()), "is_storable": true, "list_price": 9.0});
                values.as_object_mut().expect("a map").extend(keys);
                if let Some(unit) = unit {
                    values["uom_id"] = json!(unit);
                }
                self.make("product.product", values).await;
            }
            "res.partner" => {
                let mut values = json!({"name": format!("Library {}", goods::fresh()), "is_company": true});
                values.as_object_mut().expect("a map").extend(keys);
                self.make("res.partner", values).await;
            }
            "stock.location" => {
                let text = |key: &str| keys.get(key).and_then(Json::as_str).unwrap_or_default().to_string();
                let name = text("complete_name");
                let (parent, leaf) = name.rsplit_once('/').unwrap_or(("WH/Stock", &name));
                let parent = self.ids("stock.location", json!([["complete_name", "=", parent]])).await;
                let parent =
                    parent.first().copied().unwrap_or(self.ids("stock.location", json!([["complete_name", "=", "WH/Stock"]])).await[0]);
                let mut values = json!({"name": leaf, "location_id": parent, "usage": "internal"});
                if keys.contains_key("barcode") && !text("barcode").contains('/') {
                    values["barcode"] = json!(text("barcode"));
                }
                self.make("stock.location", values).await;
            }
            "product.pricelist" => {
                let currency = self.ids("res.currency", json!([["name", "=", keys["name"]]])).await;
                self.odoo.call("res.currency", "write", json!([currency, {"active": true}]), json!({})).await;
                self.make("product.pricelist", json!({"name": keys["name"], "currency_id": currency[0]})).await;
            }
            "res.currency" => {
                let currency = self.ids("res.currency", json!([["name", "=", keys["name"]]])).await;
                self.odoo.call("res.currency", "write", json!([currency, {"active": true}]), json!({})).await;
            }
            "res.partner.bank" => {
                let code = format!("L{}", goods::fresh() % 10_000);
                self.make(
                    "account.journal",
                    json!({"name": format!("Bank {code}"), "code": code, "type": "bank", "bank_acc_number": keys["sanitized_acc_number"]}),
                )
                .await;
            }
            "sale.order" => {}
            other => panic!("the samples need a {other}: {find}"),
        }
    }

    /// Everything that a plan refers to, and the records that it only updates.
    async fn prepare_all(&mut self, plan: &Json) {
        for step in plan["steps"].as_array().expect("steps") {
            for record in step["records"].as_array().expect("records") {
                let fields = fields(record);
                for value in fields.values() {
                    if let Some(find) = value.get("find") {
                        self.prepare(find, None).await;
                    }
                    for line in value.pointer("/lines/records").and_then(Json::as_array).into_iter().flatten() {
                        let line = self::fields(line);
                        let unit = match line.get("product_uom_id").or(line.get("product_uom")).and_then(|value| value.get("find")) {
                            Some(find) => self.find(find).await,
                            None => None,
                        };
                        for find in line.values().filter_map(|value| value.get("find")) {
                            self.prepare(find, unit).await;
                        }
                    }
                }
                // Who must belong to whom.
                for find in fields.values().filter_map(|value| value.get("find")).filter(|find| find["model"] == "res.partner") {
                    let of = find["scope"].as_array().into_iter().flatten().find_map(|term| term.get("field")?.as_str());
                    if let (Some(of), Some(child)) = (of, self.find(find).await) {
                        let parent = self.find(&fields[of]["find"]).await;
                        self.odoo
                            .call("res.partner", "write", json!([[child], {"parent_id": parent, "is_company": false}]), json!({}))
                            .await;
                    }
                }
                match (step["model"].as_str().expect("a model"), step["write"] == "update") {
                    ("sale.order", true) => self.an_order(&fields).await,
                    ("stock.picking", true) => self.a_transfer(&fields).await,
                    _ => {}
                }
            }
        }
    }

    /// The order that a change or a cancellation speaks of.
    async fn an_order(&mut self, fields: &HashMap<String, Json>) {
        let partner = self.find(&fields["partner_id"]["find"]).await.expect("a partner");
        let reference =
            fields["id"]["find"]["by"].as_array().expect("keys").iter().find(|pair| pair[0] == "client_order_ref").expect("a number")[1]
                .clone();
        let mut lines = Vec::new();
        for line in
            fields.get("order_line").and_then(|value| value.pointer("/lines/records")).and_then(Json::as_array).into_iter().flatten()
        {
            let line = self::fields(line);
            let product = match line.get("product_id") {
                Some(value) => self.find(&value["find"]).await.expect("a product"),
                None => self.make("product.product", json!({"name": "a line to be cancelled", "is_storable": true})).await,
            };
            lines.push(
                json!([0, 0, {"product_id": product, "product_uom_qty": 7, "price_unit": 1, "sequence": line["sequence"]["literal"]}]),
            );
        }
        if lines.is_empty() {
            let product = self.make("product.product", json!({"name": "cancelled with its order", "is_storable": true})).await;
            lines.push(json!([0, 0, {"product_id": product, "product_uom_qty": 1}]));
        }
        let order = self.make("sale.order", json!({"partner_id": partner, "client_order_ref": reference, "order_line": lines})).await;
        self.odoo.call("sale.order", "action_confirm", json!([[order]]), json!({})).await;
    }

    /// The transfer that a confirmation speaks of, with two more of each product than it says.
    async fn a_transfer(&mut self, fields: &HashMap<String, Json>) {
        let code = fields.get("picking_type_id").map_or(json!("outgoing"), |value| value["find"]["by"][0][1].clone());
        let kind = self
            .odoo
            .search_read(
                "stock.picking.type",
                json!([["code", "=", code], ["warehouse_id.code", "=", "WH"]]),
                &["default_location_src_id", "default_location_dest_id"],
            )
            .await;
        let (kind, from, to) = (&kind[0]["id"], &kind[0]["default_location_src_id"][0], &kind[0]["default_location_dest_id"][0]);
        let mut moves = Vec::new();
        for line in fields["move_ids"].pointer("/lines/records").and_then(Json::as_array).into_iter().flatten() {
            let line = self::fields(line);
            let product = self.find(&line["product_id"]["find"]).await.expect("a product");
            let quantity = line["quantity"]["literal"].as_f64().expect("a quantity") + 2.0;
            moves.push(json!([0, 0, {"product_id": product, "product_uom_qty": quantity, "location_id": from, "location_dest_id": to}]));
        }
        let picking = self.make("stock.picking", json!({"name": fields["name"]["literal"], "picking_type_id": kind, "location_id": from, "location_dest_id": to, "move_ids": moves})).await;
        self.odoo.call("stock.picking", "action_confirm", json!([[picking]]), json!({})).await;
    }

    /// Takes what was made out of the way.
    async fn retire(&mut self) {
        for (model, id) in std::mem::take(&mut self.made) {
            let values = match model.as_str() {
                "product.product" => json!({"barcode": false, "default_code": false, "active": false}),
                "res.partner" => {
                    json!({"vat": false, "global_location_number": false, "company_registry": false, "ref": false, "name": format!("retired {id}")})
                }
                "sale.order" => json!({"client_order_ref": format!("retired {id}")}),
                "stock.location" => json!({"barcode": false, "name": format!("retired {id}")}),
                "stock.picking" => json!({"name": format!("retired {id}")}),
                "account.bank.statement.line" => json!({"ref": format!("retired {id}")}),
                _ => continue,
            };
            self.odoo.call(&model, "write", json!([[id], values]), json!({})).await;
        }
    }
}

fn fields(record: &Json) -> HashMap<String, Json> {
    let pairs = record["values"].as_array().into_iter().flatten();
    pairs.map(|pair| (pair[0].as_str().expect("a field").to_string(), pair[1].clone())).collect()
}

/// Fields that Odoo changes by itself afterwards, as `docs/library.md` says.
const MOVES_ON: [&str; 6] = ["date_order", "inventory_quantity", "picked", "quick_edit_total_amount", "note", "narration"];

/// Whether Odoo holds a planned value, to the digits that it keeps.
fn held(planned: &Json, found: &Json) -> bool {
    match (planned, found) {
        (Json::Number(a), Json::Number(b)) => (a.as_f64().unwrap_or(0.0) - b.as_f64().unwrap_or(1.0)).abs() <= 0.0051,
        (Json::Bool(false) | Json::Null, Json::Bool(false)) => true,
        (Json::Number(id), Json::Array(pair)) => pair.first() == Some(&Json::Number(id.clone())),
        (Json::String(a), Json::String(b)) => a.trim() == b.trim(),
        (a, b) => a == b,
    }
}

impl Site {
    async fn compare(&mut self, case: &str, plan: &Json) {
        let mut located: Vec<Vec<i64>> = Vec::new();
        for step in plan["steps"].as_array().expect("steps") {
            let model = step["model"].as_str().expect("a model");
            let mut ids = Vec::new();
            for record in step["records"].as_array().expect("records") {
                let planned = fields(record);
                let mut domain = Vec::new();
                for name in step["identity"].as_array().expect("an identity") {
                    let value = &planned[name.as_str().expect("a name")];
                    let value = match (value.get("find"), value.pointer("/record/record")) {
                        (Some(find), _) => json!(self.find(find).await.unwrap_or_else(|| panic!("{case}: {find} is not in Odoo"))),
                        (_, Some(at)) => json!(
                            located[value["record"]["step"].as_u64().expect("a step") as usize][at.as_u64().expect("a record") as usize]
                        ),
                        _ => value["literal"].clone(),
                    };
                    domain.push(json!([name, "=", value]));
                }
                let mut wanted: Vec<&str> = planned.keys().map(String::as_str).filter(|name| *name != "id").collect();
                let has_state = ["sale.order", "stock.picking", "account.move"].contains(&model);
                wanted.extend(has_state.then_some("state"));
                wanted.extend((model == "sale.order").then_some("amount_untaxed"));
                wanted.extend((model == "stock.quant").then_some("quantity"));
                let found = self
                    .odoo
                    .call(model, "search_read", json!([domain]), json!({"fields": wanted, "context": {"active_test": false}}))
                    .await;
                let found =
                    found.as_array().and_then(|all| all.last()).unwrap_or_else(|| panic!("{case}: no {model} with {domain:?}")).clone();
                let id = found["id"].as_i64().expect("an id");
                ids.push(id);
                self.made.push((model.to_string(), id));
                self.values(case, model, &planned, &found).await;
                if let Some(counted) = planned.get("inventory_quantity") {
                    assert!(held(&counted["literal"], &found["quantity"]), "{case}: counted {counted}, Odoo has {}", found["quantity"]);
                }
                let methods: Vec<&str> =
                    step["actions"].as_array().into_iter().flatten().filter_map(|then| then["method"].as_str()).collect();
                for (method, state) in [("action_confirm", "sale"), ("action_cancel", "cancel"), ("button_validate", "done")] {
                    assert!(!methods.contains(&method) || found["state"] == state, "{case}: {model} is {} after {method}", found["state"]);
                }
                if model == "sale.order" && methods.contains(&"action_confirm") {
                    amounts(case, &planned, &found);
                }
            }
            located.push(ids);
        }
    }

    async fn values(&mut self, case: &str, model: &str, planned: &HashMap<String, Json>, found: &Json) {
        for (name, value) in planned.iter().filter(|(name, _)| !MOVES_ON.contains(&name.as_str()) && *name != "id") {
            if let Some(literal) = value.get("literal") {
                assert!(held(literal, &found[name]), "{case}: {model}.{name}: planned {literal}, Odoo has {}", found[name]);
            } else if let Some(find) = value.get("find") {
                match (self.find(find).await, find.get("create")) {
                    (Some(id), None) if find["model"] != "stock.picking.type" && find.get("none").is_none() => {
                        assert!(
                            held(&json!(id), &found[name]) || find["model"] == "product.product",
                            "{case}: {model}.{name}: {find} is {id}, Odoo has {}",
                            found[name]
                        );
                    }
                    (_, Some(create)) => {
                        let target = find["model"].as_str().expect("a model");
                        let made = fields(create);
                        let plain: Vec<&str> =
                            made.iter().filter(|(_, value)| value.get("literal").is_some()).map(|(name, _)| name.as_str()).collect();
                        let read = self.odoo.call(target, "read", json!([[found[name][0]], plain]), json!({})).await;
                        for field in plain {
                            assert!(
                                held(&made[field]["literal"], &read[0][field]),
                                "{case}: {target}.{field}: planned {}, Odoo has {}",
                                made[field]["literal"],
                                read[0][field]
                            );
                        }
                        self.made.push((target.to_string(), read[0]["id"].as_i64().expect("an id")));
                    }
                    _ => {}
                }
            } else if let Some(lines) = value.pointer("/lines/records").and_then(Json::as_array) {
                let of = match model {
                    "sale.order" => "sale.order.line",
                    "stock.picking" => "stock.move",
                    _ => "account.move.line",
                };
                let names: Vec<String> = lines.iter().flat_map(|line| fields(line).into_keys()).collect();
                let read = self.odoo.call(of, "read", json!([found[name], names]), json!({})).await;
                assert!(
                    read.as_array().expect("lines").len() >= lines.len(),
                    "{case}: {} lines of {}",
                    read.as_array().expect("lines").len(),
                    lines.len()
                );
                for line in lines.iter().map(fields) {
                    let plain = line.iter().filter(|(name, value)| value.get("literal").is_some() && !MOVES_ON.contains(&name.as_str()));
                    let plain: Vec<(&String, &Json)> = plain.map(|(name, value)| (name, &value["literal"])).collect();
                    let fits = |found: &&Json| plain.iter().all(|(name, value)| held(value, &found[name.as_str()]));
                    assert!(
                        read.as_array().expect("lines").iter().any(|found| fits(&found)),
                        "{case}: no line of {model} is {plain:?}: {read}"
                    );
                }
            }
        }
    }

    async fn inbound(&mut self, flow: &str) -> usize {
        let samples = self.dir.path().join("samples").join(flow);
        let mut count = 0;
        let mut cases: Vec<PathBuf> = fs::read_dir(&samples).expect("samples").flatten().map(|entry| entry.path()).collect();
        cases.sort();
        for case in cases {
            let name = format!("{flow}/{}", case.file_name().expect("a name").to_string_lossy());
            let input = ["input.xml", "input.csv"].into_iter().map(|file| case.join(file)).find(|path| path.is_file()).expect("a sample");
            let (code, out, err) = self.consign(&["--json", "plan", flow, &input.display().to_string()]);
            assert_eq!(code, 0, "{name}: {err}{out}");
            let plan: Json = serde_json::from_str(&out).expect("a plan");
            self.prepare_all(&plan).await;
            let ending = input.extension().expect("an ending").to_string_lossy().into_owned();
            fs::copy(&input, self.folder(flow).join(format!("{}.{ending}", name.replace('/', "-")))).expect("dropped");
            let (code, out, err) = self.consign(&["run", "--once", flow]);
            assert_eq!(code, 0, "{name}: {out}{err}{}", self.consign(&["errors"]).1);
            self.compare(&name, &plan).await;
            count += 1;
        }
        // The documents of other flows speak of the same orders.
        self.retire().await;
        count
    }
}

/// What the order comes to, worked out from its own lines.
fn amounts(case: &str, planned: &HashMap<String, Json>, found: &Json) {
    let lines: Vec<HashMap<String, Json>> =
        planned["order_line"].pointer("/lines/records").and_then(Json::as_array).into_iter().flatten().map(fields).collect();
    if lines.iter().any(|line| !line.contains_key("price_unit")) {
        return;
    }
    let number = |line: &HashMap<String, Json>, name: &str| line.get(name).and_then(|value| value["literal"].as_f64()).unwrap_or(0.0);
    let sum: f64 = lines
        .iter()
        .map(|line| number(line, "product_uom_qty") * number(line, "price_unit") * (1.0 - number(line, "discount") / 100.0))
        .sum();
    let amount = found["amount_untaxed"].as_f64().expect("an amount");
    assert!((sum - amount).abs() <= 0.011 * lines.len() as f64, "{case}: the lines come to {sum}, Odoo says {amount}");
}

const INBOUND: [&str; 17] = [
    "camt053-in",
    "opentrans-orders-in",
    "ubl-catalogue-in",
    "ubl-inventory-report-in",
    "ubl-invoice-in",
    "ubl-order-cancellation-in",
    "ubl-order-change-in",
    "ubl-order-in",
    "ubl-receipt-advice-in",
    "wms-deliveries-csv-in",
    "wms-deliveries-in",
    "wms-products-csv-in",
    "wms-products-in",
    "wms-receipts-csv-in",
    "wms-receipts-in",
    "wms-stock-csv-in",
    "wms-stock-in",
];

/// Every document of the library, both ways, over one dialect.
pub async fn every_document(odoo: Target, dialect: &str) {
    // Bank statements are written by users of the accounting group.
    let group =
        odoo.search_read("ir.model.data", json!([["module", "=", "account"], ["name", "=", "group_account_basic"]]), &["res_id"]).await;
    if let Some(group) = group.first() {
        odoo.call("res.users", "write", json!([[2], {"group_ids": [[4, group["res_id"]]]}]), json!({})).await;
    }
    let mut site = Site::new(odoo, dialect);
    let (code, out, err) = site.consign(&["check"]);
    assert_eq!(code, 0, "{out}{err}");
    let mut count = 0;
    for flow in INBOUND {
        count += site.inbound(flow).await;
    }
    let sent = library_out::outbound(&site).await;
    site.retire().await;
    println!("library over {dialect}: {count} documents in, {sent} out, read back and compared");
}
