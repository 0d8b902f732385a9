//! The description of the native API, read off the code that serves it.
//!
//! [`Routes`] is the only way to a route here: what it hands to the router it also describes, from the types that the
//! endpoint takes ([`Asks`]) and answers ([`Answers`]). What no type says, an endpoint's [`About`] does: its sentence
//! and what it refuses.

mod about;
mod answers;
mod asks;
mod described;
mod document;
mod operation;
mod parameters;
mod routes;
mod schemas;

pub(crate) use about::{About, Code, codes};
pub(crate) use answers::{Answers, Created, Done, Kind, Raw};
pub(crate) use asks::Asks;
pub(crate) use operation::Operation;
pub(crate) use routes::Routes;
