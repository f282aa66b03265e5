//! What the page shows of a flow: charts with their words, its drop as it is now, amounts, and how far a group of messages is.

use crate::common::{goods, site::Site};

use super::drops::Shop;

const FLOW: &str = "/flows/orders-in";

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_drawn_and_the_charts_are_said_in_words() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    Site::user(&shop.world, "vera", "viewer");
    let site = Site::of(&shop.world);
    let vera = site.signed_in(&shop.world, "vera").await;
    let page = vera.get(FLOW).await.text;
    assert!(!page.contains("class=\"spans\""), "a flow without messages has no charts: {page}");

    shop.drop("one.xml", &shop.order("P-1"));
    shop.drop("two.xml", &shop.order("P-2"));
    shop.drop("bad.xml", &shop.order("P-3").replace("<Quantity>1<", "<Quantity>one<"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    let page = vera.get(FLOW).await.text;
    assert_eq!(page.matches("class=\"spans\"").count(), 2, "{page}");
    assert!(page.contains("Last 3 messages: half are done within") && page.contains(", 1 not done"), "{page}");
    assert!(page.contains("Last message") && page.contains("longest time without one before"), "{page}");
    // What has not ended is drawn hollow: the refused file, and the silence since the last one.
    assert_eq!(page.matches("<rect class=\"open\"").count(), 2, "{page}");
    assert!(!page.contains("List the drop now"), "a viewer does not sign in to a partner's server");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_is_listed_as_it_is_now() {
    let shop = Shop::with("stable_for = \"0s\"\nmarker = \"{name}.done\"").await;
    for (name, role) in [("anna", "operator"), ("vera", "viewer")] {
        Site::user(&shop.world, name, role);
    }
    let site = Site::of(&shop.world);
    let (anna, vera) = (site.signed_in(&shop.world, "anna").await, site.signed_in(&shop.world, "vera").await);
    assert!(anna.get(&format!("{FLOW}/drop")).await.text.contains("The folder has no files for this flow"));
    shop.drop("waits<b>.xml", &shop.order("P-1"));
    shop.drop("ready.xml", &shop.order("P-2"));
    shop.drop("ready.xml.done", "");
    let page = anna.get(&format!("{FLOW}/drop")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let held = page.text.find("waits&lt;b&gt;.xml").expect("the held file, escaped");
    assert!(page.text.find("ready.xml").is_some_and(|ready| held < ready), "what needs attention is first: {}", page.text);
    assert!(page.text.contains("C317") && page.text.contains("the next run takes it") && page.text.contains("listed at"), "{}", page.text);
    assert_eq!(shop.world.messages("orders-in").len(), 0, "looking takes nothing");

    assert_eq!(vera.get(&format!("{FLOW}/drop")).await.status, 403);
    assert_eq!(anna.get("/flows/nowhere/drop").await.status, 404);
    shop.world.replace("partners/nordwind.toml", &[("port = ", "port = 1 # ")]);
    let site = Site::of(&shop.world);
    let anna = site.signed_in(&shop.world, "anna").await;
    let page = anna.get(&format!("{FLOW}/drop")).await;
    assert!(page.status == 200 && page.text.contains("C301"), "a server that is away is a sentence: {page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_have_the_amount_beside_the_number() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let numbers = "[numbers]\namount = \"/Order/Lines/Line/UnitPrice\"\ncurrency = \"/Order/Currency\"\n\n[fields]\n";
    shop.world.replace("mappings/order.toml", &[("[fields]\n", numbers)]);
    Site::user(&shop.world, "vera", "viewer");
    shop.drop("one.xml", &shop.order("P-1").replace("<Buyer>", "<Currency>EUR</Currency>\n  <Buyer>"));
    let two = goods::order("P-2", &shop.customer, &[(&shop.product, 1.0, 3.25), (&shop.product, 1.0, 4.75)]);
    shop.drop("two.xml", &two);
    shop.world.consign(&["run", "--once", "orders-in"]);
    let site = Site::of(&shop.world);
    let vera = site.signed_in(&shop.world, "vera").await;
    let page = vera.get("/messages").await.text;
    assert!(page.contains("data-name=\"amount\">2.5 EUR<"), "{page}");
    assert!(page.contains(">P-1</a>") && page.contains(">P-2</a>"), "the identity is still the number: {page}");
    assert!(!page.contains(">3.25") && !page.contains(">4.75"), "a file with several amounts shows none of them: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_reprocessed_together_are_followed() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let number = goods::fresh();
    let missing = goods::Product { id: 0, code: format!("T-{number}"), barcode: goods::gtin(number) };
    for copy in 1..=3 {
        shop.drop(&format!("order-{copy}.xml"), &goods::order(&format!("PO-{number}-{copy}"), &shop.customer, &[(&missing, 1.0, 10.0)]));
    }
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    Site::user(&shop.world, "anna", "operator");
    let site = Site::of(&shop.world);
    let anna = site.signed_in(&shop.world, "anna").await;
    let problems = anna.get("/problems").await.text;
    let cause = problems.split("href=\"/problems/").nth(1).and_then(|rest| rest.split('"').next()).expect("a cause").to_string();
    let started = anna.submit(&format!("/problems/{cause}"), &format!("/problems/{cause}"), &[("reason", "made in Odoo")]).await;
    assert_eq!(started.status, 303, "{}", started.text);
    let progress = anna.get(&started.location).await.text;
    assert!(progress.contains("0 of 3 processed") && progress.contains("max=\"3\" value=\"0\""), "{progress}");
    assert!(progress.contains("Next runs") && progress.contains(FLOW), "{progress}");

    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    let progress = anna.get(&started.location).await.text;
    assert!(progress.contains("3 of 3 processed") && progress.contains("<dt>failed</dt><dd>3</dd>"), "nobody made the product: {progress}");
    assert!(progress.contains("Messages with this failure now"), "{progress}");
    assert_eq!(anna.get("/problems/nowhere/reprocessed/0?of=0").await.status, 200, "nothing was reprocessed, and that is said");
}
