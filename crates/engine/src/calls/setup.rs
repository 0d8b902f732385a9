//! What sets a cluster up, as it is asked for.

use caddis_core::record::{MemberPhase, SetupRecord};
use caddis_types::Timestamp;
use caddis_types::api::SetupWish;

use super::{CallError, CallErrorKind};

/// Each waits for its turn.
pub(super) fn records(wishes: Vec<SetupWish>, now: Timestamp) -> Result<Vec<SetupRecord>, CallError> {
    wishes.into_iter().map(|wish| record(wish, now)).collect()
}

fn record(wish: SetupWish, now: Timestamp) -> Result<SetupRecord, CallError> {
    let SetupWish { name, command, deadline_ms } = wish;
    if !command.starts_with('/') || command.contains('\0') {
        let text = format!(
            "the command `{}` of setup `{name}` cannot be run\nhint: it is one executable file, by its absolute path",
            command.escape_debug()
        );
        return Err(CallError::new(CallErrorKind::Invalid, "bad_setup", text));
    }
    if deadline_ms == 0 {
        let text = format!("setup `{name}` has no time to run\nhint: `deadline_ms` is at least 1");
        return Err(CallError::new(CallErrorKind::Invalid, "bad_setup", text));
    }
    Ok(SetupRecord { name, command, deadline_ms, phase: MemberPhase::Waiting { not_before: now }, failed: None })
}
