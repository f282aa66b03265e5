//! What others use for the same job, each in the way that suits it best.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use super::site::Site;

pub struct Peer {
    pub name: &'static str,
    program: &'static str,
    work: fn(&Site, u16, &str),
}

pub const ALL: [Peer; 3] = [
    Peer { name: "OpenSSH `sftp -b`", program: "sftp", work: openssh },
    Peer { name: "lftp, 16 parallel", program: "lftp", work: lftp },
    Peer { name: "rclone, 16 transfers", program: "rclone", work: rclone },
];

impl Peer {
    pub fn is_installed(&self) -> bool {
        Command::new("sh")
            .args(["-c", &format!("command -v {}", self.program)])
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|found| found.success())
    }

    pub fn run(&self, site: &Site, port: u16, folder: &str) {
        (self.work)(site, port, folder);
    }
}

fn done(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(Path::new(folder).join("in")).expect("a folder");
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn openssh(site: &Site, port: u16, folder: &str) {
    let inbox = site.inbox();
    let mut batch = format!("cd {folder}/in\nlcd {}\nls -1\nget *\n", inbox.display());
    for name in names(folder) {
        batch.push_str(&format!("rename {name} ../archive/{name}\n"));
    }
    let file = inbox.join("batch");
    fs::write(&file, batch).expect("written");
    done(
        Command::new("sftp")
            .args(["-q", "-P", &port.to_string(), "-i"])
            .arg(site.key())
            .args(["-o", &format!("UserKnownHostsFile={}", site.known_hosts().display()), "-o", "IdentitiesOnly=yes", "-b"])
            .arg(&file)
            .arg(format!("{}@127.0.0.1", site.user())),
    );
}

fn lftp(site: &Site, port: u16, folder: &str) {
    let script = format!(
        "set sftp:connect-program 'ssh -a -x -i {key} -o UserKnownHostsFile={hosts} -o IdentitiesOnly=yes'; set net:connection-limit 16; \
         open -u {user},none -p {port} sftp://127.0.0.1; mirror --parallel=16 {folder}/in {inbox}; cd {folder}/in; mmv *.xml ../archive/; bye",
        key = site.key().display(),
        hosts = site.known_hosts().display(),
        user = site.user(),
        inbox = site.inbox().display(),
    );
    done(Command::new("lftp").args(["--norc", "-c", &script]));
}

fn rclone(site: &Site, port: u16, folder: &str) {
    let remote = format!(
        ":sftp,host=127.0.0.1,port={port},user={},key_file={},known_hosts_file={},shell_type=none:{folder}",
        site.user(),
        site.key().display(),
        site.known_hosts().display()
    );
    let common = ["--config", "/dev/null", "--transfers", "16", "--checkers", "16", "-q"];
    done(Command::new("rclone").args(common).arg("copy").arg(format!("{remote}/in")).arg(site.inbox()));
    done(Command::new("rclone").args(common).arg("move").arg(format!("{remote}/in")).arg(format!("{remote}/archive")));
}
