//! Google's own `gcloud`, as it is installed, in an empty home and with no network but loopback.

mod client;
#[path = "../common/mod.rs"]
mod common;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use caddis_testkit::{Run, World};
use client::{Gcloud, prepared};
use common::CADDIS;
use common::network::Loopback;
use serde_json::Value;

/// Names of a list's clusters.
fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|cluster| cluster["clusterName"].as_str().expect("a name")).collect()
}

#[test]
#[ignore = "the tier `gcloud` runs it: it takes a minute"]
fn clusters_jobs_policies_and_templates() {
    let Some(network) = Loopback::new() else { return };
    let world = prepared();
    let Some(gcloud) = Gcloud::new(&network, &world) else { return };

    // Clusters.
    let create = ["clusters", "create", "lab", "--num-workers=2", "--worker-machine-type=n2-standard-4", "--labels=env=test"];
    gcloud.run(&create).expect(0);
    let again = gcloud.run(&create);
    assert!(again.code() != 0 && again.stderr().contains("Already exists"), "{}", again.stderr());
    assert_eq!(names(&gcloud.json(&["clusters", "list", "--filter=status.state = ACTIVE AND labels.env = test"])), ["lab"]);
    assert_eq!(names(&gcloud.json(&["clusters", "list", "--filter=labels.env = prod"])), [""; 0]);
    let lab = gcloud.json(&["clusters", "describe", "lab"]);
    assert_eq!((&lab["status"]["state"], &lab["labels"]["env"]), (&"RUNNING".into(), &"test".into()));
    let none = gcloud.run(&["clusters", "describe", "none"]);
    assert!(none.code() != 0 && none.stderr().contains("NOT_FOUND"), "{}", none.stderr());
    gcloud.run(&["clusters", "update", "lab", "--num-workers=3", "--update-labels=team=risk"]).expect(0);
    let lab = gcloud.json(&["clusters", "describe", "lab"]);
    assert_eq!((&lab["config"]["workerConfig"]["numInstances"], &lab["labels"]["team"]), (&3.into(), &"risk".into()));

    // A job of a file here: it is uploaded to the cluster's bucket, and what it writes is shown while it runs.
    let main = world.file(
        "main.py",
        "import sys\nimport helper\nfrom dask.distributed import Client\nprint('the sum is', Client().submit(helper.add, 1, 2).result(), *sys.argv[1:])\n\
         print('to the other stream', file=sys.stderr)\n",
    );
    let helper = world.file("helper.py", "def add(a, b): return a + b\n");
    let (main, helper) = (main.display().to_string(), format!("--py-files={}", helper.display()));
    let run = gcloud.run(&["jobs", "submit", "pyspark", &main, "--cluster=lab", "--id=first", &helper, "--", "a", "b c"]).expect(0);
    let shown = run.stderr() + &run.stdout();
    assert!(shown.contains("the sum is 3 a b c") && shown.contains("to the other stream"), "{shown}");
    let failing = world.file("fails.py", "import sys\nprint('before the end')\nsys.exit('what went wrong')\n").display().to_string();
    let failed = gcloud.run(&["jobs", "submit", "pyspark", &failing, "--cluster=lab", "--id=second"]);
    assert!(failed.code() != 0 && failed.stderr().contains("before the end"), "{}", failed.stderr());
    assert!(failed.stderr().contains("what went wrong"), "{}", failed.stderr());
    let spark = world.file("spark.py", "from pyspark.sql import SparkSession\n").display().to_string();
    let refused = gcloud.run(&["jobs", "submit", "pyspark", &spark, "--cluster=lab"]);
    assert!(refused.code() != 0 && refused.stderr().contains("dask.distributed"), "{}", refused.stderr());

    // Jobs that are there.
    let jobs = gcloud.json(&["jobs", "list", "--cluster=lab", "--state-filter=inactive"]);
    assert_eq!(jobs.as_array().map(Vec::len), Some(2), "{jobs}");
    assert_eq!(gcloud.json(&["jobs", "describe", "first"])["status"]["state"], "DONE");
    let waited = gcloud.run(&["jobs", "wait", "first"]).expect(0);
    assert!(waited.stderr().contains("the sum is 3"), "{}", waited.stderr());
    let long = world.file("long.py", "import time\nprint('begun', flush=True)\ntime.sleep(600)\n").display().to_string();
    gcloud.run(&["jobs", "submit", "pyspark", &long, "--cluster=lab", "--id=long", "--async"]).expect(0);
    assert_eq!(gcloud.json(&["jobs", "list", "--state-filter=active"]).as_array().map(Vec::len), Some(1));
    gcloud.run(&["jobs", "update", "long", "--update-labels=team=web"]).expect(0);
    gcloud.run(&["jobs", "kill", "long"]).expect(0);
    let killed = gcloud.json(&["jobs", "describe", "long"]);
    assert_eq!((&killed["status"]["state"], &killed["labels"]["team"]), (&"CANCELLED".into(), &"web".into()));
    gcloud.run(&["jobs", "delete", "long"]).expect(0);

    gcloud.run(&["clusters", "delete", "lab"]).expect(0);
    assert_eq!(names(&gcloud.json(&["clusters", "list"])), [""; 0]);
    policies(&gcloud, &world);
    templates(&gcloud, &world);
    assert_eq!(names(&gcloud.json(&["clusters", "list"])), [""; 0]);
    world.assert_nothing_left();
}

/// Autoscaling policies come from files, go into files, and are followed by clusters that name them.
fn policies(gcloud: &Gcloud<'_>, world: &World) {
    let policy = "workerConfig:\n  minInstances: 2\n  maxInstances: 4\nbasicAlgorithm:\n  cooldownPeriod: 120s\n  yarnConfig:\n    \
                  scaleUpFactor: 0.5\n    scaleDownFactor: 1.0\n    gracefulDecommissionTimeout: 60s\n";
    let source = format!("--source={}", world.file("policy.yaml", policy).display());
    gcloud.run(&["autoscaling-policies", "import", "half", &source]).expect(0);
    let kept = gcloud.json(&["autoscaling-policies", "describe", "half"]);
    assert_eq!((&kept["id"], &kept["workerConfig"]["maxInstances"]), (&"half".into(), &4.into()));
    assert_eq!(gcloud.json(&["autoscaling-policies", "list"]).as_array().map(Vec::len), Some(1));
    gcloud.run(&["clusters", "create", "wide", "--num-workers=2", "--autoscaling-policy=half"]).expect(0);
    let used = gcloud.run(&["autoscaling-policies", "delete", "half"]);
    assert!(used.code() != 0 && used.stderr().contains("FAILED_PRECONDITION"), "{}", used.stderr());
    gcloud.run(&["clusters", "delete", "wide"]).expect(0);
    gcloud.run(&["autoscaling-policies", "delete", "half"]).expect(0);
    let wrong = world.file("wrong.yaml", &policy.replace("minInstances: 2", "minInstances: 1")).display().to_string();
    let refused = gcloud.run(&["autoscaling-policies", "import", "half", &format!("--source={wrong}")]);
    assert!(refused.code() != 0 && refused.stderr().contains("min_instances"), "{}", refused.stderr());
}

/// A template that is put together step by step runs its jobs on a cluster of its own, which is gone behind it.
fn templates(gcloud: &Gcloud<'_>, world: &World) {
    let effects = world.work().join("effects");
    let step = "import sys\nopen(sys.argv[1], 'a').write(sys.argv[2] + '\\n')\n";
    let (step, effects_path) = (format!("file://{}", world.file("step.py", step).display()), effects.display().to_string());
    gcloud.run(&["workflow-templates", "create", "daily"]).expect(0);
    let managed = ["workflow-templates", "set-managed-cluster", "daily", "--cluster-name=ends", "--num-workers=2"];
    gcloud.run(&managed).expect(0);
    let add = ["workflow-templates", "add-job", "pyspark", &step, "--workflow-template=daily"];
    gcloud.run(&[&add[..], &["--step-id=first", "--", &effects_path, "first"]].concat()).expect(0);
    gcloud.run(&[&add[..], &["--step-id=second", "--start-after=first", "--", &effects_path, "second"]].concat()).expect(0);
    assert_eq!(gcloud.json(&["workflow-templates", "describe", "daily"])["jobs"].as_array().map(Vec::len), Some(2));
    gcloud.run(&["workflow-templates", "instantiate", "daily"]).expect(0);
    assert_eq!(std::fs::read_to_string(&effects).expect("what the steps wrote"), "first\nsecond\n");
    gcloud.run(&["workflow-templates", "delete", "daily"]).expect(0);
    assert_eq!(gcloud.json(&["workflow-templates", "list"]).as_array().map(Vec::len), Some(0));
}

/// Says a line, and a second one when a file is there: whoever reads the first one makes it.
const TWO_LINES: &str = "import os, sys, time\nprint('the early line', flush=True)\n\
                         while not os.path.exists(sys.argv[1]): time.sleep(0.05)\nprint('the late line')\n";

#[test]
#[ignore = "the tier `gcloud` runs it: it takes a minute"]
fn what_a_job_writes_is_shown_while_it_runs() {
    let Some(network) = Loopback::new() else { return };
    let world = prepared();
    let Some(gcloud) = Gcloud::new(&network, &world) else { return };
    gcloud.run(&["clusters", "create", "lab", "--num-workers=2"]).expect(0);
    let (script, go) = (world.file("two_lines.py", TWO_LINES), world.work().join("go"));
    let (script, go_path) = (script.display().to_string(), go.display().to_string());
    let submit = ["dataproc", "jobs", "submit", "pyspark", &script, "--cluster=lab", "--id=two", "--", &go_path];
    let mut submitting = gcloud.command(&submit).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("start gcloud");
    let mut told = BufReader::new(submitting.stderr.take().expect("its words")).lines().map_while(Result::ok);
    // The job waits for the file, and the file for this line: were nothing told before its end, both would wait for ever.
    let before: Vec<String> = told.by_ref().take_while(|line| !line.contains("the early line")).collect();
    let running = gcloud.json(&["jobs", "describe", "two"]);
    assert_eq!(running["status"]["state"], "RUNNING", "{before:?}");
    std::fs::write(&go, "").expect("let it go on");
    let after: Vec<String> = told.collect();
    assert!(after.iter().any(|line| line.contains("the late line")), "{before:?} {after:?}");
    assert!(!before.iter().any(|line| line.contains("the late line")), "{before:?}");
    assert!(submitting.wait().expect("its end").success(), "{after:?}");
    gcloud.run(&["clusters", "delete", "lab"]).expect(0);
    world.assert_nothing_left();
}

#[test]
#[ignore = "the tier `gcloud` runs it: it takes a minute"]
fn files_and_folders_in_the_object_store() {
    let Some(network) = Loopback::new() else { return };
    let world = World::bare(CADDIS);
    let Some(gcloud) = Gcloud::new(&network, &world) else { return };
    world.file("in/one.txt", "one\n");
    world.file("in/deep er/två.txt", "two\n");
    // Larger than what is sent in one request.
    let large: Vec<u8> = (0..20_000_000_u32).map(|number| u8::try_from(number * 7 % 251).unwrap_or_default()).collect();
    std::fs::write(world.work().join("large.bin"), &large).expect("write a file");
    gcloud.storage(&["buckets", "create", "gs://team-data"]);
    gcloud.storage(&["cp", "large.bin", "in/one.txt", "gs://team-data/given/"]);
    assert_eq!(gcloud.storage(&["ls", "gs://team-data"]).stdout(), "gs://team-data/given/\n");
    let all = "gs://team-data/given/large.bin\ngs://team-data/given/one.txt\n";
    assert_eq!(gcloud.storage(&["ls", "gs://team-data/given/*"]).stdout(), all);
    assert_eq!(gcloud.storage(&["cat", "gs://team-data/given/one.txt"]).stdout(), "one\n");
    assert_eq!(gcloud.storage(&["cat", "--range=1-2", "gs://team-data/given/one.txt"]).stdout(), "ne");
    gcloud.storage(&["cp", "gs://team-data/given/large.bin", "back.bin"]);
    assert!(std::fs::read(world.work().join("back.bin")).expect("what came back") == large);

    // There and back, a second time with what is new alone, and without what is gone.
    gcloud.storage(&["rsync", "--recursive", "in", "gs://team-data/copy"]);
    gcloud.storage(&["rsync", "--recursive", "gs://team-data/copy", "out"]);
    assert_eq!(std::fs::read(world.work().join("out/deep er/två.txt")).expect("what came back"), b"two\n");
    world.file("in/three.txt", "three\n");
    std::fs::remove_file(world.work().join("in/one.txt")).expect("remove a file");
    let again = ["rsync", "--recursive", "--delete-unmatched-destination-objects", "in", "gs://team-data/copy"];
    let said = gcloud.storage(&again).stderr();
    assert!(said.contains("three.txt") && !said.contains("Copying file://in/deep er"), "{said}");
    let left = "gs://team-data/copy/deep er/två.txt\ngs://team-data/copy/three.txt\n";
    assert_eq!(gcloud.storage(&["ls", "gs://team-data/copy/**"]).stdout(), left);

    gcloud.storage(&["mv", "gs://team-data/copy/three.txt", "gs://team-data/four.txt"]);
    assert_eq!(gcloud.storage(&["cat", "gs://team-data/four.txt"]).stdout(), "three\n");
    gcloud.storage(&["rm", "gs://team-data/four.txt"]);
    let gone = Run { output: gcloud.command(&["storage", "cat", "gs://team-data/four.txt"]).output().expect("start gcloud") };
    assert!(gone.code() != 0 && gone.stderr().contains("matched no objects"), "{}", gone.stderr());
    gcloud.storage(&["rm", "--recursive", "gs://team-data"]);
    assert!(!world.server_log().contains(" ERROR "), "{}", world.server_log());
}
