//! A journal of 1,000,000 messages, and how soon the page answers over it: `cargo bench --bench million` (five minutes, most of it
//! compiling and filling). The workspace is kept with `CONSIGN_BENCH_KEEP=<folder>`.
#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot set itself up has nothing to report")]

#[allow(dead_code, reason = "it says what a message is; each reader takes what it needs")]
mod fill;

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, header, redirect::Policy};

/// Messages of the journal.
const MESSAGES: u64 = 1_000_000;
/// Questions of a kind, each about something else.
const ROUNDS: u64 = 41;

fn main() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = std::env::var_os("CONSIGN_BENCH_KEEP").map_or_else(|| dir.path().join("ws"), PathBuf::from);
    tokio::runtime::Runtime::new().expect("a runtime").block_on(all(&root));
}

async fn all(root: &Path) {
    let journal = root.join("var/journal.sqlite");
    if !journal.exists() {
        run(root, &["init", &root.display().to_string()]);
        let settings = root.join("consign.toml");
        let text = std::fs::read_to_string(&settings).expect("settings");
        std::fs::write(settings, format!("{text}\n[web]\nlisten = \"127.0.0.1:0\"\n")).expect("written");
        std::fs::create_dir_all(root.join("drops/lumen/products")).expect("a folder");
        run(root, &["status"]);
        let started = Instant::now();
        fill::fill(&journal, MESSAGES).await;
        eprintln!("filled in {:.0} s", started.elapsed().as_secs_f64());
    }
    let password = run(root, &["user", "add", &format!("bench-{}", std::process::id()), "--role", "viewer", "--json"]);
    let password: serde_json::Value = serde_json::from_str(&password).expect("a password");
    let page = Page::open(root, password["password"].as_str().expect("a password")).await;
    let megabytes = std::fs::metadata(&journal).expect("a journal").len() >> 20;
    println!("{MESSAGES} messages, a journal of {megabytes} MB\n\n| page | median | slowest of {ROUNDS} |\n|---|---|---|");
    for (what, path) in questions() {
        page.ask(what, path.as_ref()).await;
    }
    println!("\n| command | median of 5 |\n|---|---|");
    for (what, arguments) in commands() {
        let times = (0..5).map(|round| {
            let arguments = arguments(round);
            let started = Instant::now();
            run(root, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
            started.elapsed()
        });
        println!("| {what} | {} |", milliseconds(median(times.collect()).0));
    }
}

type Question = Box<dyn Fn(u64) -> String>;

/// Pages, each of another message or word with every round.
fn questions() -> Vec<(&'static str, Question)> {
    // Spread over all ages, none asked for twice.
    let nth = |round: u64| (round * 24_391 + 17) % MESSAGES;
    vec![
        ("overview", Box::new(|_| "/".into())),
        ("search by business number", Box::new(move |round| format!("/messages?q={}", fill::number(nth(round))))),
        ("search by a part of it that many have", Box::new(move |round| format!("/messages?q={}", &fill::number(nth(round))[..6]))),
        ("search by file name", Box::new(move |round| format!("/messages?q={}", fill::name(nth(round))))),
        ("search that finds nothing", Box::new(|round| format!("/messages?q=unheard-{round}"))),
        ("message page", Box::new(move |round| format!("/messages/{}", fill::id(nth(round))))),
        ("newest messages", Box::new(|_| "/messages".into())),
        ("failed messages of a flow", Box::new(|_| "/messages?flow=products-in&stage=failed".into())),
        ("messages of a partner on a day", Box::new(|round| format!("/messages?partner=lumen&until={round}d"))),
        ("problems, grouped", Box::new(|_| "/problems".into())),
        ("a flow", Box::new(|_| "/flows/products-in".into())),
        ("alerts", Box::new(|_| "/alerts".into())),
        ("metrics", Box::new(|_| "/metrics".into())),
    ]
}

type Arguments = Box<dyn Fn(u64) -> Vec<String>>;

fn commands() -> Vec<(&'static str, Arguments)> {
    let words = |text: String| text.split(' ').map(str::to_string).collect::<Vec<_>>();
    vec![
        ("`consign status`", Box::new(move |_| words("status".into()))),
        ("`consign errors`", Box::new(move |_| words("errors".into()))),
        ("`consign alerts`", Box::new(move |_| words("alerts".into()))),
        ("`consign find` a business number", Box::new(move |round| words(format!("find {}", fill::number(round * 199_999))))),
        ("`consign show` a message", Box::new(move |round| words(format!("show {}", fill::id(round * 199_999))))),
        ("`consign run --once` with nothing to do", Box::new(move |_| words("run --once products-in".into()))),
    ]
}

fn run(root: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_consign"));
    let output = command.args(arguments).env("CONSIGN_WORKSPACE", root).output().expect("consign starts");
    // 1 says that something is kept, not that the command could not do its work.
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1)), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn median(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() - 1])
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// The served page, and someone who is signed in.
struct Page {
    process: Child,
    url: String,
    client: Client,
    cookie: String,
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Page {
    async fn open(root: &Path, password: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_consign"));
        command.args(["web"]).env("CONSIGN_WORKSPACE", root).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("consign starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let url = line.trim().rsplit(' ').next().unwrap_or_default().to_string();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        let mut page = Self { process, url, client, cookie: String::new() };
        let form = format!("name=bench-{}&password={password}", std::process::id());
        let request = page.client.post(format!("{}/signin", page.url)).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(form).send().await.expect("an answer");
        let cookie = answer.headers().get(header::SET_COOKIE).expect("signed in").to_str().expect("text");
        page.cookie = cookie.split(';').next().unwrap_or_default().to_string();
        page
    }

    async fn ask(&self, what: &str, path: &dyn Fn(u64) -> String) {
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            let started = Instant::now();
            let request = self.client.get(format!("{}{}", self.url, path(round))).header(header::COOKIE, &self.cookie);
            let answer = request.send().await.expect("an answer");
            let status = answer.status();
            let body = answer.text().await.expect("a body");
            times.push(started.elapsed());
            // A search for one message leads straight to it.
            assert!(status.is_success() || status == 303, "{}: {status} {body}", path(round));
        }
        let (median, slowest) = median(times);
        println!("| {what} | {} | {} |", milliseconds(median), milliseconds(slowest));
    }
}
