//! Users of the web page: names, roles, passwords.

use std::{collections::HashSet, fmt::Write as _};

use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::Serialize;

use crate::{
    journal::User,
    model::{Code, Problem},
};

/// Role of a user; each includes the roles before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read only.
    Viewer,
    /// Also reprocess, edit, hold, release, discard.
    Operator,
    /// Also manage users.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The name of the role.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// Minimum length of a password.
pub const SHORTEST: usize = 10;
/// Maximum length of a password; more would only cost time.
pub const LONGEST: usize = 1000;

/// Minimum number of different characters in a password.
const DIFFERENT: usize = 5;

/// Random bytes as hexadecimal digits.
///
/// # Errors
/// The system provides no random numbers.
pub fn random(bytes: usize) -> Result<String, Problem> {
    let mut random = vec![0; bytes];
    SystemRandom::new().fill(&mut random).map_err(|_| Problem::new(Code::Usage, "the system provides no random numbers"))?;
    Ok(random.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    }))
}

/// A valid user name, in lower case: `ADAM` is adam. Only Latin letters are allowed, as look-alike letters of other scripts could
/// imitate another user.
///
/// # Errors
/// The name is not valid.
pub fn checked_name(name: &str) -> Result<String, Problem> {
    let name = name.to_lowercase();
    // Latin letters of European languages (Latin-1 and Latin Extended-A), except those that look like two letters or like others.
    let latin = |c: char| {
        matches!(c, '\u{df}'..='\u{f6}' | '\u{f8}'..='\u{17e}')
            && !matches!(c, '\u{131}' | '\u{132}' | '\u{133}' | '\u{138}' | '\u{13f}' | '\u{140}' | '\u{149}')
    };
    let fine = |c: char| c.is_ascii_alphanumeric() || latin(c) || matches!(c, '.' | '-' | '_' | '@');
    if !name.is_empty() && name.chars().count() <= 100 && name.chars().all(fine) {
        return Ok(name);
    }
    Err(Problem::new(Code::Usage, "a user name consists of up to 100 Latin letters, digits, `.`, `-`, `_` and `@`"))
}

/// The user with this name, regardless of case: earlier versions allowed capital letters.
pub fn known<'u>(users: &'u [User], name: &str) -> Option<&'u User> {
    let folded = name.to_lowercase();
    users.iter().find(|user| user.name == name).or_else(|| users.iter().find(|user| user.name.to_lowercase() == folded))
}

/// Whether a password is easy to guess, from the name or by trying the simplest ones.
pub fn is_simple(password: &str, name: &str) -> bool {
    let folded = password.to_lowercase();
    let different: HashSet<char> = folded.chars().filter(|c| !c.is_whitespace()).collect();
    let numbers: Vec<u32> = folded.chars().map(u32::from).collect();
    let steps = numbers.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) == 1).count();
    let in_a_row = steps * 5 >= numbers.len().saturating_sub(1) * 4;
    different.len() < DIFFERENT || in_a_row || (name.chars().count() >= 3 && folded.contains(&name.to_lowercase()))
}

/// The argon2id hash of a user's password.
///
/// # Errors
/// The password is too short, too long or too simple.
pub fn hash(password: &str, name: &str) -> Result<String, Problem> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Problem::new(Code::Usage, format!("a password must have {SHORTEST} to {LONGEST} characters")));
    }
    if is_simple(password, name) {
        let text = "the password is too simple: it has few different characters, contains the name, or is a common one such as 1234567890";
        return Err(Problem::new(Code::Usage, text).hint("three unrelated words are easy to remember and hard to guess"));
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|_| Problem::new(Code::Usage, "cannot hash the password"))
}

/// Whether the password matches the hash. Without a hash it takes the same time, so that nobody learns which names exist.
pub fn fits(password: &str, hash: Option<&str>) -> bool {
    // A hash of the usual cost that matches no password.
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
        let hashed = hash("correct horse", "anna").expect("a hash");
        assert!(hashed.starts_with("$argon2id$") && !hashed.contains("horse"));
        assert!(fits("correct horse", Some(&hashed)));
        assert!(!fits("correct hors", Some(&hashed)) && !fits("correct horse", None));
        assert!(hash("short", "anna").is_err());
        for simple in ["aaaaaaaaaa", "          ", "1234567890", "abababababab", "my name is Anna", "aaaaa     bbbbb"] {
            assert!(hash(simple, "anna").is_err(), "{simple}");
        }
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
        assert_eq!(checked_name("ADAM").ok().as_deref(), Some("adam"));
        assert_eq!(checked_name("Jürgen.Łoś").ok().as_deref(), Some("jürgen.łoś"));
        for bad in ["", "a b", "<b>", "a\n", "x\u{202e}y", "аdam", "αdam", "ａdam", "adam\u{301}", "adaᴍ"] {
            assert!(checked_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn whoever_was_written_down_in_large_letters_is_found() {
        let user = |name: &str| User { name: name.into(), role: "viewer".into(), hash: String::new() };
        let users = [user("Anna"), user("berta"), user("BERTA")];
        assert_eq!(known(&users, "anna").map(|user| user.name.as_str()), Some("Anna"));
        assert_eq!(known(&users, "BERTA").map(|user| user.name.as_str()), Some("BERTA"));
        assert_eq!(known(&users, "Berta").map(|user| user.name.as_str()), Some("berta"));
        assert!(known(&users, "carl").is_none());
    }
}
