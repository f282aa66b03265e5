//! Answers, both ways: what partners say to what we sent, in files and in documents; what we say to what they sent.

use std::{fs, path::Path};

use serde_json::Value;

use super::{drops::Shop, sending::sender};
use crate::common::{checks::all_at_rest, kills::kill_at};

const NAME: &str = "name = \"despatch-{{ record.name | replace('/', '-') }}.xml\"";

fn append(shop: &Shop, file: &str, text: &str) {
    let file = shop.world.workspace().join(file);
    let before = fs::read_to_string(&file).expect("a file");
    fs::write(file, format!("{before}\n{text}\n")).expect("written");
}

/// Sent deliveries, each to be answered as these lines say.
async fn sent(answer: &str, deliveries: usize) -> (Shop, Vec<Value>) {
    let shop = sender(NAME, deliveries).await;
    append(&shop, "flows/despatch-out.toml", &format!("[answer]\n{answer}"));
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    let messages = shop.world.messages("despatch-out");
    assert_eq!(messages.len(), deliveries);
    (shop, messages)
}

fn text<'v>(message: &'v Value, key: &str) -> &'v str {
    message[key].as_str().expect("a text")
}

fn life(shop: &Shop, message: &Value) -> Value {
    shop.world.json(&["show", text(message, "id")])
}

/// The partner moves a file on its side.
fn moves(shop: &Shop, from: &str, to: &str) {
    let (from, to) = (shop.world.partner.join(from), shop.world.partner.join(to));
    fs::create_dir_all(to.parent().expect("a folder")).expect("made");
    fs::rename(from, to).expect("moved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_moved_to_done_accepts_and_one_moved_to_error_refuses_and_says_why() {
    let (shop, messages) =
        sent("within = \"4h\"\naccepted = [\"in/done/{name}\"]\nrefused = [\"in/error/{name}\"]\nreason = \"in/error/{name}.txt\"", 3)
            .await;
    let names: Vec<&str> = messages.iter().map(|message| text(message, "name")).collect();
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(life(&shop, &messages[0])["answer"]["reply"], "awaited");
    moves(&shop, &format!("in/{}", names[0]), &format!("in/done/{}", names[0]));
    moves(&shop, &format!("in/{}", names[1]), &format!("in/error/{}", names[1]));
    shop.world.drop_file("in/error", &format!("{}.txt", names[1]), "unknown GTIN\r\n in line 2\u{202e}\n");
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    let answers: Vec<Value> = messages.iter().map(|message| life(&shop, message)["answer"].clone()).collect();
    assert_eq!(
        (&answers[0]["reply"], &answers[1]["reply"], &answers[2]["reply"]),
        (&"accepted".into(), &"refused".into(), &"awaited".into())
    );
    assert_eq!(answers[1]["note"], "unknown GTIN in line 2\\u{202e}");
    let shown = shop.world.consign(&["show", text(&messages[1], "id")]).ends(0);
    assert!(shown.out.contains("answer   refused at ") && shown.out.contains("unknown GTIN in line 2"), "{}", shown.out);
    assert!(shown.out.contains("answered: refused: unknown GTIN"), "in its steps too: {}", shown.out);
    let listed = shop.world.json(&["log", "--answer", "refused"]);
    assert_eq!((listed.as_array().expect("a list").len(), text(&listed[0], "id")), (1, text(&messages[1], "id")));
    let before = life(&shop, &messages[1])["events"].as_array().expect("steps").len();
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(life(&shop, &messages[1])["events"].as_array().expect("steps").len(), before, "said once");
    // A person clears it up with the partner.
    shop.world.consign(&["answer", text(&messages[1], "id"), "--accepted"]).ends(2);
    shop.world.consign(&["answer", text(&messages[1], "id"), "--accepted", "--reason", "they found it", "--by", "anna"]).ends(0);
    let settled = life(&shop, &messages[1]);
    assert_eq!((&settled["answer"]["reply"], &settled["audit"][0]["who"]), (&"accepted".into(), &"anna".into()));
    // Sent again, it is to be answered again.
    shop.world.consign(&["resend", text(&messages[0], "id"), "--reason", "lost"]).ends(0);
    assert_eq!(life(&shop, &messages[0])["answer"]["reply"], "awaited", "the file in done answered the first sending");
    let order = shop.world.json(&["log", "orders-in"]);
    let refused = shop.world.consign(&["answer", text(&order[0], "id"), "--accepted", "--reason", "x"]).ends(2);
    assert!(refused.err.contains("expects no acknowledgement"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_beside_the_file_answers_the_document_it_names_and_no_other() {
    let (shop, messages) = sent("within = \"4h\"\naccepted = [\"acks/{stem}_*.ack\"]", 2).await;
    let stem = |message: &Value| text(message, "name").trim_end_matches(".xml").to_string();
    shop.world.drop_file("acks", &format!("{}_20261127.ack", stem(&messages[0])), "");
    shop.world.drop_file("acks", "despatch-unheard_1.ack", "");
    shop.world.consign(&["run", "--once", "despatch-out"]).ends(0);
    assert_eq!(life(&shop, &messages[0])["answer"]["reply"], "accepted");
    assert_eq!(life(&shop, &messages[1])["answer"]["reply"], "awaited");
    assert_eq!(shop.world.partner_files("acks").len(), 2, "what the partner put there is the partner's");
}

const RESPONSES: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="Responses"><xs:complexType><xs:sequence>
<xs:element name="Response" maxOccurs="unbounded"><xs:complexType><xs:sequence><xs:element name="Despatch" type="xs:token"/>
<xs:element name="Code" type="xs:token"/><xs:element name="Text" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
</xs:sequence></xs:complexType></xs:element></xs:schema>"#;

const MAPPING: &str = r#"document = "responses.xsd"
each     = "/Responses/Response"
model    = "consign.answer"
identity = ["number"]

[fields]
number = "Despatch"
reply  = { from = "Code", table = { AP = "accepted", RE = "refused", AB = "pending" } }
note   = { from = "Text", required = false }
"#;

const FLOW: &str = r#"direction = "in"
partner   = "nordwind"
folder    = "out/responses"
mapping   = "mappings/responses.toml"
schedule  = "manual"
stable_for = "0s"
"#;

fn write(shop: &Shop, file: &str, text: &str) {
    fs::write(shop.world.workspace().join(file), text).expect("written");
}

fn respond(shop: &Shop, name: &str, responses: &[(&str, &str, &str)]) {
    let one = |(number, code, why): &(&str, &str, &str)| {
        let why = if why.is_empty() { String::new() } else { format!("<Text>{why}</Text>") };
        format!("<Response><Despatch>{number}</Despatch><Code>{code}</Code>{why}</Response>")
    };
    let text = format!("<Responses>{}</Responses>", responses.iter().map(one).collect::<String>());
    shop.world.drop_file("out/responses", name, text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_the_partners_answers_those_it_names_by_their_business_numbers() {
    let (shop, messages) = sent("within = \"1d\"", 2).await;
    let numbers: Vec<String> =
        messages.iter().map(|message| life(&shop, message)["numbers"][0]["value"].as_str().expect("a number").into()).collect();
    write(&shop, "schemas/responses.xsd", RESPONSES);
    write(&shop, "mappings/responses.toml", MAPPING);
    write(&shop, "flows/responses-in.toml", FLOW);
    shop.world.consign(&["check"]).ends(0);
    respond(&shop, "r1.xml", &[(&numbers[0], "AB", ""), (&numbers[1], "RE", "two pallets damaged")]);
    shop.world.consign(&["run", "--once", "responses-in"]).ends(0);
    let answer = |at: usize| life(&shop, &messages[at])["answer"].clone();
    assert_eq!(
        (&answer(0)["reply"], &answer(1)["reply"], &answer(1)["note"]),
        (&"pending".into(), &"refused".into(), &"two pallets damaged".into())
    );
    let by = shop.world.messages("responses-in");
    assert_eq!(answer(1)["by_message"], by[0]["id"]);
    let shown = shop.world.consign(&["show", text(&by[0], "id")]).ends(0);
    assert!(shown.out.contains(&format!("acknowledges {}", text(&messages[1], "name"))), "{}", shown.out);
    respond(&shop, "r2.xml", &[(&numbers[0], "AP", "")]);
    shop.world.consign(&["run", "--once", "responses-in"]).ends(0);
    assert_eq!(answer(0)["reply"], "accepted", "the final word");
    // One that names nothing of ours is refused whole.
    respond(&shop, "r3.xml", &[(&numbers[0], "RE", ""), ("WH/OUT/99999", "AP", "")]);
    let ran = shop.world.consign(&["run", "--once", "responses-in"]).ends(1);
    assert!(ran.out.contains("1 failed"), "{}", ran.out);
    let errors = shop.world.consign(&["errors", "responses-in"]).ends(0);
    assert!(errors.out.contains("C421") && errors.out.contains("`WH/OUT/99999` is not a sent document"), "{}", errors.out);
    assert_eq!(answer(0)["reply"], "accepted", "half an answer is none");
    let bad = MAPPING.replace("\"accepted\"", "\"ok\"").replace("note   =", "remark =");
    write(&shop, "mappings/responses.toml", &bad);
    let check = shop.world.consign(&["check"]).ends(1);
    assert!(check.err.contains("`remark`") || check.out.contains("`remark`"), "{}{}", check.out, check.err);
    all_at_rest(&shop.world);
}

/// The mapping of docs/mapping.md, as it stands there.
fn documented() -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mapping.md")).expect("the page");
    let (_, rest) = page.split_once("# mappings/ubl-application-response.toml\n").expect("the mapping");
    rest.split("```").next().expect("its end").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ubl_application_response_answers_as_the_page_on_mappings_says() {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/ubl-2.1/schemas");
    if !schemas.is_dir() {
        eprintln!("LOUD: ../shared/corpus is absent: UBL application responses were NOT tested");
        return;
    }
    let (shop, messages) = sent("within = \"1d\"", 1).await;
    shop.world.consign(&["schemas", "add", "ubl-2.1", &schemas.display().to_string()]).ends(0);
    let number = life(&shop, &messages[0])["numbers"][0]["value"].as_str().expect("a number").to_string();
    write(&shop, "mappings/ubl-application-response.toml", &documented());
    write(&shop, "flows/responses-in.toml", &FLOW.replace("mappings/responses.toml", "mappings/ubl-application-response.toml"));
    shop.world.consign(&["check"]).ends(0);
    let party = "<cac:PartyName><cbc:Name>Someone</cbc:Name></cac:PartyName>";
    let response = format!(
        r#"<ApplicationResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2" xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>R-1</cbc:ID><cbc:IssueDate>2026-11-20</cbc:IssueDate>
  <cac:SenderParty>{party}</cac:SenderParty><cac:ReceiverParty>{party}</cac:ReceiverParty>
  <cac:DocumentResponse>
    <cac:Response><cbc:ResponseCode>RE</cbc:ResponseCode><cbc:Description>two pallets damaged</cbc:Description></cac:Response>
    <cac:DocumentReference><cbc:ID>{number}</cbc:ID></cac:DocumentReference>
  </cac:DocumentResponse>
</ApplicationResponse>"#
    );
    shop.world.drop_file("out/responses", "response.xml", response);
    shop.world.consign(&["run", "--once", "responses-in"]).ends(0);
    let answer = life(&shop, &messages[0])["answer"].clone();
    assert_eq!((&answer["reply"], &answer["note"]), (&"refused".into(), &"two pallets damaged".into()));
    all_at_rest(&shop.world);
}

/// Orders are answered with this.
async fn answering(keys: &str, template: Option<&str>) -> Shop {
    let shop = Shop::with("stable_for = \"0s\"").await;
    if let Some(template) = template {
        write(&shop, "templates/answer.xml", template);
    }
    append(&shop, "flows/orders-in.toml", &format!("[answer]\nfolder = \"in/answers\"\n{keys}"));
    shop.world.consign(&["check"]).ends(0);
    shop
}

fn answer(shop: &Shop, name: &str) -> Option<String> {
    fs::read_to_string(shop.world.partner.join(Path::new("in/answers")).join(name)).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_answered_once_it_is_done_or_refused() {
    let template = "<Answer><File>{{ file }}</File><Accepted>{{ accepted }}</Accepted>{% for problem in problems %}\
                    <Problem line=\"{{ problem.line or 0 }}\">{{ problem.sentence }}</Problem>{% endfor %}<Order>{{ numbers.order | default('?') }}</Order></Answer>";
    let shop = answering("name = \"{{ stem }}.answer.xml\"\ntemplate = \"templates/answer.xml\"", Some(template)).await;
    shop.world.replace("mappings/order.toml", &[("[fields]", "[numbers]\norder = \"/Order/OrderNumber\"\n\n[fields]")]);
    shop.drop("good.xml", &shop.order("A-1"));
    shop.drop("bad&<.xml", &shop.order("A-2").replace("<Quantity>1", "<Quantity>one"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    let good = answer(&shop, "good.answer.xml").expect("an answer");
    assert!(good.contains("<Accepted>true</Accepted>") && good.contains("<Order>A-1</Order>"), "{good}");
    let names = shop.world.partner_files("in/answers");
    let bad = names.iter().find(|name| name.starts_with("bad")).and_then(|name| answer(&shop, name)).expect("an answer");
    assert!(bad.contains("<File>bad&amp;&lt;.xml</File><Accepted>false</Accepted><Problem line="), "{bad}");
    assert_eq!(names.len(), 2, "nothing half-written is left: {names:?}");
    let message = shop.world.messages("orders-in").into_iter().find(|message| message["name"] == "good.xml").expect("a message");
    let shown = shop.world.consign(&["show", text(&message, "id")]).ends(0);
    assert!(shown.out.contains("acknowledged with in/answers/good.answer.xml: accepted"), "{}", shown.out);
    all_at_rest(&shop.world);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_flow_says_is_answered_and_an_empty_file_will_do() {
    let shop = answering("name = \"{{ file }}.ack\"\non = [\"done\"]", None).await;
    shop.drop("good.xml", &shop.order("B-1"));
    shop.drop("bad.xml", "<Order/>");
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    assert_eq!(shop.world.partner_files("in/answers"), ["good.xml.ack"]);
    assert_eq!(answer(&shop, "good.xml.ack").as_deref(), Some(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_made_is_told_and_given_once_it_can() {
    let schema = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><xs:element name=\"Ok\" type=\"xs:token\"/></xs:schema>";
    let shop = Shop::with("stable_for = \"0s\"").await;
    write(&shop, "schemas/ok.xsd", schema);
    write(&shop, "templates/answer.xml", "<Wrong/>");
    append(
        &shop,
        "flows/orders-in.toml",
        "[answer]\nfolder = \"in/answers\"\nname = \"{{ stem }}.xml\"\ntemplate = \"templates/answer.xml\"\nschema = \"ok.xsd\"",
    );
    shop.drop("good.xml", &shop.order("C-1"));
    let ran = shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    assert!(ran.err.contains("C422") && ran.err.contains("`good.xml`") && ran.err.contains("could not be acknowledged"), "{}", ran.err);
    assert_eq!(answer(&shop, "good.xml"), None, "what breaks its schema is not given");
    write(&shop, "templates/answer.xml", "<Ok>{{ message }}</Ok>");
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert!(answer(&shop, "good.xml").is_some());
    all_at_rest(&shop.world);
}

/// Answers that are messages of their own, the oldest first.
fn answers(shop: &Shop) -> Vec<Value> {
    let listed = shop.world.consign(&["--json", "log", "orders-in", "--with-answers", "--limit", "50"]).ends(0);
    let messages: Vec<Value> = serde_json::from_str(&listed.out).expect("JSON");
    messages.into_iter().rev().filter(|message| message.get("answers").is_some()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_a_message_of_its_own_and_counted_nowhere() {
    let shop = answering("name = \"{{ stem }}.ack\"", None).await;
    shop.drop("good.xml", &shop.order("D-1"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    let (orders, given) = (shop.world.messages("orders-in"), answers(&shop));
    assert_eq!((orders.len(), given.len()), (1, 1), "it is in no list but where it is asked for");
    assert_eq!((&given[0]["stage"], &given[0]["path"]), (&"done".into(), &"in/answers/good.ack".into()));
    assert_eq!(given[0]["parent"], orders[0]["id"]);
    let status = shop.world.consign(&["--json", "status"]).ends(0);
    let status: Value = serde_json::from_str(&status.out).expect("JSON");
    let flow = status.as_array().expect("flows").iter().find(|flow| flow["id"] == "orders-in" || flow["flow"] == "orders-in").expect("it");
    assert!(flow.to_string().contains("\"done\":1"), "one document: {flow}");
    let shown = shop.world.consign(&["show", text(&orders[0], "id")]).ends(0);
    assert!(shown.out.contains("answered ") && shown.out.contains("good.ack"), "{}", shown.out);
    let shown = shop.world.consign(&["show", text(&given[0], "id")]).ends(0);
    assert!(
        shown.out.contains("answers ") && shown.out.contains("good.xml") && shown.out.contains("send in/answers/good.ack"),
        "{}",
        shown.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_put_keeps_no_file_from_its_archive_and_is_tried_by_itself() {
    let shop = answering("name = \"{{ stem }}.ack\"", None).await;
    // Where the folder should be lies a file.
    let place = shop.world.partner.join("in/answers");
    fs::create_dir_all(place.parent().expect("a folder")).expect("made");
    fs::write(&place, "in the way").expect("written");
    shop.drop("good.xml", &shop.order("E-1"));
    shop.world.consign(&["run", "--once", "orders-in"]);
    assert_eq!(shop.world.messages("orders-in")[0]["stage"], "done");
    assert!(shop.world.partner_files("out/orders").is_empty(), "the order is in its archive");
    let given = answers(&shop);
    assert!(given.len() == 1 && given[0]["stage"] != "done", "{given:?}");
    let told = shop.world.consign(&["errors"]);
    assert!(told.out.contains(&text(&given[0], "id")[28..]), "who looks for what needs someone sees it: {}", told.out);
    fs::remove_file(&place).expect("removed");
    if given[0]["stage"] == "failed" {
        shop.world.consign(&["reprocess", text(&given[0], "id")]).ends(0);
    } else {
        shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    }
    assert_eq!(answer(&shop, "good.ack").as_deref(), Some(""));
    assert_eq!(answers(&shop)[0]["stage"], "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_outcome_is_answered_in_the_place_of_an_earlier_one() {
    let shop = answering("name = \"{{ stem }}.txt\"\ntemplate = \"templates/answer.xml\"", Some("{{ accepted }}")).await;
    shop.drop("bad.xml", &shop.order("F-1").replace(&shop.product.code, "LATER").replace(&shop.product.barcode, "5701234000099"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    assert_eq!(answer(&shop, "bad.txt").as_deref(), Some("false"));
    shop.world.odoo.create("product.product", serde_json::json!({"name": "New", "default_code": "LATER"})).await;
    let order = shop.world.messages("orders-in");
    shop.world.consign(&["reprocess", text(&order[0], "id")]).ends(0);
    assert_eq!(answer(&shop, "bad.txt").as_deref(), Some("true"), "the newer one");
    assert_eq!(answers(&shop).len(), 2);
    // What a person has discarded is not made again.
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(answers(&shop).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_answered_once_wherever_we_are_killed() {
    for checkpoint in ["applied", "archived", "moved", "rendered", "planned", "staged", "renamed"] {
        let shop = answering("name = \"{{ message }}.txt\"\ntemplate = \"templates/answer.xml\"", Some("{{ accepted }}")).await;
        shop.drop("good.xml", &shop.order("K-1"));
        kill_at(&shop.world, "orders-in", checkpoint);
        shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
        let names = shop.world.partner_files("in/answers");
        assert_eq!(names.len(), 1, "killed at {checkpoint}: {names:?}");
        assert_eq!(answer(&shop, &names[0]).as_deref(), Some("true"), "killed at {checkpoint}");
        let given = answers(&shop);
        assert_eq!((given.len(), &given[0]["stage"]), (1, &"done".into()), "killed at {checkpoint}");
        all_at_rest(&shop.world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_kept_back_never_replaces_a_younger_one() {
    let shop = answering("name = \"{{ stem }}.txt\"\ntemplate = \"templates/answer.xml\"", Some("{{ accepted }}")).await;
    let place = shop.world.partner.join("in/answers");
    fs::create_dir_all(place.parent().expect("a folder")).expect("made");
    fs::write(&place, "in the way").expect("written");
    shop.drop("order.xml", "<Order/>");
    shop.world.consign(&["run", "--once", "orders-in"]);
    let kept = answers(&shop);
    assert_ne!(kept[0]["stage"], "done");
    shop.world.consign(&["hold", text(&kept[0], "id"), "--reason", "not now"]).ends(0);
    fs::remove_file(&place).expect("removed");
    shop.drop("order.xml", &shop.order("G-1"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(answer(&shop, "order.txt").as_deref(), Some("true"));
    shop.world.consign(&["release", text(&kept[0], "id")]);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(answer(&shop, "order.txt").as_deref(), Some("true"), "the younger one stays");
    assert_eq!(answers(&shop)[0]["stage"], "discarded");
    assert_eq!(shop.world.partner_files("in/answers"), ["order.txt"], "and nothing is left of the older one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_answers_no_more_says_so_of_answers_that_are_left_and_goes_on() {
    let shop = answering("name = \"{{ stem }}.txt\"", None).await;
    shop.drop("order.xml", &shop.order("H-1"));
    kill_at(&shop.world, "orders-in", "archived");
    let flow = shop.world.workspace().join("flows/orders-in.toml");
    let with = fs::read_to_string(&flow).expect("a flow");
    fs::write(&flow, with.split("[answer]").next().expect("before")).expect("written");
    shop.drop("next.xml", &shop.order("H-2"));
    let ran = shop.world.consign(&["run", "--once", "orders-in"]);
    assert!(ran.err.contains("C424"), "{ran:?}");
    assert!(shop.world.messages("orders-in").iter().all(|message| message["stage"] == "done"));
    let left = answers(&shop);
    assert_eq!(left[0]["stage"], "held");
    fs::write(&flow, with).expect("written");
    shop.world.consign(&["release", text(&left[0], "id")]).ends(0);
    shop.world.consign(&["run", "--once", "orders-in"]).ends(0);
    assert_eq!(shop.world.partner_files("in/answers"), ["order.txt"]);
}
