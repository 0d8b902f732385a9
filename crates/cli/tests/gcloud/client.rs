//! `gcloud` as it is installed, and a world that it can be led to.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use caddis_testkit::{Run, World};
use serde_json::Value;

use crate::common::CADDIS;
use crate::common::network::Loopback;

/// `gcloud`, led to this machine as `eval "$(caddis env gcloud)"` leads a shell.
pub(crate) struct Gcloud<'w> {
    network: &'w Loopback,
    world: &'w World,
    home: PathBuf,
    settings: Value,
}

impl<'w> Gcloud<'w> {
    /// `None`, with a printed line, where it is not installed.
    pub(crate) fn new(network: &'w Loopback, world: &'w World) -> Option<Gcloud<'w>> {
        let installed = Command::new("gcloud").arg("--version").env("HOME", world.work()).stdin(Stdio::null()).output();
        if !installed.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: there is no `gcloud` here");
            return None;
        }
        let home = world.work().join("empty-home");
        std::fs::create_dir(&home).expect("make a home");
        let settings = network.inside(&world.command(&["env", "gcloud", "--json"])).output().expect("start caddis");
        let settings = Run { output: settings }.expect(0).json();
        Some(Gcloud { network, world, home, settings })
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("gcloud");
        command.args(arguments).current_dir(self.world.work()).env("HOME", &self.home);
        command.env("CLOUDSDK_CONFIG", self.home.join("config")).env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1");
        for (name, value) in self.settings.as_object().expect("settings") {
            command.env(name, value.as_str().expect("text"));
        }
        self.network.inside(&command)
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let arguments = [&["dataproc"], arguments].concat();
        Run { output: self.command(&arguments).output().expect("start gcloud") }
    }

    /// Runs `gcloud storage` to its end, which must be a good one.
    #[track_caller]
    pub(crate) fn storage(&self, arguments: &[&str]) -> Run {
        let arguments = [&["storage"], arguments].concat();
        Run { output: self.command(&arguments).output().expect("start gcloud") }.expect(0)
    }

    /// What it answers as JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[arguments, &["--format=json"]].concat()).expect(0).json()
    }
}

/// A world whose clusters' environment is there already: where `gcloud` runs there is no network to build it.
pub(crate) fn prepared() -> World {
    let world = World::building(CADDIS);
    let nothing = world.file("nothing.py", "").display().to_string();
    world.run(&["run", "--quiet", "--workers", "1", &nothing]).expect(0);
    world.run(&["serve", "--stop"]).expect(0);
    world
}
