//! A file's pieces as they come.

use std::io;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, stream};

use super::reader::Reader;
use super::watches::FileWatch;
use super::{End, Part, Source, frames};
use crate::face::Face;
use crate::hub::Watch;

/// Between two looks at a file that is not there yet; the process is being started.
const ABSENT: Duration = Duration::from_millis(20);
/// Between two looks at a file that cannot be watched.
const UNWATCHED: Duration = Duration::from_millis(30);
/// Between two looks at a file that is watched: some file systems do not tell.
const WATCHED: Duration = Duration::from_millis(500);

struct Follower {
    face: Face,
    reader: Option<Reader>,
    part: Part,
    end: Box<dyn End>,
    ended: bool,
    changes: Watch,
    file: Option<FileWatch>,
}

/// The pieces of a file. An error cuts the answer.
pub(super) fn stream(
    face: &Face,
    source: Source,
    part: Part,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let follower = Follower {
        changes: face.assembly.hub.watch(&source.subject),
        face: face.clone(),
        reader: Some(Reader::new(source.path, source.limit, part.offset)),
        part,
        end: source.end,
        ended: !part.follow,
        file: None,
    };
    stream::unfold(Some(follower), async |follower| {
        let mut follower = follower?;
        match follower.next().await {
            Ok(piece) => piece.map(|piece| (Ok(piece), Some(follower))),
            Err(error) => Some((Err(error), None)),
        }
    })
}

impl Follower {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            // Asked before reading: what was written before the end is then read after it.
            self.ended = self.ended || self.end.reached().await?;
            loop {
                if let Some(piece) = self.read().await? {
                    return Ok(Some(piece));
                }
                if self.ended {
                    return Ok(None);
                }
                if !self.begin_watching() && self.wait().await? {
                    break;
                }
            }
        }
    }

    async fn read(&mut self) -> io::Result<Option<Bytes>> {
        let Some(mut reader) = self.reader.take() else { return Ok(None) };
        let (reader, piece) = tokio::task::spawn_blocking(move || {
            let piece = reader.read();
            (reader, piece)
        })
        .await
        .map_err(io::Error::other)?;
        self.reader = Some(reader);
        Ok(piece?.map(|piece| match self.part.frames {
            true => frames::frame(piece.offset, &piece.content),
            false => piece.content.into(),
        }))
    }

    /// Watches the file once it is there. After the answer yes it must be read again: it may have grown before.
    fn begin_watching(&mut self) -> bool {
        let Some(reader) = self.reader.as_ref().filter(|reader| reader.is_open()) else { return false };
        if self.file.is_some() {
            return false;
        }
        self.file = self.face.watches.watch(reader.path());
        self.file.is_some()
    }

    /// Waits for something to read; answers yes when the end may have been reached as well.
    async fn wait(&mut self) -> io::Result<bool> {
        let pause = match (&self.file, self.reader.as_ref().is_some_and(Reader::is_open)) {
            (Some(_), _) => WATCHED,
            (None, true) => UNWATCHED,
            (None, false) => ABSENT,
        };
        let Follower { face, changes, file, .. } = self;
        tokio::select! {
            () = changes.changed() => Ok(true),
            () = FileWatch::changed(file) => Ok(false),
            () = tokio::time::sleep(pause) => Ok(pause == WATCHED),
            () = face.shutdown.wait() => Err(io::Error::other("the server is ending")),
        }
    }
}
