//! `caddis completion`.

use clap::ValueEnum;
use clap_complete::{Shell as Generator, generate};

use crate::failure::Failure;
use crate::output::stdout;

/// Print a script that completes commands in a shell.
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

/// Prints the script.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let shell = match args.shell {
        Shell::Bash => Generator::Bash,
        Shell::Zsh => Generator::Zsh,
        Shell::Fish => Generator::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut crate::command(), "caddis", &mut script);
    stdout(&script)?;
    Ok(0)
}
