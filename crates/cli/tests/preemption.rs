//! Workers that are taken away, and workers that their schedulers have lost: told apart from those that just died, and
//! replaced, with the right result in the end.

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use caddis_testkit::{Run, World, produced, wait_for, wait_within};
use common::ledger::events;
use common::world;
use rustix::process::Signal;
use serde_json::Value;

const CLIENT: &str = "from dask.distributed import Client\nclient = Client()\n";
/// Until three workers have been taken away, each of which has six notices a minute.
const LONG_RUN: Duration = Duration::from_secs(180);
const SMALL: [&str; 4] = ["--threads", "1", "--memory", "400MiB"];

#[track_caller]
fn cluster(world: &World, name: &str) -> Value {
    world.run(&["cluster", "show", name, "-o", "json"]).expect(0).json()
}

/// The first death of a cluster's workers with this code.
#[track_caller]
fn wait_death(world: &World, name: &str, code: &str) -> Value {
    let death = wait_for(&format!("a death by {code}"), || {
        let deaths = cluster(world, name)["deaths"].as_array()?.clone();
        deaths.into_iter().find(|death| death["code"] == code)
    });
    produced("cause", code);
    death
}

/// Workers of four names at least were taken away, each with its notice, and the sum is right all the same.
#[test]
fn every_worker_is_preempted_once_and_the_result_is_right() {
    let world = world();
    let script = format!(
        "{CLIENT}import os, time\n\
         def work(i):\n    time.sleep(0.1)\n    return i * i\n\
         kept = client.map(work, range(20), pure=False)\n\
         rounds = 0\n\
         at_first = {{w['name'] for w in client.scheduler_info()['workers'].values()}}\n\
         while True:\n    \
             now = {{w['name'] for w in client.scheduler_info()['workers'].values()}}\n    \
             rounds += 1\n    \
             futures = client.map(work, range(rounds * 40, rounds * 40 + 40))\n    \
             assert client.gather(futures) == [i * i for i in range(rounds * 40, rounds * 40 + 40)]\n    \
             if not (now & at_first): break\n\
         while not os.path.exists('go'): time.sleep(0.05)\n\
         print(sum(client.gather(kept)), flush=True)\n"
    );
    let path = world.file("job.py", &script).display().to_string();
    let options = ["run", "-o", "json", "--workers", "3", "--on-demand", "0", "--preempt-rate", "360"];
    let child = world.spawn(&[&options[..], &SMALL, &[&path]].concat());
    // The job ends only when the last of the first workers' deaths has been taken in.
    let taken: BTreeSet<String> = wait_within(LONG_RUN, "the deaths of three that were preempted", || {
        let job = world.run(&["job", "show", "-o", "json"]);
        let id = (job.code() == 0).then(|| job.json()["cluster"].as_str().map(str::to_owned))??;
        let deaths = cluster(&world, &id)["deaths"].as_array()?.clone();
        let preempted = deaths.iter().filter(|death| death["code"] == "preempted");
        let taken: BTreeSet<String> = preempted.map(|death| death["sentence"].as_str().unwrap().to_owned()).collect();
        (taken.len() >= 3).then_some(taken)
    });
    world.file("go", "");
    let run = Run { output: child.wait_with_output().unwrap() }.expect(0);
    assert!(run.stderr().contains("2470"), "{}", run.stderr());
    produced("cause", "preempted");
    let orderly = taken.iter().filter(|sentence| sentence.contains("had handed its data over")).count();
    assert_eq!(orderly, taken.len(), "tasks of a tenth of a second end within the notice: {taken:?}");
    world.assert_nothing_left();
}

/// Longer than a notice: a minute on the preemptible worker, and no time at all when it begins anew elsewhere.
const LONG: &str = "\
import os, time
from dask.distributed import get_worker

here = os.getcwd()
began, held = os.path.join(here, 'began'), os.path.join(here, 'held')

def hold(number):
    with open(held, 'a') as lines:
        lines.write(f'{number} ')
    return b'h' * 10**6

def long():
    name = str(get_worker().name)
    if os.path.exists(began):
        return name
    if name.startswith('worker-0000'):
        return None
    with open(began, 'w') as file:
        file.write(f'{name} {os.getpid()}')
    time.sleep(60)
    return 'nobody took it away'

number = 0
while True:
    others = [w for w in client.scheduler_info()['workers'].items() if not str(w[1]['name']).startswith('worker-0000')]
    if not others:
        time.sleep(0.05)
        continue
    number += 1
    there = {'workers': [others[0][0]], 'allow_other_workers': True, 'pure': False}
    kept = client.submit(hold, number, **there)
    kept.result()
    if others[0][0] not in client.who_has(kept)[kept.key]:
        continue
    running = client.submit(long, **there)
    while not os.path.exists(began) and not running.done():
        time.sleep(0.02)
    if os.path.exists(began):
        break
while len(open(began).read().split()) < 2: time.sleep(0.02)
first, pid = open(began).read().split()
second = running.result()
times = open(held).read().split().count(str(number))
while os.path.exists(f'/proc/{pid}'): time.sleep(0.02)
gone = int(time.time() * 1e6)
print(len(kept.result()), times, second != first and second.startswith('worker-'), first, gone)
";

/// Whatever it runs and holds, a worker is gone when its notice is over, and nothing of it is lost but the time. Its task
/// had the time that it may have.
#[test]
fn a_notice_is_kept_to_the_second_and_nothing_is_lost() {
    let world = world();
    let path = world.file("job.py", &format!("{CLIENT}{LONG}")).display().to_string();
    let options = ["run", "-o", "json", "--workers", "2", "--on-demand", "1", "--preempt-rate", "240"];
    let run = world.run(&[&options[..], &SMALL, &[&path]].concat()).expect(0);
    let said = run.stderr();
    let line = said.lines().find(|line| line.contains("1000000 1 True worker-")).unwrap_or_else(|| panic!("{said}"));
    let (first, gone) = line.split_once("True ").unwrap().1.split_once(' ').unwrap();
    let of = |(at, sentence): (i64, String)| sentence.contains(&format!("`{first}`")).then_some(at);
    let notice = events(&world, "worker.preempted").into_iter().find_map(of).unwrap_or_else(|| panic!("no notice of {first}"));
    let had = (gone.trim().parse::<i64>().unwrap() - notice) as f64 / 1e6;
    println!("{first} had {had:.3} s");
    assert!((16.5..=26.0).contains(&had), "{first} had {had} s");
    world.assert_nothing_left();
}

/// After its workers were taken away a cluster follows its load as before: to nothing, and back.
#[test]
fn a_cluster_that_was_preempted_goes_to_nothing_and_grows_again() {
    let world = world();
    std::fs::write(world.home().join("caddis.toml"), "[autoscale]\nshrink_after_seconds = 1\n").unwrap();
    let script = format!(
        "{CLIENT}import time\n\
         def workers(): return {{w['name'] for w in client.scheduler_info()['workers'].values()}}\n\
         def work(i):\n    time.sleep(0.2)\n    return i\n\
         seen = set()\n\
         def burst(count, first):\n    \
             futures = client.map(work, range(first, first + count))\n    \
             most = 0\n    \
             while not all(future.done() for future in futures):\n        \
                 seen.update(workers())\n        \
                 most = max(most, len(workers()))\n        \
                 time.sleep(0.05)\n    \
             assert client.gather(futures) == list(range(first, first + count))\n    \
             return most\n\
         rounds = 0\n\
         while len(seen) < 5:\n    \
             rounds += 1\n    \
             burst(60, rounds * 1000)\n\
         while workers(): time.sleep(0.05)\n\
         print('grew again', burst(100, 0) > 1, flush=True)\n"
    );
    let path = world.file("job.py", &script).display().to_string();
    let options = ["run", "-o", "json", "--workers", "0..3", "--on-demand", "0", "--preempt-rate", "360"];
    let run = world.run(&[&options[..], &SMALL, &[&path]].concat()).expect(0);
    assert!(run.stderr().contains("grew again True"), "{}", run.stderr());
    let deaths = cluster(&world, run.json()["cluster"].as_str().unwrap())["deaths"].as_array().unwrap().clone();
    assert!(deaths.iter().any(|death| death["code"] == "preempted"), "{deaths:#?}");
    world.assert_nothing_left();
}

#[test]
fn those_on_demand_stay_and_those_that_are_preempted_are_told_of() {
    let world = world();
    let create = ["cluster", "create", "lab", "--workers", "3", "--on-demand", "1", "--preempt-rate", "3600"];
    world.run(&[&create[..], &SMALL].concat()).expect(0);
    let death = wait_death(&world, "lab", "preempted");
    assert!(death["sentence"].as_str().unwrap().contains("was preempted"), "{death}");
    let first = cluster(&world, "lab")["slots"].as_array().unwrap()[0].clone();
    assert_eq!((&first["slot"], &first["attempt"], &first["preemptible"]), (&0.into(), &1.into(), &false.into()), "{first}");
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
    for wrong in ["-1", "NaN", "99999"] {
        let refused = world.run(&["cluster", "create", "x", &format!("--preempt-rate={wrong}")]).expect(2);
        assert!(refused.stderr().contains("preempted"), "{}", refused.stderr());
    }
}

/// A stopped process is what a host that hangs looks like: it is there, and says nothing.
#[test]
fn a_worker_that_its_scheduler_has_lost_is_replaced() {
    let world = world();
    let ttl = ["-e", "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL=3s"];
    world.run(&[&["cluster", "create", "lab", "--workers", "2"], &SMALL[..], &ttl].concat()).expect(0);
    let worker = world.members().into_iter().find(|member| member.member.as_deref().is_some_and(|key| key.contains("worker-0001")));
    worker.expect("a second worker").kill(Signal::STOP);
    let death = wait_death(&world, "lab", "host_lost");
    assert!(death["sentence"].as_str().unwrap().contains("worker-0001.1"), "{death}");
    wait_for("its successor", || {
        let cluster = cluster(&world, "lab");
        let slot = cluster["slots"].as_array()?.get(1)?.clone();
        (slot["attempt"] == 2 && slot["phase"] == "running").then_some(())
    });
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
}
