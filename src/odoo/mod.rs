//! Floor 2: Odoo. One client over three dialects, the execution of plans, reading for outbound documents, and a sandbox that replaces
//! a real Odoo where there is none.
//!
//! **Invariant:** a call is never repeated before its outcome is checked: a fault is not always a failure, a timeout never is.

pub mod actions;
mod call;
pub mod client;
mod compare;
pub mod dialects;
pub mod execute;
mod fault;
pub mod fields;
pub mod keys;
mod place;
pub mod read;
mod resolve;
pub mod sandbox;
mod settings;
pub mod snapshot;

pub use call::Call;
pub use client::Odoo;
pub use execute::{ExecuteOptions, PlanOutcome, Touched, execute};
pub use fault::{Fault, FaultKind};
pub use settings::{DialectChoice, OdooLogin, OdooSettings};
