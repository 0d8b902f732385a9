//! Buckets and objects on a folder.
//!
//! What this room is for: keeping bytes under names that may contain anything, with the generations, preconditions and
//! checksums that Google's clients rely on. One process at a time may use a folder. Calls block; they are short but for
//! the copying of bytes.
//! Deliberately absent: HTTP, who may do what, versions of objects that are gone.
//!
//! What always holds: at every instant, `kill -9` included, an object is there whole or not at all; a name never becomes
//! a path; what could not be finished, as on a full disk, leaves nothing behind.

mod bucket;
mod conditions;
mod disk;
mod error;
mod hashes;
mod lifecycle;
mod listing;
mod names;
mod object;
mod objects;
mod room;
mod uploads;
mod writer;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use caddis_types::Timestamp;

use room::Room;
use uploads::Sessions;

pub use bucket::Bucket;
pub(crate) use bucket::merged;
pub use conditions::Conditions;
pub use error::StoreError;
pub use hashes::Expected;
pub use listing::{Cursor, Listing, Page};
pub use object::{Draft, Fields, Object};
pub use objects::Source;
pub use uploads::{Progress, Turn, Upload};
pub use writer::Writer;

const BUCKETS: &str = "buckets";
const ASIDE: &str = "aside";
const UPLOADS: &str = "uploads";

type Rooms = BTreeMap<String, Arc<Room>>;

/// The store. Clones share it.
#[derive(Clone)]
pub struct Store {
    parts: Arc<Parts>,
}

struct Parts {
    folder: PathBuf,
    rooms: RwLock<Rooms>,
    sessions: Sessions,
    counter: AtomicU64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("folder", &self.parts.folder).finish_non_exhaustive()
    }
}

impl Store {
    /// The store of a folder, which is made where there is none. Its parent must exist.
    pub fn open(folder: &Path) -> Result<Store, StoreError> {
        for path in [folder, &folder.join(BUCKETS), &folder.join(UPLOADS), &folder.join(ASIDE)] {
            disk::make_folder(path)?;
        }
        // Buckets that were being made or removed when a process was killed.
        for name in disk::entries(&folder.join(ASIDE))? {
            fs::remove_dir_all(folder.join(ASIDE).join(name))?;
        }
        let mut rooms = Rooms::new();
        for name in disk::entries(&folder.join(BUCKETS))? {
            match Room::read(folder.join(BUCKETS).join(&name)) {
                Ok(room) => drop(rooms.insert(name, Arc::new(room))),
                Err(error) => tracing::error!(bucket = name, error = %error, "a bucket cannot be read and is left out"),
            }
        }
        let sessions = Sessions::new(folder.join(UPLOADS));
        let parts = Parts { folder: folder.to_owned(), rooms: RwLock::new(rooms), sessions, counter: AtomicU64::new(0) };
        Ok(Store { parts: Arc::new(parts) })
    }

    fn rooms(&self) -> RwLockReadGuard<'_, Rooms> {
        self.parts.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rooms_to_change(&self) -> RwLockWriteGuard<'_, Rooms> {
        self.parts.rooms.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn room(&self, bucket: &str) -> Result<Arc<Room>, StoreError> {
        self.rooms().get(bucket).cloned().ok_or_else(|| StoreError::NoBucket(bucket.to_owned()))
    }

    fn bucket_folder(&self, name: &str) -> PathBuf {
        self.parts.folder.join(BUCKETS).join(name)
    }

    /// A folder that is no bucket's: what is being made or removed.
    fn aside(&self, now: Timestamp) -> PathBuf {
        self.parts.folder.join(ASIDE).join(self.fresh(now))
    }

    /// A file name that nothing has.
    fn fresh(&self, now: Timestamp) -> String {
        format!("{:x}-{:x}", now.0, self.parts.counter.fetch_add(1, Ordering::Relaxed))
    }
}
