//! From the options to the wish that is submitted.

use std::fs;
use std::io::IsTerminal;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use caddis_types::api::{ClusterChoice, JobWish, RetryWish};

use super::args::Args;
use super::program;
use crate::commands::shape::tags;
use crate::config::Defaults;
use crate::failure::{Exit, Failure};
use crate::umask;
use crate::variables;

/// The wish, and what the user should be told about it.
pub fn wish(args: &Args, defaults: &Defaults) -> Result<(JobWish, Vec<String>), Failure> {
    let cwd = program::folder(args.cwd.as_deref())?;
    let (program, words) = program::program(&args.program, args.module)?;
    let (variables, lost) = variables::gather(std::env::vars_os(), &args.env_files, &args.variables)?;
    let wish = JobWish {
        request_key: Some(request_key()?),
        program,
        args: words,
        cwd: cwd.display().to_string(),
        umask: umask::own(),
        variables,
        name: args.name.clone(),
        tags: tags(&args.tags)?,
        environment: args.environment.wish(defaults),
        cluster: cluster(args, defaults)?,
        retry: retry(args, defaults),
        timeout_ms: args.timeout.or(defaults.timeout.map(|span| millis(span.0))),
        keep_on_failure_ms: args.keep_on_failure.or(defaults.keep_on_failure.map(|span| millis(span.0))),
        max_cost: args.max_cost.or(defaults.max_cost.map(|money| money.0)),
        stdin: !args.detach && !args.dry_run && passes_input(),
    };
    let mut notices = match lost.is_empty() {
        true => Vec::new(),
        false => vec![format!("variables that are not UTF-8 are not passed on: {}", lost.join(", "))],
    };
    notices.extend(args.shape.notice(defaults).filter(|_| args.cluster.is_none()));
    Ok((wish, notices))
}

fn cluster(args: &Args, defaults: &Defaults) -> Result<ClusterChoice, Failure> {
    let Some(name) = &args.cluster else {
        args.shape.check()?;
        return Ok(ClusterChoice::Fresh(args.shape.wish(defaults)));
    };
    let given = args.shape.given().or_else(|| args.environment.given());
    let given = given.or_else(|| args.keep_on_failure.map(|_| "--keep-on-failure"));
    match given {
        Some(option) => {
            let text = format!("`{option}` says how a new cluster is made, and `--cluster {name}` names one that is there");
            Err(Failure::usage("existing_cluster", text).hint(format!("leave out one of them; `{option}` belongs to `caddis cluster create`")))
        }
        None => Ok(ClusterChoice::Existing(name.clone())),
    }
}

fn retry(args: &Args, defaults: &Defaults) -> RetryWish {
    let usual = RetryWish::default();
    RetryWish {
        max: args.retries.or(defaults.retries).unwrap_or(usual.max),
        on_exit: args.retry_on_exit.clone(),
        delay_ms: args.retry_delay.unwrap_or(usual.delay_ms),
        per_hour: usual.per_hour,
    }
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Names this submission, so that repeating it after a lost answer does not run the job twice.
pub fn request_key() -> Result<String, Failure> {
    let read = fs::read_to_string("/proc/sys/kernel/random/uuid").map(|text| text.trim().to_owned());
    read.map_err(|error| Failure::new(Exit::Failed, "system", format!("the kernel gives no random numbers: {error}")))
}

/// Whether there is anything to read: not from the null device, and from a terminal only in its foreground, where
/// reading does not stop this process.
fn passes_input() -> bool {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let foreground = rustix::termios::tcgetpgrp(&stdin).ok();
        return foreground.is_some_and(|group| group == rustix::process::getpgrp());
    }
    let null = fs::metadata("/dev/null").map(|null| null.rdev()).unwrap_or(0);
    match fs::metadata("/proc/self/fd/0") {
        Ok(found) => !(found.file_type().is_char_device() && found.rdev() == null),
        Err(_) => false,
    }
}
