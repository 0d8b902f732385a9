//! Where the server's own words go: to standard error in the foreground, to a file of limited size in the background.
//!
//! `CADDIS_LOG` chooses what is said (`info`, `debug`, `caddis_engine=trace`, ...).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// A file larger than this is put aside as `<name>.1`, in the place of the one before.
const LARGEST: u64 = 10 << 20;

/// Says everything on standard error; a standard error that takes no more stops nothing. Who has chosen something else already keeps it.
pub fn to_stderr() {
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter()).with_writer(io::stderr).with_ansi(false);
    let _ = subscriber.log_internal_errors(false).try_init();
}

/// Says everything in a file, panics included. What a full disk does not take is lost: telling of that on standard
/// error, which is the same file, would panic.
pub fn to_file(path: &Path) -> io::Result<()> {
    let log = Log::open(path, LARGEST)?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter()).with_writer(log).with_ansi(false);
    if subscriber.log_internal_errors(false).try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    }
    Ok(())
}

fn filter() -> EnvFilter {
    EnvFilter::try_from_env("CADDIS_LOG").unwrap_or_else(|_| EnvFilter::new("info"))
}

/// The file. Clones share it.
#[derive(Clone)]
struct Log(Arc<Mutex<Rotating>>);

struct Rotating {
    path: PathBuf,
    file: File,
    size: u64,
    largest: u64,
}

impl Log {
    fn open(path: &Path, largest: u64) -> io::Result<Log> {
        let file = append(path)?;
        let size = file.metadata()?.len();
        Ok(Log(Arc::new(Mutex::new(Rotating { path: path.to_owned(), file, size, largest }))))
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

impl Rotating {
    fn rotate(&mut self) -> io::Result<()> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(".1");
        fs::rename(&self.path, aside)?;
        self.file = append(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

/// One line; the subscriber writes each in one piece.
impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if log.size > 0 && log.size + line.len() as u64 > log.largest {
            log.rotate()?;
        }
        log.file.write_all(line)?;
        log.size += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Log;
    fn make_writer(&self) -> Log {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_old_file_is_kept_and_no_line_is_cut() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("server.log");
        let mut log = Log::open(&path, 20).expect("opened");
        for line in ["first line\n", "second line\n", "third line\n"] {
            log.write_all(line.as_bytes()).expect("written");
        }
        assert_eq!(fs::read_to_string(&path).expect("read"), "third line\n");
        assert_eq!(fs::read_to_string(folder.path().join("server.log.1")).expect("read"), "second line\n");
        drop(log);
        let mut again = Log::open(&path, 20).expect("opened");
        again.write_all(b"x\n").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("read"), "third line\nx\n");
    }
}
