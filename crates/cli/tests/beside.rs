//! Modules beside the scripts of jobs that share a cluster which was made for none of them.

mod common;

use std::process::Child;

use caddis_testkit::{Run, World, wait_for};
use common::world;

/// A sibling, whose class is unpickled in the job, the workers and the scheduler.
fn sibling(world: &World, folder: &str, size: u32) {
    let text = format!(
        "from distributed import SchedulerPlugin\n\
         class Box:\n    def size(self): return {size}\n\
         def measure(box):\n    assert isinstance(box, Box)\n    return box.size()\n\
         class Notes(SchedulerPlugin):\n    name = 'notes-{size}'\n    def start(self, scheduler): self.size = Box().size()\n"
    );
    world.file(&format!("{folder}/shapes.py"), &text);
}

/// Uses the sibling everywhere, says what it saw, and waits for `go` beside it where it is told to.
const SCRIPT: &str = "import os, sys, time\nimport shapes\nfrom dask.distributed import Client\nclient = Client()\n\
    boxes = client.scatter([shapes.Box() for _ in range(4)])\n\
    print(client.gather(client.map(shapes.measure, boxes)))\n\
    print(sorted(set(client.run(lambda: __import__('shapes').Box().size()).values())))\n\
    client.register_plugin(shapes.Notes())\n\
    plugin = sys.argv[1]\n\
    print(client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.plugins[plugin].size))\n\
    here = os.path.dirname(os.path.abspath(__file__))\n\
    open(os.path.join(here, 'up'), 'w').close()\n\
    while 'wait' in sys.argv and not os.path.exists(os.path.join(here, 'go')): time.sleep(0.01)\n\
    print(sorted(set(client.run(lambda: __import__('shapes').Box().size()).values())))\n";

fn shared(world: &World, workers: &str) {
    world.run(&["cluster", "create", "lab", "--workers", workers, "--threads", "1", "--memory", "500MiB"]).expect(0);
}

fn arguments<'a>(script: &'a str, plugin: &'a str) -> [&'a str; 7] {
    ["run", "--quiet", "--cluster", "lab", "--timeout=120s", script, plugin]
}

fn run(world: &World, script: &str, plugin: &str) -> Run {
    world.run(&arguments(script, plugin))
}

fn everywhere(size: u32) -> String {
    format!("[{size}, {size}, {size}, {size}]\n[{size}]\n{size}\n[{size}]\n")
}

#[test]
fn each_job_brings_its_own() {
    let world = world();
    for (folder, size) in [("a", 3), ("b", 4)] {
        sibling(&world, folder, size);
        world.file(&format!("{folder}/job.py"), SCRIPT);
    }
    shared(&world, "2");
    for (script, plugin, size) in [("a/job.py", "notes-3", 3), ("b/job.py", "notes-4", 4), ("a/job.py", "notes-3", 3)] {
        let run = run(&world, script, plugin).expect(0);
        assert_eq!((run.stdout(), run.stderr()), (everywhere(size), String::new()));
    }
}

#[test]
fn what_was_edited_between_two_jobs_is_imported_anew() {
    let world = world();
    world.file("a/job.py", SCRIPT);
    world.file("job.py", SCRIPT);
    shared(&world, "1");
    // The second folder is the one that the cluster was made in.
    for folder in ["a", "."] {
        let script = format!("{folder}/job.py");
        // Python itself takes an edit that changes neither the second nor the length for none.
        for size in [5, 66, 777] {
            sibling(&world, folder, size);
            let run = run(&world, &script, &format!("notes-{size}")).expect(0);
            assert_eq!((run.stdout(), run.stderr()), (everywhere(size), String::new()), "{script}");
        }
        std::fs::remove_file(world.work().join(folder).join("shapes.py")).unwrap();
    }
}

#[test]
fn of_two_modules_of_one_name_the_first_wins_and_the_second_is_told() {
    let world = world();
    for (folder, size) in [("a", 3), ("b", 4)] {
        sibling(&world, folder, size);
        world.file(&format!("{folder}/job.py"), SCRIPT);
    }
    // Nobody imports these: they must not be warned of.
    world.file("a/tool.py", "X = 1\n");
    world.file("b/tool.py", "X = 2\n");
    shared(&world, "1..2");
    let first = waiting(&world);
    let second = run(&world, "b/job.py", "notes-4");
    assert!(second.stderr().contains("`shapes` is in"), "{}", second.stderr());
    for folder in ["a", "b"] {
        let path = world.work().join(folder).canonicalize().unwrap();
        assert!(second.stderr().contains(&format!("`{}`", path.display())), "{}", second.stderr());
    }
    assert!(!second.stderr().contains("`tool`"), "{}", second.stderr());
    // A worker that comes later imports what the others do.
    world.run(&["cluster", "scale", "lab", "2"]).expect(0);
    wait_for("a second worker", || {
        let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]).expect(0).json();
        (cluster["dask"]["workers"].as_array()?.len() == 2).then_some(())
    });
    world.file("a/go", "");
    let output = first.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), everywhere(3));
    let alone = run(&world, "b/job.py", "notes-4").expect(0);
    assert_eq!((alone.stdout(), alone.stderr()), (everywhere(4), String::new()));
}

/// The first job, as soon as it has used its modules; it holds them until `a/go` is there.
fn waiting(world: &World) -> Child {
    let mut arguments = arguments("a/job.py", "notes-3").to_vec();
    arguments.push("wait");
    let child = world.spawn(&arguments);
    wait_for("the first job", || world.work().join("a/up").exists().then_some(()));
    child
}

#[test]
fn a_killed_job_leaves_no_folder_behind() {
    let world = world();
    sibling(&world, "a", 3);
    world.file("a/job.py", &format!("{SCRIPT}import signal\nos.kill(os.getpid(), signal.SIGKILL)\n"));
    let path = "import sys, json\nfrom dask.distributed import Client\nclient = Client()\n\
                print(json.dumps([*client.run(lambda: sys.path).values(), client.run_on_scheduler(lambda: sys.path)]))\n";
    world.file("c/look.py", path);
    shared(&world, "1");
    let folder = world.work().join("a").canonicalize().unwrap().display().to_string();
    let before = run(&world, "c/look.py", "").expect(0).stdout();
    run(&world, "a/job.py", "notes-3").expect(137);
    wait_for("the folder's end", || {
        let now = run(&world, "c/look.py", "").expect(0).stdout();
        assert!(now.len() >= before.len(), "{now}");
        (!now.contains(&folder)).then_some(())
    });
}

#[test]
fn a_module_run_by_name_brings_the_working_folder() {
    let world = world();
    sibling(&world, "a", 7);
    world.file("a/pkg/__init__.py", "");
    world.file("a/pkg/main.py", "from dask.distributed import Client\nimport shapes\nfrom pkg import twice\n\
        if __name__ == '__main__':\n    print(Client().submit(twice.of, shapes.Box()).result())\n");
    world.file("a/pkg/twice.py", "def of(box): return 2 * box.size()\n");
    shared(&world, "1");
    let mut command = world.command(&["run", "--quiet", "--cluster", "lab", "-m", "pkg.main"]);
    let run = Run { output: command.current_dir(world.work().join("a")).output().unwrap() }.expect(0);
    assert_eq!((run.stdout(), run.stderr()), ("14\n".to_owned(), String::new()));
}
