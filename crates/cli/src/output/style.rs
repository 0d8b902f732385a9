//! Colours, and characters that a terminal may not have.

use std::io::IsTerminal;

/// How a piece of text is set apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tint {
    /// Not at all.
    #[default]
    Plain,
    /// More.
    Bold,
    /// Less.
    Dim,
    /// Went well.
    Good,
    /// Went wrong.
    Bad,
    /// Worth knowing.
    Notice,
    /// Is going on.
    Active,
}

/// What may be used to set text apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub colour: bool,
    /// Characters beyond ASCII.
    pub unicode: bool,
}

impl Style {
    /// What standard error takes: colours on a terminal that has them, unless `NO_COLOR` is set.
    pub fn of_stderr() -> Style {
        Style::decide(std::io::stderr().is_terminal(), |name| std::env::var(name).ok())
    }

    /// The decision itself.
    pub fn decide(terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Style {
        let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = variable("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
        let unicode = ["utf-8", "utf8"].iter().any(|word| locale.to_lowercase().contains(word));
        Style { colour: terminal && !refused && !dumb, unicode: terminal && unicode }
    }

    /// The text, set apart if that is possible.
    pub fn paint(self, tint: Tint, text: &str) -> String {
        let code = match tint {
            _ if !self.colour => return text.to_owned(),
            Tint::Plain => return text.to_owned(),
            Tint::Bold => "1",
            Tint::Dim => "2",
            Tint::Good => "32",
            Tint::Bad => "31",
            Tint::Notice => "33",
            Tint::Active => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// One of two texts: with characters beyond ASCII, or without.
    pub fn pick<'a>(self, unicode: &'a str, ascii: &'a str) -> &'a str {
        if self.unicode { unicode } else { ascii }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_need_a_terminal_and_consent() {
        let environment = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let usual = &[("TERM", "xterm"), ("LANG", "en_GB.UTF-8")];
        assert_eq!(Style::decide(true, environment(usual)), Style { colour: true, unicode: true });
        assert_eq!(Style::decide(false, environment(usual)), Style::default());
        assert!(!Style::decide(true, environment(&[("TERM", "xterm"), ("NO_COLOR", "1")])).colour);
        assert!(Style::decide(true, environment(&[("TERM", "xterm"), ("NO_COLOR", "")])).colour);
        assert!(!Style::decide(true, environment(&[("TERM", "dumb")])).colour);
        assert!(!Style::decide(true, environment(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")])).unicode);
    }

    #[test]
    fn without_colours_text_is_itself() {
        assert_eq!(Style::default().paint(Tint::Bad, "x"), "x");
        assert_eq!(Style { colour: true, unicode: true }.paint(Tint::Bad, "x"), "\x1b[31mx\x1b[0m");
    }
}
