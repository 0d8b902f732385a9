//! The pipelines of orders, which are the same files wherever their data lies: below the home of who runs Airflow, or in a
//! bucket of Caddis's own object store.

use std::fs;
use std::path::Path;

use crate::ground::Ground;

/// In the order in which they need each other; their operators are deferrable where Airflow's settings say so.
pub(crate) const DAGS: [&str; 3] = ["orders_etl", "orders_analytics", "returns_training"];
/// What gives Dask `gs://` paths, as the property that Dataproc has for packages takes it.
pub(crate) const GCSFS: &str = "gcsfs==2026.10.1";
const BUCKET: &str = "orders";

/// Where data lies.
pub(crate) enum Data {
    Home,
    Bucket,
}

impl Data {
    /// Makes the bucket, where there is to be one.
    #[track_caller]
    pub(crate) fn make(&self, ground: &Ground) {
        if let Data::Bucket = self {
            ground.bucket(&["make", BUCKET]);
        }
    }

    /// What leads the DAGs there.
    pub(crate) fn variables(&self) -> Vec<(&'static str, &'static str)> {
        match self {
            Data::Home => Vec::new(),
            Data::Bucket => vec![("CADDIS_DAGS_DATA", "gs://orders/data"), ("CADDIS_DAGS_PACKAGES", GCSFS)],
        }
    }

    /// Every file, by its path below the place of data.
    fn files(&self, ground: &Ground) -> Vec<String> {
        match self {
            Data::Home => {
                let top = home(ground);
                let mut found = Vec::new();
                walk(&top, &mut found);
                found.iter().map(|path| path.strip_prefix(&format!("{}/", top.display())).expect("below it").to_owned()).collect()
            }
            Data::Bucket => {
                let names: Vec<String> = serde_json::from_value(ground.bucket(&["names", BUCKET])).expect("names");
                let below = |name: String| name.strip_prefix("data/").unwrap_or_else(|| panic!("`{name}` is not below `data`")).to_owned();
                names.into_iter().map(below).collect()
            }
        }
    }

    fn read(&self, ground: &Ground, file: &str) -> serde_json::Value {
        match self {
            Data::Home => serde_json::from_slice(&fs::read(home(ground).join(file)).expect("read a file")).expect("JSON"),
            Data::Bucket => ground.bucket(&["read", BUCKET, &format!("data/{file}")]),
        }
    }

    /// What the pipelines left, for the one day that they were about.
    #[track_caller]
    pub(crate) fn check(&self, ground: &Ground) {
        let files = self.files(ground);
        let below = |prefix: &str| -> Vec<&str> { files.iter().filter_map(|file| file.strip_prefix(prefix)).collect() };
        let hours = below("orders/raw/");
        let day = hours.first().and_then(|hour| hour.split_once('/')).expect("a day").0;
        let hours = hours.iter().filter(|hour| hour.starts_with(&format!("{day}/hour-")) && hour.ends_with(".csv"));
        assert_eq!((hours.count(), below("orders/raw/").len()), (24, 24), "a file for each hour of one day: {files:?}");
        let parts = below(&format!("orders/parquet/day={day}/"));
        assert!(parts.len() >= 4 && parts.iter().all(|part| part.ends_with(".parquet")), "{files:?}");
        let mut reports: Vec<&str> = below("orders/reports/").iter().filter_map(|file| Some(file.split_once('/')?.1)).collect();
        reports.sort_unstable();
        assert_eq!(reports, ["best_customers.parquet", "revenue.parquet"], "{files:?}");
        let [model] = &below("models/returns/")[..] else { panic!("one model: {files:?}") };
        let model = self.read(ground, &format!("models/returns/{model}"));
        assert_eq!(model["orders"], 48_000);
        assert!(model["weights"][1].as_f64().unwrap() > 0.5, "what is dear comes back: {model}");
        if let Data::Bucket = self {
            assert!(!home(ground).exists(), "nothing was written beside the bucket");
        }
        ground.world().assert_nothing_left();
    }
}

/// Runs all of them, as a person tries them.
#[track_caller]
pub(crate) fn run(ground: &Ground, data: &Data, variables: &[(&str, &str)]) {
    data.make(ground);
    let variables: Vec<(&str, &str)> = data.variables().into_iter().chain(variables.iter().copied()).collect();
    for dag in DAGS {
        ground.dag_succeeds(dag, &variables);
    }
    data.check(ground);
}

fn home(ground: &Ground) -> std::path::PathBuf {
    ground.work.user().join("caddis-data")
}

fn walk(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).flatten() {
        match entry.file_type().expect("a type").is_dir() {
            true => walk(&entry.path(), found),
            false => found.push(entry.path().display().to_string()),
        }
    }
}
