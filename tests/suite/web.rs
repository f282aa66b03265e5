//! The web page: what each role sees and may do, and what attackers try.

use std::fs;

use reqwest::{Method, header};
use serde_json::{Value, json};

use super::drops::Shop;
use crate::common::{
    goods,
    site::{Site, Visitor},
    world::World,
};

fn id_of(world: &World, name: &str) -> String {
    let found = world.messages("orders-in").into_iter().find(|message| message["name"] == name);
    found.and_then(|message| message["id"].as_str().map(str::to_string)).unwrap_or_else(|| panic!("no message {name}"))
}

/// A world with a message that failed (`bad.xml`), users of every role, and its page.
pub async fn site(web: &str) -> (Shop, Site) {
    let shop = Shop::with("stable_for = \"0s\"").await;
    shop.drop("bad.xml", &shop.order("W-1").replace("<Quantity>1<", "<Quantity>one<"));
    shop.world.consign(&["run", "--once", "orders-in"]).ends(1);
    for (name, role) in [("vera", "viewer"), ("anna", "operator"), ("root", "admin")] {
        Site::user(&shop.world, name, role);
    }
    let file = shop.world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("a file");
    fs::write(&file, format!("{text}\n[web]\n{web}\n")).expect("written");
    let site = Site::of(&shop.world);
    (shop, site)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_found_understood_and_done_again_from_the_page() {
    let shop = Shop::with("stable_for = \"0s\"").await;
    let world = &shop.world;
    let number = goods::fresh();
    let product = goods::Product { id: 0, code: format!("T-{number}"), barcode: goods::gtin(number) };
    for copy in 1..=3 {
        let order = goods::order(&format!("PO-{number}-{copy}"), &shop.customer, &[(&product, 1.0, 10.0)]);
        shop.drop(&format!("order-{copy}.xml"), &order);
    }
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    Site::user(world, "anna", "operator");
    let site = Site::of(world);
    let anna = site.signed_in(world, "anna").await;
    let overview = anna.get("/").await;
    assert_eq!(overview.status, 200, "{}", overview.text);
    assert!(overview.text.contains("orders-in") && overview.text.contains("3 messages: "), "{}", overview.text);
    let problems = anna.get("/problems").await.text;
    assert!(problems.contains(&product.barcode), "{problems}");
    let cause = problems.split("href=\"/problems/").nth(1).and_then(|rest| rest.split('"').next()).expect("a cause").to_string();
    let page = anna.get(&format!("/problems/{cause}")).await;
    assert!(page.text.contains("Reprocess all 3") && page.text.contains("order-2.xml"), "{}", page.text);

    let one = anna.get(&format!("/messages?q=PO-{number}-2")).await;
    assert_eq!(one.status, 303, "one message is gone to at once: {}", one.text);
    let message = anna.get(&one.location).await.text;
    assert!(message.contains("<mark>") && message.contains(&product.barcode), "{message}");
    let original = anna.get(&format!("{}/original", one.location)).await.text;
    assert!(original.contains("class=\"marked\"") && original.contains("&lt;Order"), "{original}");

    let values = json!({"name": "Found at last", "default_code": product.code, "barcode": product.barcode, "is_storable": true});
    world.odoo.create("product.product", values).await;
    let confirm = anna.get(&format!("{}/do/reprocess", one.location)).await.text;
    assert!(confirm.contains("1 to create, 0 to update"), "{confirm}");
    let again = anna.submit(&format!("/problems/{cause}"), &format!("/problems/{cause}"), &[("reason", "made in Odoo")]).await;
    assert_eq!(again.status, 303, "{}", again.text);
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    let done = anna.get(&one.location).await.text;
    assert!(done.contains(&format!("client_order_ref = &quot;PO-{number}-2&quot;")), "its plan: {done}");
    assert!(done.contains("/odoo/sale.order/") && done.contains("made in Odoo") && done.contains("<b>anna</b>"), "{done}");
    assert!(anna.get("/problems").await.text.contains("Nothing failed"));
    let audit = anna.get("/audit").await.text;
    assert_eq!(audit.matches("made in Odoo").count(), 3, "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_copy_is_looked_at_before_it_is_processed() {
    let (shop, site) = site("").await;
    let (world, anna) = (&shop.world, site.signed_in(&shop.world, "anna").await);
    let edit = format!("/messages/{}/edit", id_of(world, "bad.xml"));
    let text = shop.order("W-1").replace("<Quantity>1<", "<Quantity>one<");
    assert!(anna.get(&edit).await.text.contains("&lt;Quantity&gt;one&lt;"));
    let still = anna.submit(&edit, &edit, &[("text", &text.replace("one", "two")), ("look", "")]).await;
    assert!(still.text.contains("`two` is not a valid") && !still.text.contains("can be planned"), "{}", still.text);
    let mended = text.replace("one", "1");
    let fine = anna.submit(&edit, &edit, &[("text", &mended), ("reason", "a number"), ("look", "")]).await;
    for part in ["can be planned", "class=\"gone\"", "value=\"a number\""] {
        assert!(fine.text.contains(part), "{part}: {}", fine.text);
    }
    let unreasoned = anna.submit(&edit, &edit, &[("text", &mended), ("process", "")]).await;
    assert_eq!(unreasoned.status, 400, "an edit needs a reason");
    let copy = anna.submit(&edit, &edit, &[("text", &mended), ("reason", "a number"), ("process", "")]).await;
    assert_eq!(copy.status, 303, "{}", copy.text);
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    let page = anna.get(&copy.location).await.text;
    assert!(page.contains("<span class=\"stage done\">") && page.contains("created from"), "{page}");
    let deed = &world.json(&["audit"])[0];
    assert_eq!((deed["who"].as_str(), deed["action"].as_str(), deed["reason"].as_str()), (Some("anna"), Some("edit"), Some("a number")));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_held_released_and_discarded_from_the_page() {
    let (shop, site) = site("").await;
    let (world, anna) = (&shop.world, site.signed_in(&shop.world, "anna").await);
    let page = format!("/messages/{}", id_of(world, "bad.xml"));
    let discard = format!("{page}/do/discard");
    assert!(anna.get(&page).await.text.contains(&format!("href=\"{discard}\"")));
    assert_eq!(anna.submit(&discard, &discard, &[("reason", " ")]).await.status, 400, "with a reason only");
    assert_eq!(anna.submit(&discard, &discard, &[("reason", "a test of theirs")]).await.status, 303);
    assert!(anna.get(&page).await.text.contains("a test of theirs"));
    let twice = anna.submit("/account", &discard, &[("reason", "again")]).await;
    assert_eq!(twice.status, 409, "{}", twice.text);
    assert!(twice.text.contains("discarded"), "{}", twice.text);
    for (action, status) in [("release", 409), ("hold", 409), ("explode", 409)] {
        assert_eq!(anna.submit("/account", &format!("{page}/do/{action}"), &[("reason", "r")]).await.status, status, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_or_does_more_than_the_role_allows() {
    let (shop, site) = site("").await;
    let world = &shop.world;
    let message = format!("/messages/{}", id_of(world, "bad.xml"));
    let pages = ["/", "/problems", "/messages", &message, "/flows/orders-in", "/alerts", "/audit", "/account"];
    let (edit, reprocess) = (format!("{message}/edit"), format!("{message}/do/reprocess"));
    let (original, file) = (format!("{message}/original"), format!("{message}/file"));
    let nobody = site.visitor();
    for page in pages.into_iter().chain([edit.as_str(), &reprocess, &original, &file, "/users"]) {
        let answer = nobody.get(page).await;
        assert_eq!((answer.status, answer.location.starts_with("/signin")), (303, true), "{page}");
        assert!(!answer.text.contains("orders-in"), "{page}");
        if !matches!(page, "/" | "/messages" | "/audit" | "/problems" | "/alerts") {
            assert!(matches!(nobody.post(page, &[("csrf", "")]).await.status, 303 | 405), "{page}");
        }
    }
    let vera = site.signed_in(world, "vera").await;
    for page in pages {
        assert_eq!(vera.get(page).await.status, 200, "{page}");
    }
    for page in [edit.as_str(), &reprocess, "/users"] {
        assert_eq!(vera.get(page).await.status, 403, "{page}");
        assert_eq!(vera.submit("/account", page, &[("reason", "r"), ("name", "x"), ("text", "t")]).await.status, 403, "{page}");
    }
    assert!(!vera.get(&message).await.text.contains("/do/"), "no button that would be refused");
    assert_eq!(vera.submit("/account", "/alerts/mute", &[("key", "failed/orders-in")]).await.status, 403);
    let anna = site.signed_in(world, "anna").await;
    assert_eq!(anna.get(&reprocess).await.status, 200);
    assert_eq!(anna.get("/users").await.status, 403);
    let root = site.signed_in(world, "root").await;
    let made = root.submit("/users", "/users", &[("name", "otto"), ("role", "viewer"), ("password", "a long password")]).await;
    assert_eq!(made.status, 303, "{}", made.text);
    assert_eq!(root.submit("/users", "/users", &[("name", "otto"), ("role", "emperor")]).await.status, 400);
    assert_eq!(root.submit("/users", "/users", &[("name", "root"), ("role", "viewer")]).await.status, 400, "not oneself");
    assert_eq!(root.submit("/users", "/users", &[("name", "anna"), ("role", "viewer")]).await.status, 303);
    assert_eq!(anna.get("/").await.status, 303, "who got another role signs in anew");
    assert!(world.json(&["audit"]).to_string().contains("otto (viewer)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_cannot_be_guessed_stolen_from_disk_or_used_after_its_end() {
    let (shop, site) = site("").await;
    let world = &shop.world;
    let password = fs::read_to_string(world.dir.path().join("anna.password")).expect("a password");
    let answer = site.visitor().post("/signin", &[("name", "anna"), ("password", &password), ("next", "//evil.example")]).await;
    assert_eq!(answer.location, "/", "no open redirect");
    assert!(answer.cookie.contains("HttpOnly") && answer.cookie.contains("SameSite=Lax") && answer.cookie.contains("Path=/"), "{answer:?}");
    let token = answer.cookie.split([';', '=']).nth(1).expect("a value").to_string();
    assert_eq!(token.len(), 64);
    for file in ["journal.sqlite", "journal.sqlite-wal"] {
        let bytes = fs::read(world.workspace().join("var").join(file)).unwrap_or_default();
        let has = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        assert!(!has(&token) && !has(&password), "{file} has neither session nor password");
    }
    let anna = site.signed_in(world, "anna").await;
    let stolen = Visitor { cookie: anna.cookie.clone(), ..anna.clone() };
    assert_eq!(stolen.get("/").await.status, 200);
    assert_eq!(anna.submit("/", "/signout", &[]).await.status, 303);
    assert_eq!(stolen.get("/").await.status, 303, "signed out is signed out");
    for cookie in ["consign=", "consign=0", "consign='; drop table session; --", &format!("other={token}"), "consign=\u{fffd}"] {
        let guess = Visitor { cookie: cookie.to_string(), ..anna.clone() };
        assert_eq!(guess.get("/").await.status, 303, "{cookie}");
    }
    world.consign(&["user", "remove", "vera"]).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_not_guessed_and_names_not_found_out() {
    let (shop, site) = site("").await;
    let visitor = site.visitor();
    let attempt = |name: &'static str, password: &'static str| {
        let visitor = visitor.clone();
        async move { visitor.post("/signin", &[("name", name), ("password", password)]).await }
    };
    let (known, unknown) = (attempt("anna", "wrong").await, attempt("nobody", "wrong").await);
    assert_eq!((known.status, unknown.status), (401, 401));
    let message = |text: &str| text.split("role=\"alert\">").nth(1).map(|rest| rest.split("</div>").next().unwrap_or_default().to_string());
    assert_eq!(message(&known.text), message(&unknown.text));
    for _ in 0..5 {
        attempt("anna", "wrong").await;
    }
    let password = fs::read_to_string(shop.world.dir.path().join("anna.password")).expect("a password");
    let throttled = visitor.post("/signin", &[("name", "anna"), ("password", &password)]).await;
    assert_eq!(throttled.status, 401, "the right one has to wait, too");
    assert!(throttled.text.contains("too many wrong passwords"), "{}", throttled.text);
    let huge = "x".repeat(20_000);
    assert_eq!(visitor.post("/signin", &[("name", "vera"), ("password", &huge)]).await.status, 401);
    assert_eq!(visitor.post("/signin", &[("name", "vera"), ("password", &huge), ("next", &huge)]).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_page_does_nothing() {
    let (shop, site) = site("").await;
    let world = &shop.world;
    let discard = format!("/messages/{}/do/discard", id_of(world, "bad.xml"));
    let (anna, vera) = (site.signed_in(world, "anna").await, site.signed_in(world, "vera").await);
    let (own, other) = (anna.token("/").await, vera.token("/").await);
    for token in ["", "0", &other] {
        assert_eq!(anna.post(&discard, &[("csrf", token), ("reason", "r")]).await.status, 403, "{token}");
    }
    assert_eq!(anna.post(&discard, &[("reason", "r")]).await.status, 403, "no token at all");
    let form = format!("csrf={own}&reason=r");
    let kind = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
    {
        let request = anna.request(Method::POST, &discard).header(kind.0.clone(), kind.1).header(name, value).body(form.clone());
        assert_eq!(anna.send(request).await.status, 403, "{name}: {value}");
    }
    for body in [format!("{{\"csrf\":\"{own}\"}}"), String::new()] {
        let request = anna.request(Method::POST, &discard).header(kind.0.clone(), "text/plain").body(body);
        assert_eq!(anna.send(request).await.status, 400);
    }
    let get = anna.get(&format!("{discard}?csrf={own}&reason=r")).await;
    assert_eq!(get.status, 200, "looking does nothing");
    assert_eq!(world.messages("orders-in")[0]["stage"], "failed");
    let signin = site.visitor();
    let request =
        signin.request(Method::POST, "/signin").header("origin", "https://evil.example").header(kind.0, kind.1).body("name=a&password=b");
    assert_eq!(signin.send(request).await.status, 403, "nobody is signed in as someone else by another page");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_partner_sends_runs_on_the_page() {
    let evil = "<script>alert(1)</script>";
    let name = "x\"'><img src=x onerror=alert(1)>.xml";
    let (shop, site) = site("").await;
    let world = &shop.world;
    let order = shop.order("W-2").replace("<Quantity>1<", &format!("<Quantity>{}<", evil.replace('<', "&lt;")));
    shop.drop(name, &order);
    shop.drop(
        "note.xml",
        &shop
            .order("</textarea><script>alert(2)</script>")
            .replace("</textarea><script>", "&lt;/textarea>&lt;script>")
            .replace("</script>", "&lt;/script>"),
    );
    shop.drop(
        "raw.xml",
        "<Order xmlns:x='javascript:alert(1)'><a href=\"javascript:alert(1)\"><![CDATA[</textarea><script>alert(3)</script>]]></a></Order>",
    );
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    let anna = site.signed_in(world, "anna").await;
    let ids: Vec<String> = world.messages("orders-in").iter().map(|message| message["id"].as_str().expect("an id").to_string()).collect();
    assert_eq!(ids.len(), 4);
    let mut pages: Vec<String> = ["/", "/problems", "/messages", "/audit", "/flows/orders-in", "/alerts"].map(String::from).to_vec();
    for id in &ids {
        pages.extend(["", "/original", "/edit", "/do/discard", "/do/reprocess"].map(|end| format!("/messages/{id}{end}")));
    }
    for query in [
        "q=%3Cscript%3Ealert(9)%3C/script%3E",
        "flow=%22%3E%3Cscript%3E",
        "since=%22%3E%3Cscript%3E",
        "stage=%22%3E%3Cscript%3E",
        "cause=%22%3E%3Cscript%3E",
        "after=%22%3E%3Cscript%3E",
    ] {
        pages.push(format!("/messages?{query}"));
    }
    for page in pages {
        let answer = anna.get(&page).await;
        assert!(matches!(answer.status, 200 | 303 | 409), "{page}: {}", answer.status);
        harmless(&page, &answer.text);
        let policy = answer.headers.get("content-security-policy").and_then(|policy| policy.to_str().ok()).unwrap_or_default();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self'") && !policy.contains("unsafe"),
            "{page}: {policy}"
        );
        for (name, value) in [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("cache-control", "no-store")] {
            assert_eq!(answer.headers.get(name).and_then(|found| found.to_str().ok()), Some(value), "{page}");
        }
    }
    for page in ["/nowhere", "/messages/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/flows/%3Cscript%3E", "/problems/%3Cscript%3E"] {
        let answer = anna.get(page).await;
        assert_eq!(answer.status, 404, "{page}");
        harmless(page, &answer.text);
    }
    for id in &ids {
        let file = anna.get(&format!("/messages/{id}/file")).await;
        assert_eq!(file.headers[header::CONTENT_TYPE], "application/octet-stream");
        let kept = file.headers[header::CONTENT_DISPOSITION].to_str().expect("text");
        assert!(kept.starts_with("attachment; ") && !kept.contains(['"', '<', '\n']), "{kept}");
    }
}

/// No element that we did not write, no attribute that runs.
fn harmless(page: &str, html: &str) {
    let lower = html.to_lowercase();
    let ours = lower.replace("<script src=\"/live.js\" defer></script>", "");
    assert!(!ours.contains("<script") && !ours.contains("<img") && !ours.contains("href=\"javascript"), "{page}: {html}");
    // Every attribute that begins with `on` would stand inside of a tag.
    for tag in ours.split('<').filter_map(|rest| rest.split('>').next()) {
        assert!(!tag.contains(" onerror=") && !tag.contains(" onclick="), "{page}: {tag}");
    }
    assert_eq!(lower.matches("<textarea").count(), lower.matches("</textarea>").count(), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_queries_lead_nowhere_else() {
    let (shop, site) = site("").await;
    let anna = site.signed_in(&shop.world, "anna").await;
    for path in [
        "/messages/..%2f..%2fconsign.toml/file",
        "/messages/%2e%2e/%2e%2e/etc/passwd",
        "/messages/%00/file",
        "/messages/'%20or%20'1'='1/file",
        "/messages/%25/file",
        "/style.css/../../consign.toml",
        "/.git/config",
        "/var/journal.sqlite",
    ] {
        let answer = anna.get(path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    for query in [
        "q=%25%25%25",
        "q=%22%20OR%20value:*",
        "q='%3B%20drop%20table%20message%3B--",
        "q=%00%00%00",
        "limit=-1",
        "after=x%20y",
        "since=99999d",
        "q=a",
        "q=*",
    ] {
        assert_eq!(anna.get(&format!("/messages?{query}")).await.status, 200, "{query}");
    }
    assert_eq!(shop.world.messages("orders-in").len(), 1);
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(anna.send(anna.request(method, "/messages")).await.status, 405);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_known_signs_people_in_and_no_other() {
    let (shop, site) = site(
        "proxies = [\"127.0.0.1\"]\nuser_header = \"X-Remote-User\"\nrole_header = \"X-Remote-Role\"\nurl = \"https://edi.example.com\"",
    )
    .await;
    let nobody = site.visitor();
    let get = |headers: &[(&'static str, &'static str)]| {
        let mut request = nobody.request(Method::GET, "/users");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let nobody = nobody.clone();
        async move { nobody.send(request).await }
    };
    assert_eq!(get(&[]).await.status, 403, "not through the proxy");
    assert_eq!(get(&[("x-remote-user", "boss"), ("x-remote-role", "admin")]).await.status, 200);
    assert_eq!(get(&[("x-remote-user", "boss")]).await.status, 403, "a viewer, without a role");
    assert_eq!(get(&[("x-remote-user", "boss"), ("x-remote-role", "emperor")]).await.status, 403);
    assert_eq!(get(&[("x-remote-user", "boss"), ("x-remote-user", "root"), ("x-remote-role", "admin")]).await.status, 403, "two names");
    assert_eq!(get(&[("x-remote-user", "<b>")]).await.status, 403);
    // A page elsewhere whose name was made to lead here could set these headers itself.
    let boss = [("x-remote-user", "boss"), ("x-remote-role", "admin")];
    assert_eq!(get(&[("host", "evil.example:8088"), boss[0], boss[1]]).await.status, 403);
    assert_eq!(get(&[("host", "edi.example.com"), boss[0], boss[1]]).await.status, 200);
    let passwords = nobody.post("/signin", &[("name", "root"), ("password", "guess")]).await;
    assert_eq!(passwords.status, 403, "nobody signs in by a password where a proxy does it");
    let discard = format!("/messages/{}/do/discard", id_of(&shop.world, "bad.xml"));
    let request = nobody.request(Method::POST, &discard).header("x-remote-user", "boss").header("x-remote-role", "admin");
    let forged = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body("csrf=0&reason=r");
    assert_eq!(nobody.send(forged).await.status, 403, "a form needs its token here, too");
    drop(site);

    let file = shop.world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("a file").replace("proxies = [\"127.0.0.1\"]", "proxies = [\"192.0.2.7\"]");
    fs::write(&file, text).expect("written");
    let strict = Site::of(&shop.world);
    let request = strict_request(&strict);
    assert_eq!(strict.visitor().send(request).await.status, 403, "this machine is not the proxy");
}

fn strict_request(site: &Site) -> reqwest::RequestBuilder {
    site.visitor().request(Method::GET, "/users").header("x-remote-user", "boss").header("x-remote-role", "admin")
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_get_metrics_and_know_whether_it_is_ready() {
    let (shop, site) = site("").await;
    let visitor = site.visitor();
    let metrics = visitor.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.text.contains("consign_messages{flow=\"orders-in\",stage=\"failed\"} 1\n"), "{}", metrics.text);
    assert!(metrics.text.contains("consign_messages_received_total{flow=\"orders-in\"} 1\n"), "{}", metrics.text);
    for line in metrics.text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("name and value");
        assert!(name.starts_with("consign_") && value.parse::<f64>().is_ok(), "{line}");
    }
    let proxied = visitor.request(Method::GET, "/metrics").header("x-forwarded-for", "203.0.113.9");
    assert_eq!(visitor.send(proxied).await.status, 403, "not for the world");
    assert_eq!((visitor.get("/health").await.status, visitor.get("/ready").await.status), (200, 200));
    drop(site);
    fs::write(shop.world.workspace().join("metrics.secret"), "hush").expect("written");
    shop.world.replace("consign.toml", &[("[web]", "[web]\nmetrics_token = { file = \"metrics.secret\" }")]);
    let site = Site::of(&shop.world);
    let visitor = site.visitor();
    assert_eq!(visitor.get("/metrics").await.status, 403);
    for (token, status) in [("Bearer hush", 200), ("Bearer wrong", 403), ("hush", 403)] {
        let request = visitor.request(Method::GET, "/metrics").header(header::AUTHORIZATION, token);
        assert_eq!(visitor.send(request).await.status, status, "{token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_made_and_removed_at_the_command_line() {
    let world = World::embedded().await;
    let list = world.consign(&["user", "list"]).ends(0);
    assert!(list.out.contains("no users"), "{}", list.out);
    assert!(world.consign(&["user", "add", "a b"]).ends(2).err.contains("C906"));
    assert!(world.consign(&["user", "add", "otto", "--role", "emperor"]).ends(2).err.contains("viewer, operator or admin"));
    let made: Value = world.json(&["user", "add", "otto", "--role", "operator"]);
    assert!(made["password"].as_str().is_some_and(|password| password.len() >= 20), "{made}");
    assert!(world.consign(&["user", "list"]).ends(0).out.contains("operator  otto"));
    world.consign(&["user", "remove", "otto"]).ends(0);
    world.consign(&["user", "remove", "otto"]).ends(2);
}
