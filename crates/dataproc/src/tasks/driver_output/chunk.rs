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

/// The next chunk; nothing while there is no more. Blocks.
pub(super) fn read(
    outputs: &dyn Outputs,
    job: &JobId,
    from: Position,
    ended: bool,
) -> std::io::Result<Option<Chunk>> {
    let stdout = outputs.read(job, from.attempt, Stream::Stdout, from.stdout)?;
    let stderr = outputs.read(job, from.attempt, Stream::Stderr, from.stderr)?;
    let (mut content, mut position) = (Vec::new(), from);
    // A stream that writes alone is told as it comes, half lines too: nothing gets in between.
    let whole = stdout.is_some() && stderr.is_some() && !ended;
    for (piece, reached) in [(stdout, &mut position.stdout), (stderr, &mut position.stderr)] {
        let Some(piece) = piece else { continue };
        let length = if whole { lines(&piece, *reached) } else { piece.content.len() };
        *reached = if length == piece.content.len() { piece.offset } else { *reached + length as u64 };
        content.extend_from_slice(&piece.content[..length]);
    }
    // Both write a line that is not finished: the one that is waited for may be a prompt.
    if content.is_empty() && whole {
        return read(outputs, job, from, true);
    }
    Ok((!content.is_empty()).then_some(Chunk { content, position }))
}

/// Up to the end of the last line. What stands for a part that was left out is never cut.
fn lines(piece: &Piece, from: u64) -> usize {
    let verbatim = piece.offset - from == piece.content.len() as u64;
    let end = piece.content.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if verbatim && piece.content.len() < LINE { end } else { piece.content.len() }
}
