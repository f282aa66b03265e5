//! What we get on with: OpenSSH's sshd configured for one host key, key exchange, cipher, MAC or way to sign in at a time, tried with
//! both engines. The table in `docs/interop.md` is what this prints, and is held against it.

use std::{fs, path::Path, process::Command};

use consign::{
    model::Code,
    transport::sftp::{self, Login, Secret, SftpSettings, SshEngine},
};

use crate::common::sshd::{PASSWORD, Sshd, keygen, password_user};

/// One sshd, one way to reach it.
struct Case {
    what: &'static str,
    name: &'static str,
    /// Kind of its host key.
    key: &'static str,
    config: String,
    /// Old algorithms that the partner's file allows.
    legacy: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    let case = |what, name, key, config: String, legacy| Case { what, name, key, config, legacy };
    let mut cases = vec![
        case("host key", "ssh-ed25519", "ed25519", String::new(), &[][..]),
        case("host key", "ecdsa-sha2-nistp256", "ecdsa-256", String::new(), &[]),
        case("host key", "ecdsa-sha2-nistp384", "ecdsa-384", String::new(), &[]),
        case("host key", "ecdsa-sha2-nistp521", "ecdsa-521", String::new(), &[]),
        case("host key", "rsa-sha2-512", "rsa", "HostKeyAlgorithms rsa-sha2-512".into(), &[]),
        case("host key", "rsa-sha2-256", "rsa", "HostKeyAlgorithms rsa-sha2-256".into(), &[]),
        case("host key", "ssh-rsa", "rsa", "HostKeyAlgorithms ssh-rsa".into(), &["ssh-rsa"]),
        case("host key", "ssh-dss", "dsa", "HostKeyAlgorithms ssh-dss".into(), &["ssh-dss"]),
    ];
    for name in [
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group14-sha256",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512",
    ] {
        cases.push(case("key exchange", name, "ed25519", format!("KexAlgorithms {name}"), &[]));
    }
    for (name, legacy) in [
        ("diffie-hellman-group-exchange-sha1", &["diffie-hellman-group-exchange-sha1"][..]),
        ("diffie-hellman-group14-sha1", &["diffie-hellman-group14-sha1"]),
        ("diffie-hellman-group1-sha1", &["diffie-hellman-group1-sha1"]),
    ] {
        cases.push(case("key exchange", name, "ed25519", format!("KexAlgorithms {name}"), legacy));
    }
    for name in
        ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"]
    {
        cases.push(case("cipher", name, "ed25519", format!("Ciphers {name}"), &[]));
    }
    for (name, legacy) in
        [("aes256-cbc", &["aes256-cbc"][..]), ("aes192-cbc", &["aes192-cbc"]), ("aes128-cbc", &["aes128-cbc"]), ("3des-cbc", &["3des-cbc"])]
    {
        cases.push(case("cipher", name, "ed25519", format!("Ciphers {name}"), legacy));
    }
    for name in ["hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512", "hmac-sha2-256"] {
        cases.push(case("MAC", name, "ed25519", format!("Ciphers aes256-ctr\nMACs {name}"), &[]));
    }
    for (name, legacy) in [("hmac-sha1", &["hmac-sha1"][..]), ("hmac-sha1-etm@openssh.com", &["hmac-sha1-etm@openssh.com"])] {
        cases.push(case("MAC", name, "ed25519", format!("Ciphers aes256-ctr\nMACs {name}"), legacy));
    }
    cases
}

/// Tries to use a drop: its files listed, one written, read and removed.
async fn works(settings: SftpSettings) -> bool {
    let Ok(drop) = sftp::open(settings) else { return false };
    let bytes = vec![b'i'; 70_000];
    drop.list("").await.is_ok()
        && drop.write("interop.part", &bytes).await.is_ok()
        && drop.read("interop.part", 70_000, 1 << 20).await.is_ok_and(|read| read == bytes)
        && drop.remove("interop.part").await.is_ok()
}

fn with(settings: &SftpSettings, engine: SshEngine, legacy: &[&str]) -> SftpSettings {
    let mut settings = settings.clone();
    settings.engine = engine;
    settings.legacy = legacy.iter().map(ToString::to_string).collect();
    settings
}

fn told(works: bool) -> &'static str {
    if works { "yes" } else { "no" }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interop_table_is_true() {
    let mut table = String::from("| | | consign | with `legacy` | libssh2 |\n|---|---|---|---|---|\n");
    for case in cases() {
        let site = Sshd::with(&[case.key], &case.config);
        let settings = site.settings(Login::key(site.path("id_ed25519"), None));
        let usual = works(with(&settings, SshEngine::Russh, &[])).await;
        let old = if case.legacy.is_empty() { "" } else { told(works(with(&settings, SshEngine::Russh, case.legacy)).await) };
        let other = works(with(&settings, SshEngine::Libssh2, &[])).await;
        assert_eq!(usual, case.legacy.is_empty(), "{}: what is sound works without a word, what is old does not", case.name);
        table.push_str(&format!("| {} | {} | {} | {old} | {} |\n", case.what, case.name, told(usual), told(other)));
    }
    for (name, usual, other) in sign_in().await {
        table.push_str(&format!("| sign-in | {name} | {} | | {} |\n", told(usual), told(other)));
    }
    println!("{table}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/interop.md");
    let written = fs::read_to_string(&file).unwrap_or_default();
    if std::env::var_os("CONSIGN_WRITE_INTEROP").is_some() {
        let before = written.split("| | |").next().unwrap_or_default().to_string();
        fs::write(&file, format!("{before}{table}")).expect("written");
    } else {
        assert!(written.ends_with(&table), "docs/interop.md says otherwise; CONSIGN_WRITE_INTEROP=1 writes it anew:\n{table}");
    }
}

/// Ways to sign in, with both engines.
async fn sign_in() -> Vec<(&'static str, bool, bool)> {
    let mut rows = Vec::new();
    let both = async |settings: &SftpSettings| {
        (works(with(settings, SshEngine::Russh, &[])).await, works(with(settings, SshEngine::Libssh2, &[])).await)
    };
    let mut row = |name, (ours, other): (bool, bool)| {
        assert!(ours, "{name}");
        rows.push((name, ours, other));
    };
    let site = Sshd::start();
    for (name, key, passphrase) in [
        ("key: ed25519", "id_ed25519", None),
        ("key: ecdsa", "id_ecdsa", None),
        ("key: RSA with a passphrase (rsa-sha2-512)", "id_rsa", Some("open sesame")),
    ] {
        row(name, both(&site.settings(Login::key(site.path(key), passphrase.map(Secret::new)))).await);
    }
    let agent = Agent::with(&site.path("id_ed25519"), &site.path("agent"));
    row("agent", both(&site.settings(Login::agent(sftp::Agent::At(site.path("agent"))))).await);
    drop(agent);
    if let Some(user) = password_user() {
        let password = |site: &Sshd| {
            let mut settings = site.settings(Login::password(Secret::new(PASSWORD)));
            settings.user.clone_from(&user);
            settings
        };
        row("password", both(&password(&site)).await);
        let asking = Sshd::with(&["ed25519"], "PasswordAuthentication no\nKbdInteractiveAuthentication yes\nUsePAM yes");
        row("keyboard-interactive", both(&password(&asking)).await);
        let two = Sshd::with(&["ed25519"], "AuthenticationMethods publickey,password");
        let mut settings = password(&two);
        settings.login.key = Login::key(two.path("id_ed25519"), None).key;
        row("key and password, both", both(&settings).await);
    }
    let inner = Sshd::start();
    let mut settings = inner.settings(Login::key(inner.path("id_ed25519"), None));
    settings.jump = Some(Box::new(site.settings(Login::key(site.path("id_ed25519"), None))));
    row("through a jump host", both(&settings).await);
    rows
}

/// An ssh-agent with one key, until it is dropped.
struct Agent(String);

impl Agent {
    fn with(key: &Path, socket: &Path) -> Self {
        let output = Command::new("ssh-agent").arg("-a").arg(socket).arg("-s").output().expect("ssh-agent is installed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let pid = text.split("SSH_AGENT_PID=").nth(1).and_then(|rest| rest.split(';').next()).expect("a pid").to_string();
        let added = Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", socket).status().expect("ssh-add is installed");
        assert!(added.success());
        Self(pid)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn known_hosts_may_be_hashed_have_several_keys_or_name_an_authority() {
    let site = Sshd::with(&["ed25519", "rsa"], "");
    let settings = site.settings(Login::key(site.path("id_ed25519"), None));
    let hashed = site.path("hashed_hosts");
    fs::copy(&settings.known_hosts, &hashed).expect("copied");
    let made = Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&hashed).output().expect("ssh-keygen is installed");
    assert!(made.status.success());
    assert!(fs::read_to_string(&hashed).expect("a file").starts_with("|1|"));
    let mut case = settings.clone();
    case.known_hosts = hashed;
    assert!(works(with(&case, SshEngine::Russh, &[])).await && works(with(&case, SshEngine::Libssh2, &[])).await, "hashed names");

    // Only the RSA key is on file: it is asked for, and the other is no false alarm.
    let line = |marker: &str, key: &str| {
        let text = fs::read_to_string(site.path(key)).expect("a key");
        format!("{marker}[127.0.0.1]:{} {text}", settings.port)
    };
    let other = site.path("other_hosts");
    let mut case = settings.clone();
    case.known_hosts.clone_from(&other);
    fs::write(&other, line("", "host_rsa.pub")).expect("written");
    assert!(works(with(&case, SshEngine::Russh, &[])).await && works(with(&case, SshEngine::Libssh2, &[])).await, "its second key");

    fs::write(&other, format!("{}{}", line("", "host_ed25519.pub"), line("@revoked ", "host_ed25519.pub"))).expect("written");
    let problem = sftp::open(case.clone()).expect("opens").list("").await.expect_err("revoked");
    assert_eq!(problem.code, Code::DropHostChanged, "{problem}");

    // A certificate: signed by an authority on file, for this host.
    keygen(&site.path("authority"), "ed25519", "");
    let sign = |principal: &str, name: &str| {
        fs::copy(site.path("host_ed25519.pub"), site.path(&format!("{name}.pub"))).expect("copied");
        let signed = Command::new("ssh-keygen")
            .args(["-q", "-s"])
            .arg(site.path("authority"))
            .args(["-I", "host", "-h", "-n", principal, "-V", "-5m:+1h"])
            .arg(site.path(&format!("{name}.pub")))
            .status()
            .expect("ssh-keygen is installed");
        assert!(signed.success());
        site.path(&format!("{name}-cert.pub"))
    };
    for (principal, name, good) in [("127.0.0.1", "right", true), ("elsewhere.example", "wrong", false)] {
        let certificate = sign(principal, name);
        let certified = site.again(&format!("HostCertificate {}", certificate.display()));
        let mut case = certified.settings(Login::key(site.path("id_ed25519"), None));
        let authority = fs::read_to_string(site.path("authority.pub")).expect("a key");
        fs::write(&other, format!("@cert-authority [127.0.0.1]:* {authority}")).expect("written");
        case.known_hosts.clone_from(&other);
        assert_eq!(works(with(&case, SshEngine::Russh, &[])).await, good, "a certificate for {principal}");
    }
}
