//! The user of the page.

use crate::ops::users::Role;

/// A signed-in user.
#[derive(Clone)]
pub(super) struct Person {
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Token of their forms.
    pub csrf: String,
    /// Digest of the session; none if a proxy signs the user in.
    pub digest: Option<String>,
}
