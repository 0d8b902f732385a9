//! `caddis completion`: what makes a shell ask `caddis` itself what may come next ([`crate::candidates`]).

use std::ffi::OsString;

use clap::ValueEnum;
use clap_complete::CompleteEnv;
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};

use crate::failure::{Exit, Failure};
use crate::output::stdout;

/// With this variable set to a shell's name, `caddis -- WORDS` prints what may come next.
const ASKED: &str = "CADDIS_COMPLETE";

/// A file in `$fpath` is run as the completion itself when it is first needed: that Tab is to be answered too.
const FIRST_TAB: &[u8] = b"\nif [[ $funcstack[1] == _caddis ]]; then _clap_dynamic_completer_caddis; fi\n";

/// Print a script that completes commands, names and IDs in a shell.
///
/// For bash: `caddis completion bash > ~/.local/share/bash-completion/completions/caddis`. For zsh: into `_caddis` in a
/// folder of `$fpath`. For fish: `caddis completion fish > ~/.config/fish/completions/caddis.fish`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// A shell that is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

/// Prints the script. It asks the `caddis` that is found in `PATH`, so that it outlives an upgrade.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let shell: &dyn EnvCompleter = match args.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
    };
    let mut script = Vec::new();
    let written = shell.write_registration(ASKED, "caddis", "caddis", "caddis", &mut script);
    written.map_err(|error| Failure::new(Exit::Failed, "internal", format!("the script cannot be made: {error}")))?;
    if args.shell == Shell::Zsh {
        script.extend_from_slice(FIRST_TAB);
    }
    stdout(&script)?;
    Ok(0)
}

/// Answers a shell's question, when this process was started to answer one.
pub fn answer(words: &[OsString]) -> bool {
    let folder = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(crate::command).var(ASKED);
    // Whoever asks is a shell in the middle of a line: there is nobody to tell what went wrong.
    asked.try_complete(words.iter().cloned(), folder.as_deref()).unwrap_or(true)
}
