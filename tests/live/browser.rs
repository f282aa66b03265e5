//! The four scenes as a person plays them in a real browser: Chromium, without a screen, spoken to by WebDriver. With
//! `CONSIGN_SCREENSHOTS=FOLDER` what it sees is kept as pictures.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    common::{goods, site::Site, world::World},
    world,
};

/// A browser; ends with it.
struct Browser {
    driver: Child,
    client: reqwest::Client,
    session: String,
    _profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its session, and that with the driver's end.
        let _ = Command::new("pkill").args(["-P", &self.driver.id().to_string()]).status();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

impl Browser {
    async fn start(more: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut driver = Command::new("chromedriver")
            .args(["--port=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium-driver is installed: start this suite with tests/live/run.sh");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port: u16 = loop {
            let line = lines.next().expect("chromedriver says its port").expect("text");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse().expect("a port");
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().expect("a folder");
        let mut args = vec![
            "--headless=new".to_string(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-dev-shm-usage".into(),
            "--no-first-run".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            "--window-size=1200,900".into(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        args.extend(more.iter().map(ToString::to_string));
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().expect("a client");
        let wanted = json!({"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {"args": args},
            "goog:loggingPrefs": {"browser": "ALL"}}}});
        let url = format!("http://127.0.0.1:{port}/session");
        let made: Value = client.post(&url).json(&wanted).send().await.expect("a session").json().await.expect("JSON");
        let id = made["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}"));
        Self { driver, client, session: format!("{url}/{id}"), _profile: profile }
    }

    async fn post(&self, what: &str, body: Value) -> Value {
        let answer = self.client.post(format!("{}/{what}", self.session)).json(&body).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")["value"].take()
    }

    async fn get(&self, what: &str) -> Value {
        let answer = self.client.get(format!("{}/{what}", self.session)).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")["value"].take()
    }

    async fn go(&self, url: &str) {
        self.post("url", json!({ "url": url })).await;
    }

    async fn element(&self, css: &str) -> String {
        let found = self.post("element", json!({"using": "css selector", "value": css})).await;
        match found[ELEMENT].as_str() {
            Some(id) => id.to_string(),
            None => panic!("no {css}: {found}; the page: {}", self.text().await),
        }
    }

    async fn link(&self, words: &str) {
        let found = self.post("element", json!({"using": "partial link text", "value": words})).await;
        let id = match found[ELEMENT].as_str() {
            Some(id) => id.to_string(),
            None => panic!("no link {words}: {found}; the page: {}", self.text().await),
        };
        self.post(&format!("element/{id}/click"), json!({})).await;
    }

    async fn click(&self, css: &str) {
        let id = self.element(css).await;
        self.post(&format!("element/{id}/click"), json!({})).await;
    }

    async fn write(&self, css: &str, text: &str) {
        let id = self.element(css).await;
        self.post(&format!("element/{id}/value"), json!({ "text": text })).await;
    }

    async fn run(&self, script: &str) -> Value {
        self.post("execute/sync", json!({"script": script, "args": []})).await
    }

    async fn text(&self) -> String {
        self.run("return document.body.innerText").await.as_str().unwrap_or_default().to_string()
    }

    /// Waits until the page says something; it refreshes itself.
    async fn says(&self, words: &str) {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(30) {
            if self.text().await.contains(words) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the page does not say `{words}`: {}", self.text().await);
    }

    async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("CONSIGN_SCREENSHOTS").map(PathBuf::from) else { return };
        use base64::Engine as _;
        let picture = self.get("screenshot").await;
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture.as_str().expect("a picture")).expect("base64");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("{name}.png")), bytes).expect("written");
    }

    /// What the browser complains about: scripts that are refused, files that are missing.
    async fn complaints(&self) -> Vec<String> {
        let log = self.post("se/log", json!({"type": "browser"})).await;
        let of = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_string();
        log.as_array().into_iter().flatten().map(of).filter(|message| !message.contains("favicon")).collect()
    }

    async fn sign_in(&self, world: &World, site: &Site, name: &str) {
        let password = fs::read_to_string(world.dir.path().join(format!("{name}.password"))).expect("a user");
        self.go(&format!("{}/", site.url)).await;
        self.write("#name", name).await;
        self.write("#password", &password).await;
        self.click("main button").await;
        self.says("Overview").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_four_scenes_are_played_in_a_browser() {
    let world = world("jsonrpc");
    let customer = goods::customer(&world.odoo).await;
    let known = goods::product(&world.odoo).await;
    let number = goods::fresh();
    let missing = goods::Product { id: 0, code: format!("T-{number}"), barcode: goods::gtin(number) };
    Site::user(&world, "anna", "operator");
    let site = Site::of(&world);
    let browser = Browser::start(&[]).await;
    browser.sign_in(&world, &site, "anna").await;
    browser.says("Nothing failed, waits or is held.").await;

    // A partner drops a file; the page that is open shows it by itself.
    world.drop_file("out/orders", "order.xml", goods::order(&format!("B-{number}"), &customer, &[(&known, 2.0, 10.0)]));
    for at in 1..=3 {
        let text = goods::order(&format!("B-{number}-{at}"), &customer, &[(&missing, 1.0, 10.0)]);
        world.drop_file("out/orders", &format!("order-{at}.xml"), text);
    }
    let evil = "<script>document.title='owned'</script>".replace('<', "&lt;");
    let text = goods::order("B-EVIL", &customer, &[(&known, 1.0, 10.0)]).replace("<Quantity>1<", &format!("<Quantity>{evil}<"));
    world.drop_file("out/orders", "evil.xml", text);
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    browser.says("3 messages: ").await;
    browser.picture("1-overview").await;

    // Ops looks into what is wrong: one cause, its fix, a message with its line.
    browser.link("Problems").await;
    browser.picture("2-problems").await;
    browser.link("Open all 3").await;
    browser.says("Reprocess all 3").await;
    browser.picture("3-cause").await;
    browser.link("order-2.xml").await;
    browser.says(&missing.barcode).await;
    assert!(browser.run("return document.querySelector('mark').textContent").await.as_str().is_some_and(|text| text.contains('<')));
    browser.picture("4-message").await;
    browser.link("view").await;
    browser.picture("5-original").await;
    browser.go(&format!("{}/messages?q=evil", site.url)).await;
    browser.says("is not a valid").await;
    assert_ne!(browser.get("title").await, json!("owned"));
    let values = json!({"name": "Found", "default_code": missing.code, "barcode": missing.barcode, "is_storable": true});
    world.odoo.create("product.product", values).await;
    browser.go(&format!("{}/problems", site.url)).await;
    browser.link("Open all 3").await;
    browser.write("#reason", "made in Odoo").await;
    browser.click("main form button").await;
    browser.says("0 of 3 processed").await;
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    // The page of their progress follows by itself.
    browser.says("3 of 3 processed").await;
    browser.picture("3-progress").await;
    browser.go(&format!("{}/messages?stage=done", site.url)).await;
    browser.says("order-3.xml").await;
    browser.picture("6-messages").await;

    // The last broken one is mended by an edited copy.
    browser.go(&format!("{}/messages?q=evil", site.url)).await;
    browser.link("Edit and reprocess").await;
    browser.run("const t = document.querySelector('textarea'); t.value = t.value.replace(/<Quantity>.*?<\\/Quantity>/, '<Quantity>1</Quantity>')").await;
    browser.write("#reason", "a number").await;
    browser.click("button[name=look]").await;
    browser.says("The copy is valid").await;
    browser.picture("7-edit").await;
    browser.click("button[name=process]").await;
    // A click does not wait for its page.
    browser.says("evil.xml received").await;
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    browser.says("sale.order").await;

    // Someone does an archived message again.
    browser.go(&format!("{}/messages?q=B-{number}-1", site.url)).await;
    browser.link("Reprocess").await;
    browser.says("0 to create, 0 to update, 1 unchanged").await;
    browser.picture("8-confirm").await;
    browser.write("#reason", "to be sure").await;
    browser.click("form[method=post] .actions button").await;
    browser.says("received").await;
    world.consign(&["run", "--once", "orders-in"]).ends(0);
    browser.says("to be sure").await;
    browser.picture("9-message-done").await;

    // How the flow is doing, and what lies on its drop.
    world.drop_file("out/orders", "unfinished.tmp", "<Order>");
    browser.go(&format!("{}/flows/orders-in", site.url)).await;
    browser.says("half are done within").await;
    browser.picture("flow").await;
    browser.link("List the drop now").await;
    browser.says("unfinished.tmp").await;
    browser.picture("drop").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new(), "nothing was refused or missed on the way");
    drop(site);

    // A consultant adds a flow.
    let flow = fs::read_to_string(world.workspace().join("flows/orders-in.toml")).expect("a flow");
    fs::write(world.workspace().join("flows/orders-new.toml"), flow.replace("out/orders", "out/new")).expect("written");
    world.consign(&["check"]).ends(0);
    let site = Site::of(&world);
    // Whoever was signed in still is, after a restart.
    browser.go(&format!("{}/", site.url)).await;
    browser.link("orders-new").await;
    browser.says("Orders of Nordwind").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_used_by_keyboard_on_a_phone_and_in_the_dark() {
    let world = world("jsonrpc");
    world.drop_file("out/orders", "bad.xml", "<Order/>");
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    Site::user(&world, "vera", "viewer");
    let site = Site::of(&world);
    let browser = Browser::start(&["--force-dark-mode", "--blink-settings=preferredColorScheme=0", "--window-size=500,900"]).await;
    browser.go(&site.url).await;
    // The name has the focus; Tab leads to the password, Enter signs in.
    let password = fs::read_to_string(world.dir.path().join("vera.password")).expect("a user");
    let keys = format!("vera\u{e004}{password}\u{e007}");
    let actions: Vec<Value> =
        keys.chars().flat_map(|key| [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]).collect();
    browser.post("actions", json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})).await;
    browser.says("Overview").await;
    browser.picture("phone-overview").await;
    let wide = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
    assert!(wide.as_i64().is_some_and(|wide| wide <= 1), "nothing sticks out: {wide}");
    browser.go(&format!("{}/messages?q=bad.xml", site.url)).await;
    browser.picture("phone-message").await;
    let wide = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
    assert!(wide.as_i64().is_some_and(|wide| wide <= 1), "nothing sticks out: {wide}");
    for page in ["/", "/problems", "/messages", "/alerts", "/audit", "/account"] {
        browser.go(&format!("{}{page}", site.url)).await;
        let unnamed = "return [...document.querySelectorAll('input:not([type=hidden]),select,textarea,button,a,svg')].filter(e => \
            !(e.textContent.trim() || e.getAttribute('aria-label') || (e.labels && e.labels.length))).map(e => e.outerHTML)";
        assert_eq!(browser.run(unnamed).await, json!([]), "{page}: everything has a name for a screen reader");
        assert_eq!(browser.run("return [document.documentElement.lang, document.querySelectorAll('h1').length]").await, json!(["en", 1]));
    }
}
