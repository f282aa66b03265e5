//! A workspace and everything around it: a partner's server, an Odoo, and the `consign` binary as a person starts it.

use std::{
    any::Any,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use consign::{
    odoo::sandbox::{self, Sandbox},
    transport::sftp::{
        host_keys,
        server::{ServerAccount, SftpServer},
    },
};
use tempfile::TempDir;

use super::rpc::Target;

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Fails the test, with everything the command said, unless it ended so.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
}

/// How a partner's SFTP server is reached.
pub struct SftpAccess {
    pub port: u16,
    pub user: String,
    /// Lines of `[drop]` that sign in.
    pub login: String,
    pub base: String,
    pub host_key: russh::keys::PublicKey,
}

pub struct World {
    pub dir: TempDir,
    /// The partner's side, as a folder here.
    pub partner: PathBuf,
    pub odoo: Target,
    pub sandbox: Option<Sandbox>,
    pub sftp: SftpAccess,
    /// The embedded SFTP server, to make it misbehave.
    pub server: Option<SftpServer>,
    servers: Vec<Box<dyn Any + Send>>,
}

impl AsRef<World> for World {
    fn as_ref(&self) -> &World {
        self
    }
}

impl World {
    /// Embedded servers.
    pub async fn embedded() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let partner = dir.path().join("partner");
        fs::create_dir_all(&partner).expect("a folder");
        let account = ServerAccount { user: "nordwind".into(), password: Some("secret".into()), key: None, root: partner.clone() };
        let server = SftpServer::start(vec![account], 0).await.expect("a server");
        let sandbox = Sandbox::start(0).await.expect("a sandbox");
        let odoo = Target {
            url: sandbox.url(),
            database: sandbox::DATABASE.into(),
            login: sandbox::LOGIN.into(),
            password: sandbox::LOGIN.into(),
            key: sandbox::KEY.into(),
        };
        let sftp = SftpAccess {
            port: server.address().port(),
            user: "nordwind".into(),
            login: "password = { env = \"NORDWIND_PASSWORD\" }".into(),
            base: String::new(),
            host_key: server.host_key().clone(),
        };
        let world = Self { dir, partner, odoo, sandbox: Some(sandbox), sftp, server: Some(server), servers: Vec::new() };
        world.make("jsonrpc");
        world
    }

    /// Servers that run already; `keep` holds what must live as long as the world.
    pub fn around(odoo: Target, dir: TempDir, sftp: SftpAccess, dialect: &str, keep: Box<dyn Any + Send>) -> Self {
        let partner = dir.path().join("partner");
        let world = Self { dir, partner, odoo, sandbox: None, sftp, server: None, servers: vec![keep] };
        world.make(dialect);
        world
    }

    /// The partner's side as a local folder instead of an SFTP server.
    pub fn use_local_drop(&self) {
        let text = format!(
            "name = \"Nordwind Logistics\"\ngln = \"5790000000012\"\n\n[drop]\nkind = \"local\"\npath = \"{}\"\n",
            self.partner.display()
        );
        fs::write(self.workspace().join("partners/nordwind.toml"), text).expect("written");
    }

    /// The sample workspace, pointed to this world's servers.
    fn make(&self, dialect: &str) {
        let workspace = self.workspace();
        Self::command(&["init", &workspace.display().to_string()], &workspace.join("..")).ends(0);
        self.replace(
            "consign.toml",
            &[
                ("http://127.0.0.1:8069", &self.odoo.url),
                ("\"edi\"", &format!("\"{}\"", self.odoo.database)),
                ("edi@example.com", &self.odoo.login),
            ],
        );
        self.set_dialect(dialect);
        let drop = format!(
            "name = \"Nordwind Logistics\"\ngln = \"5790000000012\"\n\n[drop]\nkind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {}\nuser = \"{}\"\n{}\npath = \"{}\"\ntimeout = \"10s\"\n",
            self.sftp.port, self.sftp.user, self.sftp.login, self.sftp.base
        );
        fs::write(workspace.join("partners/nordwind.toml"), drop).expect("written");
        for flow in ["orders-in", "products-in", "stock-in", "ubl-orders-in"] {
            let path = workspace.join(format!("flows/{flow}.toml"));
            let text = fs::read_to_string(&path).expect("a flow");
            fs::write(&path, format!("stable_for = \"0s\"\n{text}")).expect("written");
        }
        for folder in ["out/orders", "out/stock", "out/ubl", "in/ubl"] {
            fs::create_dir_all(self.partner.join(folder)).expect("a folder");
        }
        fs::create_dir_all(workspace.join("drops/lumen/products")).expect("a folder");
        host_keys::accept("127.0.0.1", self.sftp.port, &self.sftp.host_key, &workspace.join("known_hosts")).expect("accepted");
    }

    pub fn set_dialect(&self, dialect: &str) {
        let path = self.workspace().join("consign.toml");
        let text = fs::read_to_string(&path).expect("a file");
        let secret =
            if dialect == "json2" { "api_key = { env = \"CONSIGN_ODOO_KEY\" }" } else { "password = { env = \"CONSIGN_ODOO_PASSWORD\" }" };
        let kept =
            text.lines().filter(|line| !line.starts_with("dialect") && !line.starts_with("password") && !line.starts_with("api_key"));
        let lines: Vec<String> = kept.map(str::to_string).chain([secret.to_string(), format!("dialect = \"{dialect}\"")]).collect();
        fs::write(path, lines.join("\n")).expect("written");
    }

    pub fn workspace(&self) -> PathBuf {
        self.dir.path().join("workspace")
    }

    /// Changes a file of the workspace.
    pub fn replace(&self, file: &str, changes: &[(&str, &str)]) {
        let path = self.workspace().join(file);
        let mut text = fs::read_to_string(&path).expect("a file");
        for (from, to) in changes {
            assert!(text.contains(from), "{file} has no {from}");
            text = text.replace(from, to);
        }
        fs::write(path, text).expect("written");
    }

    fn prepare(args: &[&str], workspace: &Path) -> Command {
        // Another one only where journals of an earlier version are made (`tests/suite/journals.rs`).
        let binary = std::env::var("CONSIGN_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_consign").to_string());
        let mut command = Command::new(binary);
        command
            .args(args)
            .env("CONSIGN_WORKSPACE", workspace)
            .env_remove("CONSIGN_PAUSE_AT")
            .env_remove("CONSIGN_FAULT")
            .env_remove("CONSIGN_AHEAD")
            .env_remove("CONSIGN_GO_ON")
            .env_remove("CONSIGN_PATIENCE")
            .env_remove("CONSIGN_STEPS");
        command
    }

    /// A command in any folder, with no secrets.
    pub fn command(args: &[&str], workspace: &Path) -> Ran {
        Self::finish(Self::prepare(args, workspace))
    }

    fn finish(mut command: Command) -> Ran {
        let output = command.stdin(Stdio::null()).output().expect("consign starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// The command as ops would type it in the workspace, secrets in the environment.
    pub fn prepared(&self, args: &[&str]) -> Command {
        let mut command = Self::prepare(args, &self.workspace());
        command
            .env("CONSIGN_ODOO_PASSWORD", &self.odoo.password)
            .env("CONSIGN_ODOO_KEY", &self.odoo.key)
            .env("NORDWIND_PASSWORD", "secret");
        command
    }

    pub fn consign(&self, args: &[&str]) -> Ran {
        Self::finish(self.prepared(args))
    }

    /// The command with changed secrets.
    pub fn consign_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = self.prepared(args);
        command.envs(environment.iter().copied());
        Self::finish(command)
    }

    /// The command as it runs some minutes later: what waits for an answer that may still come waits no longer. It does not wait for a
    /// consign that runs beside it.
    pub fn consign_later(&self, args: &[&str]) -> Ran {
        self.consign_ahead("400", args)
    }

    /// The same, so many seconds later.
    pub fn consign_ahead(&self, seconds: &str, args: &[&str]) -> Ran {
        self.consign_with(args, &[("CONSIGN_AHEAD", seconds), ("CONSIGN_PATIENCE", "0")])
    }

    /// Starts `run` as a daemon, its log in a file.
    pub fn daemon(&self) -> Child {
        self.daemon_ahead("0")
    }

    /// The daemon some minutes later.
    pub fn daemon_later(&self) -> Child {
        self.daemon_ahead("400")
    }

    fn daemon_ahead(&self, ahead: &str) -> Child {
        let log = fs::File::create(self.dir.path().join("daemon.log")).expect("a log");
        self.prepared(&["run"])
            .env("CONSIGN_AHEAD", ahead)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("consign starts")
    }

    /// Puts a file where the partner would.
    pub fn drop_file(&self, folder: &str, name: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.partner.join(folder)).expect("a folder");
        fs::write(self.partner.join(folder).join(name), content).expect("dropped");
    }

    /// Files on the partner's side below a folder, sorted.
    pub fn partner_files(&self, folder: &str) -> Vec<String> {
        files(&self.partner.join(folder))
    }

    /// Files of our storage below a folder, sorted.
    pub fn stored_files(&self, folder: &str) -> Vec<String> {
        files(&self.workspace().join("var").join(folder))
    }

    /// What `--json` prints, parsed.
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        let mut all = vec!["--json"];
        all.extend_from_slice(args);
        let ran = self.consign(&all);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }

    /// The messages of a flow as `log` lists them, oldest first.
    pub fn messages(&self, flow: &str) -> Vec<serde_json::Value> {
        let listed = self.json(&["log", flow, "--limit", "1000"]);
        let mut all = listed.as_array().cloned().unwrap_or_else(|| panic!("not a list: {listed}"));
        all.reverse();
        all
    }
}

/// Names of the files below a folder, with their sub-folders, sorted.
pub fn files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, root: &Path, into: &mut Vec<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, root, into);
            } else {
                into.push(path.strip_prefix(root).expect("below").display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}
