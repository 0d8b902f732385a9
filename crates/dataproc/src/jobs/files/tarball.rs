//! Tar archives: plain, GNU and pax names; everything that is neither a file nor a folder is refused.
//!
//! The crate's own unpacking reads long names as long as an archive says they are. Here they are read raw, and bounded.

use std::io::Read;

use tar::{Archive, EntryType};

use super::archive::{Refused, Target, broken, neither};

/// A longer name, or a longer list of attributes of one entry, is refused.
const NAME: u64 = 64 * 1024;

/// Unpacks a stream. Blocks.
pub(super) fn unpack(stream: impl Read, target: &mut Target<'_>) -> Result<(), Refused> {
    let mut archive = Archive::new(stream);
    let entries = archive.entries().map_err(|error| Refused::Archive(broken(&error)))?;
    let mut long: Option<String> = None;
    let mut any = false;
    for entry in entries.raw(true) {
        let mut entry = entry.map_err(|error| Refused::Archive(broken(&error)))?;
        any = true;
        let kind = entry.header().entry_type();
        match kind {
            EntryType::GNULongName => {
                let name = text(&mut entry)?;
                long = Some(name.trim_end_matches('\0').to_owned());
                continue;
            }
            EntryType::XHeader => {
                long = attribute(&text(&mut entry)?, "path")?.or(long);
                continue;
            }
            EntryType::XGlobalHeader => continue,
            _ => {}
        }
        let short = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = long.take().unwrap_or(short);
        match kind {
            EntryType::Directory => target.folder(&name)?,
            // Archives of 1988 mark folders by the end of their names.
            EntryType::Regular | EntryType::Continuous if name.ends_with('/') => target.folder(&name)?,
            EntryType::Regular | EntryType::Continuous => {
                let mode = entry.header().mode().ok();
                target.file(&name, mode, &mut entry)?;
            }
            EntryType::Symlink | EntryType::Link => return Err(neither(&name, "a link")),
            EntryType::GNUSparse => return Err(neither(&name, "a sparse file")),
            _ => return Err(neither(&name, "no file")),
        }
    }
    if any { Ok(()) } else { Err(Refused::Archive("it holds nothing, or is no tar archive".to_owned())) }
}

fn text(entry: &mut impl Read) -> Result<String, Refused> {
    let mut bytes = Vec::new();
    entry.take(NAME + 1).read_to_end(&mut bytes).map_err(|error| Refused::Archive(broken(&error)))?;
    if bytes.len() as u64 > NAME {
        return Err(Refused::Archive(format!("the attributes of an entry have more than {} KiB", NAME >> 10)));
    }
    String::from_utf8(bytes).map_err(|_| Refused::Archive("the name of an entry is no UTF-8".to_owned()))
}

/// One attribute of a pax header: lines of `LENGTH KEY=VALUE`. A size of its own is for entries over 8 GiB.
fn attribute(text: &str, key: &str) -> Result<Option<String>, Refused> {
    let malformed = || Refused::Archive("the attributes of an entry are malformed".to_owned());
    let (mut rest, mut found) = (text, None);
    while !rest.is_empty() {
        let (length, _) = rest.split_once(' ').ok_or_else(malformed)?;
        let all: usize = length.parse().map_err(|_| malformed())?;
        let line = rest.get(length.len() + 1..all).and_then(|line| line.strip_suffix('\n')).ok_or_else(malformed)?;
        match line.split_once('=').ok_or_else(malformed)? {
            (name, value) if name == key => found = Some(value.to_owned()),
            ("size", _) => return Err(Refused::Archive("an entry is larger than what is unpacked".to_owned())),
            _ => {}
        }
        rest = &rest[all..];
    }
    Ok(found)
}
