//! Keeps a few lines at the foot of a terminal while other output scrolls above them.
//!
//! The cursor rests behind the last painted line. Before anything else is written, the lines are erased; they are
//! painted again only when what was written ended with a newline, so that an unfinished line of the script (a prompt,
//! a progress bar of its own) is never touched.

use std::io::{self, Write};

use super::line::Line;
use crate::output::style::Style;

/// The terminal's foot.
#[derive(Debug, Default)]
pub struct Painter {
    /// Widths of the lines that are on the screen now.
    painted: Vec<usize>,
    /// Whether the script's last line on this terminal is unfinished.
    unfinished: bool,
}

impl Painter {
    /// Puts these lines in the place of the last ones, unless the script's last line is unfinished.
    pub fn paint(&mut self, lines: &[Line], columns: usize, style: Style, to: &mut impl Write) -> io::Result<()> {
        if self.unfinished || lines.is_empty() {
            return Ok(());
        }
        let mut text = self.erasing(columns);
        text.push_str(&lines.iter().map(|line| line.render(style)).collect::<Vec<_>>().join("\n"));
        self.painted = lines.iter().map(Line::width).collect();
        to.write_all(text.as_bytes())?;
        to.flush()
    }

    /// Takes the lines away.
    pub fn clear(&mut self, columns: usize, to: &mut impl Write) -> io::Result<()> {
        let text = self.erasing(columns);
        self.painted.clear();
        to.write_all(text.as_bytes())?;
        to.flush()
    }

    /// Learns what the script wrote to this terminal.
    pub fn wrote(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.unfinished = *last != b'\n';
        }
    }

    /// Whether the script's last line on this terminal is unfinished.
    pub fn is_unfinished(&self) -> bool {
        self.unfinished
    }

    /// The way back to the start of the first painted line, and the erasing from there. The terminal may have become
    /// narrower since: a line then takes several rows.
    fn erasing(&self, columns: usize) -> String {
        if self.painted.is_empty() {
            return String::new();
        }
        let rows: usize = self.painted.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum();
        match rows - 1 {
            0 => "\r\x1b[J".to_owned(),
            up => format!("\r\x1b[{up}A\x1b[J"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| Line::new().and(text)).collect()
    }

    #[test]
    fn a_frame_takes_the_place_of_the_last_one() {
        let (mut painter, mut screen) = (Painter::default(), Vec::new());
        painter.paint(&lines(&["a", "b"]), 80, Style::default(), &mut screen).unwrap();
        painter.paint(&lines(&["c"]), 80, Style::default(), &mut screen).unwrap();
        painter.clear(80, &mut screen).unwrap();
        painter.clear(80, &mut screen).unwrap();
        assert_eq!(String::from_utf8(screen).unwrap(), "a\nb\r\x1b[1A\x1b[Jc\r\x1b[J");
    }

    #[test]
    fn an_unfinished_line_is_left_alone() {
        let (mut painter, mut screen) = (Painter::default(), Vec::new());
        painter.wrote(b"name? ");
        painter.paint(&lines(&["a"]), 80, Style::default(), &mut screen).unwrap();
        assert!(screen.is_empty());
        painter.wrote(b"ada\n");
        painter.paint(&lines(&["a"]), 80, Style::default(), &mut screen).unwrap();
        assert_eq!(screen, b"a");
    }

    #[test]
    fn a_terminal_that_became_narrower_is_erased_whole() {
        let (mut painter, mut screen) = (Painter::default(), Vec::new());
        painter.paint(&lines(&["0123456789", "0123"]), 80, Style::default(), &mut screen).unwrap();
        screen.clear();
        painter.clear(4, &mut screen).unwrap();
        assert_eq!(String::from_utf8(screen).unwrap(), "\r\x1b[3A\x1b[J");
    }
}
