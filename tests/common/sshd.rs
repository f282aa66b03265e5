//! A real OpenSSH sshd on loopback, as the present user, with keys of its own.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use consign::transport::sftp::{Login, Secret, SftpSettings, host_keys};
use tempfile::TempDir;

use super::world::SftpAccess;

pub struct Sshd {
    dir: TempDir,
    port: u16,
    server: Running,
    /// Its first host key.
    host: PathBuf,
}

/// Ends the server when it is dropped.
pub struct Running {
    process: Child,
    config: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Running {
    fn start(config: &Path) -> Self {
        let log = fs::OpenOptions::new().create(true).append(true).open(config.with_extension("log")).expect("a log");
        let process = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(config)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("sshd is installed");
        Self { process, config: config.to_path_buf() }
    }

    /// Ends it with every session that it has, and starts it again.
    pub fn restart(&mut self) {
        let _ = Command::new("pkill").arg("-9").arg("-P").arg(self.process.id().to_string()).status();
        let _ = self.process.kill();
        let _ = self.process.wait();
        *self = Self::start(&self.config.clone());
    }
}

pub fn keygen(path: &Path, kind: &str, passphrase: &str) {
    let (kind, bits) = kind.split_once('-').unwrap_or((kind, ""));
    let mut command = Command::new("ssh-keygen");
    if !bits.is_empty() {
        command.args(["-b", bits]);
    }
    let done = command.args(["-q", "-t", kind, "-N", passphrase, "-f"]).arg(path).status().expect("ssh-keygen is installed");
    assert!(done.success());
}

fn user() -> String {
    String::from_utf8(Command::new("id").arg("-un").output().expect("id").stdout).expect("a name").trim().to_string()
}

impl Sshd {
    pub fn start() -> Self {
        Self::with(&["ed25519", "rsa"], "")
    }

    /// A server with host keys of these kinds (`ecdsa-384` is one of 384 bits) and these lines of configuration besides.
    pub fn with(host_keys: &[&str], config: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("partner")).expect("a folder");
        for kind in host_keys {
            keygen(&path(&format!("host_{kind}")), kind, "");
        }
        keygen(&path("id_ed25519"), "ed25519", "");
        keygen(&path("id_rsa"), "rsa", "open sesame");
        keygen(&path("id_ecdsa"), "ecdsa", "");
        let keys: String = ["id_ed25519", "id_rsa", "id_ecdsa"]
            .iter()
            .map(|name| fs::read_to_string(path(&format!("{name}.pub"))).expect("a key"))
            .collect();
        fs::write(path("authorized_keys"), keys).expect("written");
        let folder = dir.path().to_path_buf();
        let hosts: Vec<PathBuf> = host_keys.iter().map(|kind| folder.join(format!("host_{kind}"))).collect();
        Self::run(dir, &folder, &hosts, config)
    }

    /// A second server with the first one's keys, and these lines of configuration besides.
    pub fn again(&self, config: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(dir.path().join("partner")).expect("a folder");
        Self::run(dir, self.dir.path(), &[self.path("host_ed25519")], config)
    }

    fn run(dir: TempDir, keys: &Path, hosts: &[PathBuf], config: &str) -> Self {
        let path = |name: &str| dir.path().join(name);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let host_keys: String = hosts.iter().map(|file| format!("HostKey {}\n", file.display())).collect();
        // The first line of a key counts, so what a test wants goes before what is usual.
        let config = format!(
            "{config}\nPort {port}\nListenAddress 127.0.0.1\n{host_keys}PidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n\
             PasswordAuthentication yes\nKbdInteractiveAuthentication no\nAuthorizedKeysFile {}/authorized_keys\nSubsystem sftp internal-sftp\nMaxStartups 100\n",
            keys.display()
        );
        fs::write(path("sshd_config"), config).expect("written");
        // sshd started by root wants its privilege separation folder.
        let _ = fs::create_dir_all("/run/sshd");
        let server = Running::start(&path("sshd_config"));
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                for open in [dir.path(), &path("partner")] {
                    let _ = Command::new("chmod").arg("a+rwx").arg(open).status();
                }
                let host = hosts.first().expect("a host key").clone();
                let site = Self { dir, port, server, host };
                for file in hosts {
                    let key = russh::keys::load_public_key(file.with_extension("pub")).expect("a key");
                    host_keys::accept("127.0.0.1", port, &key, &site.path("known_hosts")).expect("accepted");
                }
                return site;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("sshd does not start: {}", fs::read_to_string(path("sshd.log")).unwrap_or_default());
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// How to reach it as the present user.
    pub fn settings(&self, login: Login) -> SftpSettings {
        let mut settings = SftpSettings::new("127.0.0.1", self.port, user(), login, self.path("known_hosts"));
        settings.base = self.path("partner").display().to_string();
        settings.timeout = Duration::from_secs(20);
        settings
    }

    fn host_key(&self) -> russh::keys::PublicKey {
        russh::keys::load_public_key(self.host.with_extension("pub")).expect("a key")
    }

    /// Every way to sign in that this sshd offers, with a folder that is there.
    pub fn logins(&self) -> Vec<(String, SftpSettings)> {
        let key =
            |name: &str, passphrase: Option<&str>| (name.to_string(), user(), Login::key(self.path(name), passphrase.map(Secret::new)));
        let mut logins = vec![key("id_ed25519", None), key("id_rsa", Some("open sesame")), key("id_ecdsa", None)];
        if let Some(name) = password_user() {
            logins.push(("password".into(), name, Login::password(Secret::new(PASSWORD))));
        }
        let mut out = Vec::new();
        for (name, user, login) in logins {
            let base = self.path("partner");
            fs::create_dir_all(base.join(&name)).expect("a folder");
            // The password's user is another one and must get in.
            for open in [self.dir.path(), &base, &base.join(&name)] {
                let _ = Command::new("chmod").arg("a+rwx").arg(open).status();
            }
            let mut settings = self.settings(login);
            settings.user = user;
            out.push((name, settings));
        }
        out
    }

    /// The folder, the access and the running server, to build a world from.
    pub fn into_parts(self) -> (TempDir, SftpAccess, Running) {
        let access = SftpAccess {
            port: self.port,
            user: user(),
            login: format!("key = \"{}\"", self.path("id_ed25519").display()),
            base: self.path("partner").display().to_string(),
            host_key: self.host_key(),
        };
        (self.dir, access, self.server)
    }
}

pub const PASSWORD: &str = "consign-live-1";

/// A system user with a password; only root can make one.
pub fn password_user() -> Option<String> {
    if user() != "root" {
        eprintln!("LOUD: not root, so sshd's password login was NOT tested");
        return None;
    }
    let name = "consignlive";
    // Tests that run at once must not set it at once: the password file is locked meanwhile.
    static MAKING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = MAKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let _ = Command::new("useradd").args(["-M", "-d", "/", "-s", "/bin/sh", name]).stderr(Stdio::null()).status();
    // vsftpd goes to the home folder before it goes anywhere else.
    let _ = Command::new("usermod").args(["-d", "/", name]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let set = Command::new("sh").arg("-c").arg(format!("echo {name}:{PASSWORD} | chpasswd")).status().expect("chpasswd");
    assert!(set.success(), "the password of the test user cannot be set");
    Some(name.to_string())
}
