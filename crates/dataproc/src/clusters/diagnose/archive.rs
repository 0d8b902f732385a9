//! Files as a compressed tape archive.

use caddis_types::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A file of the archive: its path in it, and what it holds.
pub(super) type File = (String, Vec<u8>);

/// All of them below one folder. Blocks.
pub(super) fn pack(files: &[File], at: Timestamp) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(at.0 / 1_000_000).unwrap_or(0));
        archive.append_data(&mut header, format!("diagnostic/{path}"), content.as_slice())?;
    }
    archive.into_inner()?.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_was_packed_is_read_again() {
        let files = vec![("why.json".to_owned(), b"[]".to_vec()), ("logs/scheduler.1.log".to_owned(), vec![0; 3000])];
        let packed = pack(&files, Timestamp(0)).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
        let read: Vec<File> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                let path = entry.path().unwrap().display().to_string();
                (path.trim_start_matches("diagnostic/").to_owned(), content)
            })
            .collect();
        assert_eq!(read, files);
    }
}
