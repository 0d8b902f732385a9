//! One reader of one output file, the part in the middle that was freed included (docs/KEEPER.md, `output_limit`).

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use caddis_types::bytes;

/// The most bytes of one piece.
const PIECE: u64 = 64 * 1024;

/// A reader; it blocks, but only for the disk.
#[derive(Debug)]
pub(crate) struct Reader {
    path: PathBuf,
    gap_path: PathBuf,
    limit: u64,
    file: Option<File>,
    at: u64,
    line_open: bool,
}

/// Some bytes, and the offset in the file after them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) offset: u64,
    pub(crate) content: Vec<u8>,
}

impl Reader {
    pub(crate) fn new(path: PathBuf, limit: u64, offset: u64) -> Reader {
        let mut gap_path = path.clone().into_os_string();
        gap_path.push(".gap");
        Reader { path, gap_path: gap_path.into(), limit, file: None, at: offset, line_open: false }
    }

    /// The file, for those who watch it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file is there.
    pub(super) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// The next piece; nothing when the file has no more, or is not there yet.
    pub(crate) fn read(&mut self) -> io::Result<Option<Piece>> {
        let Some(mut content) = self.content()? else { return Ok(None) };
        // A gap is told before it is freed. So it is asked for after reading: what lies outside of it was still there.
        let kept = match read_gap(&self.gap_path)? {
            Some((start, end)) if (start..end).contains(&self.at) => return Ok(Some(self.notice(end))),
            Some((start, _)) if start > self.at => start - self.at,
            _ => u64::MAX,
        };
        content.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
        self.at += content.len() as u64;
        self.line_open = content.last().is_some_and(|byte| *byte != b'\n');
        Ok(Some(Piece { offset: self.at, content }))
    }

    fn content(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.file.is_none() {
            self.file = absent(File::open(&self.path))?;
        }
        let Some(file) = &self.file else { return Ok(None) };
        let more = file.metadata()?.len().saturating_sub(self.at);
        let mut content = vec![0; usize::try_from(more.min(PIECE)).unwrap_or_default()];
        let read = file.read_at(&mut content, self.at)?;
        content.truncate(read);
        Ok((!content.is_empty()).then_some(content))
    }

    fn notice(&mut self, end: u64) -> Piece {
        let left_out = end - self.at;
        let line = if self.line_open { "\n" } else { "" };
        let text =
            format!("{line}[caddis: {left_out} bytes left out here, the limit is {}]\n", bytes::display(self.limit));
        (self.at, self.line_open) = (end, false);
        Piece { offset: end, content: text.into_bytes() }
    }
}

fn read_gap(path: &Path) -> io::Result<Option<(u64, u64)>> {
    let Some(text) = absent(fs::read_to_string(path))? else { return Ok(None) };
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(start)), Some(Ok(end))) => Ok(Some((start, end))),
        _ => Err(io::Error::new(ErrorKind::InvalidData, format!("`{}` holds no gap", path.display()))),
    }
}

fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(reader: &mut Reader) -> Vec<u8> {
        let pieces = std::iter::from_fn(|| reader.read().expect("readable"));
        pieces.flat_map(|piece| piece.content).collect()
    }

    #[test]
    fn a_file_that_comes_late_and_grows_is_read_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        let mut reader = Reader::new(path.clone(), 0, 0);
        assert_eq!(reader.read().expect("no error"), None);
        fs::write(&path, "ab").expect("written");
        assert_eq!(reader.read().expect("no error"), Some(Piece { offset: 2, content: b"ab".to_vec() }));
        fs::write(&path, "abc").expect("written");
        assert_eq!(all(&mut reader), b"c");
        assert_eq!(all(&mut Reader::new(path.clone(), 0, 1)), b"bc");
        assert_eq!(all(&mut Reader::new(path, 0, 9)), b"");
    }

    #[test]
    fn a_gap_is_one_line_where_it_belongs_and_grows_under_a_reader() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        fs::write(&path, "head\nhe\0\0\0\0\0tail\n").expect("written");
        fs::write(folder.path().join("out.gap"), "7 12\n").expect("written");
        let mut reader = Reader::new(path.clone(), 64 << 20, 0);
        let text = String::from_utf8(all(&mut reader)).expect("text");
        assert_eq!(text, "head\nhe\n[caddis: 5 bytes left out here, the limit is 64 MiB]\ntail\n");
        let mut inside = Reader::new(path.clone(), 64 << 20, 9);
        assert!(all(&mut inside).starts_with(b"[caddis: 3 bytes"));
        let mut behind = Reader::new(path, 64 << 20, 12);
        fs::write(folder.path().join("out.gap"), "7 14\n").expect("written");
        assert!(all(&mut behind).starts_with(b"[caddis: 2 bytes"));
    }
}
