//! What the suites share: worlds (embedded and real servers), an RPC reader of their own, and scenarios that run over every world.
#![allow(dead_code, reason = "each suite uses its own part")]

pub mod checks;
pub mod dialects;
pub mod disturbed;
pub mod drops;
pub mod goods;
pub mod kills;
pub mod library;
pub mod plans;
pub mod proxy;
pub mod records;
pub mod rpc;
pub mod scenarios;
pub mod site;
pub mod sshd;
pub mod world;
