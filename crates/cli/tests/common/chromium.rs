//! A headless Chromium that is asked over two pipes (the DevTools protocol), so that tests wait for what it shows.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use caddis_testkit::wait_for;
use serde_json::{Value, json};
use tempfile::TempDir;

/// One window. It ends with the test.
pub struct Chromium {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    asked: u64,
    said: Vec<String>,
    _profile: TempDir,
}

impl Chromium {
    /// The one that the tier `browser` found.
    pub fn start() -> Chromium {
        let program = std::env::var("CADDIS_BROWSER").expect("the tier `browser` names a browser");
        let profile = tempfile::Builder::new().prefix("caddis-browser-").tempdir().expect("make a folder");
        let mut command = Command::new("sh");
        // It reads requests from descriptor 3 and writes answers to descriptor 4.
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh", &program]);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
        command.arg("--remote-debugging-pipe").arg(format!("--user-data-dir={}", profile.path().display()));
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("start it");
        let to = process.stdin.take().expect("a pipe");
        let from = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut browser = Chromium { process, to, from, session: None, asked: 0, said: Vec::new(), _profile: profile };
        let page = browser.ask("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", json!({"targetId": page, "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Begins to show a page.
    pub fn open(&mut self, url: &str) {
        self.ask("Page.navigate", json!({"url": url}));
    }

    /// Waits until this holds in the page (JavaScript); fails with what the page shows instead.
    #[track_caller]
    pub fn wait(&mut self, holds: &str) {
        let what = format!("`{holds}` in the browser");
        let mut last = Value::Null;
        let mut shown = String::new();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(&what, || {
                last = self.evaluate(holds);
                shown = self.evaluate("document.body.innerText").as_str().unwrap_or_default().to_owned();
                (last == true).then_some(())
            });
        }));
        assert!(found.is_ok(), "{what}: {last}; it shows:\n{shown}");
    }

    /// What the page found wrong: errors, and what its own rules forbade.
    pub fn complaints(&self) -> &[String] {
        &self.said
    }

    fn evaluate(&mut self, expression: &str) -> Value {
        self.ask("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}))["result"]["value"].clone()
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut request = json!({"id": self.asked, "method": method, "params": params});
        if let Some(session) = &self.session {
            request["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{request}\0").as_bytes()).expect("ask the browser");
        loop {
            let mut answer = Vec::new();
            self.from.read_until(0, &mut answer).expect("hear the browser");
            answer.pop();
            let answer: Value = serde_json::from_slice(&answer).expect("the browser ended");
            if answer["id"] == self.asked {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.hear(&answer);
        }
    }

    fn hear(&mut self, event: &Value) {
        let bad = match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Log.entryAdded") => event["params"]["entry"]["level"] == "error",
            _ => false,
        };
        if bad {
            self.said.push(event["params"].to_string());
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Its helpers end with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
