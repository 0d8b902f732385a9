//! The JSON API, asked as clients ask it, without a port between.

mod buckets;
mod door;
mod downloads;
mod fuzz;
mod lists;
mod rig;
mod uploads;
mod writes;
