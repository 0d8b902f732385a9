//! `caddis serve --install`: a systemd unit of this user.

use std::fs;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::home::{self, plain};
use crate::output::{say, stdout};

/// Writes the unit, and says how to enable it. Prints its path.
pub(super) fn run(context: &Context) -> Result<u8, Failure> {
    home::prepare(&context.home)?;
    let binary = std::env::current_exe().map_err(|error| unwritten(Path::new("caddis.service"), &error))?;
    let path = folder()?.join("caddis.service");
    let written = fs::create_dir_all(path.parent().unwrap_or(Path::new("/")));
    let text = unit(&binary, context.home.path(), std::env::var("PATH").ok().as_deref());
    written.and_then(|()| fs::write(&path, text)).map_err(|error| unwritten(&path, &error))?;
    stdout(format!("{}\n", path.display()).as_bytes())?;
    say(
        "enable it with `systemctl --user daemon-reload && systemctl --user enable --now caddis`;\nto have it run while \
         you are not logged in, also `loginctl enable-linger`",
    );
    Ok(0)
}

fn folder() -> Result<PathBuf, Failure> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    config.map(|config| config.join("systemd/user")).ok_or_else(|| {
        let text = "there is no place for the unit: neither `HOME` nor `XDG_CONFIG_HOME` is set";
        Failure::new(Exit::Failed, "no_home", text).hint("set one of them")
    })
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    let text = format!("`{}` cannot be written: {}", path.display(), plain(error));
    Failure::new(Exit::Failed, "install", text).hint("check the permissions of its folder")
}

/// The unit. Only the server is ended by systemd: what the keeper holds goes on, and the next server adopts it.
fn unit(binary: &Path, home: &Path, path: Option<&str>) -> String {
    let environment = path.map(|path| format!("Environment={}\n", quoted(&format!("PATH={path}")))).unwrap_or_default();
    format!(
        "[Unit]\nDescription=Caddis: ephemeral Dask clusters\n\n[Service]\n\
         ExecStart={} --home {} serve\n{environment}KillMode=process\nRestart=on-failure\nRestartSec=2\n\n[Install]\n\
         WantedBy=default.target\n",
        argument(binary),
        argument(home),
    )
}

/// As systemd reads it: in quotes, with `%` as itself.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('%', "%%");
    format!("\"{text}\"")
}

/// In a command, where `$` would begin a variable.
fn argument(text: &Path) -> String {
    quoted(&text.display().to_string()).replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_survives_odd_paths() {
        let text = unit(Path::new("/opt/my tools/caddis"), Path::new("/srv/50%/$x"), Some("/usr/bin:/50%/$y"));
        assert!(text.contains("ExecStart=\"/opt/my tools/caddis\" --home \"/srv/50%%/$$x\" serve\n"), "{text}");
        assert!(text.contains("Environment=\"PATH=/usr/bin:/50%%/$y\"\n"), "nothing is expanded there: {text}");
        assert!(text.contains("KillMode=process"));
    }
}
