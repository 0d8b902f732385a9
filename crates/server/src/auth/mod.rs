//! Who asks, and whether he may.
//!
//! Two ways in. The Unix socket: the kernel says whose process is at the other end, and only the server's own user
//! and root are let in. The loopback port: a browser proves itself with a cookie from a one-time link; the connection
//! must come from a process of the same user, the `Host` must be this server's, and the `Origin` nobody else's.

pub(crate) mod cookies;
mod guard;
mod refusals;
mod sessions;
mod users;
mod who;

pub(crate) use guard::{Peer, check as guard};
pub(crate) use sessions::{LINK_VALID, Sessions};
pub(crate) use users::name_of;
pub(crate) use who::{Operator, Sight, Who};
