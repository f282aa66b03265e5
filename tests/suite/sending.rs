//! How files go out: sequences, names that are taken, several records in one, what the partner does not collect.

use std::{fs, sync::Arc, time::Duration};

use consign::{
    model::{Clock, Code, ManualClock},
    transport::sftp::server::Quirks,
};
use serde_json::json;

use super::drops::Shop;
use crate::common::{
    checks::all_at_rest,
    goods,
    kills::kill_at,
    proxy::{Fault, Proxy},
    scenarios::only_pickings_of,
};

/// A shop with deliveries ready to go out, and the flow's `name` line replaced by these keys.
pub async fn sender(keys: &str, deliveries: usize) -> Shop {
    let shop = Shop::with("stable_for = \"0s\"").await;
    only_pickings_of(&shop.world, "despatch-out", shop.customer.id);
    shop.world.replace("flows/despatch-out.toml", &[("name      = \"despatch-{{ record.name | replace('/', '-') }}.xml\"", keys)]);
    shop.world.drop_file("out/stock", "count.xml", goods::levels("WH/Stock", &[(&shop.product, 9000.0)]));
    shop.world.consign(&["run", "--once", "stock-in"]).ends(0);
    more(&shop, deliveries);
    shop
}

pub fn more(shop: &Shop, deliveries: usize) {
    for _ in 0..deliveries {
        let number = format!("O-{}", goods::fresh());
        shop.drop(&format!("{number}.xml"), &shop.order(&number));
    }
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
}

fn sent(shop: &Shop) -> Vec<String> {
    shop.world.partner_files("in").into_iter().filter(|name| name.ends_with(".xml")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_has_no_gap_though_a_file_fails() {
    let shop = sender("name = \"despatch-{{ '%05d' | format(sequence) }}.xml\"\nsequence = 100", 2).await;
    shop.world.replace("templates/despatch-advice.xml", &[("<DespatchAdvice", "<DespatchAdvis")]);
    let template = fs::read_to_string(shop.world.workspace().join("templates/despatch-advice.xml")).expect("a template");
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(1);
    assert_eq!(sent(&shop), Vec::<String>::new(), "what breaks its schema is not sent");
    fs::write(shop.world.workspace().join("templates/despatch-advice.xml"), template.replace("<DespatchAdvis", "<DespatchAdvice"))
        .expect("mended");
    more(&shop, 2);
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(sent(&shop), ["despatch-00100.xml", "despatch-00101.xml"], "the failed ones gave their numbers back");
    for message in shop.world.messages("despatch-out").into_iter().filter(|message| message["stage"] == "failed") {
        shop.world.consign(&["reprocess", message["id"].as_str().expect("an id")]).ends(0);
    }
    assert_eq!(sent(&shop), ["despatch-00100.xml", "despatch-00101.xml", "despatch-00102.xml", "despatch-00103.xml"]);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_is_handled_as_the_flow_says() {
    for (exists, code) in [("fail", 1), ("replace", 0), ("number", 0)] {
        let shop = sender(&format!("name = \"latest.xml\"\nexists = \"{exists}\""), 1).await;
        shop.world.drop_file("in", "latest.xml", "<their/>");
        shop.world.drop_file("in", "latest-2.xml", "<their/>");
        shop.world.consign(&["run", "--once", "despatch-out"]).ends(code);
        let read = |name: &str| fs::read_to_string(shop.world.partner.join("in").join(name)).expect("a file");
        match exists {
            "fail" => assert_eq!((sent(&shop).len(), read("latest.xml").as_str()), (2, "<their/>")),
            "replace" => assert!(sent(&shop).len() == 2 && read("latest.xml").contains("DespatchAdvice")),
            _ => {
                assert_eq!(sent(&shop), ["latest-2.xml", "latest-3.xml", "latest.xml"]);
                assert!(read("latest-3.xml").contains("DespatchAdvice") && read("latest.xml") == "<their/>");
            }
        }
        all_at_rest(&shop.world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_being_written_may_lie_in_a_folder_of_its_own() {
    let shop = sender("name = \"despatch-{{ record.name | replace('/', '-') }}.xml\"", 1).await;
    shop.world.replace("flows/despatch-out.toml", &[("temporary = \".*.part\"", "temporary = \"uploading/*\"")]);
    kill_at(&shop.world, "despatch-out", "staged");
    let files = shop.world.partner_files("in");
    assert!(files.len() == 1 && files[0].starts_with("uploading/"), "{files:?}");
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    let files = shop.world.partner_files("in");
    assert!(files.len() == 1 && files[0].starts_with("despatch-"), "{files:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_records_go_out_in_one_file() {
    let shop = sender("name = \"despatches-{{ sequence }}.xml\"\nsequence = 1\nper_file = 2", 3).await;
    fs::write(
        shop.world.workspace().join("schemas/list.xsd"),
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><xs:element name=\"List\"><xs:complexType><xs:sequence>\
         <xs:element name=\"Name\" type=\"xs:token\" maxOccurs=\"2\"/></xs:sequence></xs:complexType></xs:element></xs:schema>",
    )
    .expect("written");
    fs::write(
        shop.world.workspace().join("templates/list.xml"),
        "<List>{% for record in records %}<Name>{{ record.name }}</Name>{% endfor %}</List>",
    )
    .expect("written");
    shop.world.replace(
        "flows/despatch-out.toml",
        &[("templates/despatch-advice.xml", "templates/list.xml"), ("despatch-advice.xsd", "list.xsd")],
    );
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    let names: Vec<usize> = sent(&shop)
        .iter()
        .map(|name| fs::read_to_string(shop.world.partner.join("in").join(name)).expect("a file").matches("<Name>").count())
        .collect();
    assert_eq!((sent(&shop), names), (vec!["despatches-1.xml".to_string(), "despatches-2.xml".to_string()], vec![2, 1]));
    assert_eq!(shop.world.odoo.count("mail.message", json!([["body", "like", "[consign "]])).await, 3, "a note on each");
    assert!(shop.world.consign(&["run", "--once", "despatch-out"]).ends(0).out.contains("nothing to do"));
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_partner_does_not_collect_is_told() {
    let shop = sender("name = \"despatch-{{ sequence }}.xml\"\nsequence = 1\npickup = \"2h\"", 2).await;
    let clock = Arc::new(ManualClock::new(chrono::Utc::now()));
    let engine = shop.engine().await.with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
    assert_eq!(engine.run("despatch-out").await.done, 2);
    let collected = fs::remove_file(shop.world.partner.join("in/despatch-1.xml"));
    collected.expect("collected");
    assert_eq!(engine.run("despatch-out").await.problems, []);
    clock.advance(chrono::TimeDelta::hours(3));
    let late = engine.run("despatch-out").await.problems;
    assert_eq!(late.iter().map(|problem| problem.code).collect::<Vec<_>>(), [Code::NotCollected]);
    assert!(late[0].message.contains("despatch-2.xml"), "{}", late[0]);
    engine.journal().close().await;
    let drops = shop.world.consign(&["drops", "despatch-out"]).ends(0);
    assert!(drops.out.contains("1 not collected") && drops.out.contains("despatch-2.xml"), "{}", drops.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_may_be_written_to_and_not_listed_is_sent_to_all_the_same() {
    let shop = sender("name = \"despatch-{{ sequence }}.xml\"\nsequence = 1\npickup = \"1h\"", 1).await;
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    more(&shop, 1);
    shop.world.server.as_ref().expect("embedded").behave(Quirks { denied: vec!["list"], ..Quirks::default() });
    let ran = shop.world.consign(&["run", "--once", "despatch-out"]);
    assert!(ran.out.contains("1 done"), "{ran:?}");
    assert_eq!(sent(&shop).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_that_was_refused_is_no_sending_though_the_temporary_file_is_gone() {
    let shop = sender("name = \"despatch-{{ sequence }}.xml\"\nsequence = 1", 1).await;
    shop.world.server.as_ref().expect("embedded").behave(Quirks { denied: vec!["rename"], ..Quirks::default() });
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(2);
    for part in shop.world.partner_files("in") {
        fs::remove_file(shop.world.partner.join("in").join(part)).expect("cleaned up by the partner");
    }
    shop.world.server.as_ref().expect("embedded").behave(Quirks::default());
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(sent(&shop), ["despatch-1.xml"], "uploaded again");
}

/// Killed in the middle of the call that writes the note, and started again before Odoo has committed it.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_odoo_commits_after_a_kill_is_not_written_again() {
    const SLOW: Duration = Duration::from_secs(4);
    let shop = sender("name = \"despatch-{{ record.name | replace('/', '-') }}.xml\"", 1).await;
    let proxy = Proxy::late_by(&shop.world.odoo.url, SLOW).await;
    shop.world.replace("consign.toml", &[(&shop.world.odoo.url, &proxy.url)]);
    proxy.plan_for("message_post", Fault::Slow);
    let mut child = shop.world.prepared(&["run", "--once", "despatch-out"]).spawn().expect("starts");
    while !proxy.has_struck() {
        assert!(child.try_wait().expect("asked").is_none(), "it ended without a note");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    let notes = async || shop.world.odoo.count("mail.message", json!([["body", "like", "[consign "]])).await;
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(notes().await, 0, "nobody looks yet");
    tokio::time::sleep(SLOW).await;
    shop.world.consign_later(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!((notes().await, sent(&shop).len()), (1, 1));
    all_at_rest(&shop.world);
}
