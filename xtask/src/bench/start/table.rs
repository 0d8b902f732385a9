//! Tables of Markdown.

/// A table with its heading; columns after the first are aligned to the right.
pub(in crate::bench) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let heading: Vec<String> = heading.iter().map(|&cell| cell.to_owned()).collect();
    let rule: Vec<String> = (0..heading.len()).map(|at| if at == 0 { "---" } else { "---:" }.to_owned()).collect();
    let body: String = rows.iter().map(|row| line(row)).collect();
    line(&heading) + &line(&rule) + &body
}

/// Milliseconds, or whatever the unit is, in as few digits as say something.
pub(in crate::bench) fn shown(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.abs() < 10.0 && value.fract().abs() > 0.004 => format!("{value:.2}"),
        Some(value) if value.abs() < 100.0 && value.fract().abs() > 0.04 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let texts = [None, Some(0.123), Some(12.345), Some(1234.5), Some(0.0)].map(shown);
        assert_eq!(texts, ["-", "0.12", "12.3", "1234", "0"]);
    }

    #[test]
    fn a_table() {
        let found = table(&["who", "ms"], &[vec!["a".into(), "1".into()]]);
        assert_eq!(found, "| who | ms |\n| --- | ---: |\n| a | 1 |\n");
    }
}
