//! Tables: columns aligned by spaces, headings in capitals, nothing at the end of a line.

/// On which side a column's texts begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows under headings.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows. A heading that begins with `>` is a column of numbers.
    pub fn new(headings: &[&'static str]) -> Table {
        let column = |heading: &&'static str| match heading.strip_prefix('>') {
            Some(rest) => (rest, Align::Right),
            None => (*heading, Align::Left),
        };
        Table { columns: headings.iter().map(column).collect(), rows: Vec::new() }
    }

    /// Adds a row; what is empty is shown as `-`.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|cell| if cell.is_empty() { "-".to_owned() } else { one_line(&cell) });
        self.rows.push(cells.collect());
    }

    /// The text; when there is no row, `nothing` instead.
    pub fn render(&self, nothing: &str) -> String {
        if self.rows.is_empty() {
            return format!("{nothing}\n");
        }
        let headings: Vec<String> = self.columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
        let widths = self.widths();
        let lines = std::iter::once(&headings).chain(&self.rows).map(|row| self.line(row, &widths));
        lines.map(|line| line + "\n").collect()
    }

    fn widths(&self) -> Vec<usize> {
        let widest = |index: usize| self.rows.iter().filter_map(move |row| row.get(index)).map(|cell| width(cell)).max();
        let width_of = |(index, (heading, _)): (usize, &(&str, Align))| width(heading).max(widest(index).unwrap_or(0));
        self.columns.iter().enumerate().map(width_of).collect()
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, (_, align)), room) in cells.iter().zip(&self.columns).zip(widths) {
            let space = " ".repeat(room.saturating_sub(width(cell)));
            match align {
                Align::Left => line.extend([cell.as_str(), &space, "  "]),
                Align::Right => line.extend([space.as_str(), cell, "  "]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// `label  text`, the labels in one column; a text of several lines stays in its own.
pub fn pairs(rows: &[(&str, String)]) -> String {
    let room = rows.iter().map(|(label, _)| width(label)).max().unwrap_or(0);
    let mut text = String::new();
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        for (index, line) in value.lines().enumerate() {
            let label = if index == 0 { label } else { "" };
            let space = " ".repeat(room - width(label));
            text.push_str(format!("{label}{space}  {line}").trim_end());
            text.push('\n');
        }
    }
    text
}

/// Characters that a text takes on a terminal, near enough: nothing here is wide but what users name so.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_with_text() {
        let mut table = Table::new(&["ID", ">TASKS", "NAME"]);
        table.row(["job_1".into(), "1,204".into(), "etl".into()]);
        table.row(["job_22".into(), "7".into(), String::new()]);
        let text = table.render("");
        assert_eq!(text, "ID      TASKS  NAME\njob_1   1,204  etl\njob_22      7  -\n");
        assert_eq!(Table::new(&["ID"]).render("no jobs"), "no jobs\n");
    }

    #[test]
    fn control_characters_cannot_break_a_table() {
        let mut table = Table::new(&["NAME"]);
        table.row(["a\x1b[31m\nb".into()]);
        assert_eq!(table.render(""), "NAME\na [31m b\n");
    }

    #[test]
    fn pairs_leave_out_what_is_empty() {
        let text = pairs(&[("name", "x".into()), ("cause", String::new()), ("reasons", "a\nb".into())]);
        assert_eq!(text, "name     x\nreasons  a\n         b\n");
    }
}
