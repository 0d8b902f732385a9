//! From a wish to a plan: which source counts, and what it declares. Reads files only.

use std::path::{Path, PathBuf};

use super::{
    active::{self, Active},
    error::EnvironmentError,
    lines::{self, Line},
    project,
    requirements::{self, Requirements},
    script::{self, ScriptMetadata},
    uv,
    version::Specifiers,
    wish::{EnvironmentPlan, EnvironmentWish, PythonRequest, Recipe, Source},
};

/// Decides what a wish comes to, without building anything.
///
/// # Errors
/// `unreadable`, `malformed_metadata`, `unknown_dask`, `python_not_found`, `no_distributed` and `lock_invalid`.
pub fn inspect(wish: &EnvironmentWish) -> Result<EnvironmentPlan, EnvironmentError> {
    let line = lines::line(wish.dask.as_deref())?;
    let python = wish.python.as_deref().map(|text| python_request(text, wish)).transpose()?;
    let script = wish.script.as_ref().map(|script| wish.cwd.join(script));
    let metadata = script.as_deref().map(script::script_metadata).transpose()?.flatten();
    let mut plan = EnvironmentPlan {
        source: Source::Default,
        declared: Vec::new(),
        requires_python: None,
        notices: Vec::new(),
        line,
        recipe: Recipe::Locked,
        python,
        local: Vec::new(),
        variables: wish.variables.clone(),
    };
    if metadata.is_some() || wish.requirements.is_some() {
        declare(&mut plan, wish, script.as_deref(), metadata)?;
    } else if let Some(active) = named_environment(&plan) {
        use_active(&mut plan, active);
    } else {
        use_surroundings(&mut plan, wish, script.as_deref())?;
    }
    Ok(plan)
}

/// What `--python` says: a path, a version, a range, or a name in `PATH`.
fn python_request(text: &str, wish: &EnvironmentWish) -> Result<(PythonRequest, String), EnvironmentError> {
    let said = format!("`--python {text}`");
    if text.contains('/') {
        return Ok((PythonRequest::Path(wish.cwd.join(text)), said));
    }
    if let Some(version) = Specifiers::of_release(text) {
        return Ok((PythonRequest::Version(version), said));
    }
    if text.starts_with(['<', '>', '=', '~', '!']) {
        let not_found = |why| EnvironmentError::PythonNotFound { wanted: said.clone(), found: format!("that {why}") };
        return text.parse().map(|range| (PythonRequest::Version(range), said.clone())).map_err(not_found);
    }
    let path = wish.variables.get("PATH").map(String::as_str).unwrap_or_default();
    let candidates = std::env::split_paths(path).map(|folder| folder.join(text));
    let found = candidates.into_iter().find(|candidate| candidate.is_file());
    let found = found.ok_or_else(|| EnvironmentError::PythonNotFound {
        wanted: said.clone(),
        found: format!("no `{text}` in PATH"),
    })?;
    Ok((PythonRequest::Path(found), said))
}

/// The script's header and the requirements file: everything that either asks for, with Dask beside it.
fn declare(
    plan: &mut EnvironmentPlan,
    wish: &EnvironmentWish,
    script: Option<&Path>,
    metadata: Option<ScriptMetadata>,
) -> Result<(), EnvironmentError> {
    let file = wish.requirements.as_ref().map(|file| wish.cwd.join(file));
    let mut all = Requirements::default();
    let mut uv_settings = None;
    let mut header = None;
    if let (Some(metadata), Some(script)) = (metadata, script) {
        let folder = script.parent().unwrap_or(Path::new("/"));
        all.append(Requirements::of_lines(&metadata.dependencies, folder));
        plan.requires_python = metadata.requires_python.map(|range| (range, format!("the header of `{}`", script.display())));
        uv_settings = metadata.tool.get("uv").map(|settings| with_absolute_sources(settings.clone(), folder, &mut all.local));
        header = Some(script.to_path_buf());
    }
    if let Some(file) = &file {
        all.append(Requirements::read(file)?);
    }
    let declared = all.declared();
    plan.declared = declared.iter().map(|text| uv::redacted(text)).collect();
    plan.local = std::mem::take(&mut all.local);
    let decided = requirements::specifier(&declared, "distributed").or_else(|| requirements::specifier(&declared, "dask"));
    if let Some(line) = decided.as_deref().and_then(|version| lines::line(Some(version.strip_prefix("==")?)).ok()) {
        plan.line = line;
    }
    let additions = dask_for(decided.as_deref(), plan.line);
    plan.recipe = match uv_settings {
        Some(settings) => resolve_script(&declared, &additions, settings, &all.constraints),
        None => Recipe::Resolve { requirements: format!("{}{}\n", all.text, additions.join("\n")), constraints: all.constraints },
    };
    plan.source = match (header, file) {
        (Some(script), requirements) => Source::Script { script, requirements },
        (None, file) => Source::Requirements { file: file.unwrap_or_default() },
    };
    Ok(())
}

/// What is added so that a cluster can run: Dask at the line's version unless somebody says which one, the dashboard,
/// and metrics. `dask` and `distributed` are released together, so what is said of one holds for the other.
fn dask_for(decided: Option<&str>, line: &Line) -> Vec<String> {
    let distributed = decided.map_or_else(|| format!("distributed=={}", line.version), |version| format!("distributed{version}"));
    vec![distributed, "bokeh>=3.1".into(), "prometheus-client".into()]
}

/// `[tool.uv]` may redirect any requirement; only uv reads it in full, so it gets a script of its own.
fn resolve_script(declared: &[String], additions: &[String], mut settings: toml::Value, constraints: &str) -> Recipe {
    let dependencies: Vec<toml::Value> = declared.iter().chain(additions).map(|text| text.as_str().into()).collect();
    if let Some(settings) = settings.as_table_mut() {
        let limits = settings.entry("constraint-dependencies").or_insert_with(|| toml::Value::Array(Vec::new()));
        limits.as_array_mut().into_iter().for_each(|limits| limits.extend(constraints.lines().map(toml::Value::from)));
    }
    let mut tool = toml::Table::new();
    tool.insert("uv".into(), settings);
    let mut table = toml::Table::new();
    table.insert("dependencies".into(), dependencies.into());
    table.insert("tool".into(), tool.into());
    let script = table.to_string().lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect();
    Recipe::ResolveScript { script }
}

fn with_absolute_sources(mut settings: toml::Value, folder: &Path, local: &mut Vec<PathBuf>) -> toml::Value {
    let sources = settings.get_mut("sources").and_then(toml::Value::as_table_mut);
    for (_, source) in sources.into_iter().flatten() {
        if let Some(path) = source.get("path").and_then(toml::Value::as_str).map(|path| folder.join(path))
            && let Some(table) = source.as_table_mut()
        {
            table.insert("path".into(), path.display().to_string().into());
            let editable = table.get("editable").and_then(toml::Value::as_bool).unwrap_or(false);
            local.extend(requirements::counting(path, editable));
        }
    }
    settings
}

fn named_environment(plan: &EnvironmentPlan) -> Option<Active> {
    match &plan.python {
        Some((PythonRequest::Path(python), _)) => active::of_python(python),
        _ => None,
    }
}

/// Nobody declared anything: the project around the script, the active environment, or the default.
fn use_surroundings(plan: &mut EnvironmentPlan, wish: &EnvironmentWish, script: Option<&Path>) -> Result<(), EnvironmentError> {
    let start = script.and_then(Path::parent).unwrap_or(&wish.cwd);
    let start = std::fs::canonicalize(start).unwrap_or_else(|_| start.to_path_buf());
    let home = wish.variables.get("HOME").map(PathBuf::from);
    let explicit = wish.dask.is_some();
    if !explicit && let Some(root) = project::find(&start, home.as_deref()) {
        return use_project(plan, &root);
    }
    let active = active::find(wish, &mut plan.notices);
    match active {
        Some(active) if !explicit && wish.python.is_none() => use_active(plan, active),
        Some(active) => {
            let why = if explicit { "a Dask version" } else { "a Python" };
            plan.notices.push(format!("`{}` is active but {why} was asked for; it is passed over", active.prefix.display()));
        }
        None => {}
    }
    Ok(())
}

fn use_project(plan: &mut EnvironmentPlan, root: &Path) -> Result<(), EnvironmentError> {
    let project = project::read(root)?;
    let file = root.join(".python-version");
    if plan.python.is_none() && let Some(version) = project.python_version.as_deref().and_then(Specifiers::of_release) {
        plan.python = Some((PythonRequest::Version(version), format!("`{}`", file.display())));
    }
    plan.requires_python = project.requires_python.map(|range| (range, format!("`{}`", root.join("uv.lock").display())));
    plan.recipe = Recipe::Export { root: project.root.clone(), lock: project.lock, manifest: project.manifest };
    plan.source = Source::Project { root: project.root };
    Ok(())
}

fn use_active(plan: &mut EnvironmentPlan, active: Active) {
    plan.recipe = Recipe::AsIs { python: active.python };
    plan.source = Source::Active { prefix: active.prefix, named_by: active.named_by.to_owned() };
}

#[cfg(test)]
#[path = "inspect_tests.rs"]
mod tests;
