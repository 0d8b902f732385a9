//! Decisions: what a cluster, a job, the pool needs next, and why something died.
//!
//! Every function here is synchronous and takes what it needs: a snapshot, `now`, a random source. That is what makes
//! a decision replayable, simulated and explained. Deliberately absent: clocks, files, networks, tasks, and whatever
//! could await; a check fails the build when this room can reach tokio, sqlx or reqwest.
//!
//! The three structs that are never one: *wish* (`caddis_types::api`), *record* ([`record`]), *world* ([`world`]).
//!
//! What always holds: a plan puts every slot and every job into exactly one bucket, gives a reason for each
//! non-action, and planning again after its actions succeeded yields none.

pub mod admission;
#[cfg(test)]
mod arbitrary;
pub mod autoscale;
pub mod cluster;
pub mod diagnosis;
pub mod forecast;
pub mod job;
pub mod ledger;
pub mod misread;
pub mod plan;
pub mod prices;
pub mod profile;
pub mod record;
pub mod restart;
pub mod settings;
pub mod team;
pub mod view;
pub mod world;
