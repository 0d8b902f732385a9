//! Whether Python can decode a script's text: UTF-8, or what its first two lines say
//! ([PEP 263](https://peps.python.org/pep-0263/)).
//!
//! Looked at before anything is started: Python itself says it only when a cluster is there for it.

use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// Refuses a file that is not UTF-8 and does not say what it is. One that cannot be read is for others to tell.
pub(super) fn check(path: &Path) -> Result<(), Failure> {
    let Ok(text) = fs::read(path) else { return Ok(()) };
    match undecodable(&text) {
        None => Ok(()),
        Some(place) => {
            let text = format!("`{}` is not a Python script: byte {} is not valid UTF-8", path.display(), place + 1);
            let hint = "name a `.py` file; text in another encoding says so in its first line, such as \
                        `# -*- coding: latin-1 -*-`";
            Err(Failure::usage("not_python", text).hint(hint))
        }
    }
}

/// The place of the first byte that cannot be read.
fn undecodable(text: &[u8]) -> Option<usize> {
    let place = std::str::from_utf8(text).err()?.valid_up_to();
    let is_utf8 = |name: String| {
        let name = name.to_lowercase().replace('_', "-");
        name == "utf8" || name == "utf-8" || name.starts_with("utf-8-")
    };
    // What begins with UTF-8's mark is nothing else, whatever it says.
    let marked = text.starts_with("\u{feff}".as_bytes());
    (marked || declared(text).is_none_or(is_utf8)).then_some(place)
}

/// The encoding that a comment in the first line names, or one in the second below a line without code.
fn declared(text: &[u8]) -> Option<String> {
    let mut lines = text.split(|byte| *byte == b'\n').take(2).map(String::from_utf8_lossy);
    let first = lines.next()?;
    let codeless = first.trim_start().is_empty() || first.trim_start().starts_with('#');
    named(&first).or_else(|| named(&lines.next().filter(|_| codeless)?))
}

fn named(line: &str) -> Option<String> {
    let comment = line.trim_start_matches([' ', '\t', '\u{c}', '\u{feff}']).strip_prefix('#')?;
    let mut words = comment.match_indices("coding").map(|(at, word)| &comment[at + word.len()..]);
    let after = words.find_map(|rest| rest.strip_prefix([':', '=']))?.trim_start_matches([' ', '\t']);
    let of_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = after.chars().take_while(of_name).collect();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_could_not_decode_is_refused() {
        let place = |text: &[u8]| undecodable(text);
        assert_eq!(place(b"print('\xe9')\n"), Some(7));
        assert_eq!(place(b"# coding: utf-8\nprint('\xe9')\n"), Some(23), "it says what it is not");
        assert_eq!(place(b"import os\n# coding: latin-1\nprint('\xe9')\n"), Some(35), "below code it says nothing");
        assert_eq!(place(b"\n\n# coding: latin-1\nprint('\xe9')\n"), Some(27), "the third line is too late");
        assert_eq!(place(b"coding = 'latin-1'\n'\xe9'\n"), Some(20), "that is no comment");
        assert_eq!(place(b"# coding: utf-8-unix\nprint('\xe9')\n"), Some(28), "a word of editors for the same");
        assert_eq!(place(b"\xef\xbb\xbf# coding: latin-1\nprint('\xe9')\n"), Some(28), "its mark says UTF-8");
        assert_eq!(place("print('é')\n".as_bytes()), None);
    }

    #[test]
    fn another_encoding_that_is_named_is_accepted() {
        let second = "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :";
        for head in ["# -*- coding: latin-1 -*-", second, "\n#coding:koi8-r"] {
            let text = [head.as_bytes(), b"\nprint('\xe9')\n"].concat();
            assert_eq!(undecodable(&text), None, "{head}");
        }
    }
}
