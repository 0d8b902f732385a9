//! What no type says of an endpoint.

use hyper::StatusCode;

/// A refusal that an endpoint may answer with: its status, and its word for machines.
pub(crate) type Code = (StatusCode, &'static str);

/// An endpoint's name, its sentence, and what it refuses beyond what its arguments do.
#[derive(Debug)]
pub(crate) struct About {
    pub(super) id: &'static str,
    pub(super) sentence: &'static str,
    pub(super) refuses: &'static [&'static [Code]],
}

impl About {
    pub(crate) const fn new(id: &'static str, sentence: &'static str) -> About {
        About { id, sentence, refuses: &[] }
    }

    pub(crate) const fn refuses(mut self, refuses: &'static [&'static [Code]]) -> About {
        self.refuses = refuses;
        self
    }
}

/// Refusals of the rooms below, as several endpoints pass them on.
pub(crate) mod codes {
    use hyper::StatusCode;

    use super::Code;

    const INVALID: StatusCode = StatusCode::BAD_REQUEST;
    const CONFLICT: StatusCode = StatusCode::CONFLICT;
    const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

    /// There is no such job, cluster, ...
    pub(crate) const FIND: &[Code] = &[(StatusCode::NOT_FOUND, "not_found")];

    /// Somebody else changed it again and again meanwhile.
    pub(crate) const CHANGE: &[Code] = &[(CONFLICT, "conflict"), (UNAVAILABLE, "busy")];

    /// The state file.
    pub(crate) const STORE: &[Code] = &[
        (UNAVAILABLE, "store_busy"),
        (UNAVAILABLE, "store_corrupt"),
        (UNAVAILABLE, "store_denied"),
        (UNAVAILABLE, "store_disk_full"),
        (UNAVAILABLE, "store_failed"),
        (UNAVAILABLE, "store_newer"),
        (UNAVAILABLE, "store_read_only"),
    ];

    /// A name, tags, variables.
    pub(crate) const NAMES: &[Code] = &[(INVALID, "bad_name"), (INVALID, "bad_variable"), (CONFLICT, "name_taken")];

    /// The shape of a cluster.
    pub(crate) const SHAPE: &[Code] = &[
        (INVALID, "no_profile"),
        (INVALID, "preempt_rate"),
        (INVALID, "preemptible_share"),
        (INVALID, "threads"),
        (INVALID, "too_little_memory"),
        (INVALID, "workers"),
        (CONFLICT, "minimum_above_pool"),
    ];

    /// What is asked of a job beside its program.
    pub(crate) const JOB: &[Code] = &[
        (INVALID, "bad_argument"),
        (INVALID, "bad_cwd"),
        (INVALID, "bad_retries"),
        (INVALID, "bad_script"),
        (INVALID, "bad_timeout"),
        (INVALID, "bad_max_cost"),
        (CONFLICT, "cluster_ended"),
        (CONFLICT, "conflict"),
        (UNAVAILABLE, "gone"),
    ];

    /// The files of a program.
    pub(crate) const PROGRAM: &[Code] = &[
        (INVALID, "bad_module"),
        (INVALID, "disk_full"),
        (INVALID, "io"),
        (INVALID, "is_a_folder"),
        (INVALID, "no_folder"),
        (INVALID, "no_script"),
        (INVALID, "not_a_file"),
        (INVALID, "not_python"),
        (INVALID, "unreadable"),
    ];

    /// The server ends while it waits for something.
    pub(crate) const ENDING: &[Code] = &[(UNAVAILABLE, "ending")];
}
