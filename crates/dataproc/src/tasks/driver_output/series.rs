//! One series of objects, and how far it reaches.

use std::io::Read;

use caddis_gcs::Store;
use caddis_gcs::StoreError;
use caddis_gcs::store::{Draft, Fields};
use caddis_types::Timestamp;

use crate::documents::OutputDocument;

/// An object that has so many bytes is not added to any more: adding means writing it anew.
const FULL: u64 = 256 * 1024;
/// Where an object says how far it reaches.
const METADATA: [&str; 3] = ["caddis-attempt", "caddis-stdout", "caddis-stderr"];

/// How far into what a job wrote: the attempt, and bytes of its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// 1, 2, ...
    pub(super) attempt: u32,
    pub(super) stdout: u64,
    pub(super) stderr: u64,
}

impl Position {
    const START: Position = Position { attempt: 1, stdout: 0, stderr: 0 };

    /// Where the next attempt begins.
    pub(super) fn next_attempt(self) -> Position {
        Position { attempt: self.attempt + 1, ..Position::START }
    }

    fn fields(self) -> Fields {
        let values = [u64::from(self.attempt), self.stdout, self.stderr];
        let metadata = METADATA.iter().zip(values).map(|(name, value)| ((*name).to_owned(), value.to_string()));
        Fields { metadata: metadata.collect(), ..Fields::of_type("application/octet-stream") }
    }

    fn of(fields: &Fields) -> Option<Position> {
        let number = |name: &str| fields.metadata.get(name)?.parse::<u64>().ok();
        let [attempt, stdout, stderr] = METADATA.map(number);
        Some(Position { attempt: u32::try_from(attempt?).ok()?.max(1), stdout: stdout?, stderr: stderr? })
    }
}

/// A series that is being written.
pub(super) struct Series<'a> {
    store: &'a Store,
    output: &'a OutputDocument,
    /// Of the last object; nothing when there is none.
    last: Option<(u32, u64)>,
    /// How far it reaches.
    pub(super) position: Position,
    /// Whether its end is there.
    pub(super) closed: bool,
}

impl<'a> Series<'a> {
    /// As it is in the store. Only what this room wrote counts: others may put objects beside it.
    pub(super) fn open(store: &'a Store, output: &'a OutputDocument) -> Result<Series<'a>, StoreError> {
        let mut series = Series { store, output, last: None, position: Position::START, closed: false };
        for object in store.list(&output.bucket, &format!("{}.", output.prefix))? {
            let index = object.name.rsplit('.').next().filter(|end| end.len() == 9).and_then(|end| end.parse().ok());
            if let (Some(index), Some(position)) = (index, Position::of(&object.fields)) {
                (series.last, series.position, series.closed) = (Some((index, object.size)), position, object.size == 0);
            }
        }
        Ok(series)
    }

    /// Adds this to what there is; both the bytes and how far they reach are there at once, or neither.
    pub(super) fn write(&mut self, content: &[u8], position: Position, now: Timestamp) -> Result<(), StoreError> {
        let (index, before) = match self.last {
            Some((index, size)) if size < FULL => (index, self.content(index)?),
            Some((index, _)) => (index + 1, Vec::new()),
            None => (0, Vec::new()),
        };
        let all = [before.as_slice(), content].concat();
        self.put(index, &all, position, now)
    }

    /// Ends it with an empty object.
    pub(super) fn close(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let index = self.last.map_or(0, |(index, _)| index + 1);
        self.closed = true;
        self.put(index, &[], self.position, now)
    }

    fn put(&mut self, index: u32, content: &[u8], position: Position, now: Timestamp) -> Result<(), StoreError> {
        let draft = Draft { fields: position.fields(), ..Draft::named(&self.name(index)) };
        self.store.put_bytes(&self.output.bucket, draft, content, now)?;
        (self.last, self.position) = (Some((index, content.len() as u64)), position);
        Ok(())
    }

    fn content(&self, index: u32) -> Result<Vec<u8>, StoreError> {
        let (_, mut file) = self.store.read(&self.output.bucket, &self.name(index))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        Ok(content)
    }

    fn name(&self, index: u32) -> String {
        format!("{}.{index:09}", self.output.prefix)
    }
}
