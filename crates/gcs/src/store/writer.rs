//! Bytes on their way to become an object.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::Arc;

use caddis_types::Timestamp;

use super::hashes::Hashes;
use super::room::{Blob, Content, Room};
use super::{Draft, Object, Store, StoreError, disk, names};

/// Takes bytes; nobody sees them before [`Writer::commit`], and a writer that is dropped leaves nothing.
pub struct Writer {
    room: Arc<Room>,
    file: File,
    blob: Blob,
    hashes: Hashes,
    size: u64,
    pub(super) components: Option<u64>,
}

impl Writer {
    /// Takes more bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes)?;
        self.hashes.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Takes all bytes of a reader.
    pub fn copy(&mut self, mut from: impl Read) -> Result<(), StoreError> {
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match from.read(&mut buffer)? {
                0 => return Ok(()),
                read => self.write(&buffer[..read])?,
            }
        }
    }

    /// How many bytes it took.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Makes them an object, at once or not at all.
    pub fn commit(self, draft: Draft, now: Timestamp) -> Result<Arc<Object>, StoreError> {
        self.file.sync_all()?;
        let content =
            Content { blob: self.blob, size: self.size, sums: self.hashes.finish(), components: self.components, upload: None };
        self.room.open()?.commit(draft, content, now)
    }
}

impl Store {
    /// Begins an object of a bucket.
    pub fn writer(&self, bucket: &str, now: Timestamp) -> Result<Writer, StoreError> {
        let room = self.room(bucket)?;
        // Reading the bucket removes bytes without a record, so it comes first.
        drop(room.open()?);
        let path = room.data(&self.fresh(now));
        let file = disk::create(&path)?;
        Ok(Writer { room, file, blob: Blob::new(path), hashes: Hashes::default(), size: 0, components: None })
    }

    /// Makes an object of these bytes.
    pub fn put_bytes(&self, bucket: &str, draft: Draft, bytes: &[u8], now: Timestamp) -> Result<Arc<Object>, StoreError> {
        self.put_reader(bucket, draft, bytes, now)
    }

    /// Makes an object of a file's bytes.
    pub fn put_file(&self, bucket: &str, draft: Draft, file: &std::path::Path, now: Timestamp) -> Result<Arc<Object>, StoreError> {
        self.put_reader(bucket, draft, File::open(file)?, now)
    }

    /// Makes an object of all that a reader gives.
    pub fn put_reader(&self, bucket: &str, draft: Draft, from: impl Read, now: Timestamp) -> Result<Arc<Object>, StoreError> {
        names::check_object(&draft.name)?;
        let mut writer = self.writer(bucket, now)?;
        writer.copy(from)?;
        writer.commit(draft, now)
    }
}
