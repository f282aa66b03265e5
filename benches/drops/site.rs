//! One sshd for everybody, straight and through a proxy that makes a round trip take its time.

use std::{
    cell::Cell,
    fs,
    net::{TcpListener as StdListener, TcpStream as StdStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use consign::transport::sftp::{Login, SftpSettings, host_keys};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::Instant,
};

pub struct Site {
    dir: tempfile::TempDir,
    straight: u16,
    delayed: u16,
    user: String,
    server: Child,
    folders: Cell<usize>,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn keygen(path: &Path) {
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status().expect("ssh-keygen is installed");
    assert!(made.success());
}

impl Site {
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name);
        keygen(&path("host"));
        keygen(&path("id"));
        fs::copy(path("id.pub"), path("authorized_keys")).expect("copied");
        let straight = StdListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let config = format!(
            "Port {straight}\nListenAddress 127.0.0.1\nHostKey {0}/host\nPidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n\
             PasswordAuthentication no\nAuthorizedKeysFile {0}/authorized_keys\nSubsystem sftp internal-sftp\nMaxStartups 100\nMaxSessions 100\n",
            dir.path().display()
        );
        fs::write(path("sshd_config"), config).expect("written");
        // sshd started by root wants its privilege separation folder.
        let _ = fs::create_dir_all("/run/sshd");
        let server = Command::new("/usr/sbin/sshd")
            .args(["-D", "-f"])
            .arg(path("sshd_config"))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sshd starts");
        while StdStream::connect(("127.0.0.1", straight)).is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let delayed = proxy(straight, super::RTT / 2).await;
        let key = russh::keys::load_public_key(path("host.pub")).expect("a key");
        for port in [straight, delayed] {
            host_keys::accept("127.0.0.1", port, &key, &path("known_hosts")).expect("accepted");
        }
        let user = String::from_utf8(Command::new("id").arg("-un").output().expect("id").stdout).expect("a name").trim().to_string();
        Self { dir, straight, delayed, user, server, folders: Cell::new(0) }
    }

    pub fn port(&self, rtt: Option<Duration>) -> u16 {
        if rtt.is_some() { self.delayed } else { self.straight }
    }

    pub fn user(&self) -> &str {
        &self.user
    }

    pub fn key(&self) -> PathBuf {
        self.dir.path().join("id")
    }

    pub fn known_hosts(&self) -> PathBuf {
        self.dir.path().join("known_hosts")
    }

    /// A place of its own for what a peer downloads.
    pub fn inbox(&self) -> PathBuf {
        let folder = self.dir.path().join(format!("inbox-{}", self.folders.get()));
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    pub fn settings(&self, rtt: Option<Duration>, folder: &str) -> SftpSettings {
        let mut settings = SftpSettings::new("127.0.0.1", self.port(rtt), &self.user, Login::key(self.key(), None), self.known_hosts());
        settings.base = folder.to_string();
        settings
    }

    /// A drop with so many files in `in/`, and an empty `archive/`.
    pub fn fill(&self, files: usize, bytes: usize) -> String {
        let mut content = vec![b'x'; bytes];
        self.fill_with(files, |number| {
            // No two are the same.
            if let Some(head) = content.get_mut(..8) {
                head.copy_from_slice(format!("{number:08}").as_bytes());
            }
            content.clone()
        })
    }

    /// A drop with orders of 4 KB in `in/`.
    pub fn fill_with_orders(&self, files: usize) -> String {
        self.fill_with(files, |number| {
            let order = format!(
                "<Order><OrderNumber>N-{number}</OrderNumber><OrderDate>2026-11-20</OrderDate><Buyer><Name>Bench</Name></Buyer><Lines><Line>\
                 <LineNumber>1</LineNumber><SupplierCode>B-1</SupplierCode><Quantity>2</Quantity><UnitPrice>3.5</UnitPrice></Line></Lines></Order>"
            );
            format!("{order}<!--{}-->", "x".repeat((4 << 10) - 7 - order.len())).into_bytes()
        })
    }

    fn fill_with(&self, files: usize, mut content: impl FnMut(usize) -> Vec<u8>) -> String {
        self.folders.set(self.folders.get() + 1);
        let folder = self.dir.path().join(format!("drop-{}", self.folders.get()));
        for name in ["in", "archive"] {
            fs::create_dir_all(folder.join(name)).expect("a folder");
        }
        for number in 0..files {
            fs::write(folder.join(format!("in/order-{number:06}.xml")), content(number)).expect("written");
        }
        folder.display().to_string()
    }

    pub fn count(&self, folder: &str, name: &str) -> usize {
        fs::read_dir(Path::new(folder).join(name)).expect("a folder").count()
    }
}

/// Passes bytes on after `delay` each way, as many as come: the distance of a long line without its narrowness.
async fn proxy(to: u16, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("a port").port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(("127.0.0.1", to)).await.expect("sshd is there");
            for socket in [&near, &far] {
                socket.set_nodelay(true).expect("set");
            }
            let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
            tokio::spawn(pass(near_read, far_write, delay));
            tokio::spawn(pass(far_read, near_write, delay));
        }
    });
    port
}

async fn pass(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, delay: Duration) {
    let (late, mut due) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((at, bytes)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut chunk = vec![0; 256 << 10];
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        if late.send((Instant::now() + delay, chunk[..length].to_vec())).is_err() {
            return;
        }
    }
}
