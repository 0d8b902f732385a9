//! When a job is ended because it took too long.
//!
//! Google has no such field, and an Airflow task that waits deferred does not end its job when its own time is over: it
//! goes on, and costs. So a label says it, which every client can set and Google ignores.

use std::collections::BTreeMap;

use crate::wire::Status;

/// The label: a duration such as `45m` or `1h30m`, from the start of the script.
const LABEL: &str = "caddis-deadline";

/// How long it may run, in milliseconds, where its labels say.
pub(super) fn of(labels: &BTreeMap<String, String>) -> Result<Option<u64>, Status> {
    let Some(text) = labels.get(LABEL) else { return Ok(None) };
    match caddis_types::duration::parse(text).map(|span| u64::try_from(span.as_millis())) {
        Ok(Ok(ms)) if ms > 0 => Ok(Some(ms)),
        _ => {
            let what = format!("`{text}` is not a time that a job may take, such as `45m` or `1h30m`");
            Err(Status::field(&format!("job.labels.{LABEL}"), what))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_says_how_long_a_job_may_take() {
        let of = |text: &str| of(&BTreeMap::from([(LABEL.to_owned(), text.to_owned())]));
        assert_eq!(of("1h30m"), Ok(Some(5_400_000)));
        for bad in ["0s", "soon", "", "-1m"] {
            assert!(of(bad).unwrap_err().message.contains("job.labels.caddis-deadline"), "{bad}");
        }
        assert_eq!(super::of(&BTreeMap::new()), Ok(None));
    }
}
