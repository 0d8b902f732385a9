//! `caddis cost` of what really ran: by everything that it can be asked by, and the same total each time.

mod common;

use common::world;
use serde_json::Value;

#[test]
fn costs_are_told_by_each_thing_and_add_up() {
    let world = world();
    let script = world.file("job.py", "from dask.distributed import Client\nprint(Client().submit(sum, [1, 2]).result())\n");
    let script = script.display().to_string();
    let run = |name: &str, tags: &[&str]| {
        let tags: Vec<&str> = tags.iter().flat_map(|tag| ["--tag", tag]).collect();
        let options = [&["run", "--quiet", "--name", name, "--workers", "1", "--memory", "500MiB"][..], &tags, &[&script]].concat();
        world.run(&options).expect(0);
    };
    run("first", &["team=risk", "env=prod"]);
    run("second", &["team=web"]);
    run("third", &[]);
    // One that nobody uses, so that something is idle; it ends by itself.
    let lab = ["cluster", "create", "lab", "--workers", "1", "--memory", "500MiB"];
    world.run(&lab).expect(0);
    world.run(&["cluster", "stop", "lab"]).expect(0);

    let cost = |arguments: &[&str]| world.run(&[&["cost", "-o", "json"], arguments].concat()).expect(0).json();
    let whole = cost(&[])["usage"]["cost"].as_i64().unwrap();
    assert!(whole > 0);
    let groups = |report: &Value| -> Vec<String> {
        let groups = report["groups"].as_array().unwrap().iter();
        groups.map(|group| group["group"].as_str().unwrap_or("-").to_owned()).collect()
    };
    for by in ["owner", "tag", "job", "day", "profile", "machine", "kind", "cluster"] {
        let report = cost(&["--by", by]);
        let sum: i64 = report["groups"].as_array().unwrap().iter().map(|group| group["cost"].as_i64().unwrap()).sum();
        assert_eq!((sum, report["usage"]["cost"].as_i64()), (whole, Some(whole)), "{by}");
    }
    let mut tags = groups(&cost(&["--by", "tag"]));
    tags.sort();
    assert_eq!(tags, ["-", "env=prod, team=risk", "team=web"]);
    let mut teams = groups(&cost(&["--by", "tag", "--tag", "team"]));
    teams.sort();
    assert_eq!((teams, groups(&cost(&["--tag", "team"])).len()), (vec!["-".to_owned(), "risk".into(), "web".into()], 3));
    assert_eq!(groups(&cost(&["--by", "job"])).len(), 4, "three jobs, and the cluster that had none");
    let named = |by: &str| -> Vec<String> {
        let report = cost(&["--by", by]);
        let groups = report["groups"].as_array().unwrap().iter();
        groups.filter_map(|group| group["name"].as_str().map(str::to_owned)).collect()
    };
    let mut jobs = named("job");
    jobs.sort();
    assert_eq!(jobs, ["first", "second", "third"]);
    assert!(named("cluster").contains(&"lab".to_owned()) && named("owner").is_empty());
    let by_job = world.run(&["cost", "--by", "job"]).expect(0).stdout();
    assert!(by_job.contains("NAME") && by_job.contains("second") && by_job.contains("(no job)"), "{by_job}");
    let by_job = world.run(&["cost", "--by", "job", "-o", "csv"]).expect(0).stdout();
    assert!(by_job.starts_with("job,name,seconds,") && by_job.contains(",second,"), "{by_job}");
    let profiles = groups(&cost(&["--by", "profile"]));
    assert_eq!(profiles, ["standard"]);

    let csv = world.run(&["cost", "--by", "tag", "--tag", "team", "-o", "csv"]).expect(0).stdout();
    assert!(csv.starts_with("tag,seconds,used_dollars,idle_dollars,dollars\n") && csv.contains("\nrisk,"), "{csv}");
    let table = world.run(&["cost", "--by", "tag"]).expect(0).stdout();
    assert!(table.contains("env=prod, team=risk") && table.contains("(no tag)") && table.contains("together"), "{table}");
    let nothing = world.run(&["cost", "--since", "2020-01-01", "--until", "2020-02-01"]).expect(0).stdout();
    assert!(nothing.contains("nothing was used"), "{nothing}");
    let idle = cost(&["--idle"]);
    assert!(idle["groups"].as_array().unwrap().iter().all(|group| group["idle"].as_i64().unwrap() > 0), "{idle}");
    let wrong = world.run(&["cost", "--by", "owner", "--tag", "team"]).expect(2).stderr();
    assert!(wrong.contains("owner") && wrong.contains("tag"), "{wrong}");
    world.run(&["cost", "--by", "week"]).expect(2);
}
