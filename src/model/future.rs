//! The one boxed future type, so that traits with async methods can be used as `dyn`.

use std::{future::Future, pin::Pin};

/// A boxed, sendable future; what the async methods of our `dyn` traits return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
