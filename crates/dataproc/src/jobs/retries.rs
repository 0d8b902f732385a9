//! `JobScheduling`: how often a driver is started again, within Google's bounds.

use caddis_googleapis::dataproc::JobScheduling;
use caddis_types::api::RetryWish;

use crate::wire::Status;

/// The most failures in an hour, and altogether, that Google takes.
const PER_HOUR: i32 = 10;
const TOTAL: i32 = 240;

/// The retries that are asked for. Zero of one means that it does not limit, zero of both that nothing is repeated.
pub(super) fn retries(scheduling: Option<&JobScheduling>) -> Result<RetryWish, Status> {
    let scheduling = scheduling.cloned().unwrap_or_default();
    let mut wrong = Vec::new();
    let mut within = |field: &str, value: i32, most: i32| match u32::try_from(value) {
        Ok(good) if value <= most => good,
        _ => {
            wrong.push((format!("job.scheduling.{field}"), format!("`{value}` is not between 0 and {most}")));
            0
        }
    };
    let hourly = within("max_failures_per_hour", scheduling.max_failures_per_hour, PER_HOUR);
    let total = within("max_failures_total", scheduling.max_failures_total, TOTAL);
    if !wrong.is_empty() {
        return Err(Status::fields(wrong));
    }
    let max = if total == 0 && hourly > 0 { TOTAL.unsigned_abs() } else { total };
    Ok(RetryWish { max, per_hour: Some(hourly).filter(|hourly| *hourly > 0), ..RetryWish::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn googles_bounds_hold() {
        let asked = |per_hour, total| {
            let scheduling = JobScheduling { max_failures_per_hour: per_hour, max_failures_total: total };
            retries(Some(&scheduling)).map(|retry| (retry.max, retry.per_hour)).map_err(|refused| refused.message)
        };
        assert_eq!(asked(0, 0), Ok((0, None)));
        assert_eq!(asked(0, 240), Ok((240, None)));
        assert_eq!(asked(10, 0), Ok((240, Some(10))));
        assert_eq!(asked(2, 5), Ok((5, Some(2))));
        for (per_hour, total, field) in [(11, 0, "per_hour"), (-1, 0, "per_hour"), (0, 241, "total"), (0, i32::MIN, "total")] {
            assert!(asked(per_hour, total).unwrap_err().contains(field), "{per_hour} {total}");
        }
    }
}
