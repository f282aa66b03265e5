//! Alerts as they arrive at a real mail server (aiosmtpd, from PyPI), and the certificates that real servers show.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    common::world::World,
    ftp::{self, Ftpd},
    world,
};
use consign::transport::ftp::Security;

/// Takes mail over STARTTLS from one user, and writes each as a file.
const SERVER: &str = r#"
import asyncio, ssl, sys
from pathlib import Path
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder = Path(sys.argv[1])
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

class Handler:
    count = 0
    async def handle_DATA(self, server, session, envelope):
        Handler.count += 1
        to = "\n".join(envelope.rcpt_tos).encode()
        (folder / f"mail-{Handler.count}.txt").write_bytes(b"RCPT " + to + b"\n" + envelope.content)
        return "250 taken"

def sign_in(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"consign", b"hush-hush")
    return AuthResult(success=good, handled=False)

async def main():
    make = lambda: SMTP(Handler(), hostname="localhost", tls_context=context, require_starttls=True, authenticator=sign_in, auth_required=True)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

struct MailServer {
    process: Child,
    port: u16,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl MailServer {
    fn start(folder: &Path) -> Self {
        let python = std::env::var("CONSIGN_LIVE_PYTHON").expect("CONSIGN_LIVE_PYTHON is not set: start this suite with tests/live/run.sh");
        fs::create_dir_all(folder).expect("a folder");
        ftp::certificate(folder, false);
        let mut process = Command::new(python)
            .args(["-c", SERVER])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a mail server");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let port = line.trim().parse().unwrap_or_else(|_| panic!("the mail server does not start: {line}"));
        Self { process, port }
    }
}

fn mails(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).expect("a mail")).collect()
}

fn alerting(world: &World, port: u16) {
    let file = world.workspace().join("consign.toml");
    let text = fs::read_to_string(&file).expect("a file");
    let alerts = format!(
        "\n[alerts]\ndisabled = [\"disk\"]\n\n[alerts.mail]\nto = [\"ops@example.com\", \"edi@example.com\"]\nfrom = \"consign@example.com\"\n\
         host = \"localhost\"\nport = {port}\nuser = \"consign\"\npassword = {{ env = \"MAIL_PASSWORD\" }}\n"
    );
    fs::write(file, text + &alerts).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_gets_the_alert_and_its_end_over_tls_and_signed_in() {
    let world = world("jsonrpc");
    let folder = world.dir.path().join("mail");
    let server = MailServer::start(&folder);
    alerting(&world, server.port);
    let authority = folder.join("cert.pem").display().to_string();
    let trusted = [("SSL_CERT_FILE", authority.as_str()), ("MAIL_PASSWORD", "hush-hush")];
    world.consign_with(&["alerts", "--try"], &trusted).ends(0);
    world.drop_file("out/orders", "bad.xml", "<Order><Number>\u{1b}[2J\r\nBcc: all@example.com</Number></Order>");
    world.consign(&["run", "--once", "orders-in"]).ends(1);
    world.consign_with(&["alerts", "--tell"], &trusted).ends(1);
    world.consign_with(&["alerts", "--tell"], &trusted).ends(1);
    let all = mails(&folder);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[0].contains("alerts arrive here"), "{}", all[0]);
    let mail = all[1].replace("=\r\n", "");
    assert!(mail.starts_with("RCPT ops@example.com\nedi@example.com\n"), "{mail}");
    assert!(mail.contains("Subject: consign workspace: failed orders-in"), "{mail}");
    assert!(mail.contains("1 message of orders-in failed") && mail.contains("fix: consign errors orders-in"), "{mail}");
    assert!(!mail.contains('\u{1b}') && !mail.lines().any(|line| line.starts_with("Bcc:")), "{mail}");

    let strange = world.consign_with(&["alerts", "--try"], &[("MAIL_PASSWORD", "hush-hush")]).ends(2);
    assert!(strange.err.contains("C908") && strange.err.contains("TLS"), "a server that nobody vouches for: {}", strange.err);
    let wrong = world.consign_with(&["alerts", "--try"], &[trusted[0], ("MAIL_PASSWORD", "wrong")]).ends(2);
    assert!(wrong.err.contains("refuses") && !wrong.err.contains("wrong"), "{}", wrong.err);
    assert_eq!(mails(&folder).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_of_a_real_ftps_server_is_told_before_it_ends() {
    for security in [Security::Explicit, Security::Implicit] {
        let world = world("jsonrpc");
        let server = Ftpd::proftpd(security, "TLSv1.2 TLSv1.3");
        let tls = if security == Security::Explicit { "explicit" } else { "implicit" };
        let drop = format!(
            "name = \"Nordwind\"\n\n[drop]\nkind = \"ftp\"\nhost = \"127.0.0.1\"\nport = {}\nuser = \"u\"\npassword = {{ env = \"NORDWIND_PASSWORD\" }}\ntls = \"{tls}\"\n",
            server.port()
        );
        fs::write(world.workspace().join("partners/nordwind.toml"), drop).expect("written");
        let told = world.consign(&["alerts"]).ends(1);
        let key = format!("ending/127.0.0.1:{}", server.port());
        assert!(told.out.contains(&key) && told.out.contains("expires in 1 days"), "{}", told.out);
    }
}
