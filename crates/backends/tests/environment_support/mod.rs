//! State folders for the tests of environments, and the processes that they kill.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

use caddis_backends::local::environment::{Environment, EnvironmentError, EnvironmentWish, Interpreter, Stage, ensure, inspect};

/// The folder of the pinned uv.
pub(crate) const UV_FOLDER: &str = "uv-0.13.9";

/// How long anything that was asked for may take to be true.
const BOUND: Duration = Duration::from_secs(60);

/// A state folder with what its tests need beside it.
pub(crate) struct Home {
    root: tempfile::TempDir,
    mounted: bool,
}

impl Home {
    /// One that shares uv and the package cache with the other tests.
    pub(crate) fn new() -> Self {
        let home = Self::without_cache();
        home.share("cache");
        home
    }

    /// One that shares uv only.
    pub(crate) fn without_cache() -> Self {
        let home = Self::empty();
        home.share("tools");
        home
    }

    /// One that shares nothing.
    pub(crate) fn empty() -> Self {
        let root = tempfile::Builder::new().prefix("environment-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir_all(root.path().join("home")).unwrap();
        Self { root, mounted: false }
    }

    /// One on a disk of its own; `None` where mounting is not permitted.
    pub(crate) fn on_tmpfs(options: &str) -> Option<Self> {
        let mut home = Self::empty();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(home.path()).status();
        if !mounted.is_ok_and(|status| status.success()) {
            caddis_testkit::skip("mounts", "mounting a tmpfs is not permitted here");
            return None;
        }
        home.mounted = true;
        home.share("tools");
        home.share("cache");
        Some(home)
    }

    pub(crate) fn make_read_only(&self) {
        assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(self.path()).status().unwrap().success());
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// A folder beside the state folder.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.root.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let mut variables: BTreeMap<String, String> = std::env::vars().collect();
        variables.retain(|name, _| !["VIRTUAL_ENV", "CONDA_PREFIX"].contains(&name.as_str()));
        variables
    }

    pub(crate) fn wish(&self, script: &str) -> EnvironmentWish {
        let cwd = self.folder("scripts");
        fs::write(cwd.join("job.py"), script).unwrap();
        EnvironmentWish { script: Some("job.py".into()), cwd, variables: self.variables(), ..EnvironmentWish::default() }
    }

    pub(crate) fn wish_requiring(&self, requirements: &[&str]) -> EnvironmentWish {
        let list: String = requirements.iter().map(|requirement| format!("#   \"{requirement}\",\n")).collect();
        self.wish(&format!("# /// script\n# dependencies = [\n{list}# ]\n# ///\n"))
    }

    pub(crate) async fn ensure(&self, wish: &EnvironmentWish) -> Result<(Environment, Vec<Stage>), EnvironmentError> {
        let stages = Mutex::new(Vec::new());
        let plan = inspect(wish)?;
        let environment = ensure(&self.path(), &plan, &|stage| stages.lock().unwrap().push(stage)).await?;
        Ok((environment, stages.into_inner().unwrap()))
    }

    /// Runs the uv that was obtained.
    pub(crate) fn uv(&self, arguments: &[&str]) {
        let uv = self.path().join("tools").join(UV_FOLDER).join("uv");
        let status = Command::new(uv).args(arguments).env("UV_CACHE_DIR", self.path().join("cache/uv")).status();
        assert!(status.unwrap().success());
    }

    /// No environment is left, half made or whole.
    pub(crate) fn assert_nothing_left(&self) {
        assert_eq!(self.left(), Vec::<String>::new());
    }

    pub(crate) async fn wait_until_nothing_is_left(&self) {
        let until = Instant::now() + BOUND;
        while !self.left().is_empty() {
            assert!(Instant::now() < until, "still there: {:?}", self.left());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path().join("environments")).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name != ".locks").collect()
    }

    /// A CPython with its standard library but for `ensurepip` and `venv`, and without packages.
    pub(crate) fn python_without_pip(&self) -> PathBuf {
        let whole = python();
        let version = whole.file_name().unwrap().to_str().unwrap().to_owned();
        let library = whole.parent().unwrap().parent().unwrap().join("lib").join(&version);
        let (bin, bare) = (self.folder("bare/bin"), self.folder(&format!("bare/lib/{version}")));
        fs::copy(&whole, bin.join(&version)).unwrap();
        for entry in fs::read_dir(library).unwrap().flatten() {
            if !["site-packages", "dist-packages", "ensurepip", "venv"].contains(&entry.file_name().to_str().unwrap()) {
                std::os::unix::fs::symlink(entry.path(), bare.join(entry.file_name())).unwrap();
            }
        }
        bin.join(version)
    }

    /// The same build in a process that can be killed.
    pub(crate) fn build_in_another_process(&self, wish: &EnvironmentWish, until: &str) -> Builder {
        let mut command = self.helper();
        command.env("ENVIRONMENT_TEST_SCRIPT", wish.cwd.join(wish.script.as_ref().unwrap()));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        Builder { child: child.unwrap(), until: until.to_owned() }
    }

    /// What a build says that an unprivileged user starts in this folder, which is root's.
    pub(crate) fn as_nobody(&self) -> String {
        let copy = self.folder("bin").join("helper");
        fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        let script = self.folder("scripts").join("job.py");
        fs::write(&script, "").unwrap();
        let mut command = self.helper_at(&copy);
        command.env("ENVIRONMENT_TEST_SCRIPT", script).env("PATH", "/usr/bin:/bin").env("HOME", "/nonexistent").env_remove("PYENV_ROOT");
        let output = command.uid(65_534).gid(65_534).current_dir("/").output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    fn helper(&self) -> Command {
        self.helper_at(&std::env::current_exe().unwrap())
    }

    fn helper_at(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(["--ignored", "--exact", "helper_builds", "--nocapture"]).env("ENVIRONMENT_TEST_HOME", self.path());
        command
    }

    fn share(&self, name: &str) {
        let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("environments-shared").join(name);
        fs::create_dir_all(&shared).unwrap();
        std::os::unix::fs::symlink(shared, self.path().join(name)).unwrap();
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.mounted {
            let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
        }
    }
}

/// A process that builds and tells its stages.
pub(crate) struct Builder {
    child: Child,
    until: String,
}

impl Builder {
    /// Kills it as soon as it says that it reached the stage.
    pub(crate) fn kill_at(&mut self, stage: &str) {
        assert_eq!(stage, self.until);
        let lines = BufReader::new(self.child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut seen = Vec::new();
        for line in lines {
            seen.push(line.clone());
            if line.contains(&format!("\"stage\":\"{stage}\"")) {
                break;
            }
        }
        assert!(seen.last().is_some_and(|line| line.contains(stage)), "it ended before {stage}: {seen:?}");
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The other process: builds what its variables say, telling each stage.
pub(crate) async fn helper() {
    let Some(home) = std::env::var_os("ENVIRONMENT_TEST_HOME").map(PathBuf::from) else { return };
    let script = PathBuf::from(std::env::var_os("ENVIRONMENT_TEST_SCRIPT").unwrap());
    let cwd = script.parent().unwrap().to_path_buf();
    let mut variables: BTreeMap<String, String> = std::env::vars().collect();
    variables.retain(|name, _| !["VIRTUAL_ENV", "CONDA_PREFIX"].contains(&name.as_str()));
    let wish = EnvironmentWish { script: Some(script), cwd, variables, ..EnvironmentWish::default() };
    let plan = inspect(&wish).unwrap();
    let built = ensure(&home, &plan, &|stage| println!("{}", serde_json::to_string(&stage).unwrap())).await;
    match built {
        Ok(environment) => println!("\nbuilt: {}", environment.id),
        Err(error) => println!("\nfailed: {} {error}", error.code()),
    }
}

/// The error code in what the helper said.
pub(crate) fn code_of(output: &str) -> &str {
    output.lines().find_map(|line| line.strip_prefix("failed: ")?.split(' ').next()).unwrap_or("none")
}

/// A real CPython on this machine, behind all links.
pub(crate) fn python() -> PathBuf {
    let question = "import os, sys; print(os.path.realpath(sys._base_executable))";
    let output = Command::new("python3").args(["-I", "-c", question]).output().expect("`python3` runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// The supported minor versions among these.
pub(crate) fn versions_found(interpreters: &[Interpreter]) -> Vec<String> {
    let minors = interpreters.iter().map(|one| one.version.minor).filter(|minor| (10..=13).contains(minor));
    minors.collect::<BTreeSet<u32>>().into_iter().map(|minor| format!("3.{minor}")).collect()
}
