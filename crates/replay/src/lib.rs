//! Replaying work through a policy: what it would have taken, what it would have cost, how many workers there would have
//! been.
//!
//! What this room is for: [`trace`] (the work: read, written, made from a recording), [`generate`] (work of known kinds),
//! [`model`] (a Dask cluster as events), [`scalers`] (who may scale it: the rule of `caddis-core`, Dask's `Adaptive`,
//! Dataproc's formula, a fixed number), [`bound`] (what nobody can go below), [`report`] (tables and pictures). All of it is
//! pure: the same trace, settings and policy give the same outcome. Deliberately absent: clocks, files, tasks, and
//! anything that decides in production; the rule is called, never copied.
//!
//! What always holds: a task runs once unless its worker is closed under it; no worker takes a task before it is ready or
//! after it was told to go; every worker is paid from the moment it is asked for until it is gone.

pub mod bound;
pub mod generate;
pub mod model;
pub mod report;
pub mod scalers;
pub mod trace;
