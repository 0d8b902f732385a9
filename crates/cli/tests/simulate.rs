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
        let (cost, lowest) = (policy["cost"].as_i64().unwrap(), policy["lowest_cost"].as_i64().unwrap());
        assert!(policy["finished"] == true && cost >= lowest && lowest > 0, "{policy}");
    }
    let drawn = fs::read_to_string(&picture).unwrap();
    assert!(drawn.starts_with("<svg") && names.iter().all(|name| drawn.contains(name)), "{drawn}");
    let table = world.run(&["simulate", "--trace", "etl", "--policy", &mine, "--against", "adaptive"]).expect(0).stdout();
    assert!(table.contains("60 tasks") && table.contains("adaptive"), "{table}");
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
