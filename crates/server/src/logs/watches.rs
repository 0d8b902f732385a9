//! The kernel's word that a file grew. One inotify instance for the whole server, since a user may have few of them.

use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;

use crate::readiness::readable;

/// All watched files. Without inotify it answers that it cannot watch, and readers look again by the clock.
#[derive(Clone, Debug)]
pub(crate) struct Watches(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    fd: AsyncFd<OwnedFd>,
    files: Mutex<HashMap<i32, watch::Sender<()>>>,
}

impl Watches {
    /// Begins to listen to the kernel; ends with the runtime.
    pub(crate) fn start() -> Watches {
        let made = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(io::Error::from);
        match made.and_then(readable) {
            Ok(fd) => {
                let inner = Arc::new(Inner { fd, files: Mutex::default() });
                tokio::spawn(listen(Arc::clone(&inner)));
                Watches(Some(inner))
            }
            Err(error) => {
                tracing::info!(error = %error, "files cannot be watched here; logs are looked at by the clock");
                Watches(None)
            }
        }
    }

    /// Watches a file that is there.
    pub(super) fn watch(&self, path: &Path) -> Option<FileWatch> {
        let inner = self.0.as_ref()?;
        let mut files = inner.files();
        let id = inotify::add_watch(&inner.fd, path, WatchFlags::MODIFY).ok()?;
        let receiver = files.entry(id).or_default().subscribe();
        Some(FileWatch { inner: Arc::clone(inner), id, receiver })
    }
}

impl Inner {
    fn files(&self) -> MutexGuard<'_, HashMap<i32, watch::Sender<()>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out what the kernel said; when it said too much at once, everybody looks.
    fn hand_out(&self) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.fd, &mut space);
        loop {
            match reader.next() {
                Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => {
                    self.files().values().for_each(|file| file.send_replace(()));
                }
                Ok(event) => {
                    if let Some(file) = self.files().get(&event.wd()) {
                        file.send_replace(());
                    }
                }
                Err(Errno::WOULDBLOCK) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

async fn listen(inner: Arc<Inner>) {
    loop {
        let result = match inner.fd.readable().await {
            Ok(mut ready) => {
                let result = inner.hand_out();
                ready.clear_ready();
                result
            }
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            tracing::error!(error = %error, "files are not watched any more; logs are looked at by the clock");
            return;
        }
    }
}

/// One who watches one file.
#[derive(Debug)]
pub(super) struct FileWatch {
    inner: Arc<Inner>,
    id: i32,
    receiver: watch::Receiver<()>,
}

impl FileWatch {
    /// Returns when the file grew since the watch began, or since the last return; without a watch never.
    pub(super) async fn changed(watch: &mut Option<FileWatch>) {
        let changed = match watch {
            Some(watch) => watch.receiver.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            std::future::pending().await
        }
    }
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        let mut files = self.inner.files();
        // This one is still counted, and nobody can begin another while the map is held.
        if files.get(&self.id).is_some_and(|file| file.receiver_count() <= 1) {
            files.remove(&self.id);
            // A file that was removed took its watch with it.
            let _ = inotify::remove_watch(&self.inner.fd, self.id);
        }
    }
}
