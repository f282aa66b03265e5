//! Others who validate, as the commands they are used by.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// A validator.
pub struct Peer {
    pub name: &'static str,
    command: Option<Vec<String>>,
    missing: &'static str,
}

/// What a validation cost.
pub struct Cost {
    pub time: Duration,
    /// Most memory in use, in MB.
    pub memory: u64,
}

/// lxml's streaming way: the parser validates, elements are dropped as they end.
const LXML: &str = "import sys
from lxml import etree
schema = etree.XMLSchema(etree.parse(sys.argv[1]))
for _, element in etree.iterparse(sys.argv[2], events=('end',), schema=schema, huge_tree=True):
    element.clear(keep_tail=False)
    while element.getprevious() is not None:
        del element.getparent()[0]
";

/// Ourselves first, then the peers.
pub fn all(folder: &Path) -> Vec<Peer> {
    let words = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect::<Vec<_>>());
    let ours = words(&[env!("CARGO_BIN_EXE_consign"), "validate", "--schema"]);
    let xmllint =
        has("xmllint", &["--version"]).then(|| words(&["xmllint", "--noout", "--nonet", "--stream", "--huge", "--schema"])).flatten();
    let driver = driver(folder).map(|driver| vec![driver.display().to_string()]);
    let lxml = has("python3", &["-c", "import lxml.etree"]).then(|| words(&["python3", "-c", LXML])).flatten();
    vec![
        Peer { name: "consign validate", command: ours, missing: "" },
        Peer { name: "xmllint --stream", command: xmllint, missing: "not installed (libxml2-utils)" },
        Peer { name: "libxml2, SAX, a C program", command: driver, missing: "cannot be built (libxml2-dev)" },
        Peer { name: "lxml, iterparse with a schema", command: lxml, missing: "not installed (pip install lxml)" },
    ]
}

fn has(command: &str, arguments: &[&str]) -> bool {
    Command::new(command).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Builds the C program.
fn driver(folder: &Path) -> Option<PathBuf> {
    let flags = Command::new("xml2-config").args(["--cflags", "--libs"]).output().ok().filter(|output| output.status.success())?;
    let flags = String::from_utf8(flags.stdout).ok()?;
    let (source, target) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/validation/libxml2.c"), folder.join("libxml2"));
    let status = Command::new("cc").arg("-O2").arg(source).arg("-o").arg(&target).args(flags.split_whitespace()).status().ok()?;
    status.success().then_some(target)
}

impl Peer {
    /// The median time and the largest memory over some rounds.
    pub fn measure(&self, schema: &Path, file: &Path, rounds: usize) -> Result<Cost, String> {
        let Some(command) = &self.command else { return Err(self.missing.to_string()) };
        let mut costs = Vec::new();
        for _ in 0..rounds {
            costs.push(run(command, schema, file)?);
        }
        costs.sort_by_key(|cost| cost.time);
        Ok(Cost { time: costs[rounds / 2].time, memory: costs.iter().map(|cost| cost.memory).max().unwrap_or(0) })
    }
}

fn run(command: &[String], schema: &Path, file: &Path) -> Result<Cost, String> {
    let begun = Instant::now();
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .args([schema, file])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse::<u64>().ok());
        memory = memory.max(peak.unwrap_or(0));
        match child.try_wait().expect("waits") {
            Some(status) if status.success() => return Ok(Cost { time: begun.elapsed(), memory: memory / 1024 }),
            Some(status) => return Err(format!("says that the file is not valid ({status})")),
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}
