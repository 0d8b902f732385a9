//! `caddis simulate`: what a real job did is replayed through other policies; what cannot be replayed is refused by name.

mod common;

use std::fs;

use caddis_testkit::World;
use common::world;

#[test]
fn what_a_job_did_is_replayed_through_another_policy() {
    let world = world();
    let tasks = "from dask.distributed import Client\nimport time\nclient = Client()\n\
                 def work(i):\n    time.sleep(0.15)\n    return i\n\
                 print(sum(client.gather(client.map(work, range(60)))))\n";
    let script = world.file("job.py", tasks).display().to_string();
    let options = ["run", "--quiet", "--name", "etl", "--workers", "1..3", "--threads", "1", "--memory", "500MiB", &script];
    assert_eq!(world.run(&options).expect(0).stdout(), "1770\n");
    let mine = world.file("mine.toml", "slack = 1.5\n").display().to_string();
    let picture = world.work().join("etl.svg").display().to_string();
    let replay = ["simulate", "--trace", "etl", "--policy", &mine, "--against", "adaptive,fixed:2", "--picture", &picture, "-o", "json"];
    let told = world.run(&replay).expect(0).json();
    assert_eq!(told["tasks"], 60, "as many as the job had: {told}");
    assert_eq!((&told["workers_min"], &told["workers_max"], &told["threads"]), (&1.into(), &3.into(), &1.into()));
    // 60 tasks of 0.15 seconds, as far as a recording that looks once a second can tell.
    let seconds = told["seconds"].as_f64().unwrap();
    assert!((6.0..15.0).contains(&seconds), "{seconds}");
    let policies = told["policies"].as_array().unwrap();
    let names: Vec<_> = policies.iter().map(|policy| policy["policy"].as_str().unwrap()).collect();
    assert_eq!(names, [mine.as_str(), "adaptive", "fixed 2"]);
    for policy in policies {
        let cost = policy["cost"].as_i64().unwrap();
        // Absent only where the bound does not speak of a policy: `adaptive` may take running tasks away.
        let lowest = policy["lowest_cost"].as_i64();
        assert!(policy["finished"] == true && lowest.is_none_or(|lowest| cost >= lowest && lowest > 0), "{policy}");
        assert!(lowest.is_some() || policy["policy"] == "adaptive" || policy["peak"].as_u64() > Some(3), "{policy}");
    }
    let drawn = fs::read_to_string(&picture).unwrap();
    assert!(drawn.starts_with("<svg") && names.iter().all(|name| drawn.contains(name)), "{drawn}");
    let table = world.run(&["simulate", "--trace", "etl", "--policy", &mine, "--against", "adaptive"]).expect(0).stdout();
    assert!(table.contains("60 tasks") && table.contains("adaptive"), "{table}");
}

#[test]
fn a_job_is_found_by_its_scripts_name_and_of_a_shared_cluster_all_is_replayed() {
    let world = world();
    let tasks = "from dask.distributed import Client\nimport time\nclient = Client()\n\
                 print(len(client.gather(client.map(lambda i: time.sleep(0.1) or i, range(20), pure=False))))\n";
    world.file("j.py", tasks);
    world.run(&["run", "--quiet", "--workers", "1..2", "--threads", "1", "--memory", "500MiB", "j.py"]).expect(0);
    let own = world.run(&["simulate", "--trace", "j.py", "-o", "json"]).expect(0).json();
    assert_eq!((&own["trace"], &own["tasks"], own.get("shared")), (&"j.py".into(), &20.into(), None), "{own}");
    world.run(&["cluster", "create", "lab", "--workers", "1..2", "--threads", "1", "--memory", "500MiB"]).expect(0);
    for name in ["one", "two"] {
        world.run(&["run", "--quiet", "--name", name, "--cluster", "lab", "j.py"]).expect(0);
    }
    let shared = world.run(&["simulate", "--trace", "two", "-o", "json"]).expect(0).json();
    assert_eq!((&shared["trace"], &shared["tasks"]), (&"lab".into(), &40.into()), "{shared}");
    assert_eq!((&shared["shared"]["cluster"], &shared["shared"]["jobs"]), (&"lab".into(), &2.into()));
    let told = world.run(&["simulate", "--trace", "lab"]).expect(0).stdout();
    assert!(told.contains("the whole cluster `lab` is replayed: 2 jobs ran on it"), "{told}");
    // Its script is gone, and the job is found all the same; a script that never ran is neither.
    fs::remove_file(world.work().join("j.py")).unwrap();
    assert_eq!(world.run(&["simulate", "--trace", "j.py", "-o", "json"]).expect(0).json()["tasks"], 20);
    world.file("other.py", "print(1)\n");
    let neither = world.run(&["simulate", "--trace", "other.py"]).expect(2).stderr();
    assert!(neither.contains("`other.py` is no trace") && neither.contains("no job and no cluster"), "{neither}");
    assert!(neither.contains("hint: docs/AUTOSCALING.md") && neither.contains("caddis job list"), "{neither}");
    let absent = world.run(&["simulate", "--trace", "absent.jsonl"]).expect(3).stderr();
    assert!(absent.contains("no job and no cluster `absent.jsonl`, and no such file"), "{absent}");
    world.run(&["cluster", "stop", "lab"]).expect(0);
}

#[test]
fn a_trace_is_replayed_by_the_figures_and_prices_of_the_config_and_a_comparison_is_not() {
    let world = World::bare(common::CADDIS);
    let trace = world.run(&["simulate", "--generate", "bursty", "--seed", "7"]).expect(0).stdout();
    world.file("bursty.jsonl", &trace);
    let config = |text: &str| fs::write(world.home().join("caddis.toml"), text).unwrap();
    let replay = |options: &[&str]| {
        let told = world.run(&[&["simulate", "--trace", "bursty.jsonl", "-o", "json"], options].concat()).expect(0).json();
        let cost = |number: usize| told["policies"][number]["cost"].as_i64().unwrap();
        (cost(0), cost(1), told["worker_hour"].as_i64().unwrap())
    };
    let built_in = replay(&["--against", "built-in"]);
    assert_eq!((built_in.0, built_in.2), (built_in.1, 234_236_000));
    config("[autoscale]\nslack = 3\nwork_per_start = 5\n");
    let own = replay(&["--against", "built-in"]);
    assert!(own.0 != own.1 && own.1 == built_in.1, "`caddis` goes by the config, `built-in` never: {own:?} {built_in:?}");
    // A file's figures go before those of the config, and the others of the config stay.
    world.file("mine.toml", "slack = 1.08\nwork_per_start = 0.5\n");
    assert_eq!(replay(&["--policy", "mine.toml", "--against", "built-in"]).0, built_in.0);
    config("[prices]\nmachine_type = \"n2-standard-8\"\n");
    let dear = replay(&["--against", "fixed:3"]).2;
    assert_eq!(dear, 2 * 234_236_000, "twice the processors and the memory");
    config("[prices]\nregion = \"mars\"\n");
    let refused = world.run(&["simulate", "--trace", "bursty.jsonl"]).expect(2).stderr();
    assert!(refused.contains("`prices.region`") && refused.contains("us-central1"), "{refused}");
    let compare = ["simulate", "--compare", "--classes", "bursty", "--sizes", "1", "--seeds", "0..1", "-o", "json"];
    let elsewhere = world.run(&compare).expect(0).stdout();
    config("[autoscale]\nslack = 3\n");
    assert_eq!(world.run(&compare).expect(0).stdout(), elsewhere, "a comparison is the same on every machine");
}

#[test]
fn what_is_generated_is_read_again_and_what_is_wrong_is_named() {
    let world = World::bare(common::CADDIS);
    let trace = world.run(&["simulate", "--generate", "shuffle", "--seed", "3"]).expect(0).stdout();
    let whole = world.file("whole.jsonl", &trace).display().to_string();
    let told = world.run(&["simulate", "--trace", &whole, "--workers", "0..20", "-o", "json"]).expect(0).json();
    assert!(told["tasks"].as_u64().unwrap() > 0 && told["policies"][0]["finished"] == true, "{told}");

    let lines: Vec<&str> = trace.lines().collect();
    let hole = [&lines[..1], &lines[2..]].concat().join("\n");
    let refuse = |arguments: &[&str], words: &[&str]| {
        let refused = world.run(arguments).expect(2).stderr();
        for word in words {
            assert!(refused.contains(word), "{word:?} is not in {refused}");
        }
    };
    refuse(&["simulate", "--trace", &world.file("hole.jsonl", &hole).display().to_string()], &["hole.jsonl"]);
    let cut = lines[..lines.len() - 1].join("\n");
    refuse(&["simulate", "--trace", &world.file("cut.jsonl", &cut).display().to_string()], &["`groups`", "hole"]);
    let policy = world.file("policy.toml", "slak = 1.2\n").display().to_string();
    refuse(&["simulate", "--trace", &whole, "--policy", &policy], &["`slak`", "`slack`"]);
    refuse(&["simulate", "--trace", &whole, "--workers", "5..2"], &["5..2"]);
    let none = world.run(&["simulate", "--trace", "nothing-like-it"]).expect(3).stderr();
    assert!(none.contains("nothing-like-it"), "{none}");
}
