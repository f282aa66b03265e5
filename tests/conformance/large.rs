//! A catalogue of 200 MB (40 in a debug build) through the whole of consign: validated, mapped, written to Odoo, archived, in less than 200 MB of memory.

use std::{
    fs,
    io::{BufWriter, Write},
    process::{Command, Stdio},
    time::Duration,
};

use consign::odoo::sandbox::{self, Sandbox};

/// A debug build, as CI has it, takes five times as long for each.
const MEGABYTES: usize = if cfg!(debug_assertions) { 40 } else { 200 };

#[tokio::test(flavor = "multi_thread")]
async fn a_large_catalogue_in_less_than_200_mb_of_memory() {
    let odoo = Sandbox::start(0).await.expect("a sandbox");
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path();
    for folder in ["flows", "mappings", "partners", "schemas", "drops/lumen/catalogue"] {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    let write = |file: &str, text: &str| fs::write(root.join(file), text).expect("written");
    write(
        "consign.toml",
        &format!("[odoo]\nurl = \"{}\"\ndatabase = \"{}\"\napi_key = {{ file = \"key\" }}\n", odoo.url(), sandbox::DATABASE),
    );
    write("key", sandbox::KEY);
    write("partners/lumen.toml", "name = \"Lumen\"\n[drop]\nkind = \"local\"\npath = \"drops/lumen\"\n");
    write("schemas/catalogue.xsd", include_str!("../suite/mappings/catalogue.xsd"));
    write(
        "mappings/catalogue.toml",
        "document = \"catalogue.xsd\"\neach = \"/Catalogue/Item\"\nmodel = \"res.partner\"\nidentity = [\"ref\"]\n[fields]\nref = \"Code\"\nname = \"Name\"\ncomment = \"Price\"\n",
    );
    write(
        "flows/catalogue-in.toml",
        "direction = \"in\"\npartner = \"lumen\"\nfolder = \"catalogue\"\nfiles = \"*.xml\"\nmapping = \"mappings/catalogue.toml\"\nschedule = \"manual\"\nstable_for = \"0s\"\nmax_bytes = 400000000\n",
    );
    let mut file = BufWriter::new(fs::File::create(root.join("drops/lumen/catalogue/big.xml")).expect("made"));
    let text = "A lamp of oak and brass, for desks and walls, with a shade of linen. ".repeat(12);
    file.write_all(b"<Catalogue>\n").expect("written");
    let (mut size, mut items) = (0, 0);
    while size < MEGABYTES << 20 {
        let tags: String = (0..20).map(|tag| format!("<Tag>tag-{tag}-{items}</Tag>")).collect();
        let item =
            format!("<Item><Code>C-{items}</Code><Name>Lamp {items}</Name><Price>1.50</Price>{tags}<Filler>{text}</Filler></Item>\n");
        file.write_all(item.as_bytes()).expect("written");
        size += item.len();
        items += 1;
    }
    file.write_all(b"</Catalogue>\n").expect("written");
    file.flush().expect("written");
    drop(file);
    let started = std::time::Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_consign"))
        .args(["run", "--once", "catalogue-in"])
        .env("CONSIGN_WORKSPACE", root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("consign starts");
    let mut peak = 0u64;
    while child.try_wait().expect("a child").is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0) / 1024);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let output = child.wait_with_output().expect("ended");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 done"), "{text}");
    let records = odoo
        .records("res.partner", &["ref"])
        .iter()
        .filter(|record| record["ref"].as_str().is_some_and(|code| code.starts_with("C-")))
        .count();
    println!("large: {MEGABYTES} MB, {items} records in {:.1} s, {peak} MB of memory at most", started.elapsed().as_secs_f64());
    assert_eq!(records, items);
    assert!(peak > 5 && peak < 200, "{peak} MB");
}
