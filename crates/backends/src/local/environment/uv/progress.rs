//! uv's talk while it works, turned into stages.

use super::Stage;

/// Follows uv's standard error.
#[derive(Debug, Default)]
pub(super) struct Watch {
    announced: Vec<(String, u64)>,
    done: u64,
    total: u64,
}

impl Watch {
    /// The stage that a line tells of.
    pub(super) fn line(&mut self, line: &str) -> Option<Stage> {
        let line = line.trim();
        let (word, rest) = line.split_once(' ')?;
        match word {
            "Downloading" => self.announce(rest),
            "Downloaded" => self.arrive(rest),
            "Building" => Some(Stage::Compile { package: rest.trim().to_owned() }),
            "Prepared" => Some(Stage::Install),
            _ => None,
        }
    }

    fn announce(&mut self, rest: &str) -> Option<Stage> {
        let (name, size) = rest.split_once(" (")?;
        let size = bytes(size.trim_end_matches(')'))?;
        self.announced.push((name.to_owned(), size));
        self.total += size;
        Some(self.stage())
    }

    fn arrive(&mut self, name: &str) -> Option<Stage> {
        let at = self.announced.iter().position(|(announced, _)| announced == name.trim())?;
        self.done += self.announced.swap_remove(at).1;
        Some(self.stage())
    }

    fn stage(&self) -> Stage {
        Stage::Download { done: self.done, total: self.total }
    }
}

fn bytes(text: &str) -> Option<u64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let scale = match unit {
        "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some((number.trim().parse::<f64>().ok()? * scale) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_bytes_as_packages_arrive() {
        let mut watch = Watch::default();
        let mut stages = Vec::new();
        for line in ["Resolved 29 packages in 178ms", "Downloading pyarrow (52.5MiB)", "Downloading dask (1.0MiB)", " Downloaded dask", "   Building numpy==1.21.0", " Downloaded pyarrow", "Prepared 29 packages in 922ms", " + bokeh==3.10.2"] {
            stages.extend(watch.line(line));
        }
        let mib = 1024 * 1024;
        let expected = [
            Stage::Download { done: 0, total: 52 * mib + mib / 2 },
            Stage::Download { done: 0, total: 53 * mib + mib / 2 },
            Stage::Download { done: mib, total: 53 * mib + mib / 2 },
            Stage::Compile { package: "numpy==1.21.0".into() },
            Stage::Download { done: 53 * mib + mib / 2, total: 53 * mib + mib / 2 },
            Stage::Install,
        ];
        assert_eq!(stages, expected);
    }
}
