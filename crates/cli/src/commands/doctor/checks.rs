//! The checks, each by itself.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use caddis_backends::local::{cpus, environment, keeper, ram_bytes};
use caddis_types::bytes::{self, GIB};
use rustix::process::{Resource, getrlimit};

use super::{Check, Grade};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::plural::count;
use crate::server::Server;
use crate::version::VERSION;

/// A Python environment with Dask and pandas takes some 600 MB; below this the first job is likely to fail.
const ROOM: u64 = 2 * GIB;
const FILES: u64 = 1024;

pub(super) async fn all(context: &Context, wrong_config: Option<Failure>) -> Vec<Check> {
    let mut checks = vec![version(), folder(context.home.path()), room(context.home.path())];
    let pool = match wrong_config {
        Some(_) => Check::new("pool", Grade::Notice, "not known: the config cannot be read"),
        None => pool(context),
    };
    checks.push(wrong_config.map_or_else(|| config(context), |failure| wrong("config", failure)));
    checks.push(server(context).await);
    checks.push(pool);
    checks.push(python(context).await);
    checks.push(environments(context.home.path()));
    checks.extend([files(), memory_limits(context.home.path()).await]);
    checks
}

fn version() -> Check {
    let lines: Vec<&str> = environment::lines().iter().map(|line| line.version).collect();
    Check::new("version", Grade::Ok, format!("caddis {VERSION}, Dask {}", lines.join(", ")))
}

fn folder(home: &Path) -> Check {
    let shown = home.display();
    let what = "state folder";
    match fs::metadata(home) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Check::new(what, Grade::Ok, format!("{shown}, not made yet"))
        }
        Err(error) => Check::new(what, Grade::Wrong, format!("{shown}: {}", crate::home::plain(&error)))
            .hint("name another with `--home` or `CADDIS_HOME`"),
        Ok(found) if !found.is_dir() => Check::new(what, Grade::Wrong, format!("{shown} is not a folder"))
            .hint("name another with `--home` or `CADDIS_HOME`"),
        Ok(found) if found.uid() != rustix::process::geteuid().as_raw() => {
            Check::new(what, Grade::Wrong, format!("{shown} belongs to uid {}", found.uid()))
                .hint("name one of your own with `--home` or `CADDIS_HOME`")
        }
        Ok(_) if rustix::fs::access(home, rustix::fs::Access::WRITE_OK).is_err() => {
            Check::new(what, Grade::Wrong, format!("{shown} cannot be written to"))
                .hint("check its permissions, and whether its disk is mounted read-only")
        }
        Ok(found) if found.mode() & 0o077 != 0 => {
            Check::new(what, Grade::Notice, format!("{shown} can be looked into by others (mode {:o})", found.mode() & 0o777))
                .hint("the next command closes it")
        }
        Ok(_) => Check::new(what, Grade::Ok, shown.to_string()),
    }
}

fn room(home: &Path) -> Check {
    let what = "disk";
    let existing = home.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(existing) {
        Err(error) => Check::new(what, Grade::Notice, format!("not known: {error}")),
        Ok(found) => {
            let free = found.f_bavail * found.f_frsize;
            let text = format!("{} free", bytes::display(free));
            match free {
                0..ROOM => Check::new(what, Grade::Notice, text).hint("`caddis prune` removes what is old; environments need some 600 MB each"),
                _ => Check::new(what, Grade::Ok, text),
            }
        }
    }
}

/// One that was read.
fn config(context: &Context) -> Check {
    let path = context.home.config();
    let found = if path.exists() { path.display().to_string() } else { format!("{}, not there: all defaults", path.display()) };
    Check::new("config", Grade::Ok, found)
}

async fn server(context: &Context) -> Check {
    let what = "server";
    let server = match Server::find(&context.home).await {
        Ok(Some(server)) => server,
        Ok(None) => return Check::new(what, Grade::Ok, "does not run; the next command that needs it starts it"),
        Err(failure) => return wrong(what, failure),
    };
    match server.client().await.server().await {
        Err(error) => wrong(what, error.into()),
        Ok(view) => {
            let text = format!(
                "runs as process {}, {}, {}, {} of {} worker slots used",
                view.pid,
                count(view.jobs_active.into(), "active job"),
                count(view.clusters_active.into(), "active cluster"),
                view.pool_used,
                view.pool_size
            );
            match view.version == VERSION {
                true => Check::new(what, Grade::Ok, text),
                false => Check::new(what, Grade::Notice, format!("{text}\nit is caddis {}", view.version))
                    .hint("`caddis serve --stop` ends it, the next command starts this version; running jobs go on"),
            }
        }
    }
}

fn wrong(what: &'static str, failure: Failure) -> Check {
    Check { what, grade: Grade::Wrong, found: failure.message, hint: failure.hint }
}

fn pool(context: &Context) -> Check {
    let (ram, cpus) = (ram_bytes(), cpus());
    let pool = context.config.pool.pool(ram, cpus);
    let slots = count(pool.slots().into(), "worker slot");
    let text = format!("{slots}, {} of this machine's {}, {}", bytes::display(pool.memory_bytes), bytes::display(ram), count(cpus.into(), "processor"));
    if pool.memory_bytes > ram {
        return Check::new("pool", Grade::Wrong, text).hint("`pool` in the config promises more memory than there is");
    }
    Check::new("pool", Grade::Ok, text)
}

async fn python(context: &Context) -> Check {
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let found = environment::interpreters(context.home.path(), &variables).await;
    if found.is_empty() {
        return Check::new("python", Grade::Wrong, "no Python 3.10 or newer was found").hint("install one, such as `python3`");
    }
    let lines: Vec<String> = found.iter().map(|one| format!("{} {}", one.version, one.path.display())).collect();
    Check::new("python", Grade::Ok, lines.join("\n"))
}

fn environments(home: &Path) -> Check {
    match environment::list(home) {
        Err(error) => Check::new("environments", Grade::Notice, error.to_string()),
        Ok(all) => {
            let bytes: u64 = all.iter().map(|one| one.size_bytes).sum();
            Check::new("environments", Grade::Ok, format!("{}, {}", all.len(), bytes::display(bytes)))
        }
    }
}

fn files() -> Check {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map_or("no limit".to_owned(), |most| most.to_string());
    match limit.maximum {
        Some(most) if most < FILES => Check::new("open files", Grade::Notice, format!("at most {most}"))
            .hint("large clusters need more; raise `ulimit -n`"),
        _ => Check::new("open files", Grade::Ok, format!("at most {most}")),
    }
}

/// What the keeper does, or would do.
async fn memory_limits(home: &Path) -> Check {
    let what = "memory limits";
    let limits = keeper::limits(home).await;
    let text = match (limits.groups, limits.without) {
        (Some(groups), _) => format!("by watching, and by control groups in {}", groups.display()),
        (None, Some(why)) => format!("by watching alone: {}", why.replace('`', "")),
        (None, None) => "by watching alone: the keeper that runs knows no control groups".to_owned(),
    };
    Check::new(what, Grade::Ok, text)
}
