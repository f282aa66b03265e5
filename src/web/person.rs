//! Someone who looks at the page.

use crate::ops::users::Role;

/// Someone who is signed in.
#[derive(Clone)]
pub(super) struct Person {
    /// Name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What their forms carry.
    pub csrf: String,
    /// Digest of their session; none of those whom a proxy signs in.
    pub digest: Option<String>,
}
