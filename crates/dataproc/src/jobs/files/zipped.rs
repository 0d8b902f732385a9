//! Zip archives (eggs and jars are such): stored and deflated files and folders; links and secrets are refused.

use std::fs::File;

use zip::ZipArchive;

use super::archive::{Refused, Target, broken, neither};

/// Unpacks a file. Blocks.
pub(super) fn unpack(file: File, target: &mut Target<'_>) -> Result<(), Refused> {
    let wrong = |error: zip::result::ZipError| Refused::Archive(broken(&error));
    let mut archive = ZipArchive::new(std::io::BufReader::new(file)).map_err(wrong)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(wrong)?;
        let name = entry.name().map_err(wrong)?.into_owned();
        let kind = entry.unix_mode().map_or(0, |mode| mode & FORMAT);
        match kind {
            _ if entry.is_dir() => target.folder(&name)?,
            0 | REGULAR => {
                let mode = entry.unix_mode();
                target.file(&name, mode, &mut entry)?;
            }
            LINK => return Err(neither(&name, "a link")),
            _ => return Err(neither(&name, "no file")),
        }
    }
    Ok(())
}

/// The part of a mode that says what a file is, and two of its values.
const FORMAT: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
