//! Ends of programs that set a cluster up.

use caddis_types::{Cause, CauseCode, duration};

use super::{cluster, text};
use crate::record::SetupRecord;
use crate::world::{End, Exit, KilledBy};

/// Why one failed; nothing when it ended with 0 by itself.
pub fn setup_end(step: &SetupRecord, end: &End) -> Option<Cause> {
    let name = &step.name;
    let how = match (&end.killed_by, &end.exit) {
        (None, Exit::Code(0)) => return None,
        (Some(KilledBy::Stop { reason }), _) if reason == crate::cluster::TOO_LONG => {
            let most = duration::display(std::time::Duration::from_millis(step.deadline_ms));
            format!("was ended: it ran longer than {most}")
        }
        (Some(KilledBy::Memory { .. } | KilledBy::KernelOom), _) => "was killed, out of memory".to_owned(),
        (Some(KilledBy::Stop { reason } | KilledBy::Purge { reason }), _) => format!("was ended: {reason}"),
        (Some(KilledBy::Lease), _) => return Some(cluster::lease_lapsed()),
        (None, Exit::Code(code)) => format!("exited with code {code}"),
        (None, Exit::Signal(signal)) => format!("was killed by {}", text::signal_name(*signal)),
        (None, Exit::Unknown(why)) => match cluster::rebooted(why) {
            Some(cause) => return Some(cause),
            None => format!("ended unseen: {why}"),
        },
    };
    let cause = Cause::new(CauseCode::SetupFailed, format!("setup `{name}` {how}")).with("setup", name.clone());
    Some(text::with_log(cause, &end.log_tail))
}
