//! The steps from an empty folder to an environment that imports Dask.

use std::{ffi::OsString, fs, path::Path, time::Duration};

use super::{
    error::EnvironmentError,
    facts::{self, Versions},
    folder::Folder,
    interpreter::Interpreter,
    process::{self, Finished, Program},
    requirements::Requirements,
    uv::{Progress, Uv},
    wish::{EnvironmentPlan, Recipe, Stage},
};

/// Lines of a failed import that are kept.
const TAIL: usize = 12;

/// Builds the virtual environment of a plan; says what is in it and what the user should be told.
pub(super) async fn install(
    uv: &Uv,
    plan: &EnvironmentPlan,
    interpreter: &Interpreter,
    folder: &Folder,
    progress: Progress<'_>,
) -> Result<(Versions, Vec<String>), EnvironmentError> {
    let python = interpreter.path.clone();
    let venv = folder.venv();
    uv.run(&[&"venv", &"--quiet", &"--no-project", &"--prompt", &"caddis", &"--python", &python, &venv], progress).await?;
    progress(Stage::Resolve);
    resolve(uv, plan, interpreter, folder, progress).await?;
    let place = plan.source.to_string();
    refuse_too_old(folder, &place)?;
    let (requirements, options) = (folder.path.join("requirements.txt"), folder.path.join("options.txt"));
    let hashes = if matches!(plan.recipe, Recipe::Locked) { "--require-hashes" } else { "--verify-hashes" };
    progress(Stage::Download { done: 0, total: 0 });
    uv.run(&[&"pip", &"sync", &hashes, &"--python", &folder.python(), &requirements, &options], progress).await?;
    progress(Stage::Check);
    let versions = facts::facts(&interpreter.version.to_string(), &facts::site_packages_of(&venv));
    facts::check(&versions, &place, "add `dask[distributed]` to it")?;
    let notices = try_imports(uv, folder, &versions).await?;
    for scratch in ["options.txt", "requirements.in", "constraints.in", "script.py"] {
        let _ = fs::remove_file(folder.path.join(scratch));
    }
    Ok((versions, notices))
}

/// Writes `requirements.txt`: what is to be installed, every version decided.
async fn resolve(
    uv: &Uv,
    plan: &EnvironmentPlan,
    interpreter: &Interpreter,
    folder: &Folder,
    progress: Progress<'_>,
) -> Result<(), EnvironmentError> {
    let write = |name: &str, text: &str| {
        let path = folder.path.join(name);
        let written = fs::write(&path, text).map_err(|error| EnvironmentError::io("it was not possible to write", &path, error));
        written.map(|()| path)
    };
    let python = interpreter.path.clone();
    write("options.txt", "")?;
    match &plan.recipe {
        Recipe::Locked => write("requirements.txt", plan.line.lock)?,
        Recipe::Resolve { requirements, constraints } => {
            // uv prefers what the output already has: what nobody decides is as in the default environment.
            let output = write("requirements.txt", plan.line.lock)?;
            write("options.txt", &options_in(requirements))?;
            let (input, limits) = (write("requirements.in", requirements)?, write("constraints.in", constraints)?);
            let compile: [&dyn super::uv::AsArgument; 12] = [
                &"pip", &"compile", &"--generate-hashes", &"--no-header", &"--no-annotate", &"--python", &python,
                &"--constraint", &limits, &input, &"--output-file", &output,
            ];
            uv.run(&compile, progress).await?;
            output
        }
        Recipe::ResolveScript { script } => {
            let only = format!("# /// script\n# requires-python = \"=={}.{}.*\"\n", interpreter.version.major, interpreter.version.minor);
            let script = write("script.py", &format!("{only}{script}# ///\n"))?;
            let text = uv.run(&[&"export", &"--no-header", &"--no-annotate", &"--python", &python, &"--script", &script], progress).await?;
            write("requirements.txt", &Requirements::of_text(&text, &folder.path).text)?
        }
        Recipe::Export { root, .. } => {
            let text = uv
                .run(&[&"export", &"--frozen", &"--no-header", &"--no-annotate", &"--python", &python, &"--project", root], progress)
                .await?;
            // uv names the project's own packages relative to the project.
            write("requirements.txt", &Requirements::of_text(&text, root).text)?
        }
        Recipe::AsIs { .. } => return Ok(()),
    };
    Ok(())
}

/// Lines such as `--extra-index-url`, which decide where to look and are not part of what uv writes.
fn options_in(requirements: &str) -> String {
    let options = requirements.lines().filter(|line| line.starts_with('-') && !line.starts_with("-e "));
    options.map(|line| format!("{line}\n")).collect()
}

/// Old versions of Dask fail in odd ways on the way in; this says it first.
fn refuse_too_old(folder: &Folder, place: &str) -> Result<(), EnvironmentError> {
    let text = fs::read_to_string(folder.path.join("requirements.txt")).unwrap_or_default();
    let mut pins = text.lines().filter_map(|line| line.strip_prefix("distributed=="));
    let Some(version) = pins.next().and_then(|rest| rest.split_whitespace().next()) else { return Ok(()) };
    facts::check(&Versions { distributed: Some(version.to_owned()), ..Versions::default() }, place, "")
}

/// Imports what every cluster and most jobs import, two at a time. This proves that it works here, and leaves the
/// bytecode behind, which else each process of the first cluster would make for itself.
async fn try_imports(uv: &Uv, folder: &Folder, versions: &Versions) -> Result<Vec<String>, EnvironmentError> {
    let cluster = if versions.bokeh.is_some() { "distributed.dashboard.scheduler" } else { "distributed" };
    let data = "dask.dataframe";
    let home = tempfile::tempdir_in(&folder.path).map_err(|error| EnvironmentError::io("no folder could be made in", &folder.path, error))?;
    let cluster_text = format!("import distributed, {cluster}");
    let data_text = format!("from importlib.util import find_spec as f\nif f('pandas') and f('pyarrow'): import {data}");
    let (first, second) = tokio::join!(import(uv, folder, home.path(), &cluster_text), import(uv, folder, home.path(), &data_text));
    if let Some(tail) = first? {
        return Err(EnvironmentError::ImportFailed { module: "distributed".into(), tail });
    }
    let last = second?.map(|tail| tail.lines().last().unwrap_or_default().to_owned());
    Ok(last.map(|last| format!("`import {data}` fails in it: {last}")).into_iter().collect())
}

/// The last lines of an import that failed. The user's own Dask settings are kept out of it.
async fn import(uv: &Uv, folder: &Folder, home: &Path, text: &str) -> Result<Option<String>, EnvironmentError> {
    let mut variables = uv.variables.clone();
    variables.retain(|(name, _)| name != "HOME" && !name.starts_with("XDG_") && !name.starts_with("UV_"));
    variables.push(("HOME".into(), home.display().to_string()));
    let program = Program {
        program: folder.python(),
        arguments: ["-W", "ignore", "-c", text].map(OsString::from).into(),
        variables,
        cwd: Some(home.to_path_buf()),
        stdin: uv.lock.as_ref().and_then(|lock| lock.try_clone().ok()),
    };
    let finished = process::run_within(program, Duration::from_secs(300)).await;
    let finished = finished.map_err(|error| EnvironmentError::io("it was not possible to start", &folder.python(), error))?;
    Ok((!finished.status.success()).then(|| tail(&finished)))
}

fn tail(finished: &Finished) -> String {
    let lines: Vec<&str> = finished.stderr.lines().collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    if tail.is_empty() { format!("it ended with {}", finished.status) } else { tail }
}
