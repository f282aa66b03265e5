//! Listings: MLSD if the server has it (RFC 3659, section 7), otherwise LIST as `ls -l` prints it, which is common but not
//! standardised. Parsed here, with limits.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use suppaftp::{Status, list::ListParser};

use super::{Fault, Line, answered, deadline, next_part};
use crate::{model::names, transport::DirEntry};

/// Maximum bytes of a listing; a server that sends more is not trusted.
const MOST: usize = 64 << 20;
/// Maximum names in a listing.
const NAMES: usize = 250_000;

/// The files of a folder. The folder is entered first, so a missing one is reported (some servers list it as empty), and no name is
/// taken for an option or a pattern.
pub(super) async fn list(line: &mut Line, folder: &str, patience: Duration) -> Result<Vec<DirEntry>, Fault> {
    let path = line.path(folder)?;
    answered(patience, line.ftp.cwd(&path)).await?;
    let command = if line.exact { "MLSD" } else { "LIST -a" };
    let opened = answered(patience, line.ftp.custom_data_command(command, &[Status::AboutToSend, Status::AlreadyOpen])).await;
    let mut stream = match opened {
        Ok((_, stream)) => stream,
        // Some servers answer this for an empty folder; we know that the folder exists.
        Err(fault) if fault.is_refusal() => return Ok(Vec::new()),
        Err(fault) => return Err(fault),
    };
    let mut bytes = Vec::new();
    let mut part = vec![0; 64 << 10];
    let deadline = deadline(patience, 0);
    loop {
        let length = next_part(&mut stream, &mut part, deadline, patience).await?;
        if length == 0 {
            break;
        }
        bytes.extend_from_slice(&part[..length]);
        if bytes.len() > MOST || bytes.len() > NAMES && bytes.iter().filter(|byte| **byte == b'\n').count() > NAMES {
            return Err(Fault::Broken("a listing without end"));
        }
    }
    answered(patience, stream.finish()).await?;
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).filter(|line| !line.is_empty());
    let parse = if line.exact { exact } else { customary };
    Ok(lines.filter_map(parse).filter(|entry| is_name(&entry.name)).collect())
}

/// One file by MLST, as in its folder's listing. The answer may have the name in any form; we know which file we asked for.
pub(super) async fn one(line: &mut Line, path: &str, name: &str, patience: Duration) -> Result<Option<DirEntry>, Fault> {
    match answered(patience, line.ftp.mlst(Some(path))).await {
        Ok(text) => Ok(exact(text.trim_start().as_bytes()).map(|entry| DirEntry { name: name.to_string(), ..entry })),
        Err(fault) if fault.is_refusal() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Whatever a server calls `../x` is not a file of the folder.
fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

/// Parses a line of MLSD: `type=file;size=1024;modify=20261124120000; name`. `None` for anything but a file.
pub fn exact(line: &[u8]) -> Option<DirEntry> {
    let at = line.windows(2).position(|pair| pair == b"; ")?;
    let facts = String::from_utf8_lossy(&line[..at]).to_lowercase();
    let fact = |key: &str| facts.split(';').find_map(|fact| fact.trim().strip_prefix(key)?.strip_prefix('='));
    if fact("type") != Some("file") {
        return None;
    }
    let modified = fact("modify").and_then(|text| NaiveDateTime::parse_from_str(text.get(..14)?, "%Y%m%d%H%M%S").ok());
    Some(DirEntry {
        name: names::text(&line[at + 2..]),
        size: fact("size")?.parse().ok()?,
        modified: modified.map(|at| at.and_utc()),
        unreachable: false,
    })
}

/// Parses a line of `ls -l`, or of a DOS listing. Its time is the server's, to the minute: good only for comparison with itself. The
/// name begins after the one blank after the time, and may have blanks at either end. The library parses the rest.
pub fn customary(line: &[u8]) -> Option<DirEntry> {
    let text = names::text(line);
    let (head, name) = match columns(&text, 8) {
        Some(at) if text.starts_with(['-', 'd', 'l']) => text.split_at(at),
        _ => ("", text.as_str()),
    };
    let (file, name) = if head.is_empty() {
        let file = ListParser::parse_dos(&text).ok()?;
        let name = file.name().to_string();
        (file, name)
    } else {
        (ListParser::parse_posix(&format!("{head} x")).ok()?, name.strip_prefix(' ')?.to_string())
    };
    let modified = DateTime::<Utc>::from(file.modified());
    (file.is_file() && !file.is_symlink()).then(|| DirEntry {
        name,
        size: file.size() as u64,
        modified: Some(modified),
        unreachable: false,
    })
}

/// Where this many columns end, separated by any number of blanks.
fn columns(text: &str, count: usize) -> Option<usize> {
    let mut at = 0;
    for _ in 0..count {
        let rest = text.get(at..)?;
        at += rest.len() - rest.trim_start_matches(' ').len();
        let rest = text.get(at..)?;
        at += rest.find(' ')?;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_both_kinds_of_listing() {
        let entry = exact(b"Type=file;Size=12;Modify=20261124120102.5;UNIX.mode=0644; a; b \xfc.xml").expect("a file");
        assert_eq!((entry.name.as_str(), entry.size), ("a; b \u{f7fc}.xml", 12));
        assert_eq!(entry.modified.expect("a time").to_rfc3339(), "2026-11-24T12:01:02+00:00");
        assert_eq!(exact(b"type=dir;modify=20261124120102; sub"), None);
        assert_eq!(exact(b"type=file;modify=20261124120102; no size"), None);
        let entry = customary(b"-rw-r--r--    1 1000     1000          345 Nov 24 12:01 order 1.xml").expect("a file");
        assert_eq!((entry.name.as_str(), entry.size), ("order 1.xml", 345));
        let entry = customary(b"-rw-r--r--    1 1000     1000            0 Nov 24  2025   blanks ").expect("a file");
        assert_eq!((entry.name.as_str(), entry.size), ("  blanks ", 0));
        let entry = customary(b"10-23-26  03:25PM             2345 order.xml").expect("a file");
        assert_eq!((entry.name.as_str(), entry.size), ("order.xml", 2345));
        assert_eq!(customary(b"drwxr-xr-x    2 1000     1000         4096 Nov 24 12:01 sub"), None);
        assert_eq!(customary(b"lrwxrwxrwx    1 1000     1000            4 Nov 24 12:01 link -> x"), None);
    }

    proptest! {
        #[test]
        fn no_line_of_a_server_does_harm(line: Vec<u8>, facts in "(type|size|modify)=[0-9a-z.]{0,20}; ?") {
            let _ = (exact(&line), customary(&line), exact(facts.as_bytes()), customary(facts.as_bytes()));
        }
    }
}
