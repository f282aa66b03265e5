//! How records are found again, told apart, refused and left alone, over any world.

use serde_json::{Value as Json, json};

use super::{
    goods,
    plans::{Catalogue, item},
    scenarios::number,
    world::World,
};

const PARTNERS: &str = r#"
each = "/Catalogue/Item"
model = "res.partner"
identity = ["ref"]
[fields]
ref = "Code"
name = { from = ["Name", "Code"] }
"#;

/// A part of the identity that the document does not have is empty in Odoo, and found again as that.
pub async fn what_has_no_value_is_found_again(world: &World) {
    let run = goods::fresh();
    let mapping = PARTNERS.replace("[\"ref\"]", "[\"ref\", \"email\"]") + "email = { from = \"Unit\", required = false }\n";
    let catalogue = Catalogue::new(world, &mapping, "");
    for name in ["one", "two"] {
        let name = format!("<Name>{name}</Name>");
        let both = item(&format!("N{run}"), &name) + &item(&format!("N{run}"), &format!("{name}<Unit>a@b.example</Unit>"));
        catalogue.comes(&both).ends(0);
    }
    assert_eq!(world.odoo.count("res.partner", json!([["ref", "=", format!("N{run}")]])).await, 2);
}

/// References that share a key mean one record, whatever else is said of it; it is made once.
pub async fn references_that_share_a_key_make_one_record(world: &World) {
    let run = goods::fresh();
    let mapping = PARTNERS.to_string()
        + r#"parent_id = { find = "res.partner", by = { ref = "Unit", name = "Price" }, none = "create", create = { ref = "Unit", name = "Price", is_company = { const = true } } }
"#;
    let catalogue = Catalogue::new(world, &mapping, "");
    let contact = |number: u32, name: &str| item(&format!("S{run}-{number}"), &format!("<Price>{name} {run}</Price><Unit>S{run}</Unit>"));
    catalogue.comes(&(contact(1, "Shop") + &contact(2, "Shop GmbH") + &contact(3, "Shop"))).ends(0);
    let shops = world.odoo.search_read("res.partner", json!([["ref", "=", format!("S{run}")]]), &["name", "child_ids"]).await;
    assert_eq!((shops.len(), shops[0]["child_ids"].as_array().map(Vec::len)), (1, Some(3)), "{shops:?}");
}

/// A new customer and a new address of his come in one document: the address is made under him, and found there by the next one.
pub async fn a_new_place_of_a_new_customer(world: &World) {
    let run = goods::fresh();
    let product = goods::product(&world.odoo).await;
    let mapping = r#"
each = "/Catalogue/Item"
model = "sale.order"
identity = ["client_order_ref"]
[fields]
client_order_ref = "Code"
partner_id = { find = "res.partner", by = { ref = "Unit" }, none = "create", create = { ref = "Unit", name = "Name", is_company = { const = true } } }
partner_shipping_id = { find = "res.partner", by = { ref = "Price" }, scope = [["parent_id", "=", { field = "partner_id" }]], none = "create", create = { ref = "Price", name = "Price", type = { const = "delivery" }, parent_id = { field = "partner_id" } } }
[fields.order_line]
each = "."
identity = ["product_id"]
[fields.order_line.fields]
product_id = { find = "product.product", by = { default_code = { flow = "product" } } }
product_uom_qty = { const = 1 }
"#;
    let catalogue = Catalogue::new(world, mapping, &format!("values = {{ product = \"{}\" }}", product.code));
    for number in 1..3 {
        let order = |buyer: &str| {
            item(&format!("A{run}-{number}{buyer}"), &format!("<Name>Buyer</Name><Price>Gate {run}</Price><Unit>B{run}{buyer}</Unit>"))
        };
        catalogue.comes(&(order("x") + &order("y"))).ends(0);
    }
    let places = world.odoo.search_read("res.partner", json!([["ref", "=", format!("Gate {run}")]]), &["parent_id", "type"]).await;
    assert_eq!(places.len(), 2, "one under each: {places:?}");
    assert!(places.iter().all(|place| place["type"] == "delivery" && place["parent_id"].is_array()), "{places:?}");
    let orders =
        world.odoo.search_read("sale.order", json!([["client_order_ref", "like", format!("A{run}-")]]), &["partner_shipping_id"]).await;
    assert!(
        orders.len() == 4 && orders.iter().all(|order| places.iter().any(|place| place["id"] == order["partner_shipping_id"][0])),
        "{orders:?}"
    );
}

/// A number of the document is the number that Odoo has, however it is written; and fifty places of one name cost one search.
pub async fn numbers_and_scopes_are_looked_up_together(world: &World) {
    let run = goods::fresh();
    let product = world.odoo.create("product.template", json!({"name": format!("Priced {run}"), "list_price": run})).await;
    let supplier = world.odoo.create("res.partner", json!({"name": format!("Supplier {run}"), "ref": format!("Q{run}")})).await;
    let mapping = r#"
each = "/Catalogue/Item"
model = "product.supplierinfo"
identity = ["partner_id", "product_tmpl_id"]
[fields]
partner_id = { find = "res.partner", by = { ref = { flow = "supplier" } } }
product_tmpl_id = { find = "product.template", by = { list_price = "Unit" } }
price = { from = "Price", as = "decimal" }
"#;
    let catalogue = Catalogue::new(world, mapping, &format!("values = {{ supplier = \"Q{run}\" }}"));
    let ran = catalogue.comes(&item("x", &format!("<Price>3</Price><Unit>{run}.00</Unit>")));
    assert!(ran.out.contains("1 done"), "{}", catalogue.report());
    let found = world.odoo.search_read("product.supplierinfo", json!([["partner_id", "=", supplier]]), &["product_tmpl_id"]).await;
    assert_eq!((found.len(), &found[0]["product_tmpl_id"][0]), (1, &json!(product)));

    let mapping = r#"
each = "/Catalogue/Item"
model = "sale.order"
identity = ["client_order_ref"]
[fields]
client_order_ref = "Code"
partner_id = { find = "res.partner", by = { ref = "Unit" } }
partner_shipping_id = { find = "res.partner", by = { ref = { const = "Gate" } }, scope = [["parent_id", "=", { field = "partner_id" }]] }
"#;
    let Some(sandbox) = &world.sandbox else { return };
    for at in 0..20 {
        let parent = world.odoo.create("res.partner", json!({"name": format!("P{at}"), "ref": format!("G{run}-{at}")})).await;
        world.odoo.create("res.partner", json!({"name": "gate", "ref": "Gate", "parent_id": parent})).await;
    }
    let catalogue = Catalogue::new(world, mapping, "");
    let items: String = (0..20).map(|at| item(&format!("H{run}-{at}"), &format!("<Unit>G{run}-{at}</Unit>"))).collect();
    let before = sandbox.calls().len();
    catalogue.comes(&items).ends(0);
    let searches = sandbox.calls().split_off(before).iter().filter(|call| *call == "res.partner.search_read").count();
    assert_eq!(searches, 2, "customers, and their gates");
    let orders = world
        .odoo
        .search_read("sale.order", json!([["client_order_ref", "like", format!("H{run}-")]]), &["partner_id", "partner_shipping_id"])
        .await;
    assert_eq!(orders.len(), 20);
    for order in orders {
        let gate = world.odoo.search_read("res.partner", json!([["id", "=", order["partner_shipping_id"][0]]]), &["parent_id"]).await;
        assert_eq!(gate[0]["parent_id"][0], order["partner_id"][0], "each its own");
    }
}

/// A document that changes a thousand records and more, of which the last is not there, changes none.
pub async fn an_update_knows_first_whether_all_are_there(world: &World) {
    let run = goods::fresh();
    let refs: Vec<String> = (0..1005).map(|at| format!("U{run}-{at:04}")).collect();
    let there: Vec<Json> = refs.iter().take(1004).map(|code| json!({"name": "before", "ref": code})).collect();
    world.odoo.call("res.partner", "create", json!([there]), json!({})).await;
    let catalogue = Catalogue::new(world, &PARTNERS.replace("model =", "write = \"update\"\nmodel ="), "");
    let items: String = refs.iter().map(|code| item(code, "<Name>after</Name>")).collect();
    catalogue.comes(&items).ends(1);
    assert!(catalogue.report().contains("C412"), "{}", catalogue.report());
    let after = || world.odoo.count("res.partner", json!([["ref", "like", format!("U{run}-")], ["name", "=", "after"]]));
    assert_eq!(after().await, 0, "all or nothing");
    world.odoo.create("res.partner", json!({"name": "before", "ref": refs[1004]})).await;
    catalogue.comes(&items).ends(0);
    assert_eq!(after().await, 1005);
    world.odoo.create("res.partner", json!({"name": "again", "ref": refs[1004]})).await;
    catalogue.comes(&items.replace("after", "later")).ends(1);
    assert!(catalogue.report().contains("C413"), "{}", catalogue.report());
    assert_eq!(after().await, 1005, "two that fit one are found before anything is written");
}

/// Of a file that may go in piecemeal, what refers to what is refused is refused with it, and one bad record keeps no other out.
pub async fn parts_stand_and_fall_whole(world: &World) {
    let run = goods::fresh();
    let mapping = r#"
[[records]]
name = "company"
each = "/Catalogue/Item"
model = "res.partner"
identity = ["ref"]
[records.fields]
ref = "Code"
name = "Code"
color = { from = "Price", as = "integer" }

[[records]]
name = "contact"
each = "/Catalogue/Item"
model = "res.partner"
identity = ["ref"]
[records.fields]
ref = { expr = "code ~ '/c'", with = { code = "Code" } }
name = "Code"
parent_id = { record = "company" }
"#;
    let catalogue = Catalogue::new(world, mapping, "allow_partial = true");
    let ran = catalogue.comes(&(item(&format!("W{run}-1"), "<Price>x</Price>") + &item(&format!("W{run}-2"), "<Price>2</Price>"))).ends(1);
    assert!(ran.out.contains("1 records refused"), "{}", ran.out);
    let found = world.odoo.search_read("res.partner", json!([["ref", "like", format!("W{run}")]]), &["ref", "parent_id"]).await;
    let seen: Vec<(&str, bool)> = found.iter().map(|one| (one["ref"].as_str().unwrap_or_default(), one["parent_id"].is_array())).collect();
    assert_eq!(seen, [(format!("W{run}-2").as_str(), false), (format!("W{run}-2/c").as_str(), true)], "no contact without its company");

    let twice = format!("V{run}");
    for _ in 0..2 {
        world.odoo.create("res.partner", json!({"name": "twice", "ref": twice})).await;
    }
    let catalogue = Catalogue::new(world, PARTNERS, "allow_partial = true");
    let ran = catalogue.comes(&(item(&twice, "") + &item(&format!("V{run}-2"), ""))).ends(1);
    assert!(ran.out.contains("1 records refused"), "{}", ran.out);
    assert_eq!(world.odoo.count("res.partner", json!([["ref", "=", format!("V{run}-2")]])).await, 1, "the other goes in");

    let taken = goods::gtin(run);
    world.odoo.create("product.template", json!({"name": "first", "barcode": taken})).await;
    world.odoo.create("res.partner", json!({"name": "Supplier", "ref": format!("K{run}")})).await;
    let mapping = r#"
each = "/Catalogue/Item"
model = "product.supplierinfo"
identity = ["partner_id", "product_tmpl_id"]
[fields]
partner_id = { find = "res.partner", by = { ref = { flow = "supplier" } } }
product_tmpl_id = { find = "product.template", by = { default_code = "Code" }, none = "create", create = { default_code = "Code", name = "Code", barcode = "Unit" } }
"#;
    let catalogue = Catalogue::new(world, mapping, &format!("allow_partial = true\nvalues = {{ supplier = \"K{run}\" }}"));
    let with = |at: u32, barcode: &str| item(&format!("K{run}-{at}"), &format!("<Unit>{barcode}</Unit>"));
    let ran = catalogue.comes(&(with(1, "") + &with(2, &taken) + &with(3, ""))).ends(1);
    assert!(ran.out.contains("1 records refused"), "what is made for one and refused refuses that one: {}", ran.out);
    assert_eq!(world.odoo.count("product.supplierinfo", json!([["partner_id.ref", "=", format!("K{run}")]])).await, 2);
}

/// An order that a person has cancelled is not what a document about it takes it for: it is told, not passed over.
pub async fn what_is_in_no_state_for_a_call_is_told(world: &World) {
    let run = goods::fresh();
    let (customer, product) = (goods::customer(&world.odoo).await, goods::product(&world.odoo).await);
    let mapping = r#"
each = "/Catalogue/Item"
model = "sale.order"
identity = ["client_order_ref"]
actions = ["action_confirm"]
[fields]
client_order_ref = "Code"
note = "Name"
partner_id = { find = "res.partner", by = { vat = { flow = "customer" } }, scope = [["parent_id", "=", false]] }
[fields.order_line]
each = "."
identity = ["product_id"]
[fields.order_line.fields]
product_id = { find = "product.product", by = { default_code = { flow = "product" } } }
product_uom_qty = { const = 1 }
"#;
    let catalogue =
        Catalogue::new(world, mapping, &format!("values = {{ customer = \"{}\", product = \"{}\" }}", customer.vat, product.code));
    let order = item(&format!("C{run}"), "<Name>first</Name>");
    catalogue.comes(&order).ends(0);
    catalogue.comes(&order.replace("first", "second")).ends(0);
    let orders = world.odoo.search_read("sale.order", json!([["client_order_ref", "=", format!("C{run}")]]), &["state"]).await;
    assert_eq!((orders.len(), orders[0]["state"].as_str()), (1, Some("sale")));
    world.odoo.call("sale.order", "action_cancel", json!([[orders[0]["id"]]]), json!({})).await;
    catalogue.comes(&order.replace("first", "third")).ends(1);
    let report = catalogue.report();
    assert!(report.contains("C415") && report.contains("is cancel") && report.contains("@3 "), "{report}");
    let message = world.messages("catalogue-in").pop().expect("a message");
    let shown = world.consign(&["show", message["id"].as_str().expect("an id")]).ends(0);
    assert!(shown.out.contains("sale.order,"), "what was stored is to be seen at the message: {}", shown.out);
}

/// What a mapping adds to a set stays beside what people add; what it replaces follows the document. What Odoo makes of a value is not
/// taken for a person's change. Needs fields that the sandbox does not have.
pub async fn sets_and_what_odoo_makes_of_values(world: &World) {
    if world.sandbox.is_some() {
        return;
    }
    world.consign(&["odoo", "snapshot", "res.partner.category"]).ends(0);
    let run = goods::fresh();
    let mapping = PARTNERS.to_string()
        + r#"website = "Unit"
category_id = { each = "Tag", find = "res.partner.category", by = { name = "." }, none = "create", create = { name = "." }, set = "add" }
"#;
    let code = format!("X{run}");
    let tags = |names: &[&str]| names.iter().map(|name| format!("<Tag>{name} {run}</Tag>")).collect::<String>();
    let seen = || async {
        let found = world.odoo.search_read("res.partner", json!([["ref", "=", code]]), &["category_id", "website"]).await;
        (
            found[0]["category_id"].as_array().map_or(0, Vec::len),
            found[0]["website"].as_str().unwrap_or_default().to_string(),
            found[0]["id"].clone(),
        )
    };
    let catalogue = Catalogue::new(world, &mapping, "");
    catalogue.comes(&item(&code, &format!("<Unit>a.example</Unit>{}", tags(&["one", "two"])))).ends(0);
    let (count, website, id) = seen().await;
    assert_eq!((count, website.as_str()), (2, "http://a.example"), "Odoo writes addresses out");
    let own = world.odoo.create("res.partner.category", json!({"name": format!("own {run}")})).await;
    world.odoo.call("res.partner", "write", json!([[id], {"category_id": [[4, own]]}]), json!({})).await;
    let ran = catalogue.comes(&item(&code, &format!("<Unit>b.example</Unit>{}", tags(&["one", "three"])))).ends(0);
    assert!(!ran.out.contains("kept"), "{}", ran.out);
    assert_eq!(seen().await.0, 4, "one, two, the person's, three");

    catalogue.map(&mapping.replace("\"add\"", "\"replace\""));
    let code = format!("Y{run}");
    for names in [["b", "a"], ["a", "c"], ["d", "e"]] {
        let ran = catalogue.comes(&item(&code, &format!("<Unit>c.example</Unit>{}", tags(&names)))).ends(0);
        assert!(!ran.out.contains("kept"), "{}", ran.out);
        let found = world.odoo.search_read("res.partner", json!([["ref", "=", code]]), &["category_id"]).await;
        assert_eq!(found[0]["category_id"].as_array().map(Vec::len), Some(2));
    }
}

/// A count that Odoo refuses for one product is applied for the others, each once.
pub async fn a_count_that_is_refused_alone_keeps_no_other_from_being_applied(world: &World) {
    if world.sandbox.is_some() {
        return;
    }
    let run = goods::fresh();
    for (at, tracking) in [(1, "none"), (2, "serial"), (3, "none")] {
        let product =
            json!({"name": format!("Counted {run}"), "default_code": format!("Z{run}-{at}"), "is_storable": true, "tracking": tracking});
        world.odoo.create("product.product", product).await;
    }
    let mapping = r#"
each = "/Catalogue/Item"
model = "stock.quant"
identity = ["product_id", "location_id"]
write = "create"
context = { inventory_mode = true }
actions = ["action_apply_inventory"]
[fields]
product_id = { find = "product.product", by = { default_code = "Code" } }
location_id = { find = "stock.location", by = { complete_name = { const = "WH/Stock" } } }
inventory_quantity = { from = "Price", as = "decimal" }
"#;
    let catalogue = Catalogue::new(world, mapping, "allow_partial = true");
    let count = |at: u32, quantity: u32| item(&format!("Z{run}-{at}"), &format!("<Price>{quantity}</Price>"));
    let ran = catalogue.comes(&(count(1, 5) + &count(2, 7) + &count(3, 9)));
    let stock = |at: u32| async move {
        let domain = json!([["product_id.default_code", "=", format!("Z{run}-{at}")], ["location_id.complete_name", "=", "WH/Stock"]]);
        world.odoo.search_read("stock.quant", domain, &["quantity"]).await.iter().map(|quant| number(&quant["quantity"])).sum::<f64>()
    };
    assert_eq!((stock(1).await, stock(3).await), (5.0, 9.0), "{ran:?}");
}
