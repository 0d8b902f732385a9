//! The server through its real sockets, over a memory store and an outside that does nothing.

mod boot;
mod browser;
mod clusters;
mod cost;
mod door;
mod fakes;
mod following;
mod gaps;
mod jobs;
mod keeping;
mod learning;
mod login;
mod logs;
mod openapi;
mod other_user;
mod polling;
mod problems;
mod proxying;
mod records;
mod rig;
mod stdin;
