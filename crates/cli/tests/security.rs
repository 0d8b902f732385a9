//! Private by default: another user of this machine, or a web page in the owner's browser, gets nothing from a running
//! cluster or its server, and no key or secret is written where others or logs could show it.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use caddis_testkit::{World, interpreters, wait_for};
use common::stranger::Stranger;
use common::world;
use serde_json::Value;

const JOB: &str = "from dask.distributed import Client\nimport threading\nclient = Client()\nclient.submit(sum, [1, 2]).result()\n\
                   open('up', 'w').close()\nthreading.Event().wait()\n";

/// A job with two workers that runs until its world ends.
fn running() -> World {
    let world = world();
    let path = world.file("job.py", JOB).display().to_string();
    let token = ["-e", "API_TOKEN=a-secret-of-the-user-7431", &path];
    world.run(&[&["run", "--detach", "--workers", "2", "--memory", "500MiB"][..], &token].concat()).expect(0);
    wait_for("the script", || world.work().join("up").exists().then_some(()));
    world
}

/// Inodes of the sockets that this world's processes hold.
fn sockets(world: &World) -> BTreeSet<String> {
    let mut inodes = BTreeSet::new();
    for process in world.processes() {
        let entries = fs::read_dir(format!("/proc/{}/fd", process.pid)).into_iter().flatten().flatten();
        let links = entries.filter_map(|entry| fs::read_link(entry.path()).ok()?.to_str().map(str::to_owned));
        inodes.extend(links.filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())));
    }
    inodes
}

/// The TCP ports on which this world listens; each must be on loopback.
fn ports(world: &World) -> BTreeSet<u16> {
    let inodes = sockets(world);
    let mut ports = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields[3] == "0A" && inodes.contains(fields[9]) {
                let (address, port) = fields[1].split_once(':').unwrap();
                assert!(address == "0100007F" || address.ends_with("01000000"), "not on loopback: {line}");
                ports.insert(u16::from_str_radix(port, 16).unwrap());
            }
        }
    }
    ports
}

fn server_port(world: &World) -> u16 {
    let log = world.server_log();
    let said = log.split("http=\"http://127.0.0.1:").nth(1).expect("the server says its port");
    said.split('"').next().unwrap().parse().unwrap()
}

/// Asks every port for every path, in plain text and over TLS without a certificate; one JSON list a line.
const ASK: &str = r#"
import json, socket, ssl, sys
from concurrent.futures import ThreadPoolExecutor
ports, paths = json.loads(sys.argv[1]), json.loads(sys.argv[2])
def ask(port, path, tls):
    try:
        s = socket.create_connection(("127.0.0.1", port), timeout=5)
        if tls:
            context = ssl._create_unverified_context()
            s = context.wrap_socket(s, server_hostname="localhost")
        s.settimeout(2)
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        got = b""
        while len(got) < 100000:
            data = s.recv(65536)
            if not data:
                break
            got += data
        return got.decode("latin-1")
    except OSError:
        return ""
asked = [(port, path, tls) for port in ports for path in paths for tls in (False, True)]
with ThreadPoolExecutor(len(asked)) as pool:
    for question, text in zip(asked, pool.map(lambda question: ask(*question), asked)):
        print(json.dumps([*question, text]))
"#;

#[test]
fn another_user_gets_nothing_from_any_port() {
    let Some(stranger) = Stranger::new() else { return };
    let world = running();
    let cluster = world.job()["cluster"].as_str().unwrap().to_owned();
    let ports = ports(&world);
    assert!(ports.contains(&server_port(&world)), "the server listens: {ports:?}");
    assert!(ports.len() >= 4, "server, scheduler and two workers listen: {ports:?}");
    let own = format!("/clusters/{cluster}/status");
    let paths = ["/", "/metrics", "/health", "/json/counts.json", "/status", "/info", "/sitemap.json", "/v1/jobs", "/v1/server", &own];
    let arguments = [serde_json::to_string(&ports).unwrap(), serde_json::to_string(&paths).unwrap()];
    let output = stranger.program("python3").args(["-c", ASK]).args(&arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<Value> = String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), ports.len() * paths.len() * 2);
    for answer in answers {
        let text = answer[3].as_str().unwrap();
        let status = text.split(' ').nth(1).unwrap_or_default();
        assert!(text.is_empty() || status.starts_with('4') || status.starts_with('3'), "{answer}");
        for told in ["tls://", "caddis-home-", "worker-0000", "dask", "job_"] {
            let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
            assert!(!body.contains(told), "`{told}` is told to a stranger: {answer}");
        }
    }
    assert_eq!(world.job()["phase"], "RUNNING", "and nothing came to harm");
}

/// Opens every folder and socket of a state folder that another user can think of; prints what was possible.
const OPEN: &str = r#"
import os, socket, sys
for path in sys.argv[1:]:
    try:
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        print("connected", path)
    except OSError:
        pass
    try:
        os.listdir(path)
        print("listed", path)
    except OSError:
        pass
    try:
        open(path, "rb").read(1)
        print("read", path)
    except OSError:
        pass
"#;

fn everything_below(folder: &Path, all: &mut Vec<PathBuf>) {
    all.push(folder.to_owned());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => everything_below(&entry.path(), all),
            _ => all.push(entry.path()),
        }
    }
}

#[test]
fn another_user_opens_no_socket_and_no_file() {
    let Some(stranger) = Stranger::new() else { return };
    let world = running();
    let mut all = Vec::new();
    everything_below(world.home(), &mut all);
    assert!(all.iter().any(|path| path.ends_with("link.sock")), "a running cluster has a link");
    let output = stranger.program("python3").args(["-c", OPEN]).args(&all).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    // The folder's permissions are the first door; each socket, key and secret has one of its own as well.
    for path in all.iter().filter(|path| path.extension().is_some_and(|end| end == "sock" || end == "key")) {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o077, 0, "{}", path.display());
    }
    let inodes = sockets(&world);
    for line in fs::read_to_string("/proc/net/unix").unwrap().lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let abstracted = fields.get(7).is_some_and(|name| name.starts_with('@'));
        assert!(!(abstracted && inodes.contains(fields[6])), "an abstract socket has no permissions: {line}");
    }
    let run = stranger.command(&["--home", world.home().to_str().unwrap(), "job", "list"]).output().unwrap();
    assert!(!run.status.success() && run.stdout.is_empty());
}

/// A raw request of this user to the server's port; the status and the whole answer.
fn ask(port: u16, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer.split(' ').nth(1).unwrap_or_default().to_owned(), answer)
}

#[test]
fn a_web_page_in_the_owners_browser_gets_nothing() {
    let world = running();
    let port = server_port(&world);
    let job = world.job()["id"].as_str().unwrap().to_owned();
    let end = "Connection: close\r\n\r\n";
    let here = format!("Host: 127.0.0.1:{port}\r\n");
    for (name, request) in [
        ("no login", format!("GET /v1/jobs HTTP/1.1\r\n{here}{end}")),
        ("a name that was rebound", format!("GET /v1/jobs HTTP/1.1\r\nHost: evil.example\r\n{end}")),
        ("a name that was rebound, front page", format!("GET / HTTP/1.1\r\nHost: evil.example:{port}\r\n{end}")),
        ("another origin", format!("GET /v1/jobs HTTP/1.1\r\n{here}Origin: http://evil.example\r\n{end}")),
        ("a change", format!("POST /v1/jobs/{job}/cancel HTTP/1.1\r\n{here}Origin: http://evil.example\r\nContent-Length: 0\r\n{end}")),
        ("a change by form", format!("POST /v1/shutdown HTTP/1.1\r\n{here}Content-Type: text/plain\r\nContent-Length: 2\r\n{end}{{}}")),
        ("an old client", "GET /v1/jobs HTTP/1.0\r\n\r\n".to_owned()),
        ("another host in the line", format!("GET http://evil.example/v1/jobs HTTP/1.1\r\n{here}{end}")),
    ] {
        let (status, answer) = ask(port, &request);
        assert!(status.starts_with('4'), "{name}: {answer}");
        assert!(!answer.contains(&job), "{name}: {answer}");
        assert!(!answer.to_lowercase().contains("access-control-allow-origin"), "{name}: {answer}");
    }
    assert_eq!(world.job()["phase"], "RUNNING");
}

/// Keys, secrets and the user's own token: what must not be found anywhere.
fn secrets(world: &World) -> Vec<String> {
    let mut all = vec!["a-secret-of-the-user-7431".to_owned()];
    let mut files = Vec::new();
    everything_below(&world.home().join("clusters"), &mut files);
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let Ok(text) = fs::read_to_string(&file) else { continue };
        if text.contains("PRIVATE KEY") {
            all.extend(text.lines().filter(|line| !line.contains('-') && line.len() > 20).map(str::to_owned));
        } else if name.contains("secret") {
            all.push(text.trim().to_owned());
        }
    }
    all
}

#[test]
fn no_secret_is_written_where_it_can_be_seen() {
    let world = running();
    let secrets = secrets(&world);
    assert!(secrets.len() >= 4, "a key and a secret were found: {}", secrets.len());
    let job = world.job();
    let cluster = job["cluster"].as_str().unwrap();
    let mut places = vec![
        ("job show", world.run(&["job", "show", "-o", "json"]).stdout()),
        ("job list", world.run(&["job", "list", "-o", "json"]).stdout()),
        ("why", world.run(&["why", "-o", "json"]).stdout()),
        ("cluster show", world.run(&["cluster", "show", cluster, "-o", "json"]).stdout()),
        ("cluster connect", world.run(&["cluster", "connect", cluster, "-o", "json"]).stdout()),
        ("doctor", world.run(&["doctor"]).stdout()),
        ("cluster logs", world.run(&["cluster", "logs", cluster]).stdout()),
        ("events", events(&world)),
    ];
    for file in ["server.log", "keeper.log"] {
        places.push((file, fs::read_to_string(world.home().join(file)).unwrap()));
    }
    for process in world.processes() {
        places.push(("a command line", process.command));
    }
    world.run(&["job", "cancel"]).expect(0);
    world.assert_nothing_left();
    places.push(("server.log after the end", world.server_log()));
    for (place, text) in &places {
        for secret in &secrets {
            assert!(!text.contains(secret), "{place} holds `{secret}`: {text}");
        }
    }
}

/// All events, as the database has them.
fn events(world: &World) -> String {
    let code = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n\
                tables = [t for t, in c.execute(\"select name from sqlite_schema where type = 'table' and name like '%event%'\")]\n\
                assert tables\nfor t in tables: print(*c.execute(f'select * from {t}'), sep='\\n')\n";
    let (_, python) = interpreters().into_iter().next().expect("a Python");
    let output = Command::new(python).args(["-c", code]).arg(world.home().join("state.db")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
