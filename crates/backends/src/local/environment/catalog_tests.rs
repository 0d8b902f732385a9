use super::*;

fn make(home: &Path, id: &str, used_at: i64) -> Folder {
    let folder = Folder::of(home, id);
    fs::create_dir_all(folder.venv()).unwrap();
    let record = Record {
        id: id.to_owned(),
        source: Source::Default,
        declared: Vec::new(),
        interpreter: "/usr/bin/python3".into(),
        versions: Versions::default(),
        fingerprint: String::new(),
        size_bytes: 10,
        build_ms: 1,
        notices: Vec::new(),
    };
    folder.complete(&record).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(used_at.cast_unsigned());
    fs::File::options().write(true).open(folder.path.join("used")).unwrap().set_modified(time).unwrap();
    folder
}

#[test]
fn a_new_home_has_none() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(list(home.path()).unwrap(), []);
    assert_eq!(show(home.path(), "env_1").unwrap_err().code(), "environment_not_found");
    assert_eq!(prune(home.path(), 0, &[], false).unwrap(), Pruned::default());
}

#[test]
fn is_shown_by_the_beginning_of_its_id_when_that_is_clear() {
    let home = tempfile::tempdir().unwrap();
    make(home.path(), "env_aa1", 10);
    make(home.path(), "env_aa2", 20);
    assert_eq!(show(home.path(), "env_aa1").unwrap().used_at, Some(10_000_000));
    assert_eq!(show(home.path(), "env_aa").unwrap_err().code(), "environment_not_found");
    let order: Vec<String> = list(home.path()).unwrap().into_iter().map(|entry| entry.id).collect();
    assert_eq!(order, ["env_aa2", "env_aa1"]);
}

#[test]
fn one_in_use_stays() {
    let home = tempfile::tempdir().unwrap();
    let folder = make(home.path(), "env_a", 10);
    assert_eq!(remove(home.path(), "env_a", &["env_a".into()]).unwrap_err().code(), "environment_in_use");
    let held = folder.try_shared().unwrap();
    assert!(show(home.path(), "env_a").unwrap().in_use);
    assert_eq!(remove(home.path(), "env_a", &[]).unwrap_err().code(), "environment_in_use");
    assert_eq!(prune(home.path(), i64::MAX, &[], false).unwrap().removed, []);
    drop(held);
    remove(home.path(), "env_a", &[]).unwrap();
    assert!(!folder.path.exists());
}

#[test]
fn prune_takes_the_old_and_the_half_made() {
    let home = tempfile::tempdir().unwrap();
    make(home.path(), "env_old", 10);
    make(home.path(), "env_new", 30);
    make(home.path(), "env_kept", 10);
    let half = Folder::of(home.path(), "env_half");
    fs::create_dir_all(half.venv()).unwrap();
    let building = Folder::of(home.path(), "env_building");
    fs::create_dir_all(building.venv()).unwrap();
    let _lock = building.try_exclusive().unwrap().unwrap();
    fs::create_dir_all(home.path().join("environments/.removing-env_x-1/venv")).unwrap();
    let ids = |pruned: Pruned| {
        let mut ids: Vec<String> = pruned.removed.into_iter().map(|entry| entry.id).collect();
        ids.sort();
        ids
    };
    let used = ["env_kept".to_owned()];
    let would = prune(home.path(), 20_000_000, &used, true).unwrap();
    assert!(half.path.exists());
    assert_eq!(would, prune(home.path(), 20_000_000, &used, false).unwrap());
    assert_eq!(ids(would), ["env_half", "env_old"]);
    let mut left: Vec<String> = list(home.path()).unwrap().into_iter().map(|entry| entry.id).collect();
    left.sort();
    assert_eq!(left, ["env_building", "env_kept", "env_new"]);
    assert!(!home.path().join("environments/.removing-env_x-1").exists());
}
