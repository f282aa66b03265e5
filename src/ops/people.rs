//! Who may sign in to the web page: names, roles, passwords.

use std::fmt::Write as _;

use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::Serialize;

use crate::model::{Code, Problem};

/// What someone may do; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// See everything.
    Viewer,
    /// Replay, edit, hold, release, discard.
    Operator,
    /// And look after users.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// From how it is written.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// The shortest password that is taken.
pub const SHORTEST: usize = 10;
/// The longest: more is only work for us.
pub const LONGEST: usize = 1000;

/// Random bytes as hexadecimal digits.
///
/// # Errors
/// The system gives no random numbers.
pub fn random(bytes: usize) -> Result<String, Problem> {
    let mut random = vec![0; bytes];
    SystemRandom::new().fill(&mut random).map_err(|_| Problem::new(Code::Usage, "the system gives no random numbers"))?;
    Ok(random.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    }))
}

/// A name that someone can have.
///
/// # Errors
/// It is none.
pub fn checked_name(name: &str) -> Result<(), Problem> {
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if !name.is_empty() && name.chars().count() <= 100 && name.chars().all(fine) {
        return Ok(());
    }
    Err(Problem::new(Code::Usage, "a user's name is of letters, digits and . - _ @, up to 100 of them"))
}

/// The hash of a password (argon2id).
///
/// # Errors
/// It is too short or too long.
pub fn hash(password: &str) -> Result<String, Problem> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Problem::new(Code::Usage, format!("a password has {SHORTEST} to {LONGEST} characters")));
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|_| Problem::new(Code::Usage, "the password cannot be hashed"))
}

/// Whether the password is the one of the hash. Where there is no hash the same time is spent, so that nobody learns which names exist.
pub fn fits(password: &str, hash: Option<&str>) -> bool {
    // A hash of the usual cost that no password has.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$Zm9yIG5vYm9keSdzIHBhc3N3b3JkLCB0aGVyZSBpcyA";
    if password.len() > LONGEST * 4 {
        return false;
    }
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_hash_and_no_other() {
        let hashed = hash("correct horse").expect("a hash");
        assert!(hashed.starts_with("$argon2id$") && !hashed.contains("horse"));
        assert!(fits("correct horse", Some(&hashed)));
        assert!(!fits("correct hors", Some(&hashed)) && !fits("correct horse", None));
        assert!(hash("short").is_err());
        let (began, known) = (std::time::Instant::now(), fits("wrong one", Some(&hashed)));
        let with = began.elapsed();
        let (began, unknown) = (std::time::Instant::now(), fits("wrong one", None));
        let without = began.elapsed();
        assert!(!known && !unknown);
        assert!(without * 4 > with, "nobody's hash takes as long: {without:?} and {with:?}");
    }

    #[test]
    fn names_are_plain() {
        assert!(checked_name("anna.berg@example.com").is_ok());
        for bad in ["", "a b", "<b>", "a\n", "x\u{202e}y"] {
            assert!(checked_name(bad).is_err(), "{bad}");
        }
    }
}
