//! The nearest subcommand to a mistyped one. Clap's own measure finds none for words as short as ours.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Two letters swapped, or one too many, wrong or missing, twice.
const FARTHEST: usize = 2;

/// The same error, with a suggestion if there is one to make.
pub fn suggest(mut error: clap::Error, command: &Command, arguments: &[OsString]) -> clap::Error {
    let known = error.get(ContextKind::SuggestedSubcommand).is_some();
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    if error.kind() != ErrorKind::InvalidSubcommand || known {
        return error;
    }
    let parent = meant(command, arguments);
    let names = parent.get_subcommands().filter(|verb| !verb.is_hide_set()).map(Command::get_name);
    let near = names.map(|name| (strsim::osa_distance(name, wrong), name)).min_by_key(|(distance, _)| *distance);
    if let Some((_, name)) = near.filter(|(distance, name)| *distance <= FARTHEST && *distance < name.len() - 1) {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![name.to_owned()]));
    }
    error
}

/// The help of the command that a line gets to.
pub fn help(arguments: &[OsString]) -> String {
    let mut command = crate::command();
    command.build();
    meant(&command, arguments).clone().render_help().to_string()
}

/// The same error, whose usage line is that of the help: clap shows what a variable set (`--home`) as if it had to be
/// typed.
pub fn typed(mut error: clap::Error, command: &Command, arguments: &[OsString]) -> clap::Error {
    let shown = error.get(ContextKind::Usage).is_some_and(|usage| usage.to_string().contains("--home "));
    if shown {
        let mut command = command.clone();
        command.build();
        let usage = meant(&command, arguments).clone().render_usage();
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
    error
}

fn meant<'a>(command: &'a Command, arguments: &[OsString]) -> &'a Command {
    let words = arguments.iter().skip(1).map(|word| word.to_string_lossy());
    words.fold(command, |parent, word| parent.find_subcommand(word.as_ref()).unwrap_or(parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_alone_shows_its_verbs() {
        let help = help(&["caddis", "job"].map(OsString::from));
        assert!(help.contains("Usage: caddis job") && help.contains("cancel"), "{help}");
        assert!(!super::help(&["caddis".into()]).contains("keeper"));
    }

    #[test]
    fn a_usage_line_asks_for_nothing_that_a_variable_sets() {
        let arguments = ["caddis", "env", "--home", "/x"].map(OsString::from);
        let error = crate::command().try_get_matches_from(&arguments).unwrap_err();
        assert!(error.to_string().contains("--home <FOLDER>"), "what is mended: {error}");
        let mended = typed(error, &crate::command(), &arguments).to_string();
        assert!(mended.contains("Usage: caddis env [OPTIONS] <CLIENT>\n") && !mended.contains("--home"), "{mended}");
    }

    fn suggested(words: &[&str]) -> String {
        let arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
        let error = crate::command().try_get_matches_from(&arguments).unwrap_err();
        suggest(error, &crate::command(), &arguments).to_string()
    }

    #[test]
    fn short_words_have_neighbours_too() {
        for (words, name) in [
            (&["caddis", "jbo", "list"][..], "'job'"),
            (&["caddis", "rnu", "x.py"], "'run'"),
            (&["caddis", "job", "lsit"], "'list'"),
            (&["caddis", "clusters"], "'cluster'"),
        ] {
            assert!(suggested(words).contains(name), "{}", suggested(words));
        }
        assert!(!suggested(&["caddis", "frobnicate"]).contains("similar"));
    }
}
