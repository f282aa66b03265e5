//! Real FTP servers on loopback: ProFTPD, whose listings are exact (MLSD), and vsftpd, which has only what `ls -l` prints; in the
//! clear and with TLS. Both want to be started by root.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use consign::transport::{
    ftp::{FtpSettings, Security},
    sftp::Secret,
};

use crate::common::sshd::{PASSWORD, password_user};

/// A server; ended when it is dropped.
pub struct Ftpd {
    dir: tempfile::TempDir,
    port: u16,
    security: Security,
    server: Child,
}

impl Drop for Ftpd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// A certificate of the server's own making for `localhost`: an authority's, as partners make them, or an ordinary one.
pub fn certificate(dir: &Path, is_authority: bool) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext"])
        .args(["subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"])
        .args(if is_authority { &[][..] } else { &["-addext", "basicConstraints=critical,CA:FALSE"][..] })
        .current_dir(dir)
        .stderr(Stdio::null())
        .status()
        .expect("openssl is installed");
    assert!(made.success());
}

impl Ftpd {
    pub fn port(&self) -> u16 {
        self.port
    }

    fn prepared(config: impl FnOnce(&Path, u16, bool) -> String, security: Security, start: impl FnOnce(&Path) -> Command) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let port = free_port();
        certificate(dir.path(), true);
        let root = dir.path().join("root");
        fs::create_dir_all(&root).expect("a folder");
        for (open, mode) in [(dir.path(), "a+rx"), (&root, "a+rwx")] {
            assert!(Command::new("chmod").arg(mode).arg(open).status().expect("chmod").success());
        }
        let file = dir.path().join("config");
        fs::write(&file, config(dir.path(), port, security != Security::Plain)).expect("written");
        let log = fs::File::create(dir.path().join("log")).expect("a log");
        let again = log.try_clone().expect("a log");
        let server = start(&file).stdin(Stdio::null()).stdout(log).stderr(again).spawn().expect("the server is installed");
        let site = Self { dir, port, security, server };
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return site;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the FTP server does not start: {}", fs::read_to_string(site.dir.path().join("log")).unwrap_or_default());
    }

    /// ProFTPD with mod_tls.
    pub fn proftpd(security: Security, protocol: &'static str) -> Self {
        let user = password_user().expect("FTP servers are started by root");
        let config = move |dir: &Path, port: u16, tls: bool| {
            let tls = if tls {
                let implicit = if security == Security::Implicit { "TLSOptions UseImplicitSSL\n" } else { "" };
                format!(
                    "LoadModule mod_tls.c\nTLSEngine on\nTLSRequired on\nTLSProtocol {1}\nTLSRSACertificateFile {0}/cert.pem\n\
                     TLSRSACertificateKeyFile {0}/key.pem\n{implicit}",
                    dir.display(),
                    protocol
                )
            } else {
                String::new()
            };
            format!(
                "ServerName test\nServerType standalone\nModulePath /usr/lib/proftpd\nDefaultAddress 127.0.0.1\nPort {port}\nUseIPv6 off\n\
                 UseReverseDNS off\nUser nobody\nGroup nogroup\nPidFile {0}/pid\nScoreboardFile none\nSystemLog none\n\
                 WtmpLog off\nDefaultChdir {0}/root\nAllowOverwrite on\nRequireValidShell off\n{tls}",
                dir.display()
            )
        };
        let _ = user;
        Self::prepared(config, security, |file| {
            let mut command = Command::new("/usr/sbin/proftpd");
            command.arg("-n").arg("-q").arg("-c").arg(file);
            command
        })
    }

    /// vsftpd; it has no MLSD, and wants the TLS session of the control connection again for data.
    pub fn vsftpd(security: Security) -> Self {
        let user = password_user().expect("FTP servers are started by root");
        let _ = fs::create_dir_all("/var/run/vsftpd/empty");
        let config = move |dir: &Path, port: u16, tls: bool| {
            let tls = if tls {
                format!(
                    "ssl_enable=YES\nforce_local_logins_ssl=YES\nforce_local_data_ssl=YES\nrequire_ssl_reuse=YES\nssl_ciphers=HIGH\n\
                     rsa_cert_file={0}/cert.pem\nrsa_private_key_file={0}/key.pem\nimplicit_ssl={1}\n",
                    dir.display(),
                    if security == Security::Implicit { "YES" } else { "NO" }
                )
            } else {
                String::new()
            };
            format!(
                "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nanonymous_enable=NO\nlocal_enable=YES\nwrite_enable=YES\n\
                 local_root={0}/root\nsecure_chroot_dir=/var/run/vsftpd/empty\npam_service_name=other\nseccomp_sandbox=NO\n\
                 local_umask=022\nxferlog_enable=NO\n{tls}",
                dir.display()
            )
        };
        let _ = user;
        Self::prepared(config, security, |file| {
            let binary = std::env::var_os("CONSIGN_LIVE_VSFTPD").expect("start this suite with tests/live/run.sh");
            let mut command = Command::new(binary);
            command.arg(file);
            command
        })
    }

    pub fn settings(&self) -> FtpSettings {
        FtpSettings {
            host: "localhost".into(),
            port: self.port,
            user: password_user().expect("a user"),
            password: Secret::new(PASSWORD),
            security: self.security,
            authority: Some(self.dir.path().join("cert.pem")),
            base: self.root().display().to_string(),
            timeout: Duration::from_secs(10),
        }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }
}
