//! The next piece of what a job wrote, both of its streams one after the other, cut between lines where that can be.

use caddis_types::JobId;
use caddis_types::api::Stream;

use super::series::Position;
use crate::face::{Outputs, Piece};

/// A line that is longer is cut.
const LINE: usize = 64 * 1024;

/// Some output, and how far the series reaches with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) content: Vec<u8>,
    pub(super) position: Position,
}

/// The next chunk; nothing while there is no more. An unfinished line waits for its end, lest the other stream gets in
/// between; what is unfinished when the attempt has ended never will be. Blocks.
pub(super) fn read(
    outputs: &dyn Outputs,
    job: &JobId,
    from: Position,
    ended: bool,
) -> std::io::Result<Option<Chunk>> {
    let stdout = outputs.read(job, from.attempt, Stream::Stdout, from.stdout)?;
    let stderr = outputs.read(job, from.attempt, Stream::Stderr, from.stderr)?;
    let pieces = [stdout, stderr];
    let whole = join(&pieces, from, lines);
    let rest = || join(&pieces, from, |piece, _| piece.content.len());
    Ok(whole.or_else(|| ended.then(rest).flatten()))
}

/// So much of each piece; nothing when that is nothing.
fn join(pieces: &[Option<Piece>; 2], from: Position, length: impl Fn(&Piece, u64) -> usize) -> Option<Chunk> {
    let (mut content, mut position) = (Vec::new(), from);
    for (piece, reached) in pieces.iter().zip([&mut position.stdout, &mut position.stderr]) {
        let Some(piece) = piece else { continue };
        let length = length(piece, *reached);
        *reached = if length == piece.content.len() { piece.offset } else { *reached + length as u64 };
        content.extend_from_slice(&piece.content[..length]);
    }
    (!content.is_empty()).then_some(Chunk { content, position })
}

/// Up to the end of the last line. What stands for a part that was left out is never cut.
fn lines(piece: &Piece, from: u64) -> usize {
    let verbatim = piece.offset - from == piece.content.len() as u64;
    let all = piece.content.len();
    match piece.content.iter().rposition(|byte| *byte == b'\n') {
        Some(at) if verbatim => at + 1,
        None if verbatim && all < LINE => 0,
        _ => all,
    }
}
