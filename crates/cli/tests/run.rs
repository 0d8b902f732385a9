//! `caddis run`: the script's streams, exit code, arguments, folder and environment pass through, and nothing is left.

mod common;

use std::io::Write;
use std::process::Stdio;

use caddis_testkit::{Run, World, wait_for};
use common::{CADDIS, job_of, taken_pool, world};

const CLIENT: &str = "from dask.distributed import Client\nclient = Client()\n";

#[test]
fn a_job_gets_a_cluster_and_leaves_nothing() {
    let world = world();
    let script = format!("{CLIENT}print(sum(client.gather(client.map(lambda x: x * x, range(10)))))\n");
    let script = world.file("job.py", &script);
    let run = world.run(&["run", "--workers", "2", "--threads", "1", script.to_str().unwrap()]).expect(0);
    assert_eq!(run.stdout(), "285\n");
    assert!(run.stderr().contains("worker-seconds"), "a summary: {}", run.stderr());
    world.assert_nothing_left();
    let job = world.job();
    assert_eq!((&job["phase"], &job["exit_code"]), (&"SUCCEEDED".into(), &0.into()));
    assert!(job["usage"]["worker_seconds"].as_f64().unwrap() > 0.0);
    assert!(job["usage"]["tasks_done"].as_u64().unwrap() >= 10, "{job:#}");
    let logs = world.run(&["job", "logs"]).expect(0);
    assert!(logs.stdout().contains("285"), "kept after the cluster is gone");
}

#[test]
fn streams_and_exit_code_pass_through_unchanged() {
    let world = world();
    let script = "import sys\nsys.stdout.buffer.write(b'\\xff\\x00out\\n')\nsys.stderr.write('err\\n')\nsys.exit(3)\n";
    let path = world.file("job.py", script);
    let run = world.run(&["run", "--quiet", "--workers", "1", path.to_str().unwrap()]).expect(3);
    assert_eq!(run.output.stdout, b"\xff\x00out\n");
    assert!(run.stderr().starts_with("err\n"), "{}", run.stderr());
}

#[test]
fn arguments_folder_and_variables_reach_the_script() {
    let world = world();
    world.file("sub/here.txt", "");
    world.file("vars.env", "FROM_FILE=1\n# a comment\nQUOTED=\"a b\"\n");
    let script = "import os, sys\nprint(sys.argv[1:], os.listdir('.'), os.environ['A'], os.environ['FROM_FILE'], os.environ['QUOTED'], __name__)\n";
    let path = world.file("job.py", script);
    let path = path.to_str().unwrap();
    let arguments =
        ["run", "--workers", "1", "-e", "A=b=c", "--env-file", "vars.env", "--cwd", "sub", path, "--flag", "x y", "-o"];
    let run = world.run(&arguments).expect(0);
    assert_eq!(run.stdout(), "['--flag', 'x y', '-o'] ['here.txt'] b=c 1 a b __main__\n");
}

#[test]
fn standard_input_passes_through() {
    let world = world();
    let path = world.file("job.py", "import sys\nprint(input().upper())\nprint(len(sys.stdin.read()))\n");
    let mut command = world.command(&["run", "--workers", "1", path.to_str().unwrap()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"hello\n").unwrap();
    stdin.write_all(&vec![b'x'; 1 << 20]).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "HELLO\n1048576\n");
}

#[test]
fn a_detached_job_reads_nothing_though_something_is_piped() {
    let world = world();
    let path = world.file("job.py", "import sys\nprint(len(sys.stdin.read()))\n");
    let mut command = world.command(&["run", "--detach", "--workers", "1", path.to_str().unwrap()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It may have gone before it is written to.
    let _ = child.stdin.take().unwrap().write_all(b"hello\n");
    assert!(child.wait().unwrap().success());
    world.run(&["job", "wait", "--quiet"]).expect(0);
    assert_eq!(world.run(&["job", "logs"]).expect(0).stdout(), "0\n");
}

#[test]
fn what_a_worker_wrote_is_kept_with_its_cluster() {
    let world = world();
    let script = world.file("job.py", &format!("{CLIENT}client.submit(lambda: print('a line', 6 * 7, flush=True)).result()\n"));
    world.run(&["run", "--quiet", "--workers", "1", script.to_str().unwrap()]).expect(0);
    world.assert_nothing_left();
    let logs = world.run(&["cluster", "logs", "-m", "worker-0000"]).expect(0).stdout();
    assert!(logs.lines().any(|line| line.ends_with("a line 42")), "{logs}");
}

#[test]
fn only_the_first_attempt_reads_standard_input_and_that_is_said() {
    let world = world();
    let path = world.file("job.py", "import sys\nread = len(sys.stdin.read())\nprint(read)\nsys.exit(read)\n");
    let arguments = ["run", "--workers", "1", "--retries", "1", "--retry-delay", "10ms", path.to_str().unwrap()];
    let mut child = world.command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"hello").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stdout)), (Some(0), "5\n0\n"), "{said}");
    assert!(said.contains("notice: standard input is read once"), "{said}");
}

/// Waits until a file holds a text, and answers all of it.
#[track_caller]
fn said(file: &std::path::Path, text: &str) -> String {
    wait_for(&format!("`{text}` in {}", file.display()), || {
        let said = std::fs::read_to_string(file).unwrap_or_default();
        said.contains(text).then_some(said)
    })
}

#[test]
fn what_a_job_and_a_cluster_wait_for_is_said_while_they_wait() {
    let (world, shape) = taken_pool();
    let ok = world.file("ok.py", "print('in')\n").display().to_string();
    let mut waiting = Vec::new();
    let mut begin = |name: &str, arguments: &[&str]| {
        let file = world.work().join(name);
        let talk = std::fs::File::create(&file).unwrap();
        let child = world.command(&[arguments, &shape[..]].concat()).arg(&ok).stdout(Stdio::null()).stderr(talk).spawn();
        waiting.push(child.unwrap());
        file
    };
    let job = begin("job.err", &["run"]);
    let quiet = begin("quiet.err", &["run", "--quiet"]);
    let told = said(&job, "700 MiB");
    let line = told.lines().find(|line| line.contains("700 MiB")).unwrap();
    assert!(line.starts_with("caddis: queued for "), "{told}");
    assert!(told.contains("of the pool's 1 GiB are free") && told.contains("; it starts "), "{told}");
    let lab = world.work().join("lab.err");
    let create = [&["cluster", "create", "lab"], &shape[..]].concat();
    let talk = std::fs::File::create(&lab).unwrap();
    let mut creating = world.command(&create).stdout(Stdio::null()).stderr(talk).spawn().unwrap();
    let told = said(&lab, "caddis: cluster `lab` does not serve yet: its first workers need 700 MiB");
    let mut lines: Vec<&str> = told.lines().collect();
    lines.dedup();
    assert_eq!(lines.len(), told.lines().count(), "the same is said once: {told}");
    world.run(&["cluster", "stop", "lab"]).expect(0);
    assert_eq!(creating.wait().unwrap().code(), Some(1));
    assert_eq!(std::fs::read_to_string(&quiet).unwrap(), "");
    world.run(&["job", "cancel", "first"]).expect(0);
    for mut child in waiting {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(std::fs::read_to_string(&quiet).unwrap(), "");
}

#[test]
fn a_failed_attempt_is_told_and_the_next_one_has_its_number() {
    let world = world();
    // The last one runs for a while, so that it is seen to.
    let script = "import sys, time\nwith open('tries', 'a+') as f:\n    f.write('x')\n    f.seek(0)\n    n = len(f.read())\n\
                  sys.stderr.write('err\\n')\nif n == 3: time.sleep(3)\nsys.exit(3)\n";
    let path = world.file("three.py", script);
    let retries = ["--retries", "2", "--retry-delay", "2s", "--retry-on-exit", "3,4"];
    let run = world.run(&[&["run", "--workers", "1"], &retries[..], &[path.to_str().unwrap()]].concat()).expect(3);
    let said = run.stderr();
    for (attempt, pause) in [(1, "2.0 s"), (2, "4.0 s")] {
        let line = said.lines().find(|line| line.starts_with(&format!("caddis: attempt {attempt} failed: "))).expect(&said);
        assert!(line.contains('3') && line.ends_with(&format!("; attempt {} begins in {pause}", attempt + 1)), "{line}");
    }
    assert!(said.contains("caddis: queued, attempt 2\n") && !said.contains("caddis: queued\n"), "{said}");
    assert!(said.contains("caddis: running, attempt 3 (queued "), "{said}");
}

#[test]
fn modules_beside_the_script_import_everywhere() {
    let world = world();
    world.file("shapes.py", "class Box:\n    def __init__(self, n): self.n = n\n    def size(self): return self.n\n");
    let script = format!(
        "{CLIENT}import shapes\nboxes = client.scatter([shapes.Box(3), shapes.Box(4)])\n\
         print(sum(client.gather(client.map(lambda b: b.size(), boxes))))\n\
         print(client.run_on_scheduler(lambda: __import__('shapes').Box(5).size()))\n"
    );
    let (run, job) = job_of(&world, &script, &[]);
    assert_eq!(job["phase"], "SUCCEEDED", "{}", run.stderr());
    assert!(run.stderr().contains("7\n5\n"), "{}", run.stderr());
}

#[test]
fn a_module_runs_with_m() {
    let world = world();
    world.file("pkg/__init__.py", "");
    world.file("pkg/tool.py", "import sys\nfrom pkg import other\nprint(other.X, sys.argv[1:], __name__)\n");
    world.file("pkg/other.py", "X = 7\n");
    let run = world.run(&["run", "--workers", "1", "-m", "pkg.tool", "a"]).expect(0);
    assert_eq!(run.stdout(), "7 ['a'] __main__\n");
}

#[test]
fn a_script_that_never_connects_is_told() {
    let world = world();
    let (_, job) = job_of(&world, "print(1)\n", &[]);
    assert!(job["notices"].to_string().contains("never connected"), "{job:#}");
    let own = "from dask.distributed import LocalCluster, Client\n\
               if __name__ == '__main__':\n    c = Client(LocalCluster(n_workers=1, processes=False, dashboard_address=None))\n    print(c.submit(sum, [1]).result())\n";
    let (_, job) = job_of(&world, own, &[]);
    assert!(job["notices"].to_string().contains("LocalCluster of its own"), "{job:#}");
}

#[test]
fn bad_input_is_refused_with_a_hint_and_the_right_code() {
    let world = World::bare(CADDIS);
    let good = world.file("good.py", "");
    let good = good.to_str().unwrap();
    world.file("notes.ipynb", "{}");
    let refused = |arguments: &[&str], code: i32, text: &str| {
        let run = world.run(arguments).expect(code);
        let error = run.stderr();
        assert!(error.contains(text), "{arguments:?}: {error}");
        assert!(error.contains("hint:") || error.contains("tip:") || error.contains("Usage"), "{arguments:?}: {error}");
        assert!(run.output.stdout.is_empty(), "{arguments:?}");
    };
    refused(&["run", "absent.py"], 125, "absent.py");
    refused(&["run", "."], 125, "folder");
    refused(&["run", "notes.ipynb"], 125, "notebook");
    refused(&["run", "--workers", "0", good], 125, "at least one worker");
    refused(&["run", "--workers", "10..2", good], 125, "the minimum is above the maximum");
    refused(&["run", "--memory", "much", good], 125, "much");
    refused(&["run", "--wrokers", "2", good], 125, "--workers");
    refused(&["run", "--profile", "huge", good], 125, "huge");
    refused(&["run", "--workers", "9000", good], 125, "the pool has");
    std::fs::write(world.work().join("bin.py"), (0..300_u32).map(|i| (i * 7 % 255 + 1) as u8).collect::<Vec<_>>()).unwrap();
    refused(&["run", "bin.py"], 125, "is not a Python script: byte");
    refused(&["run", "--workers", "-1", good], 125, "for '--workers <RANGE>'");
    refused(&["run", "--on-demand", "50", "--workers", "2", good], 125, "`--on-demand 50` is more than the workers");
    refused(&["run", "--tag", "a=1", "--tag", "a=2", good], 125, "the tag `a` is given twice");
    refused(&["cluster", "create", "--tag", "a=1", "--tag", "a=2"], 2, "the tag `a` is given twice");
    refused(&["job", "show", "job_0000000000000000"], 3, "job_0000000000000000");
    assert!(world.members().is_empty());
}

#[test]
fn a_script_in_an_encoding_that_it_names_runs() {
    let world = world();
    std::fs::write(world.work().join("job.py"), b"# -*- coding: latin-1 -*-\nprint(len('\xe9'))\n").unwrap();
    assert_eq!(world.run(&["run", "--workers", "1", "job.py"]).expect(0).stdout(), "1\n");
}

#[test]
fn a_name_means_what_lives() {
    let world = world();
    let path = world.file("job.py", "").display().to_string();
    world.run(&["run", "--quiet", "--name", "lab", "--workers", "1", &path]).expect(0);
    let job = world.job()["id"].as_str().unwrap().to_owned();
    let why = |name: &str| world.run(&["why", name, "-o", "json"]).expect(0).json()["subject"].as_str().unwrap().to_owned();
    assert_eq!(why("lab"), job);
    let cluster = world.run(&["cluster", "create", "lab", "--workers", "1"]).expect(0).stdout().trim().to_owned();
    assert_eq!((why("lab"), why(&job)), (cluster, job.clone()));
    let logs = world.run(&["job", "logs", &job, "--attempt", "9"]).expect(3).stderr();
    assert!(logs.contains("the number of its attempts is 1\nhint: "), "{logs}");
}

#[test]
fn a_range_that_does_not_fit_the_pool_is_cut_and_that_is_said() {
    let world = world();
    std::fs::write(world.home().join("caddis.toml"), "[pool]\nmemory = \"2GiB\"\n").unwrap();
    world.run(&["cluster", "create", "lab", "--workers", "0..2", "--memory", "500MiB"]).expect(0);
    for _ in 0..2 {
        let run = world.run(&["cluster", "adapt", "lab", "--workers", "0..8"]).expect(0);
        assert!(run.stdout().contains("has 0 to 4 workers"), "{}", run.stdout());
        let cut = "notice: 8 were asked for, cut to 4 workers: the pool has no memory for more of 500 MiB each\n";
        assert_eq!(run.stderr(), cut, "each time");
    }
    assert_eq!(world.run(&["cluster", "adapt", "lab", "--workers", "0..3"]).expect(0).stderr(), "");
}

#[test]
fn files_get_the_modes_that_the_users_shell_gives_them() {
    let world = world();
    let script = format!(
        "import os\n{CLIENT}def mask():\n    old = os.umask(0)\n    os.umask(old)\n    return oct(old)\n\
         print(mask(), set(client.run(mask).values()), client.run_on_scheduler(mask))\nopen('made', 'w').close()\n"
    );
    world.file("job.py", &script);
    let under = |umask: &str, arguments: &[&str]| {
        let command = world.command(arguments);
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "umask $0 && exec \"$@\"", umask]).arg(command.get_program()).args(command.get_args());
        shell.current_dir(world.work()).stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        Run { output: shell.output().unwrap() }.expect(0).stdout()
    };
    let mode = || std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(world.work().join("made")).unwrap()) & 0o777;
    let run = ["run", "--quiet", "--workers", "1", "job.py"];
    assert_eq!(under("0007", &run), "0o7 {'0o7'} 0o7\n");
    assert_eq!(mode(), 0o660);
    // A second submission has its own, on a server and a fork server that were started under another one; a cluster
    // that is shared has that of whoever made it.
    std::fs::remove_file(world.work().join("made")).unwrap();
    under("0027", &["cluster", "create", "lab", "--workers", "1"]);
    assert_eq!(under("0077", &["run", "--quiet", "--cluster", "lab", "job.py"]), "0o77 {'0o27'} 0o27\n");
    assert_eq!(mode(), 0o600);
}
