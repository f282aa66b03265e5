//! The report beside a refused file is in the partner's language: what is wrong with the document, nothing of our own house.

use std::fs;

use super::drops::Shop;

/// What the partner reads of an order that was refused.
async fn told(language: &str, order: impl Fn(&Shop) -> String) -> String {
    let shop = Shop::with("stable_for = \"0s\"").await;
    shop.world.replace("partners/nordwind.toml", &[("name ", &format!("language = \"{language}\"\nname "))]);
    shop.drop("order.xml", &order(&shop));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    let files = shop.world.partner_files("error");
    let report = files.iter().find(|name| name.ends_with(".problem.txt")).expect("a report");
    let text = fs::read_to_string(shop.world.partner.join("error").join(report)).expect("a text");
    let id = shop.world.messages("orders-in")[0]["id"].as_str().expect("an id").replace('-', "");
    text.replace(&id[24..], "1a2b3c4d").replace(&shop.product.barcode, "5701234000013").replace(&shop.customer.vat, "DK12345674")
}

fn wrong(shop: &Shop) -> String {
    shop.order("L-1").replace("2026-11-20", "20.11.2026").replace("<Quantity>1</Quantity>", "<Qantity>1</Qantity>")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_breaks_its_schema() {
    for language in ["en", "de", "fr", "es"] {
        insta::assert_snapshot!(format!("schema_{language}"), told(language, wrong).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_partners_business_is_said_to_be_ours() {
    let unknown = |shop: &Shop| shop.order("L-2").replace(&shop.customer.vat, "DK99999999").replace(&shop.customer.name, "Nobody");
    let text = told("de", unknown).await;
    insta::assert_snapshot!("ours_de", text);
    assert!(!text.contains("Odoo") && !text.contains("mapping"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_at_all() {
    insta::assert_snapshot!("cut_fr", told("fr", |shop| shop.order("L-3")[..200].to_string()).await);
    insta::assert_snapshot!("edifact_es", told("es", |_| "UNA:+.? 'UNB+UNOC:3+5790000000012'".to_string()).await);
}
