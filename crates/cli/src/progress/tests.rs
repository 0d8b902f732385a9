//! Frames, lines and summaries of recorded moments, as people see them.

use std::time::Duration;

use caddis_types::{Reason, ReasonCode, Timestamp};
use caddis_types::api::{ClusterView, JobPhase, JobView, Stream};
use insta::assert_snapshot;

use super::{Line, Plain, Seen, failure, frame, summary};
use crate::output::style::Style;
use crate::testing::{cluster, failed_job, job, now, queued_job};

const UNICODE: Style = Style { colour: false, unicode: true };

fn shown(job: &JobView, cluster: Option<&ClusterView>, room: usize, style: Style) -> String {
    let lines = frame(Seen { job, cluster, why: None }, now(), room, style);
    assert!(lines.iter().all(|line: &Line| line.width() <= room), "{lines:?}");
    lines.iter().map(|line| line.render(style) + "\n").collect()
}

#[test]
fn a_running_job() {
    assert_snapshot!("frame_running_100", shown(&job("RUNNING"), Some(&cluster()), 100, UNICODE));
    assert_snapshot!("frame_running_60", shown(&job("RUNNING"), Some(&cluster()), 60, UNICODE));
    assert_snapshot!("frame_running_ascii", shown(&job("RUNNING"), Some(&cluster()), 100, Style::default()));
    assert_snapshot!("frame_running_colour", shown(&job("RUNNING"), Some(&cluster()), 100, Style { colour: true, unicode: true }));
}

#[test]
fn a_terminal_of_any_width_is_kept_to() {
    for room in 0..200 {
        shown(&job("RUNNING"), Some(&cluster()), room, UNICODE);
        shown(&queued_job(), None, room, UNICODE);
    }
}

#[test]
fn a_job_that_waits_says_why() {
    assert_snapshot!("frame_queued", shown(&queued_job(), None, 100, UNICODE));
    let mut building = job("ENVIRONMENT");
    building.stages.retain(|name, _| name == "queued" || name == "environment");
    building.environment_step = Some("downloading 31 of 54 MiB".into());
    assert_snapshot!("frame_environment", shown(&building, None, 100, UNICODE));
}

#[test]
fn a_second_attempt_is_told() {
    let mut again = job("RUNNING");
    again.attempts.push(again.attempts[0].clone());
    assert!(shown(&again, None, 100, UNICODE).contains("attempt 2"));
}

#[test]
fn lines_where_there_is_no_terminal() {
    let mut plain = Plain::default();
    let mut said = Vec::new();
    let later = |seconds| now() + Duration::from_secs(seconds);
    let running = (job("RUNNING"), cluster());
    let mut tell = |job: &JobView, cluster: Option<&ClusterView>, at: Timestamp| {
        said.extend(plain.next(Seen { job, cluster, why: None }, at));
    };
    tell(&queued_job(), None, now());
    tell(&queued_job(), None, later(1));
    tell(&queued_job(), None, later(31));
    for second in 32..100 {
        tell(&running.0, Some(&running.1), later(second));
    }
    tell(&job("SUCCEEDED"), Some(&running.1), later(100));
    assert_snapshot!("plain_lines", said.join("\n"));
}

#[test]
fn what_it_waits_for_is_said_when_it_is_known_and_when_it_changes() {
    let mut plain = Plain::default();
    let mut said = Vec::new();
    let job = queued_job();
    let free = |sentence: &str| Reason::new(ReasonCode::WaitingForCapacity, sentence, now()).next("it starts when others end");
    let (one, other) = (free("1 GiB is free, 2 ahead of it"), free("1 GiB is free, 1 ahead of it"));
    let retry = Reason::new(ReasonCode::WaitingForRetry, "attempt 1 failed", now());
    let moments = [None, None, Some(&one), Some(&one), Some(&other), None, Some(&other), Some(&retry)];
    for (second, why) in (0..).zip(moments) {
        said.extend(plain.next(Seen { job: &job, cluster: None, why }, now() + Duration::from_secs(second)));
    }
    let mut building = job.clone();
    (building.phase, building.environment_step) = (JobPhase::Environment, Some("looking for an interpreter".into()));
    let step = |step: &str| Reason::new(ReasonCode::BuildingEnvironment, format!("its Python environment is made ready: {step}"), now());
    let moments = [None, Some(step("looking for an interpreter")), Some(step("fetching 1 of 9 MiB")), Some(step("fetching 2 of 9 MiB"))];
    for (second, why) in (10..).zip(moments) {
        said.extend(plain.next(Seen { job: &building, cluster: None, why: why.as_ref() }, now() + Duration::from_secs(second)));
    }
    assert_snapshot!("plain_waiting", said.join("\n"));
    let lines = frame(Seen { job: &job, cluster: None, why: Some(&one) }, now(), 100, UNICODE);
    assert!(lines.iter().any(|line| line.render(UNICODE).contains("1 GiB is free, 2 ahead of it; it starts when")), "{lines:?}");
}

#[test]
fn the_times_of_a_retry_begin_with_the_end_of_the_attempt_before_it() {
    let mut again = queued_job();
    again.attempts = failed_job().attempts;
    let said = shown(&again, None, 100, UNICODE);
    assert!(said.contains("attempt 2") && said.contains("queued 1.0 s"), "{said}");
    let mut over = failed_job();
    over.attempts.push(over.attempts[0].clone());
    assert!(summary(&over, &[], UNICODE).contains("attempt 2: queued"), "{}", summary(&over, &[], UNICODE));
}

#[test]
fn the_last_word() {
    assert_snapshot!("summary_succeeded", summary(&job("SUCCEEDED"), &[Stream::Stdout, Stream::Stderr], UNICODE));
    assert_snapshot!("summary_failed", summary(&failed_job(), &[], UNICODE));
    assert_snapshot!("summary_failed_streamed", summary(&failed_job(), &[Stream::Stdout, Stream::Stderr], Style::default()));
    assert_snapshot!("summary_quiet", failure(&failed_job(), Style::default()));
}
