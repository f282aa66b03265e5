//! What mappings do to Odoo, over any world: references, sets, conditions, what a person has changed, what is refused and what is not.

use std::fs;

use consign::odoo::sandbox::{PlannedFault, Sandbox};
use serde_json::{Value as Json, json};

use super::{
    goods,
    scenarios::number,
    world::{Ran, World},
};

/// A flow of catalogues from a local folder, with a mapping of the test's own.
pub struct Catalogue<'w> {
    pub world: &'w World,
    files: std::cell::Cell<u32>,
}

impl<'w> Catalogue<'w> {
    pub fn new(world: &'w World, mapping: &str, more: &str) -> Self {
        let workspace = world.workspace();
        fs::write(workspace.join("schemas/catalogue.xsd"), include_str!("../suite/mappings/catalogue.xsd")).expect("written");
        fs::create_dir_all(workspace.join("drops/lumen/catalogue")).expect("a folder");
        let flow = format!(
            "direction = \"in\"\npartner = \"lumen\"\nfolder = \"catalogue\"\nfiles = \"*.xml\"\nmapping = \"mappings/catalogue.toml\"\nschedule = \"manual\"\nstable_for = \"0s\"\n{more}\n"
        );
        fs::write(workspace.join("flows/catalogue-in.toml"), flow).expect("written");
        let catalogue = Self { world, files: std::cell::Cell::new(0) };
        catalogue.map(mapping);
        world.consign(&["check"]).ends(0);
        catalogue
    }

    /// One whose mapping calls a method that leaves no trace; the answer to the first call is lost.
    pub fn whose_call_is_lost(world: &'w World) -> (Self, &'w Sandbox) {
        let mapping = "each = \"/Catalogue/Item\"\nmodel = \"res.partner\"\nidentity = [\"ref\"]\nactions = [\"message_post\"]\n[fields]\nref = \"Code\"\nname = \"Code\"\n";
        let sandbox = world.sandbox.as_ref().expect("a sandbox");
        sandbox.expect_trouble("message_post", PlannedFault::StatusAfterCommit(502));
        (Self::new(world, mapping, ""), sandbox)
    }

    pub fn map(&self, mapping: &str) {
        fs::write(self.world.workspace().join("mappings/catalogue.toml"), format!("document = \"catalogue.xsd\"\n{mapping}"))
            .expect("written");
    }

    /// Drops a catalogue of these items and runs the flow.
    pub fn comes(&self, items: &str) -> Ran {
        self.files.set(self.files.get() + 1);
        let text = format!("<Catalogue>\n<Supplier>Lumen  Supplies</Supplier>\n{items}\n</Catalogue>\n");
        fs::write(self.world.workspace().join(format!("drops/lumen/catalogue/c{}.xml", self.files.get())), text).expect("dropped");
        self.world.consign(&["run", "--once", "catalogue-in"])
    }

    /// The report of what failed last.
    pub fn report(&self) -> String {
        let message = self.world.messages("catalogue-in").pop().expect("a message");
        let attempts = self.world.json(&["show", message["id"].as_str().expect("an id")])["attempts"].clone();
        let last = attempts.as_array().and_then(|all| all.last()).expect("an attempt").clone();
        let line = |problem: &Json| {
            format!(
                "{} {} @{} {}",
                problem["code"].as_str().unwrap_or_default(),
                problem["message"].as_str().unwrap_or_default(),
                problem["place"]["line"],
                problem["hint"].as_str().unwrap_or_default()
            )
        };
        last["problems"].as_array().expect("problems").iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

pub fn item(code: &str, rest: &str) -> String {
    format!("<Item><Code>{code}</Code>{rest}</Item>\n")
}

const PLAIN: &str = r#"
each = "/Catalogue/Item"
model = "product.template"
identity = ["default_code"]
[fields]
default_code = "Code"
name = { from = ["Name", "Code"] }
list_price = { from = "Price", as = "decimal", decimal = "," }
"#;

/// Two kinds of records of one element, the one referring to the other; the supplier is known by the flow's partner.
pub async fn products_and_their_suppliers(world: &World) {
    let run = goods::fresh();
    let supplier =
        world.odoo.create("res.partner", json!({"name": format!("Lumen {run}"), "is_company": true, "ref": format!("L{run}")})).await;
    let mapping = r#"
[[records]]
name = "price"
each = "/Catalogue/Item[Price and not(@action='delete')]"
model = "product.supplierinfo"
identity = ["partner_id", "product_tmpl_id"]
[records.fields]
product_tmpl_id = { record = "product" }
partner_id = { find = "res.partner", by = { ref = { flow = "supplier" } } }
price = { from = "Price", as = "decimal", decimal = "," }

[[records]]
name = "product"
each = "/Catalogue/Item"
model = "product.template"
identity = ["default_code"]
[records.fields]
default_code = "Code"
name = { from = ["Name", "Code"] }
active = { expr = "action != 'delete'", with = { action = { from = "@action", default = "" } } }
uom_id = { find = "uom.uom", by = { name = { from = "Unit", as = "unit", table = "units" } }, when = "Unit", on = "create" }
"#;
    fs::create_dir_all(world.workspace().join("tables/lumen")).expect("a folder");
    fs::write(world.workspace().join("tables/units.csv"), "code,unit\nC62,Units\nKGM,kg\n").expect("written");
    fs::write(world.workspace().join("tables/lumen/units.csv"), "code,unit\nStk,Units\n").expect("written");
    let mapping = mapping.replace("as = \"unit\", ", "");
    let catalogue = Catalogue::new(world, &mapping, &format!("values = {{ supplier = \"L{run}\" }}"));
    let (a, b) = (format!("A{run}"), format!("B{run}"));
    catalogue.comes(&(item(&a, "<Name>Lamp</Name><Price>1.234,50</Price><Unit>KGM</Unit>") + &item(&b, "<Unit>Stk</Unit>"))).ends(0);
    let made =
        world.odoo.search_read("product.template", json!([["default_code", "in", [a.clone(), b.clone()]]]), &["name", "uom_id"]).await;
    assert_eq!((made[0]["name"].as_str(), made[0]["uom_id"][1].as_str()), (Some("Lamp"), Some("kg")));
    assert_eq!((made[1]["name"].as_str(), made[1]["uom_id"][1].as_str()), (Some(b.as_str()), Some("Units")), "the partner's own code");
    let prices =
        world.odoo.search_read("product.supplierinfo", json!([["partner_id", "=", supplier]]), &["product_tmpl_id", "price"]).await;
    assert_eq!((prices.len(), number(&prices[0]["price"]), &prices[0]["product_tmpl_id"][0]), (1, 1234.5, &made[0]["id"]));
    catalogue.comes(&item(&a, "<Price>7</Price>").replace("<Item>", "<Item action='delete'>")).ends(0);
    assert_eq!(
        world.odoo.search_read("product.template", json!([["default_code", "=", a]]), &["name"]).await,
        Vec::<Json>::new(),
        "archived"
    );
    catalogue.comes(&item(&b, "<Unit>Krt</Unit>")).ends(1);
    let report = catalogue.report();
    assert!(report.contains("C404") && report.contains("tables/units.csv"), "{report}");
}

/// A product's price that a person changed stays; one that only we wrote follows the document.
pub async fn what_a_person_changed_stays(world: &World) {
    let run = goods::fresh();
    let catalogue = Catalogue::new(world, PLAIN, "");
    let code = format!("P{run}");
    let price = |price: &str| item(&code, &format!("<Name>Chair</Name><Price>{price}</Price>"));
    let now = || async {
        let found = world.odoo.search_read("product.template", json!([["default_code", "=", code]]), &["list_price", "name"]).await;
        (number(&found[0]["list_price"]), found[0]["name"].as_str().expect("a name").to_string())
    };
    catalogue.comes(&price("10,00")).ends(0);
    catalogue.comes(&price("11,00")).ends(0);
    assert_eq!(now().await.0, 11.0, "ours to change");
    let id = world.odoo.search_read("product.template", json!([["default_code", "=", code]]), &["id"]).await[0]["id"].clone();
    world.odoo.call("product.template", "write", json!([[id], {"list_price": 15.5}]), json!({})).await;
    let ran = catalogue.comes(&price("12,00").replace("Chair", "Chair, oak")).ends(0);
    assert!(ran.out.contains("1 done, 1 values kept"), "{}", ran.out);
    assert_eq!(now().await, (15.5, "Chair, oak".to_string()), "the person's price, the partner's name");
    let last = world.messages("catalogue-in").pop().expect("a message");
    let shown = world.consign(&["show", last["id"].as_str().expect("an id")]).ends(0);
    assert!(shown.out.contains("C416") && shown.out.contains("15.5") && shown.out.contains("12"), "{}", shown.out);
    let ran = catalogue.comes(&price("13,00")).ends(0);
    assert!(ran.out.contains("1 values kept"), "and again: {}", ran.out);
    catalogue.map(&PLAIN.replace("as = \"decimal\",", "as = \"decimal\", overwrite = true,"));
    catalogue.comes(&price("14,00")).ends(0);
    assert_eq!(now().await.0, 14.0, "where the mapping says so, documents win");
}

/// A batch that Odoo refuses tells all that is wrong and stores nothing; a flow that may goes in without it.
pub async fn what_is_refused_is_told_and_keeps_no_other_out(world: &World) {
    let run = goods::fresh();
    let mapping = PLAIN.replace("list_price = ", "barcode = \"Unit\"\nlist_price = ");
    let taken = goods::gtin(run);
    world.odoo.create("product.template", json!({"name": "first", "barcode": taken})).await;
    let catalogue = Catalogue::new(world, &mapping, "");
    let bad = format!("<Unit>{taken}</Unit>");
    let items: String = (0..6).map(|at| item(&format!("R{run}-{at}"), if at == 1 || at == 4 { &bad } else { "" })).collect();
    catalogue.comes(&items).ends(1);
    let count = || world.odoo.count("product.template", json!([["default_code", "like", format!("R{run}-")]]));
    assert_eq!(count().await, 0, "all or nothing");
    let report = catalogue.report();
    assert_eq!(report.matches("C414").count(), 2, "every one is told: {report}");
    assert!(report.contains("@4 ") && report.contains("@7 "), "at its line: {report}");

    let flow = world.workspace().join("flows/catalogue-in.toml");
    let text = fs::read_to_string(&flow).expect("a flow");
    fs::write(&flow, format!("allow_partial = true\n{text}")).expect("written");
    let ran = catalogue.comes(&items.replace("</Catalogue>", "")).ends(1);
    assert!(ran.out.contains("1 done, 2 records refused"), "{}", ran.out);
    assert_eq!(count().await, 4);
    let left: Vec<String> =
        world.stored_files("error/catalogue-in").into_iter().filter(|name| name.contains(".refused.") && name.ends_with(".xml")).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let rest = fs::read_to_string(world.workspace().join("var/error/catalogue-in").join(&left[0])).expect("the rest");
    assert_eq!((rest.matches("<Item>").count(), rest.contains("<Supplier>Lumen  Supplies</Supplier>")), (2, true), "{rest}");
    assert!(
        fs::read_to_string(world.workspace().join(format!("var/error/catalogue-in/{}.problem.txt", left[0])))
            .expect("a report")
            .contains(&taken)
    );
    let mut at = 0;
    let corrected: String = rest
        .split(&taken)
        .map(|piece| {
            at += 1;
            format!("{piece}{}", if at < 3 { goods::gtin(goods::fresh()) } else { String::new() })
        })
        .collect();
    fs::write(world.workspace().join("drops/lumen/catalogue/rest.xml"), corrected).expect("dropped");
    world.consign(&["run", "--once", "catalogue-in"]).ends(0);
    assert_eq!(count().await, 6, "corrected and dropped again");
    // A value that cannot be converted, and a reference that leads nowhere, are refused alone as well.
    let more = item(&format!("R{run}-7"), "<Price>x</Price>") + &item(&format!("R{run}-8"), "");
    catalogue.comes(&more).ends(1);
    assert_eq!(count().await, 7);
}

/// Records known by external ids are found by them alone, whatever else changes.
pub async fn external_ids_make_the_same_record_again(world: &World) {
    let run = goods::fresh();
    let mapping = PLAIN
        .replace("identity = [\"default_code\"]", "external = { expr = \"'item ' ~ code\", with = { code = \"Code\" } }")
        .replace("default_code = \"Code\"", "default_code = { from = \"Unit\", default = \"none\" }");
    let catalogue = Catalogue::new(world, &mapping, "");
    let (first, second) = (format!("E{run}/1"), format!("E{run}_1"));
    catalogue.comes(&(item(&first, "<Name>One</Name><Price>1</Price>") + &item(&second, "<Name>Two</Name><Price>2</Price>"))).ends(0);
    let names = |domain: Json| async move {
        let found = world.odoo.search_read("ir.model.data", domain, &["name", "res_id"]).await;
        found
            .into_iter()
            .map(|row| (row["name"].as_str().unwrap_or_default().to_string(), row["res_id"].as_i64().unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let domain = json!([["module", "=", "consign_lumen"], ["name", "like", format!("E{run}")]]);
    let made = names(domain.clone()).await;
    assert_eq!(made.len(), 2, "different values have different names: {made:?}");
    catalogue
        .comes(
            &(item(&first, "<Name>One, new</Name><Price>5</Price><Unit>X</Unit>")
                + &item(&second, "<Name>Two</Name><Price>2</Price><Unit>X</Unit>")),
        )
        .ends(0);
    assert_eq!(names(domain).await, made, "the same records");
    let read = world
        .odoo
        .search_read("product.template", json!([["id", "in", made.iter().map(|(_, id)| id).collect::<Vec<_>>()]]), &["name", "list_price"])
        .await;
    assert_eq!((read[0]["name"].as_str(), number(&read[0]["list_price"])), (Some("One, new"), 5.0));
}

/// A delivery address is made under its customer when it is new and found again afterwards; one that is misspelt is told with the nearest.
pub async fn what_is_missing_is_made_held_or_told(world: &World) {
    let run = goods::fresh();
    let parent =
        world.odoo.create("res.partner", json!({"name": format!("Parent {run}"), "is_company": true, "ref": format!("REF-{run}")})).await;
    let mapping = r#"
each = "/Catalogue/Item"
model = "res.partner"
identity = ["ref"]
[fields]
ref = "Code"
name = "Name"
parent_id = { find = "res.partner", by = { ref = "Unit" }, none = "hold" }
"#;
    let catalogue = Catalogue::new(world, mapping, "");
    let contact = |unit: &str| item(&format!("C{run}"), &format!("<Name>Contact</Name><Unit>{unit}</Unit>"));
    let ran = catalogue.comes(&contact(&format!("REF-{}", run + 1))).ends(1);
    assert!(ran.out.contains("1 held"), "{}", ran.out);
    let report = catalogue.report();
    assert!(report.contains("C420") && report.contains("the nearest is `REF-"), "the nearest is told: {report}");
    world.odoo.create("res.partner", json!({"name": "Now it is there", "ref": format!("REF-{}", run + 1)})).await;
    let held = world.messages("catalogue-in").pop().expect("a message");
    world.consign(&["reprocess", held["id"].as_str().expect("an id")]).ends(0);
    assert_eq!(world.odoo.count("res.partner", json!([["ref", "=", format!("C{run}")]])).await, 1);

    let mapping = r#"
each = "/Catalogue/Item"
model = "res.partner"
identity = ["ref"]
[fields]
ref = "Code"
name = "Name"
parent_id = { find = "res.partner", by = { ref = "Unit" } }
email = "Price"
category_id = { each = "Tag", find = "res.partner.category", by = { name = "." }, none = "create", create = { name = "." }, set = "replace" }
"#;
    if world.sandbox.is_none() {
        world.consign(&["odoo", "snapshot", "res.partner.category"]).ends(0);
        let catalogue = Catalogue::new(world, mapping, "");
        let tagged = |tags: &[&str]| {
            let tags: String = tags.iter().map(|tag| format!("<Tag>{tag} {run}</Tag>")).collect();
            item(&format!("T{run}"), &format!("<Name>Tagged</Name><Unit>REF-{run}</Unit>{tags}"))
        };
        let categories = || async {
            let found =
                world.odoo.search_read("res.partner", json!([["ref", "=", format!("T{run}")]]), &["category_id", "parent_id"]).await;
            assert_eq!(found[0]["parent_id"][0], parent);
            found[0]["category_id"].as_array().map_or(0, Vec::len)
        };
        catalogue.comes(&tagged(&["red", "blue"])).ends(0);
        assert_eq!(categories().await, 2, "made, since they were not there");
        catalogue.comes(&tagged(&["blue"])).ends(0);
        assert_eq!(categories().await, 1, "the set is what the document says");
    }
}

/// Lines that a later document does not have go where the mapping says so; the calls do not grow with the records.
pub async fn lines_come_and_go(world: &World) {
    let run = goods::fresh();
    let customer = goods::customer(&world.odoo).await;
    let (a, b) = (goods::product(&world.odoo).await, goods::product(&world.odoo).await);
    let mapping = r#"
each = "/Catalogue/Item"
group = "Code"
model = "sale.order"
identity = ["client_order_ref"]
[fields]
client_order_ref = "Code"
partner_id = { find = "res.partner", by = { vat = { flow = "customer" } }, scope = [["parent_id", "=", false]] }
[fields.order_line]
each = "."
identity = ["product_id"]
missing_lines = "remove"
[fields.order_line.fields]
product_id = { find = "product.product", by = { default_code = "Unit" } }
product_uom_qty = { from = "Price", as = "decimal" }
price_unit = { const = 2 }
"#;
    let catalogue = Catalogue::new(world, mapping, &format!("values = {{ customer = \"{}\" }}", customer.vat));
    let row =
        |order: u32, code: &str, quantity: u32| item(&format!("O{run}-{order}"), &format!("<Price>{quantity}</Price><Unit>{code}</Unit>"));
    let rows: String = (0..5).map(|order| row(order, &a.code, 1) + &row(order, &b.code, 2)).collect();
    catalogue.comes(&rows).ends(0);
    let domain = json!([["client_order_ref", "like", format!("O{run}-")]]);
    let orders = || world.odoo.search_read("sale.order", domain.clone(), &["order_line", "amount_untaxed"]);
    let seen: Vec<(usize, f64)> =
        orders().await.iter().map(|order| (order["order_line"].as_array().map_or(0, Vec::len), number(&order["amount_untaxed"]))).collect();
    assert_eq!(seen, vec![(2, 6.0); 5], "rows of one number are one order");
    let before = world.sandbox.as_ref().map_or(0, |sandbox| sandbox.calls().len());
    let rows: String = (0..5).map(|order| row(order, &a.code, 3 + order)).collect();
    catalogue.comes(&rows).ends(0);
    let seen: Vec<(usize, f64)> =
        orders().await.iter().map(|order| (order["order_line"].as_array().map_or(0, Vec::len), number(&order["amount_untaxed"]))).collect();
    assert_eq!(seen, (0..5).map(|order| (1, f64::from(2 * (3 + order)))).collect::<Vec<_>>(), "changed and removed");
    if let Some(sandbox) = &world.sandbox {
        let calls: Vec<String> = sandbox.calls().split_off(before);
        assert!(calls.len() <= 13, "five orders cost no more calls than one: {calls:?}");
    }
}
