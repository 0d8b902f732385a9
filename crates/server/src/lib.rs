//! The faces: native REST, the dashboard proxy, a small web page, and the process that serves them.
//!
//! What this room is for: [`serve`] takes an [`Assembly`] (the engine and what the faces need beside it), listens on
//! the state folder's Unix socket and on a loopback port for browsers, and ends itself when it may. [`http`] has one
//! file an endpoint, each ending in a domain call of the engine; [`auth`] says who asks; [`proxy`] leads to the
//! dashboards; [`google`] to the Dataproc face; [`logs`] and [`stdin`] move the bytes of jobs. Deliberately absent: decisions, rows, processes.
//!
//! What always holds: nothing but health and login answers without a proof of who asks; a request from another user
//! of the machine, or from another site in the owner's browser, gets nothing; a refusal is a `Problem` whose request
//! id stands in the log; the end of this process ends nothing else.

mod activity;
mod assembly;
mod auth;
mod boot;
mod clock;
mod face;
mod google;
mod http;
mod hub;
mod listen;
mod logs;
mod openapi;
mod proxy;
mod readiness;
mod shutdown;
mod stdin;

pub use assembly::{Assembly, Dashboards, EnvironmentError, Environments, Stdin};
pub use boot::logging;
pub use boot::{Claim, Options, ServeError, runtime, serve};
pub use clock::{SystemClock, SystemEntropy};
pub use hub::Hub;
pub use listen::FolderError;
