//! The hosts of Dataproc: one for each of Google's regions, and one for all.
//!
//! A list, since a name constraint cannot say `*-dataproc.googleapis.com`: the authority would have to be trusted for
//! all of `googleapis.com`.

use caddis_dataproc::REGIONS;

/// The hosts that clients ask for.
pub(super) fn hosts() -> impl Iterator<Item = String> {
    let regional = REGIONS.iter().map(|region| format!("{region}-dataproc.googleapis.com"));
    ["dataproc.googleapis.com".to_owned()].into_iter().chain(regional)
}
