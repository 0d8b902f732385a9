//! `caddis run` at a terminal: a real one (a pty), whose screen is worked out from what was written to it.

mod common;

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use caddis_testkit::{World, wait_for};
use common::{taken_pool, world};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

const ROWS: u16 = 50;
const COLUMNS: u16 = 100;

/// A command at a terminal of its own.
struct Terminal {
    child: Child,
    keys: File,
    written: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Terminal {
    fn open(world: &World, arguments: &[&str]) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let side = || File::options().read(true).write(true).open(&name).unwrap();
        // In a session of its own, so that its terminal is the one that Ctrl-C comes from.
        let own = world.command(arguments);
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg("--wait").arg(own.get_program()).args(own.get_args()).current_dir(world.work());
        command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env_remove("CONDA_PREFIX").env_remove("CI").env("TERM", "xterm");
        let child = command.stdin(side()).stdout(side()).stderr(side()).spawn().expect("start setsid");
        drop(command);
        let written = Arc::new(Mutex::new(Vec::new()));
        let (mut screen, seen) = (File::from(master.try_clone().unwrap()), Arc::clone(&written));
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The last one to let go of the other side ends it with an error.
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                seen.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Terminal { child, keys: File::from(master), written, reader }
    }

    /// What was written until now.
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned()
    }

    /// Everything that was written, and how the command ended.
    fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.reader.join().unwrap();
        let text = String::from_utf8_lossy(&self.written.lock().unwrap()).into_owned();
        (status, text)
    }
}

/// The lines that stay on a screen that never scrolls away, and the column in which the cursor rests.
fn screen(text: &str) -> (Vec<String>, usize) {
    let mut lines: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                assert_eq!(rest.next(), Some('['), "only what an old terminal knows");
                let mut number = String::new();
                let letter = loop {
                    match rest.next().expect("an end to it") {
                        digit if digit.is_ascii_digit() => number.push(digit),
                        letter => break letter,
                    }
                };
                match letter {
                    'A' => row -= number.parse::<usize>().unwrap(),
                    'J' => {
                        lines.truncate(row + 1);
                        lines[row].truncate(column);
                    }
                    other => panic!("what is `{other}`?"),
                }
            }
            letter => {
                let line = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = letter;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), Vec::new());
    }
    (lines.into_iter().map(|line| line.into_iter().collect()).collect(), column)
}

/// Works in two groups of tasks and writes meanwhile, some of it in pieces, until it may end.
const WORKS: &str = "import os, sys, time\nfrom dask.distributed import Client\nclient = Client()\n\
    def grind(i): time.sleep(0.02); return i\n\
    def polish(i): return i\n\
    futures = client.map(polish, client.map(grind, range(60)))\n\
    for i in range(20):\n    sys.stdout.write('line '); sys.stdout.flush(); time.sleep(0.01)\n    print(i, flush=True)\n\
    print(sum(client.gather(futures)), flush=True)\n\
    open('up', 'w').close()\n\
    while not os.path.exists('go'): time.sleep(0.01)\n";

#[test]
fn progress_is_painted_at_the_foot_and_the_scripts_lines_stay_whole() {
    let world = world();
    let script = world.file("job.py", WORKS).display().to_string();
    let terminal = Terminal::open(&world, &["run", "--workers", "1", "--threads", "2", &script]);
    for part in ["queued", "environment", "cluster", "running", "grind", "polish", "60 / 60", "1 worker", "CPU ", "memory ", "/h)"] {
        wait_for(&format!("`{part}` on the screen"), || terminal.text().contains(part).then_some(()));
    }
    wait_for("the script", || world.work().join("up").exists().then_some(()));
    world.file("go", "");
    let (status, text) = terminal.ended();
    let (lines, column) = screen(&text);
    assert!(status.success(), "{text}");
    assert!(text.contains("\u{1b}[J"), "frames took each other's place");
    let own: Vec<String> = (0..20).map(|i| format!("line {i}")).chain(["1770".to_owned()]).collect();
    assert_eq!(lines[..own.len()], own, "{lines:#?}");
    let summary = lines[own.len()..].join("\n");
    for row in ["succeeded after", "  time", "  workers", "worker-seconds", "  tasks", "  memory", "  cost"] {
        assert!(summary.contains(row), "`{row}` in:\n{summary}");
    }
    assert!(!summary.contains("/h)") && !summary.contains("60 / 60"), "the last frame is gone:\n{summary}");
    assert_eq!((column, lines.last().map(String::as_str)), (0, Some("")), "the cursor is at the start of a line");
    world.assert_nothing_left();
}

#[test]
fn ctrl_c_at_the_terminal_cancels() {
    let world = world();
    // The line is one write: its two outputs come by two ways, so that the traceback may come between two.
    let script = "import threading\ntry:\n    open('up', 'w').close()\n    threading.Event().wait()\n\
        except KeyboardInterrupt:\n    print('cleaned up\\n', end='', flush=True)\n    raise\n";
    let script = world.file("job.py", script).display().to_string();
    let mut terminal = Terminal::open(&world, &["run", "--workers", "1", &script]);
    wait_for("the script", || world.work().join("up").exists().then_some(()));
    wait_for("a frame", || terminal.text().contains("running").then_some(()));
    terminal.keys.write_all(&[3]).unwrap();
    let (status, text) = terminal.ended();
    assert_eq!(status.code(), Some(130), "{text}");
    let (lines, column) = screen(&text);
    assert!(lines.iter().any(|line| line == "cleaned up"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("was cancelled")), "{lines:#?}");
    assert_eq!(column, 0, "{lines:#?}");
    assert_eq!(world.job()["phase"], "CANCELLED");
    world.assert_nothing_left();
}

#[test]
fn what_it_waits_for_and_what_failed_are_told_at_the_terminal_too() {
    let (world, shape) = taken_pool();
    let fails = world.file("fails.py", "raise SystemExit(3)\n").display().to_string();
    let terminal = Terminal::open(&world, &[&["run", "--retries", "1", "--retry-delay", "2s"], &shape[..], &[&fails]].concat());
    wait_for("the reason on the screen", || terminal.text().contains("its first workers need 700 MiB").then_some(()));
    world.run(&["job", "cancel", "first"]).expect(0);
    let (status, text) = terminal.ended();
    assert_eq!(status.code(), Some(3), "{text}");
    let (lines, _) = screen(&text);
    let failed: Vec<_> = lines.iter().filter(|line| line.starts_with("caddis: attempt 1 failed: ")).collect();
    assert!(failed.len() == 1 && failed[0].ends_with("; attempt 2 begins in 2.0 s"), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("its first workers need")), "it went with the frame: {lines:#?}");
}
