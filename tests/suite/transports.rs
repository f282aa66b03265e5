//! Every drop against one suite, and what is special about SFTP: logins and host keys.

use std::{path::PathBuf, time::Duration};

use consign::{
    model::Code,
    transport::{
        RemoteFs,
        local::LocalStore,
        memory::MemoryStore,
        sftp::{
            Login, Secret, SftpSettings, SftpStore, host_keys,
            server::{ServerAccount, SftpServer},
        },
    },
};
use russh::keys::{Algorithm, PrivateKey, ssh_key::LineEnding};

use crate::common::drops;

#[tokio::test]
async fn memory() {
    drops::behaves(&MemoryStore::default(), "base").await;
}

#[tokio::test]
async fn a_local_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    drops::behaves(&LocalStore::new(dir.path()), "base").await;
}

#[tokio::test]
async fn no_link_in_a_local_folder_leads_out_of_it() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(dir.path().join("drop")).expect("a folder");
    std::fs::create_dir_all(dir.path().join("other")).expect("a folder");
    std::fs::write(dir.path().join("other/private.xml"), "x").expect("written");
    std::os::unix::fs::symlink("../other", dir.path().join("drop/out")).expect("linked");
    std::os::unix::fs::symlink("../other/private.xml", dir.path().join("drop/link.xml")).expect("linked");
    let drop = LocalStore::new(dir.path().join("drop"));
    assert_eq!(drop.list("out").await.expect_err("refused").code, Code::PathEscapes);
    assert_eq!(drop.read("out/private.xml", 1, 10).await.expect_err("refused").code, Code::PathEscapes);
    assert_eq!(drop.list("").await.expect("listed"), [], "links are not files");
    assert_eq!(drop.read("link.xml", 1, 10).await.expect_err("refused").code, Code::DropMissing);
}

struct Site {
    dir: tempfile::TempDir,
    server: SftpServer,
}

/// An embedded server with a password account and two key accounts, one of them with a passphrase.
async fn site() -> Site {
    let dir = tempfile::tempdir().expect("a folder");
    let account = |user: &str, password: Option<&str>, key: Option<&PrivateKey>| {
        let root = dir.path().join("roots").join(user);
        std::fs::create_dir_all(&root).expect("a folder");
        ServerAccount { user: user.into(), password: password.map(str::to_string), key: key.map(|key| key.public_key().clone()), root }
    };
    let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).expect("a key");
    key.write_openssh_file(dir.path().join("key"), LineEnding::LF).expect("written");
    let locked = key.encrypt(&mut russh::keys::key::safe_rng(), "open sesame").expect("encrypted");
    locked.write_openssh_file(dir.path().join("locked"), LineEnding::LF).expect("written");
    let accounts = vec![account("word", Some("secret"), None), account("key", None, Some(&key))];
    let server = SftpServer::start(accounts, 0).await.expect("a server");
    host_keys::accept("127.0.0.1", server.address().port(), server.host_key(), &dir.path().join("known_hosts")).expect("accepted");
    Site { dir, server }
}

impl Site {
    fn settings(&self, user: &str, login: Login) -> SftpSettings {
        let mut settings = SftpSettings::new("127.0.0.1", self.server.address().port(), user, login, self.dir.path().join("known_hosts"));
        settings.accept_with = "consign trust p".into();
        settings.timeout = Duration::from_secs(10);
        settings
    }

    fn password(&self, password: &str) -> SftpSettings {
        self.settings("word", Login::password(Secret::new(password)))
    }

    fn key(&self, file: &str, passphrase: Option<&str>) -> SftpSettings {
        self.settings("key", Login::key(self.dir.path().join(file), passphrase.map(Secret::new)))
    }
}

#[tokio::test]
async fn sftp_with_a_password() {
    let site = site().await;
    drops::behaves(&SftpStore::new(site.password("secret")), "base").await;
}

#[tokio::test]
async fn sftp_with_a_key_and_with_a_passphrase() {
    let site = site().await;
    drops::behaves(&SftpStore::new(site.key("key", None)), "one").await;
    drops::behaves(&SftpStore::new(site.key("locked", Some("open sesame"))), "two").await;
    let problem = SftpStore::new(site.key("locked", Some("wrong"))).list("").await.expect_err("the passphrase is wrong");
    assert_eq!(problem.code, Code::ConfigSecret);
}

#[tokio::test]
async fn a_wrong_password_is_told_and_never_shown() {
    let site = site().await;
    let settings = site.password("not it");
    assert!(!format!("{settings:?}").contains("not it"));
    let problem = SftpStore::new(settings).list("").await.expect_err("refused");
    assert_eq!(problem.code, Code::DropLogin);
    assert!(problem.is_temporary() && !problem.to_string().contains("not it"));
}

#[tokio::test]
async fn an_unknown_and_a_changed_host_key_are_refused_with_the_way_to_accept_them() {
    let site = site().await;
    let print = host_keys::fingerprint(site.server.host_key());
    let mut settings = site.password("secret");
    settings.known_hosts = PathBuf::from("/nonexistent/known_hosts");
    let problem = SftpStore::new(settings).list("").await.expect_err("unknown");
    assert_eq!(problem.code, Code::DropHostUnknown);
    assert!(problem.message.contains(&print), "{problem}");
    assert!(problem.hint.as_deref().is_some_and(|hint| hint.contains(&format!("consign trust p --fingerprint {print}"))), "{problem}");

    let other = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).expect("a key");
    let file = site.dir.path().join("other_hosts");
    host_keys::accept("127.0.0.1", site.server.address().port(), other.public_key(), &file).expect("written");
    let mut settings = site.password("secret");
    settings.known_hosts = file;
    let problem = SftpStore::new(settings).list("").await.expect_err("changed");
    assert_eq!(problem.code, Code::DropHostChanged);
}

#[tokio::test]
async fn a_server_that_is_down_is_temporary_and_comes_back() {
    let site = site().await;
    let drop = SftpStore::new(site.password("secret"));
    drop.write("a", b"1").await.expect("written");
    let port = site.server.address().port();
    let dir = site.dir;
    std::mem::drop(site.server);
    let problem = drop.list("").await.expect_err("nobody is there");
    assert_eq!(problem.code, Code::DropUnreachable);
    assert!(problem.is_temporary());
    let account = ServerAccount { user: "word".into(), password: Some("secret".into()), key: None, root: dir.path().join("roots/word") };
    let again = SftpServer::start(vec![account], port).await.expect("the port is free again");
    // After a failure nobody knocks again for a moment.
    assert_eq!(drop.list("").await.expect_err("too early").code, Code::DropUnreachable);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let problem = drop.list("").await.expect_err("another key now");
    assert_eq!(problem.code, Code::DropHostChanged, "a new server shows a new key");
    host_keys::forget("127.0.0.1", port, &dir.path().join("known_hosts")).expect("forgotten");
    host_keys::accept("127.0.0.1", port, again.host_key(), &dir.path().join("known_hosts")).expect("accepted");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(drop.list("").await.expect("reconnected").len(), 1);
}
