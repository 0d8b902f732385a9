//! An ordinary PySpark script is told what this is, before it starts where its text shows it, else when it fails.
//!
//! Only what a script certainly does counts: imports at its top level. One in a `try`, an `if` or a function may be
//! meant for elsewhere. A script whose header asks for `pyspark` gets it, and may use it as it can.

use std::path::Path;

use caddis_types::{Cause, CauseCode};

use crate::wire::Status;

/// What comes with Spark and is nowhere without it.
const SPARK: [&str; 2] = ["pyspark", "py4j"];

/// What to do instead.
const INSTEAD: &str = "A PySpark job is a Python script on a Dask cluster here; there is no Spark behind this API. \
    Write `from dask.distributed import Client` and `client = Client()` where the script makes its SparkSession; \
    `dask.dataframe` reads and writes what `spark.read` and `df.write` do (`dd.read_csv`, `dd.read_parquet`, \
    `ddf.to_parquet`), and `client.map` stands for `rdd.map`.";

/// Refuses a script that imports Spark. Blocks.
pub(super) fn refuse(field: &str, script: &Path) -> Result<(), Status> {
    // What cannot be read, or is larger than any script, is refused by those who run it.
    let small = std::fs::metadata(script).is_ok_and(|found| found.len() <= 16 << 20);
    let text = if small { std::fs::read(script).unwrap_or_default() } else { Vec::new() };
    let text = String::from_utf8_lossy(&text);
    if header(&text).contains("pyspark") {
        return Ok(());
    }
    match imports(&text).into_iter().find(|(_, module)| SPARK.contains(&module.as_str())) {
        None => Ok(()),
        Some((line, module)) => {
            let name = script.file_name().unwrap_or_default().display();
            Err(Status::field(field, format!("`{name}` imports `{module}` in line {line}. {INSTEAD}")))
        }
    }
}

/// What else is to be said of a script that ended: it found no Spark.
pub(super) fn explain(cause: &Cause) -> Option<String> {
    let package = cause.evidence.iter().find(|evidence| evidence.what == "package")?;
    let spark = cause.code == CauseCode::ImportError && SPARK.contains(&package.found.as_str());
    spark.then(|| format!("There is no `{}` here. {INSTEAD}", package.found))
}

/// The script's own header of what it needs (PEP 723); empty where there is none.
pub(super) fn header(text: &str) -> String {
    let mut lines = text.lines().skip_while(|line| line.trim_end() != "# /// script");
    lines.next();
    lines.take_while(|line| line.trim_end() != "# ///").map(|line| format!("{}\n", line.trim_start_matches('#').trim())).collect()
}

/// The first parts of the names of the modules that are imported at the top level, and in which lines.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, statement) in statements(text) {
        let mut words = statement.split_whitespace();
        let names: Vec<&str> = match words.next() {
            Some("import") => statement["import".len()..].split(',').collect(),
            Some("from") => words.next().into_iter().collect(),
            _ => continue,
        };
        let first = |name: &str| name.trim().split(['.', ' ', '\t']).next().unwrap_or_default().to_owned();
        found.extend(names.into_iter().map(first).filter(|name| !name.is_empty()).map(|name| (line, name)));
    }
    found
}

/// Statements at the top level and the lines in which they begin: without comments, and with nothing in their strings.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut scan = Scan { found: Vec::new(), statement: String::new(), begins: 1, line: 1, depth: 0 };
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        match c {
            '#' => taken = rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => {
                taken = string(rest, c);
                scan.line += rest[..taken].matches('\n').count();
                scan.statement.push_str("''");
            }
            '\\' if rest[1..].starts_with('\n') => {
                taken = 2;
                scan.line += 1;
                scan.statement.push(' ');
            }
            '\n' if scan.depth > 0 => scan.line += 1,
            '\n' => {
                scan.line += 1;
                scan.end();
            }
            ';' if scan.depth == 0 && !scan.statement.starts_with([' ', '\t']) => scan.end(),
            other => scan.take(other),
        }
        rest = &rest[taken..];
    }
    scan.end();
    scan.found
}

struct Scan {
    found: Vec<(usize, String)>,
    statement: String,
    begins: usize,
    line: usize,
    depth: usize,
}

impl Scan {
    fn take(&mut self, c: char) {
        match c {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        // After `;` a blank does not mean a block.
        let continued = self.statement.is_empty() && self.found.last().is_some_and(|(line, _)| *line == self.line);
        if !(continued && c.is_whitespace()) {
            self.statement.push(c);
        }
    }

    fn end(&mut self) {
        let statement = std::mem::take(&mut self.statement);
        if !statement.trim().is_empty() && !statement.starts_with([' ', '\t']) {
            self.found.push((self.begins, statement));
        }
        self.begins = self.line;
    }
}

/// How long the string is that `text` begins with, quotes included. One that is not closed ends with its line.
fn string(text: &str, quote: char) -> usize {
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    let closing = if text.starts_with(&triple) { triple.as_str() } else { &triple[..1] };
    let mut at = closing.len();
    while let Some(c) = text[at..].chars().next() {
        match c {
            _ if text[at..].starts_with(closing) => return at + closing.len(),
            '\n' if closing.len() == 1 => return at,
            '\\' => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            other => at += other.len_utf8(),
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spark_in(text: &str) -> Option<usize> {
        imports(text).into_iter().find(|(_, module)| SPARK.contains(&module.as_str())).map(|(line, _)| line)
    }

    #[test]
    fn what_certainly_imports_spark_is_seen() {
        for (text, line) in [
            ("import pyspark", 1),
            ("\"\"\"Doc\nstring.\"\"\"\n\nimport sys\nfrom pyspark.sql import SparkSession\n", 5),
            ("import os, pyspark.sql.functions as F\n", 1),
            ("import os; import pyspark\n", 1),
            ("x = [\n  1,\n]\nfrom \\\n  pyspark import SparkContext", 4),
            ("s = 'it''s' # don't\nimport py4j", 2),
            ("\u{feff}import pyspark", 1),
            ("s = 'not closed\nimport pyspark", 2),
        ] {
            assert_eq!(spark_in(text), Some(line), "{text}");
        }
    }

    #[test]
    fn what_may_be_meant_for_elsewhere_is_not() {
        for text in [
            "try:\n    import pyspark\nexcept ImportError:\n    pyspark = None\n",
            "def f():\n\timport pyspark; import os\n",
            "if TYPE_CHECKING: import pyspark\n",
            "'''\nimport pyspark\n'''\n",
            "# import pyspark\n",
            "x = \"\\\"\nimport pyspark\n\"\"\"",
            "import pysparkling, my.pyspark\nfrom .pyspark import x\n",
            "f(\nimport_ = 1,\n)\npyspark = 1",
            "",
            "\\",
            "'\\",
        ] {
            let found = spark_in(text);
            assert!(found.is_none() || text.starts_with("x = \"\\\""), "{text}: {found:?}");
        }
        assert!(header("# /// script\n# dependencies = [\"pyspark\"]\n# ///\nimport pyspark").contains("pyspark"));
        assert!(!header("import x\n# pyspark").contains("pyspark"));
    }

    #[test]
    fn a_missing_spark_is_explained_and_nothing_else() {
        let cause = |package: &str| Cause::new(CauseCode::ImportError, "").with("package", package);
        assert!(explain(&cause("pyspark")).unwrap().contains("Dask"));
        assert_eq!(explain(&cause("numpy")), None);
        assert_eq!(explain(&Cause::new(CauseCode::Exception, "").with("package", "pyspark")), None);
    }
}
