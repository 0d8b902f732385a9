//! One line of a frame: pieces of text with their tints, cut to the width of the terminal.

use crate::output::style::{Style, Tint};
use crate::output::table::width;

/// Pieces of text, side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(Vec<(Tint, String)>);

impl Line {
    /// An empty line.
    pub fn new() -> Line {
        Line::default()
    }

    /// The same with one more piece. What would move the cursor is left out.
    #[must_use]
    pub fn with(mut self, tint: Tint, text: impl AsRef<str>) -> Line {
        self.0.push((tint, text.as_ref().chars().filter(|c| !c.is_control()).collect()));
        self
    }

    /// The same with one more piece that is not set apart.
    #[must_use]
    pub fn and(self, text: impl AsRef<str>) -> Line {
        self.with(Tint::Plain, text)
    }

    /// This line and another one behind it.
    #[must_use]
    pub fn joined(mut self, other: Line) -> Line {
        self.0.extend(other.0);
        self
    }

    /// How many columns it takes.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| width(text)).sum()
    }

    /// The line, cut so that it takes at most `room` columns.
    #[must_use]
    pub fn cut(self, room: usize) -> Line {
        if self.width() <= room {
            return self;
        }
        let mut left = room.saturating_sub(1);
        let mut pieces = Vec::new();
        for (tint, text) in self.0 {
            let kept: String = text.chars().take(left).collect();
            left -= width(&kept);
            pieces.push((tint, kept));
        }
        pieces.push((Tint::Dim, "…".chars().take(room).collect()));
        Line(pieces)
    }

    /// The text for a terminal.
    pub fn render(&self, style: Style) -> String {
        let pieces = self.0.iter().filter(|(_, text)| !text.is_empty());
        let text: String = pieces.map(|(tint, text)| style.paint(*tint, text)).collect();
        if style.unicode { text } else { text.replace('…', "~") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_never_takes_more_than_its_room() {
        let line = Line::new().with(Tint::Bold, "running").and(" for long");
        for room in 0..20 {
            assert!(line.clone().cut(room).width() <= room);
        }
        assert_eq!(line.clone().cut(9).render(Style { colour: false, unicode: true }), "running …");
        assert_eq!(line.cut(9).render(Style::default()), "running ~");
    }

    #[test]
    fn what_moves_the_cursor_is_left_out() {
        assert_eq!(Line::new().and("a\x1b[2J\r\nb").render(Style::default()), "a[2Jb");
    }
}
