//! Host keys: `known_hosts` in OpenSSH's format, hashed names included. A key that is not in it is never trusted by itself.

use std::path::Path;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKey, known_hosts};

use crate::model::{Problem, codes};

/// What `known_hosts` says about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the key on file.
    Known,
    /// The host is not on file.
    Unknown,
    /// The host is on file with another key.
    Changed,
}

/// Judges a key; a file that is missing knows nobody.
pub fn judge(host: &str, port: u16, key: &PublicKey, file: &Path) -> Verdict {
    let recorded = recorded(host, port, file);
    if recorded.iter().any(|known| known.key_data() == key.key_data()) {
        Verdict::Known
    } else if recorded.is_empty() {
        Verdict::Unknown
    } else {
        Verdict::Changed
    }
}

/// Algorithms to ask the server for: those on file first, so that a second key of a host is no false alarm. SHA-1 is left out.
pub fn preferred(host: &str, port: u16, file: &Path) -> Vec<Algorithm> {
    let all = [
        Algorithm::Ed25519,
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
    ];
    let on_file: Vec<Algorithm> = recorded(host, port, file).iter().map(PublicKey::algorithm).collect();
    let is_on_file = |algorithm: &Algorithm| {
        on_file.iter().any(|known| known == algorithm || matches!((known, algorithm), (Algorithm::Rsa { .. }, Algorithm::Rsa { .. })))
    };
    let (mut first, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(is_on_file);
    first.extend(rest);
    first
}

/// Adds a key to the file.
///
/// # Errors
/// The file cannot be written.
pub fn accept(host: &str, port: u16, key: &PublicKey, file: &Path) -> Result<(), Problem> {
    known_hosts::learn_known_hosts_path(host, port, key, file)
        .map_err(|_| Problem::new(codes::CONFIG_UNREADABLE, format!("the host key cannot be written to {}", file.display())))
}

/// Removes every key of a host from the file, so that a changed one can take their place.
///
/// # Errors
/// The file cannot be written.
pub fn forget(host: &str, port: u16, file: &Path) -> Result<(), Problem> {
    let unwritable = |_| Problem::new(codes::CONFIG_UNREADABLE, format!("the old host key cannot be removed from {}", file.display()));
    let text = std::fs::read_to_string(file).map_err(unwritable)?;
    // Each line is asked by itself: the library's own line numbers leave comments out.
    let names_host = |line: &str| {
        let alone = tempfile::NamedTempFile::new().and_then(|alone| std::fs::write(alone.path(), format!("{line}\n")).map(|()| alone));
        alone.is_ok_and(|alone| !recorded(host, port, alone.path()).is_empty())
    };
    let kept: String = text.lines().filter(|line| !names_host(line)).map(|line| format!("{line}\n")).collect();
    std::fs::write(file, kept).map_err(unwritable)
}

/// The fingerprint as `ssh-keygen -l` and every partner's documentation show it.
pub fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// The problem for a key that is not the one on file.
pub(super) fn refusal(verdict: &Verdict, host: &str, port: u16, key: &PublicKey, accept_with: &str) -> Problem {
    let print = fingerprint(key);
    let (code, message) = match verdict {
        Verdict::Changed => {
            (codes::DROP_HOST_CHANGED, format!("the host key of {host}:{port} has changed: it is now {} {print}", key.algorithm()))
        }
        _ => (codes::DROP_HOST_UNKNOWN, format!("the host key of {host}:{port} is not known: {} {print}", key.algorithm())),
    };
    Problem::new(code, message).hint(format!("compare the fingerprint with the partner, then: {accept_with} --fingerprint {print}"))
}

/// Whether the file can be asked at all: one that is not there knows nobody, one that cannot be read must not count as such.
pub(super) fn readable(file: &Path) -> Result<(), Problem> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            let message = format!("the known host keys in {} cannot be read", file.display());
            Err(Problem::new(codes::CONFIG_UNREADABLE, message)
                .hint("it is a text file in OpenSSH's format; nothing is trusted without it"))
        }
        _ => Ok(()),
    }
}

fn recorded(host: &str, port: u16, file: &Path) -> Vec<PublicKey> {
    known_hosts::known_host_keys_path(host, port, file).unwrap_or_default().into_iter().map(|(_, key)| key).collect()
}
