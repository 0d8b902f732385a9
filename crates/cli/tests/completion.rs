//! Completion in real shells: words, and the names of what is there.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use caddis_testkit::{World, skip, wait_for};
use common::{CADDIS, world};

/// Types a line and presses Tab; answers what is offered.
type Tab = fn(&World, &str) -> Vec<String>;

/// The shells that are here; bash always is.
fn shells() -> Vec<(&'static str, Tab)> {
    let mut all: Vec<(&str, Tab)> = vec![("bash", bash), ("zsh", zsh), ("fish", fish)];
    all.retain(|(shell, _)| {
        let here = *shell == "bash" || Command::new(shell).arg("--version").stdout(Stdio::null()).status().is_ok();
        if !here {
            skip(shell, "it is not installed");
        }
        here
    });
    all
}

/// What a shell prints whose `PATH` begins with the binary under test.
fn said(world: &World, shell: &mut Command) -> Vec<String> {
    let folder = Path::new(CADDIS).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&path))).unwrap();
    shell.env("PATH", path).env("CADDIS_HOME", world.home()).current_dir(world.work()).stdin(Stdio::null());
    let output = shell.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{error}");
    let mut lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn bash(world: &World, line: &str) -> Vec<String> {
    let script = "source <(caddis completion bash)\n\
                  read -ra COMP_WORDS <<< \"$1\"; [[ $1 == *' ' ]] && COMP_WORDS+=('')\n\
                  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_TYPE=9\n\
                  _clap_complete_caddis caddis \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"\n\
                  printf '%s\\n' \"${COMPREPLY[@]}\"\n";
    said(world, Command::new("bash").args(["--noprofile", "--norc", "-c", script, "bash", line]))
}

/// Through the file in `$fpath`, as it is installed: the first Tab must be answered too.
fn zsh(world: &World, line: &str) -> Vec<String> {
    let script = "mkdir -p functions && caddis completion zsh > functions/_caddis && fpath=($PWD/functions $fpath)\n\
                  compdef() { : }\n\
                  _describe() { local list=${@[-1]}; print -l -- ${(P)list%%:*} }\n\
                  words=(${(z)1}); [[ $1 == *' ' ]] && words+=('')\n\
                  CURRENT=$#words\n\
                  autoload -Uz _caddis && _caddis\n";
    said(world, Command::new("zsh").args(["-f", "-c", script, "zsh", line]))
}

fn fish(world: &World, line: &str) -> Vec<String> {
    let script = "caddis completion fish | source; complete --do-complete $argv[1]";
    let mut shell = Command::new("fish");
    shell.env("XDG_CONFIG_HOME", world.work()).env("XDG_DATA_HOME", world.work());
    let lines = said(world, shell.args(["--no-config", "-c", script, line]));
    lines.iter().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn words_of_the_command_line_complete() {
    let world = World::bare(CADDIS);
    for (shell, tab) in shells() {
        assert_eq!(tab(&world, "caddis clu"), ["cluster"], "{shell}");
        assert!(tab(&world, "caddis job ").contains(&"cancel".to_owned()), "{shell}");
        assert_eq!(tab(&world, "caddis run --prof"), ["--profile"], "{shell}");
        assert_eq!(tab(&world, "caddis run --profile "), ["small", "standard", "throughput"], "{shell}");
        assert!(!tab(&world, "caddis job show ").iter().any(|word| word.starts_with("job_")), "{shell}");
    }
    assert!(world.processes().is_empty(), "a Tab starts nothing");
}

#[test]
fn a_scripts_path_completes() {
    let world = World::bare(CADDIS);
    world.file("flights.py", "");
    for (shell, tab) in shells() {
        assert_eq!(tab(&world, "caddis run fli"), ["flights.py"], "{shell}");
    }
}

#[test]
fn names_and_ids_complete() {
    let world = world();
    let script = world.file("job.py", "import threading\nthreading.Event().wait()\n");
    let script = script.to_str().unwrap();
    let id = world.run(&["run", "--detach", "--name", "etl", "--workers", "1", "--memory", "512MiB", script]).expect(0).stdout().trim().to_owned();
    world.run(&["cluster", "create", "lab", "--workers", "1", "--memory", "512MiB"]).expect(0);
    world.wait_job("RUNNING");
    let job = world.job();
    let own = job["cluster"].as_str().unwrap();
    for (shell, tab) in shells() {
        // Nobody is kept waiting by a Tab: where the server is slow there is nothing to choose from, once.
        let offers = |line: &str, word: &str, only: bool| {
            wait_for(&format!("{word} for `{line}` in {shell}"), || {
                let words = tab(&world, line);
                (words.contains(&word.to_owned()) && (words.len() == 1 || !only)).then_some(())
            });
        };
        offers("caddis job logs et", "etl", true);
        offers("caddis job cancel job_", &id, true);
        offers("caddis cluster stop la", "lab", true);
        offers("caddis cluster show cl_", own, false);
        assert!(!tab(&world, "caddis run --cluster cl_").contains(&own.to_owned()), "{shell}: it ends with its job");
        offers("caddis why e", "etl", true);
        assert!(!tab(&world, "caddis job retry ").contains(&id), "{shell}: it has not ended");
        let elsewhere = format!("caddis --home {}/nowhere job logs et", world.work().display());
        assert!(!tab(&world, &elsewhere).contains(&"etl".to_owned()), "{shell}: another state folder is named");
    }
    world.run(&["job", "cancel", "--hurry", "etl"]).expect(0);
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
}
