//! Commands as a person types them: what they say, and how they end.

use std::{fs, path::Path, process::Command};

use serde_json::json;

use crate::common::{goods, scenarios, world::World};

/// Ids, times and ports are different every time.
fn steady(world: &World, text: &str) -> String {
    let mut out = text
        .replace(&world.dir.path().display().to_string(), "DIR")
        .replace(&world.sftp.port.to_string(), "PORT")
        .replace(&world.odoo.url, "ODOO");
    for (pattern, with) in
        [("20NN-NN-NN NN:NN:NN", "TIME"), ("hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh", "ID"), (" hhhhhhhhhhhhhhhh)", " DIGEST)")]
    {
        out = masked(&out, pattern, with);
    }
    if let Some((before, behind)) = out.split_once(" MiB free") {
        out = format!("{} N MiB free{behind}", before.rsplit_once(' ').map_or("", |(before, _)| before));
    }
    for message in world.json(&["log", "--limit", "100"]).as_array().into_iter().flatten() {
        let id = message["id"].as_str().expect("an id");
        out = out.replace(&id[id.len() - 8..], "SHORT");
    }
    out
}

/// Replaces what fits a pattern: N stands for a digit, h for a hexadecimal digit.
fn masked(text: &str, pattern: &str, with: &str) -> String {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let fits = |at: usize| {
        pattern.iter().enumerate().all(|(offset, sign)| match (text.get(at + offset), sign) {
            (Some(c), 'N') => c.is_ascii_digit(),
            (Some(c), 'h') => c.is_ascii_hexdigit(),
            (Some(c), sign) => c == sign,
            (None, _) => false,
        })
    };
    let mut out = String::new();
    let mut at = 0;
    while at < text.len() {
        if fits(at) {
            out.push_str(with);
            at += pattern.len();
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    out
}

#[test]
fn the_sample_workspace_fits_as_it_lies_in_the_repository() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/workspace");
    let output = Command::new(env!("CARGO_BIN_EXE_consign")).arg("-w").arg(workspace).arg("check").output().expect("starts");
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout), @r"
    note: the flow `ubl-despatch-out` needs the schema `ubl-2.1/maindoc/UBL-DespatchAdvice-2.1.xsd`, which is not in the workspace (the flow is switched off)
          get it from OASIS, UBL 2.1 (os-UBL-2.1.zip, folder xsd), then: consign schemas add ubl-2.1 FOLDER-OR-ZIP
    note: the flow `ubl-orders-in` needs the schema `ubl-2.1/maindoc/UBL-Order-2.1.xsd`, which is not in the workspace (the flow is switched off)
          get it from OASIS, UBL 2.1 (os-UBL-2.1.zip, folder xsd), then: consign schemas add ubl-2.1 FOLDER-OR-ZIP
    6 flows of 2 partners: no problems
    ");
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn check_finds_a_misspelt_key_a_path_and_a_field_with_line_and_nearest_name() {
    let world = World::embedded().await;
    world.replace("mappings/order.toml", &[("\"OrderNumber\"", "\"OrderNumbr\""), ("product_uom_qty =", "product_uom_qyt =")]);
    world.replace("flows/despatch-out.toml", &[("\"scheduled_date\"", "\"schedule_date\"")]);
    let ran = world.consign(&["check"]).ends(1);
    insta::assert_snapshot!("check_fields_and_paths", ran.err);
    world.replace("mappings/order.toml", &[("identity = [\"partner_id\"", "identiy = [\"partner_id\"")]);
    let ran = world.consign(&["check"]).ends(1);
    assert!(
        ran.err.contains("no key `identiy`") && ran.err.contains("mappings/order.toml:6:1") && ran.err.contains("did you mean `identity`?"),
        "{}",
        ran.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_holds_csv_columns_templates_and_folders_against_what_there_is() {
    let world = World::embedded().await;
    world.replace("flows/products-in.toml", &[("= \"ListPrice\"", "= \"ListPrise\"")]);
    world.replace("templates/despatch-advice.xml", &[("{{ record.sale_id.name }}", "{{ record.sale_id.nmae }}")]);
    world.replace("flows/despatch-out.toml", &[("{{ file }}", "{{ fiel }}")]);
    let flow = fs::read_to_string(world.workspace().join("flows/orders-in.toml")).expect("a flow");
    fs::write(world.workspace().join("flows/orders-twice.toml"), flow).expect("written");
    let ran = world.consign(&["check"]).ends(1);
    insta::assert_snapshot!("check_columns_templates_and_folders", ran.err);
    world.replace("flows/orders-twice.toml", &[("out/orders", "../../elsewhere")]);
    world.replace("mappings/order.toml", &[("name            = \"Description\"", "product_uom_id  = \"Description\"")]);
    world.replace("consign.toml", &[("http://", "htp://")]);
    let ran = world.consign(&["check"]).ends(1);
    assert!(
        ran.err.contains("error[C114]: `folder` is a folder inside the drop") && ran.err.contains("begins with http://"),
        "{}",
        ran.err
    );
    world.replace("flows/orders-twice.toml", &[("../../elsewhere", "out/elsewhere")]);
    world.replace("consign.toml", &[("htp://", "http://")]);
    let ran = world.consign(&["check"]).ends(1);
    assert!(ran.err.contains("`product_uom_id` is a reference to `uom.uom`"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_tells_what_a_file_would_do_and_sends_nothing() {
    let world = World::embedded().await;
    let ran =
        world.consign(&["plan", "orders-in", &world.workspace().join("samples/orders-in/order-1001.xml").display().to_string()]).ends(0);
    insta::assert_snapshot!("plan_order", ran.out);
    let calls = world.sandbox.as_ref().expect("a sandbox").calls();
    assert_eq!(calls, Vec::<String>::new());
    let csv = world.json(&["plan", "products-in", &world.workspace().join("samples/products-in/artikel.csv").display().to_string()]);
    assert_eq!(csv["steps"][0]["records"].as_array().map(Vec::len), Some(4));
    let bad = world
        .consign(&["plan", "orders-in", &world.workspace().join("samples/orders-in/order-1003-invalid.xml").display().to_string()])
        .ends(1);
    assert_eq!(bad.err.matches("error[C212]").count(), 3, "{}", bad.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_log_show_errors_and_explain() {
    let world = World::embedded().await;
    let customer = goods::customer(&world.odoo).await;
    let product = goods::product(&world.odoo).await;
    world.drop_file("out/orders", "good.xml", goods::order("G-1", &customer, &[(&product, 1.0, 1.0)]));
    world.drop_file(
        "out/orders",
        "bad.xml",
        goods::order("B-1", &customer, &[(&product, 1.0, 1.0)]).replace("<Quantity>1</Quantity>", "<Quantity>one</Quantity>"),
    );
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    let log = world.consign(&["log"]).ends(0);
    assert!(log.out.contains("good.xml") && log.out.contains("bad.xml") && log.out.contains("C212"), "{}", log.out);
    let errors = world.consign(&["errors"]).ends(0);
    insta::assert_snapshot!("errors", steady(&world, &errors.out));
    let bad = world.messages("orders-in").into_iter().find(|message| message["name"] == "bad.xml").expect("a message");
    let show = world.consign(&["show", &bad["id"].as_str().expect("an id")[28..]]).ends(0);
    insta::assert_snapshot!("show_failed", steady(&world, &show.out).replace(&product.code, "T-1234567"));
    let good = world.messages("orders-in").into_iter().find(|message| message["name"] == "good.xml").expect("a message");
    let show = world.json(&["show", good["id"].as_str().expect("an id")]);
    assert_eq!(show["records"][0]["model"], "sale.order");
    assert_eq!(show["events"].as_array().map(Vec::len), Some(5), "{show}");
    let status = world.json(&["status"]);
    let orders = status.as_array().expect("a list").iter().find(|flow| flow["flow"] == "orders-in").expect("the flow");
    assert_eq!((orders["done"].as_i64(), orders["failed"].as_i64()), (Some(1), Some(1)));
    world.consign(&["status"]).ends(0);
    let explain = world.consign(&["explain", "c412"]).ends(0);
    insta::assert_snapshot!(explain.out, @r"
    C412: a record is not in Odoo

    The document names a product, partner or other record that Odoo does not have. Create it, or correct its number, then reprocess.

    owner: ops
    a retry does not help: fix the cause, then reprocess
    ");
    world.consign(&["explain", "C999"]).ends(2);
    world.consign(&["show", "ffffffff"]).ends(2);
    world.consign(&["run", "--once", "order-in"]).ends(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tries_everything() {
    let world = World::embedded().await;
    let ran = world.consign(&["doctor"]).ends(0);
    insta::assert_snapshot!("doctor", steady(&world, &ran.out));
    assert_eq!(world.partner_files(""), Vec::<String>::new(), "the probes are gone");
    let ran = world.consign_with(&["doctor"], &[("CONSIGN_ODOO_PASSWORD", "wrong")]).ends(2);
    assert!(ran.out.contains("FAIL  Odoo") && ran.out.contains("C502"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_host_key_is_accepted_with_the_command_that_the_problem_shows() {
    let world = World::embedded().await;
    fs::remove_file(world.workspace().join("known_hosts")).expect("removed");
    let ran = world.consign(&["run", "--once", "orders-in"]).ends(2);
    let command = ran.err.lines().find_map(|line| line.split("then: consign ").nth(1)).expect("a command").to_string();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[0], "trust");
    world.consign(&["trust", words[1], "--fingerprint", "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]).ends(2);
    world.consign(&words).ends(0);
    world.consign(&["run", "--once", "orders-in"]).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn validate_judges_files_without_a_workspace() {
    let world = World::embedded().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = root.join("schemas/order.xsd").display().to_string();
    let sample = |name: &str| root.join("samples/workspace/samples/orders-in").join(name).display().to_string();
    world.consign(&["validate", "--schema", &schema, &sample("order-1001.xml")]).ends(0);
    let ran =
        world.consign(&["--json", "validate", "--schema", &schema, &sample("order-1001.xml"), &sample("order-1003-invalid.xml")]).ends(1);
    let lines: Vec<serde_json::Value> = ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((lines[0]["valid"].as_bool(), lines[1]["problems"].as_array().map(Vec::len)), (Some(true), Some(3)));
    fs::write(
        world.workspace().join("schemas/broken.xsd"),
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>\n<xs:element name='a' typ='xs:string'/></xs:schema>",
    )
    .expect("written");
    let ran = world.consign(&["validate", "--schema", "broken.xsd", &sample("order-1001.xml")]).ends(2);
    assert!(ran.err.contains("error[C112]"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_are_added_from_a_folder_and_a_zip_when_they_compile() {
    let world = World::embedded().await;
    let set = world.dir.path().join("set");
    fs::create_dir_all(set.join("common")).expect("a folder");
    let schema = |body: &str| format!("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>{body}</xs:schema>");
    fs::write(set.join("main.xsd"), schema("<xs:include schemaLocation='common/types.xsd'/><xs:element name='a' type='t'/>"))
        .expect("written");
    fs::write(set.join("readme.txt"), "not a schema").expect("written");
    let missing = world.consign(&["schemas", "add", "mine", &set.display().to_string()]).ends(1);
    assert!(missing.err.contains("common/types.xsd"), "{}", missing.err);
    assert!(!world.workspace().join("schemas/mine").exists(), "nothing half-made stays");
    fs::write(set.join("common/types.xsd"), schema("<xs:simpleType name='t'><xs:restriction base='xs:string'/></xs:simpleType>"))
        .expect("written");
    world.consign(&["schemas", "add", "mine", &set.display().to_string()]).ends(0);
    assert_eq!(crate::common::world::files(&world.workspace().join("schemas/mine")), ["common/types.xsd", "main.xsd"]);
    world.consign(&["schemas", "add", "mine", &set.display().to_string()]).ends(2);
    world.consign(&["schemas", "add", "../out", &set.display().to_string()]).ends(2);

    let mut zip = zip::ZipWriter::new(fs::File::create(world.dir.path().join("set.zip")).expect("a file"));
    for name in ["x/main.xsd", "x/common/types.xsd"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("started");
        std::io::Write::write_all(&mut zip, &fs::read(set.join(&name[2..])).expect("a file")).expect("written");
    }
    zip.finish().expect("a zip");
    world.consign(&["schemas", "add", "zipped", &world.dir.path().join("set.zip").display().to_string()]).ends(0);
    let mut zip = zip::ZipWriter::new(fs::File::create(world.dir.path().join("evil.zip")).expect("a file"));
    zip.start_file("../../evil.xsd", zip::write::SimpleFileOptions::default()).expect("started");
    zip.finish().expect("a zip");
    let evil = world.consign(&["schemas", "add", "evil", &world.dir.path().join("evil.zip").display().to_string()]).ends(2);
    assert!(evil.err.contains("leaves the folder"), "{}", evil.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_never_reads_outside_its_folder() {
    let world = World::embedded().await;
    fs::write(world.dir.path().join("secret.xsd"), "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'/>").expect("written");
    for location in
        ["../../secret.xsd".to_string(), world.dir.path().join("secret.xsd").display().to_string(), "http://127.0.0.1:9/x.xsd".to_string()]
    {
        let text = format!(
            "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:include schemaLocation='{location}'/><xs:element name='a'/></xs:schema>"
        );
        fs::write(world.workspace().join("schemas/jailed.xsd"), text).expect("written");
        world.consign(&["validate", "--schema", "jailed.xsd", "none.xml"]).ends(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_schema_set_says_where_to_get_it() {
    let world = World::embedded().await;
    world.replace("flows/ubl-orders-in.toml", &[("= false", "= true")]);
    let ran = world.consign(&["check"]).ends(1);
    assert!(
        ran.err.contains("error[C113]") && ran.err.contains("get it from OASIS") && ran.err.contains("consign schemas add ubl-2.1"),
        "{}",
        ran.err
    );
    // The other flows work on.
    let ran = world.consign(&["run", "--once"]);
    assert!(ran.out.contains("orders-in        nothing to do") && ran.err.contains("error[C113]"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_odoo_do_not_grow_with_the_records() {
    let world = World::embedded().await;
    let customer = goods::customer(&world.odoo).await;
    let products = [goods::product(&world.odoo).await, goods::product(&world.odoo).await];
    let mut counts = Vec::new();
    for lines in [1usize, 50] {
        let before = world.sandbox.as_ref().expect("a sandbox").calls().len();
        let chosen: Vec<_> = (0..lines).map(|at| (&products[at % 2], 1.0, 2.0)).collect();
        world.drop_file("out/orders", &format!("o{lines}.xml"), goods::order(&format!("C-{lines}"), &customer, &chosen));
        world.consign(&["run", "--once", "orders-in"]).ends(0);
        counts.push(world.sandbox.as_ref().expect("a sandbox").calls().len() - before);
    }
    assert_eq!(counts[0], counts[1], "an order of 50 lines takes as many calls as one of 1");
    let orders = world.odoo.search_read("sale.order.line", json!([["order_id.client_order_ref", "=", "C-50"]]), &["id"]).await;
    assert_eq!(orders.len(), 50);
}

#[test]
fn demo_is_the_newcomers_first_minute() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_consign")).args(["demo", "--dir"]).arg(dir.path().join("demo")).output().expect("starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for sign in [
        "order     S00001 (PO-1001) of Nordwind Logistics: sale, 646.0 without tax",
        "error[C412]",
        "in/despatch-WH-OUT-00001.xml",
        "1 duplicate",
        "out/orders/order-1005.xml.part",
    ] {
        assert!(text.contains(sign), "{sign} is missing in:\n{text}");
    }
    scenarios::xmllint(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/despatch-advice.xsd"),
        &dir.path().join("demo/partner-nordwind/in/despatch-WH-OUT-00001.xml"),
    );
}

/// What docs/operations.md shows of consign.toml.
fn operations() -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md")).expect("the page");
    let blocks = page.split("```toml\n").skip(1).map(|rest| rest.split("\n```").next().expect("a block"));
    let ours: Vec<&str> =
        blocks.filter(|block| ["[alerts]", "[web]", "[traces]", "[keep]"].iter().any(|table| block.starts_with(table))).collect();
    assert_eq!(ours.len(), 4);
    ours.join("\n")
}

/// The reference by example is held against the code that reads such files: every key in it is known, every value accepted.
#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_reference_is_true() {
    let world = World::embedded().await;
    let reference = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md")).expect("the reference");
    let blocks: Vec<&str> = reference.split("```toml\n").skip(1).map(|rest| rest.split("\n```").next().expect("a block")).collect();
    let [odoo, further, partner, ftp, ends, inbound, schemas, given, csv, outbound, awaited] = blocks.as_slice() else {
        panic!("{} blocks", blocks.len())
    };
    let products = "direction = \"in\"\npartner = \"nordwind\"\nfolder = \"products\"\nformat = \"csv\"\nmapping = \"mappings/products.toml\"\nschedule = \"manual\"\n";
    for (file, text) in [
        ("consign.toml", format!("{odoo}\n{further}\n{}", operations())),
        ("templates/application-response.xml", "<Response>{{ file }}</Response>".to_string()),
        ("partners/nordwind.toml", (*partner).to_string()),
        ("partners/lumen.toml", format!("name = \"Lumen\"\n{ftp}")),
        ("flows/orders-in.toml", format!("{inbound}\n{given}")),
        ("flows/orders-long.toml", (*ends).to_string()),
        ("flows/products-in.toml", format!("{products}{csv}")),
        ("flows/invoices-in.toml", format!("{}{schemas}", products.replace("format = \"csv\"\n", ""))),
        ("flows/despatch-out.toml", format!("{outbound}\n{awaited}")),
    ] {
        fs::write(world.workspace().join(file), text).expect("written");
    }
    consign::endpoint::load(&world.workspace())
        .map(|_| ())
        .unwrap_or_else(|problems| panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
}

#[test]
fn the_mapping_reference_is_true() {
    let reference = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mapping.md")).expect("the reference");
    let blocks: Vec<&str> = reference.split("```toml\n").skip(1).map(|rest| rest.split("\n```").next().expect("a block")).collect();
    let [first, several, reference, answers] = blocks.as_slice() else { panic!("{} blocks", blocks.len()) };
    let field = format!(
        "document = \"o.xsd\"\neach = \"/O\"\nmodel = \"sale.order\"\nidentity = [\"partner_id\"]\n[fields]\npartner_id = {{ const = 1 }}\n{reference}\n"
    );
    for text in [*first, *several, &field, *answers] {
        if let Err(problems) = consign::mapping::Mapping::parse(text, "m.toml", &consign::mapping::tables::NoTables) {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_refuses_what_would_make_records_twice() {
    let world = World::embedded().await;
    world.replace("mappings/order.toml", &[("model ", "scope    = [[\"state\", \"=\", \"draft\"]]\nmodel ")]);
    let ran = world.consign(&["check"]).ends(1);
    assert!(ran.err.contains("`scope` needs write ="), "{}", ran.err);
    world.replace("mappings/order.toml", &[("scope    = [[\"state\", \"=\", \"draft\"]]", "write    = \"create\"")]);
    let ran = world.consign(&["check"]).ends(1);
    assert!(ran.err.contains("error[C120]: a second attempt cannot see that the first created a new sale.order"), "{}", ran.err);
    world.replace("flows/orders-in.toml", &[("direction", "allow_partial = true\nenvelope = { payload = \"/Message/Order\" }\ndirection")]);
    let ran = world.consign(&["check"]).ends(1);
    assert!(ran.err.contains("cannot be refused one by one"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_warns_of_a_key_that_ends_soon() {
    let world = World::embedded().await;
    let on = |days: i64| (chrono::Utc::now() + chrono::TimeDelta::days(days)).format("%Y-%m-%d %H:%M:%S").to_string();
    for (name, days) in [("later", 30), ("soon", 5)] {
        world.odoo.create("res.users.apikeys", serde_json::json!({"name": name, "user_id": 2, "expiration_date": on(days)})).await;
    }
    let ran = world.consign(&["doctor"]).ends(2);
    assert!(ran.out.contains("C511") && ran.out.contains("`soon`") && ran.out.contains("(in 4 days)"), "{}", ran.out);
    assert!(!ran.out.contains("`later`"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_is_broken_keeps_no_other_from_running() {
    let world = World::embedded().await;
    world.replace("mappings/stock-levels.toml", &[("model ", "modle ")]);
    let customer = goods::customer(&world.odoo).await;
    let product = goods::product(&world.odoo).await;
    world.drop_file("out/orders", "order.xml", goods::order("PO-1", &customer, &[(&product, 1.0, 2.0)]));
    let ran = world.consign(&["run", "--once"]).ends(2);
    assert!(ran.out.contains("orders-in        1 done") && !ran.out.contains("stock-in"), "{}", ran.out);
    assert!(ran.err.contains("no key `modle`") && ran.err.contains("did you mean `model`?"), "{}", ran.err);
    let ran = world.consign(&["run", "--once", "stock-in"]).ends(1);
    assert!(ran.err.contains("no key `modle`"), "{}", ran.err);
    world.consign(&["check"]).ends(1);
}
