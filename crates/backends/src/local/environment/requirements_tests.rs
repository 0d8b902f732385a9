use super::*;
use proptest::prelude::*;

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn takes_in_other_files_and_makes_paths_absolute() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "more/other.txt", "pandas>=2  # why\n./pkg\n-c limits.txt\n");
    write(root, "more/limits.txt", "numpy<3\n");
    let main = write(root, "requirements.txt", "# top\n-r more/other.txt\ndask[dataframe]==2026.3.0 \\\n    --hash=sha256:00\n-e .\nx @ file:wheels/x.whl\n--find-links wheels\n");
    let read = Requirements::read(&main).unwrap();
    let at = root.display();
    let expected = format!(
        "pandas>=2\n{at}/more/pkg\ndask[dataframe]==2026.3.0 --hash=sha256:00\n-e {at}\nx @ file://{at}/wheels/x.whl\n--find-links {at}/wheels\n"
    );
    assert_eq!(read.text, expected);
    assert_eq!(read.constraints, "numpy<3\n");
    let editable = EDITABLE_FILES.map(|name| root.join(name));
    assert_eq!(read.local, [vec![root.join("more/pkg")], editable.to_vec(), vec![root.join("wheels/x.whl")]].concat());
    assert_eq!(read.declared().len(), 5);
}

#[test]
fn a_circle_a_folder_and_a_missing_file_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let circle = write(folder.path(), "a.txt", "-r a.txt\n");
    assert!(Requirements::read(&circle).unwrap_err().to_string().contains("circle"));
    assert!(Requirements::read(folder.path()).unwrap_err().to_string().contains("folder"));
    let missing = write(folder.path(), "b.txt", "--requirement=gone.txt\n");
    assert!(Requirements::read(&missing).unwrap_err().to_string().contains("gone.txt"));
}

#[test]
fn tells_which_dask_is_wanted() {
    let lines = |text: &str| text.split('|').map(str::to_owned).collect::<Vec<_>>();
    let of = |text: &str, package: &str| specifier(&lines(text), package);
    assert_eq!(of("pandas==1|numpy", "dask"), None);
    assert_eq!(of("dask[dataframe]", "dask"), None);
    assert_eq!(of("Dask[dataframe] ; python_version >= '3.10'", "dask"), None);
    assert_eq!(of("dask|dask >= 2026, <2027 ; x > 1", "dask").as_deref(), Some(">=2026,<2027"));
    assert_eq!(of("dask (==2026.3.0)", "dask").as_deref(), Some("==2026.3.0"));
    assert_eq!(of("distributed @ git+https://x/y", "distributed").as_deref(), Some(""));
    assert_eq!(of("dask-ml==1|dask_geopandas", "dask"), None);
    assert_eq!(name("Prometheus_Client~=1").as_deref(), Some("prometheus-client"));
    assert_eq!(name("./dask"), None);
    assert_eq!(name("git+https://x"), Some("git".into()));
}

proptest! {
    #[test]
    fn never_panics_and_keeps_every_plain_requirement(lines in prop::collection::vec("[a-zA-Z0-9\\-_.\\[\\]<>=~!;@#\\\\/: ]{0,30}", 0..8)) {
        let folder = tempfile::tempdir().unwrap();
        let text = lines.iter().filter(|line| !line.trim_start().starts_with('-')).cloned().collect::<Vec<_>>().join("\n");
        let file = write(folder.path(), "r.txt", &text);
        let read = Requirements::read(&file).unwrap();
        prop_assert!(read.text.lines().count() <= lines.len());
        let _ = specifier(&read.declared(), "dask");
    }
}
