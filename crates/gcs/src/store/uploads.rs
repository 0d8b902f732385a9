//! Resumable uploads: begun, continued by any number of requests, across restarts, and finished once.
//!
//! `uploads/ID.json` says what is to become of the bytes in `uploads/ID.data`. What always holds: bytes that are told as
//! received are in that file; only the request that continued an upload last may add to it; an upload that was finished
//! answers the same object whenever it is finished again, also after a crash between its two files.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use caddis_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::hashes::Hashes;
use super::room::{Blob, Content};
use super::{Draft, Expected, Object, Store, StoreError, disk};

/// How long an upload may take, and how long it is known after its end; Google's are good for a week.
const LIFE: Duration = Duration::from_secs(7 * 86_400);

/// What an upload is to become.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Upload {
    /// Who began it.
    pub owner: String,
    /// The bucket of the object.
    pub bucket: String,
    /// The object.
    pub draft: Draft,
    /// How many bytes it has, when the client said so.
    pub total: Option<u64>,
    /// When it was begun.
    pub created: Timestamp,
    /// What became of it.
    #[serde(default)]
    pub(super) finished: Option<Object>,
}

impl Upload {
    /// A new one.
    pub fn new(owner: &str, bucket: &str, draft: Draft, total: Option<u64>, now: Timestamp) -> Upload {
        Upload { owner: owner.to_owned(), bucket: bucket.to_owned(), draft, total, created: now, finished: None }
    }
}

/// Where an upload stands.
#[derive(Clone, Debug)]
pub enum Progress {
    /// So many bytes were received.
    Received(u64),
    /// It is finished.
    Finished(Box<Object>),
}

/// Uploads that somebody asked for since the start, by id.
pub(super) struct Sessions {
    folder: PathBuf,
    known: Mutex<HashMap<String, Arc<Session>>>,
}

struct Session {
    id: String,
    folder: PathBuf,
    state: Mutex<State>,
}

struct State {
    upload: Upload,
    /// Open while a request adds to it.
    data: Option<File>,
    length: u64,
    hashes: Hashes,
    /// How many of the bytes are in the hashes.
    hashed: u64,
    turn: u64,
}

/// The right of one request to continue an upload; the next request takes it.
pub struct Turn {
    store: Store,
    session: Arc<Session>,
    turn: u64,
}

impl Sessions {
    pub(super) fn new(folder: PathBuf) -> Sessions {
        Sessions { folder, known: Mutex::default() }
    }

    fn find(&self, id: &str) -> Result<Arc<Session>, StoreError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = known.get(id) {
            return Ok(Arc::clone(session));
        }
        // Only what we named ourselves is looked for.
        if id.is_empty() || id.len() > 64 || !id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            return Err(StoreError::NoUpload);
        }
        let session = Arc::new(Session::read(&self.folder, id)?);
        known.insert(id.to_owned(), Arc::clone(&session));
        Ok(session)
    }

    fn forget(&self, id: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

impl Session {
    fn read(folder: &Path, id: &str) -> Result<Session, StoreError> {
        let record = match fs::read(folder.join(format!("{id}.json"))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::NoUpload),
            record => record?,
        };
        let upload: Upload = serde_json::from_slice(&record).map_err(io::Error::other)?;
        let data = folder.join(format!("{id}.data"));
        let length = if upload.finished.is_some() { 0 } else { fs::symlink_metadata(data)?.len() };
        let state = State { upload, data: None, length, hashes: Hashes::default(), hashed: 0, turn: 0 };
        Ok(Session { id: id.to_owned(), folder: folder.to_owned(), state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.id))
    }

    fn data(&self) -> PathBuf {
        self.folder.join(format!("{}.data", self.id))
    }

    fn remove(&self) -> io::Result<()> {
        disk::remove(&self.record())?;
        disk::remove(&self.data())
    }
}

impl State {
    /// The file with what was received.
    fn open(&mut self, path: &Path) -> Result<&mut File, StoreError> {
        if self.data.is_none() {
            // Another request may have cancelled it meanwhile.
            let gone = |error: io::Error| if error.kind() == io::ErrorKind::NotFound { StoreError::NoUpload } else { error.into() };
            self.data = Some(disk::open_to_write(path).map_err(gone)?);
        }
        self.data.as_mut().ok_or(StoreError::NoUpload)
    }

    /// Adds to the end, and to the hashes.
    fn append(&mut self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        if self.upload.finished.is_some() {
            return Err(StoreError::NoUpload);
        }
        let length = self.length;
        let file = self.open(path)?;
        let written = file.seek(SeekFrom::Start(length)).and_then(|_| file.write_all(bytes));
        if let Err(error) = written {
            // A part may be there: it is taken back, so that the disk has room again for who asks next.
            let _ = file.set_len(length);
            return Err(error.into());
        }
        if self.hashed == self.length {
            self.hashes.update(bytes);
            self.hashed += bytes.len() as u64;
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Brings the hashes to the end: after a restart they know nothing of what came before.
    fn catch_up(&mut self, path: &Path) -> Result<(), StoreError> {
        let hashed = self.hashed;
        let mut file = self.open(path)?.try_clone()?;
        file.seek(SeekFrom::Start(hashed))?;
        let mut buffer = vec![0; 256 * 1024];
        while self.hashed < self.length {
            let most = usize::try_from(self.length - self.hashed).unwrap_or(usize::MAX).min(buffer.len());
            file.read_exact(&mut buffer[..most])?;
            self.hashes.update(&buffer[..most]);
            self.hashed += most as u64;
        }
        Ok(())
    }
}

impl Store {
    /// Begins an upload; the answer is its id.
    pub fn begin_upload(&self, upload: &Upload) -> Result<String, StoreError> {
        super::names::check_object(&upload.draft.name)?;
        drop(self.room(&upload.bucket)?.open()?);
        let sessions = &self.parts.sessions;
        let id = self.fresh(upload.created);
        let data = sessions.folder.join(format!("{id}.data"));
        disk::create(&data)?;
        let record = serde_json::to_vec(upload).map_err(io::Error::other)?;
        if let Err(error) = disk::replace(&sessions.folder.join(format!("{id}.json")), &record) {
            let _ = disk::remove(&data);
            return Err(error.into());
        }
        Ok(id)
    }

    /// What an upload is to become.
    pub fn upload(&self, id: &str) -> Result<Upload, StoreError> {
        Ok(self.parts.sessions.find(id)?.state().upload.clone())
    }

    /// Continues an upload; whoever did so before cannot add to it any more.
    pub fn continue_upload(&self, id: &str) -> Result<(Turn, Progress), StoreError> {
        let session = self.parts.sessions.find(id)?;
        let mut state = session.state();
        state.turn += 1;
        let turn = state.turn;
        let progress = match &state.upload.finished {
            Some(object) => Progress::Finished(Box::new(object.clone())),
            None => Progress::Received(state.length),
        };
        drop(state);
        Ok((Turn { store: self.clone(), session, turn }, progress))
    }

    /// The end of an upload that is not wanted any more.
    pub fn cancel_upload(&self, id: &str) -> Result<(), StoreError> {
        let session = self.parts.sessions.find(id)?;
        let mut state = session.state();
        state.turn += 1;
        self.parts.sessions.forget(id);
        Ok(session.remove()?)
    }

    /// Forgets uploads whose time is over.
    pub(super) fn expire_uploads(&self, now: Timestamp) -> Result<(), StoreError> {
        for name in disk::entries(&self.parts.sessions.folder)? {
            let Some(id) = name.strip_suffix(".json") else { continue };
            match self.upload(id) {
                Ok(upload) if now.since(upload.created) < LIFE => {}
                Ok(_) => self.cancel_upload(id)?,
                Err(error) => tracing::error!(upload = id, error = %error, "an upload cannot be read"),
            }
        }
        Ok(())
    }
}

impl Turn {
    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.session.state();
        if state.turn == self.turn { Ok(state) } else { Err(StoreError::Superseded) }
    }

    /// How many bytes the object has, when it is known.
    pub fn total(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.state()?.upload.total)
    }

    /// Adds bytes that stand at this offset; what was received before is passed over. Answers how many there are now.
    pub fn append(&self, offset: u64, bytes: &[u8]) -> Result<u64, StoreError> {
        let mut state = self.state()?;
        if offset > state.length {
            return Err(StoreError::invalid("Content-Range", format!("{} bytes were received", state.length)));
        }
        let known = usize::try_from(state.length - offset).unwrap_or(usize::MAX);
        if let Some(new) = bytes.get(known..).filter(|new| !new.is_empty()) {
            state.append(&self.session.data(), new)?;
        }
        Ok(state.length)
    }

    /// Sees to it that what was received outlives a crash of the machine; answers how many bytes there are.
    pub fn keep(&self) -> Result<u64, StoreError> {
        let state = self.state()?;
        state.data.as_ref().map_or(Ok(()), File::sync_data)?;
        Ok(state.length)
    }

    /// Makes the object; `said` are checksums that came with its last bytes.
    pub fn finish(&self, said: &Expected, now: Timestamp) -> Result<Object, StoreError> {
        let mut state = self.state()?;
        if let Some(object) = &state.upload.finished {
            return Ok(object.clone());
        }
        state.catch_up(&self.session.data())?;
        state.open(&self.session.data())?.sync_all()?;
        let object = self.commit(&mut state, said, now)?;
        state.upload.finished = Some(object.clone());
        let record = serde_json::to_vec(&state.upload).map_err(io::Error::other)?;
        disk::replace(&self.session.record(), &record)?;
        state.data = None;
        disk::remove(&self.session.data())?;
        Ok(object)
    }

    fn commit(&self, state: &mut State, said: &Expected, now: Timestamp) -> Result<Object, StoreError> {
        let room = self.store.room(&state.upload.bucket)?;
        let mut open = room.open()?;
        let id = Some(self.session.id.clone());
        // A crash may have come between the object and the record of its upload.
        if let Some(object) = open.objects().get(state.upload.draft.name.as_bytes()).filter(|object| object.upload == id) {
            return Ok(Object::clone(object));
        }
        let blob = Blob::new(room.data(&self.store.fresh(now)));
        fs::hard_link(self.session.data(), blob.path())?;
        state.hashed = 0;
        let sums = std::mem::take(&mut state.hashes).finish();
        said.check(&sums)?;
        let content = Content { blob, size: state.length, sums, components: None, upload: id };
        let object = open.commit(state.upload.draft.clone(), content, now)?;
        Ok(Object::clone(&object))
    }
}

impl Drop for Turn {
    /// No file stays open of uploads that nobody continues.
    fn drop(&mut self) {
        if let Ok(mut state) = self.state() {
            state.data = None;
        }
    }
}
