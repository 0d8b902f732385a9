//! A cluster that somebody wants never ends for want of a lease.

use caddis_types::ClusterId;

use crate::hub::{SECOND, State};

/// Looks at a lease that is about to lapse: whether a server was there all the time and should have renewed it.
pub fn unwanted(state: &mut State, cluster: &ClusterId) {
    let long = state.options.lease_s as i64 * SECOND + 10 * SECOND;
    let there = state.up_since.is_some_and(|since| state.t - since > long);
    let wanted = state.book.clusters.get(cluster).is_some_and(|record| !record.state.is_ending());
    if there && wanted {
        state.violate(format!("the lease of {cluster} lapses, and a server was there to renew it"));
    }
}
