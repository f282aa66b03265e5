//! The README's scenes and the guide, played: every `$` line of their console blocks is run, the README's in a workspace as the demo
//! leaves it, the guide's in an empty folder, and what they show is compared with what comes, ids and times apart.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use serde_json::json;

use crate::common::world::World;

/// A command with the output the README shows for it.
struct Step {
    command: String,
    output: String,
}

fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut heredoc = false;
    for block in readme.split("```console\n").skip(1).map(|rest| rest.split("\n```").next().expect("a block")) {
        for line in block.lines() {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => {
                    heredoc = command.contains("<<'END'");
                    steps.push(Step { command: command.to_string(), output: String::new() });
                }
                (None, Some(step)) if heredoc => {
                    step.command.push('\n');
                    step.command.push_str(line);
                    heredoc = line != "END";
                }
                (None, Some(step)) => {
                    step.output.push_str(line);
                    step.output.push('\n');
                }
                (None, None) => panic!("output before a command: {line}"),
            }
        }
    }
    steps
}

/// Ids become ID, times TIME, record numbers N.
fn steady(text: &str) -> String {
    let mut words = String::new();
    let mut word = String::new();
    for c in text.chars().chain(std::iter::once('\n')) {
        if c.is_ascii_alphanumeric() || c == '-' || c == ':' {
            word.push(c);
            continue;
        }
        let hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
        let shown = match word.as_str() {
            id if id.len() == 8 && hex(id) => "ID",
            uuid if uuid.len() == 36 && hex(&uuid.replace('-', "")) => "UUID",
            date if date.len() == 10 && date.starts_with("20") && date.matches('-').count() == 2 => "DATE",
            time if time.len() == 8 && time.matches(':').count() == 2 => "TIME",
            delivery if delivery.contains("-out-WH-OUT-") => "DELIVERY",
            order if order.len() == 6 && order.starts_with('S') && order[1..].chars().all(|c| c.is_ascii_digit()) => "ORDER",
            other => other,
        };
        words.push_str(shown);
        words.push(c);
        word.clear();
    }
    words
        .trim()
        .lines()
        .map(str::trim_end)
        .map(|line| line.replace("sale.order,1 ", "sale.order,N ").replace("sale.order,2 ", "sale.order,N "))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A `PATH` on which the reader's `consign` is the one under test.
fn path_with_consign(world: &World) -> String {
    let bin = world.dir.path().join("bin");
    fs::create_dir_all(&bin).expect("a folder");
    symlink(env!("CARGO_BIN_EXE_consign"), bin.join("consign")).expect("linked");
    format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"))
}

/// The customer and the products that the sample order names.
async fn the_samples_records(world: &World) {
    world.odoo.create("res.partner", json!({"name": "Nordwind Logistics", "vat": "DK12345674", "is_company": true})).await;
    for (code, barcode) in [("L-100", "5701234000013"), ("L-200", "5701234000020")] {
        world.odoo.create("product.product", json!({"name": code, "default_code": code, "barcode": barcode})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scenes_of_the_readme_play_as_written() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let steps = steps(&readme);
    assert!(steps.len() > 15);
    let world = World::embedded().await;
    symlink(&world.partner, world.workspace().join("partner-nordwind")).expect("linked");
    the_samples_records(&world).await;
    let path = path_with_consign(&world);
    for step in steps {
        let mut text = step.command.clone();
        if let Some(id) = text.strip_prefix("consign reprocess ") {
            let done = world.messages("orders-in").into_iter().rfind(|message| message["stage"] == "done").expect("a message");
            let real = done["id"].as_str().expect("an id");
            text = text.replace(id, &real[real.len() - 8..]);
        }
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{{ {text}\n}} 2>&1")]).current_dir(world.workspace()).env("PATH", &path);
        command.env("CONSIGN_ODOO_PASSWORD", &world.odoo.password).env("NORDWIND_PASSWORD", "secret").env("LC_ALL", "C");
        let output = command.output().expect("runs");
        pretty_assert(&step.command, &steady(&step.output), &steady(&String::from_utf8_lossy(&output.stdout)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_plays_as_written() {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide.md")).expect("the guide");
    let steps = steps(&guide);
    assert!(steps.len() > 35);
    let world = World::embedded().await;
    let odoo = &world.odoo;
    odoo.create("res.partner", json!({"name": "Brunner Maschinenbau", "vat": "DE288204517", "is_company": true})).await;
    let metre = odoo.create("uom.uom", json!({"name": "m", "active": true})).await;
    odoo.create("product.product", json!({"name": "Shaft seal", "default_code": "BR-2040", "barcode": "9520000880408", "uom_id": 1})).await;
    odoo.create("product.product", json!({"name": "Hose", "default_code": "BR-7115", "uom_id": metre})).await;
    let path = path_with_consign(&world);
    let (folder, stands) = (world.dir.path().join("guide"), world.dir.path().join("stands"));
    fs::create_dir_all(&folder).expect("a folder");
    let mut at = folder.display().to_string();
    let mut different = String::new();
    for step in &steps {
        // The reader's own Odoo is the sandbox here.
        let text = step.command.replace("https://odoo.example.com", &odoo.url).replace("\"production\"", "\"sandbox\"");
        let text = if text.starts_with("export ") { "sed -i 's/edi@example.com/admin/' consign.toml".to_string() } else { text };
        if text == "consign run --once" && step.output.contains("notices") {
            // The order's delivery is done in Odoo.
            for picking in odoo.search_read("stock.picking", json!([["origin", "!=", false]]), &["id"]).await {
                odoo.call("stock.picking", "button_validate", json!([[picking["id"]]]), json!({"skip_sms": true, "skip_backorder": true}))
                    .await;
            }
        }
        let mut command = Command::new("sh");
        command.args(["-c", &format!("cd '{at}' && {{ {text}\n}} 2>&1; pwd > '{}'", stands.display())]);
        command.env("PATH", &path).env("CONSIGN_ODOO_PASSWORD", &odoo.password).env("LC_ALL", "C");
        let output = command.output().expect("runs");
        at = fs::read_to_string(&stands).expect("a folder").trim().to_string();
        let (shown, said) = (steady(&step.output), steady(&String::from_utf8_lossy(&output.stdout)));
        if shown != said {
            different.push_str(&format!("$ {}\nthe guide shows:\n{shown}\n\nit says:\n{said}\n\n", step.command));
        }
    }
    assert!(different.is_empty(), "{different}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_order_comes_as_written() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/first-order.md")).expect("the page");
    let world = World::embedded().await;
    the_samples_records(&world).await;
    let path = path_with_consign(&world);
    let (folder, stands) = (world.dir.path().join("first"), world.dir.path().join("stands"));
    fs::create_dir_all(&folder).expect("a folder");
    let mut at = folder.display().to_string();
    let (mut fingerprint, mut different) = (String::new(), String::new());
    // The reader's Odoo and the partner's server are the embedded ones here.
    let port = world.sftp.port.to_string();
    let real = |text: &str| {
        let text = text.replace("https://odoo.example.com", &world.odoo.url).replace("\"production\"", "\"sandbox\"");
        text.replace("edi@example.com", "admin").replace("\"sftp.nordwind.example\"", &format!("\"127.0.0.1\", port = {port}"))
    };
    let told = |text: &str, fingerprint: &str| {
        let text =
            text.replace(&format!("127.0.0.1:{port}"), "sftp.nordwind.example:22").replace(&world.odoo.url, "https://odoo.example.com");
        let text = text.replace("user admin,", "user edi@example.com,");
        let text = if fingerprint.is_empty() { text } else { text.replace(fingerprint, "SHA256:...") };
        let free = |line: &str| match line.split_once(" MiB free") {
            Some((before, _)) => format!("{} N MiB free", before.rsplit_once(' ').map_or("", |(before, _)| before)),
            None => line.to_string(),
        };
        text.lines().map(free).collect::<Vec<_>>().join("\n")
    };
    for step in steps(&page) {
        let text = real(&step.command);
        if text.starts_with("export ") {
            continue;
        }
        if text == "consign run --once" {
            // The partner drops it, some time ago.
            let order = fs::read_to_string(Path::new(&at).join("samples/orders-in/order-1001.xml")).expect("a sample");
            world.drop_file("out/orders", "order-1001.xml", order);
            let old = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
            let file = fs::File::options().write(true).open(world.partner.join("out/orders/order-1001.xml")).expect("a file");
            file.set_modified(old).expect("set");
        }
        let text = text.replace("SHA256:...", &fingerprint);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("cd '{at}' && {{ {text}\n}} 2>&1; pwd > '{}'", stands.display())]);
        command.env("PATH", &path).env("CONSIGN_ODOO_PASSWORD", &world.odoo.password).env("NORDWIND_PASSWORD", "secret").env("LC_ALL", "C");
        let output = String::from_utf8_lossy(&command.output().expect("runs").stdout).into_owned();
        at = fs::read_to_string(&stands).expect("a folder").trim().to_string();
        if let Some(shown) = output.split_whitespace().find(|word| word.starts_with("SHA256:")) {
            fingerprint = shown.trim_end_matches(['.', ',', ')', '`']).to_string();
        }
        let (shown, said) = (steady(&told(&step.output, "")), steady(&told(&output, &fingerprint)));
        if shown != said {
            different.push_str(&format!("$ {}\nthe page shows:\n{shown}\n\nit says:\n{said}\n\n", step.command));
        }
    }
    assert!(different.is_empty(), "{different}");
}

#[track_caller]
fn pretty_assert(command: &str, expected: &str, found: &str) {
    assert!(expected == found, "$ {command}\nthe README shows:\n{expected}\n\nit says:\n{found}");
}

#[test]
fn the_readmes_table_of_commands_is_what_ci_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ci = fs::read_to_string(root.join(".ci/run")).expect("the script");
    for command in ["cargo run -- demo", "cargo test\n", "cargo test --test conformance", "cargo test --test faults", "tests/live/run.sh"] {
        assert!(ci.contains(command), "{command}");
    }
}
