//! Archives that are well made, and such as mean harm.

use std::io::Cursor;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

fn unpacked(name: &str, bytes: &[u8], budget: Budget) -> (tempfile::TempDir, Result<(), Refused>) {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join(name);
    fs::write(&archive, bytes).unwrap();
    let result = unpack(Kind::of(name).unwrap(), &archive, &folder.path().join("a/into"), &mut { budget });
    (folder, result)
}

/// Why it was refused; nothing of it lies outside of its folder.
#[track_caller]
fn refused(name: &str, bytes: &[u8], budget: Budget) -> String {
    let (folder, result) = unpacked(name, bytes, budget);
    let outside: Vec<_> = fs::read_dir(folder.path().join("a")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(outside, ["into"]);
    match result {
        Err(Refused::Archive(what)) => what,
        other => panic!("{name}: {other:?}"),
    }
}

fn entry(kind: tar::EntryType, name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o755);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn tar_of(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn each_kind_is_unpacked_with_its_folders_and_rights() {
    let regular = tar::EntryType::Regular;
    let long = format!("{}/{}.txt", "d".repeat(90), "n".repeat(60));
    let pax = format!("path={long}.pax\n");
    let pax = format!("{} {pax}", pax.len() + 4);
    let entries = [
        entry(tar::EntryType::Directory, b"bin/", b""),
        entry(regular, b"./bin/tool", b"#!/bin/sh\n"),
        entry(tar::EntryType::GNULongName, b"././@LongLink", long.as_bytes()),
        entry(regular, b"short", b"long"),
        entry(tar::EntryType::XHeader, b"PaxHeaders/x", pax.as_bytes()),
        entry(regular, b"short", b"pax"),
    ];
    let tarball = tar_of(&entries);
    let zipped = zip_of(&[("bin/tool", b"#!/bin/sh\n"), (&long, b"long"), (&format!("{long}.pax"), b"pax")]);
    for (name, bytes) in [("x.tar", tarball.clone()), ("x.tar.gz", gz(&tarball)), ("x.TGZ", gz(&tarball)), ("x.zip", zipped)] {
        let (folder, result) = unpacked(name, &bytes, Budget::default());
        result.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let into = folder.path().join("a/into");
        assert_eq!(fs::read_to_string(into.join(&long)).unwrap(), "long", "{name}");
        assert_eq!(fs::read_to_string(into.join(format!("{long}.pax"))).unwrap(), "pax", "{name}");
        assert_eq!(fs::metadata(into.join("bin/tool")).unwrap().permissions().mode() & 0o111, 0o111, "{name}");
    }
}

#[test]
fn nothing_leads_out_of_its_folder() {
    for name in ["../out", "/tmp/out", "a/../../out", "..", "a/.."] {
        let tarball = tar_of(&[entry(tar::EntryType::Regular, name.as_bytes(), b"x")]);
        assert!(refused("x.tar", &tarball, Budget::default()).contains("leads out"), "{name}");
        assert!(refused("x.zip", &zip_of(&[(name, b"x")]), Budget::default()).contains("leads out"), "{name}");
    }
    let long = entry(tar::EntryType::GNULongName, b"././@LongLink", b"../out");
    let tarball = tar_of(&[long, entry(tar::EntryType::Regular, b"short", b"x")]);
    assert!(refused("x.tar", &tarball, Budget::default()).contains("leads out"));
}

#[test]
fn links_and_devices_are_refused() {
    use tar::EntryType;
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Block, EntryType::Fifo, EntryType::GNUSparse] {
        let what = refused("x.tar.gz", &gz(&tar_of(&[entry(kind, b"x", b"")])), Budget::default());
        assert!(what.contains("only files and folders"), "{kind:?}: {what}");
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let zipped = writer.finish().unwrap().into_inner();
    assert!(refused("x.zip", &zipped, Budget::default()).contains("a link"));
}

#[test]
fn a_bomb_is_refused_while_it_is_unpacked() {
    let zeros = vec![0; 4 << 20];
    let small = Budget { bytes: 1 << 20, entries: 10 };
    let tarball = gz(&tar_of(&[entry(tar::EntryType::Regular, b"zeros", &zeros)]));
    assert!(tarball.len() < 16 << 10);
    assert!(refused("x.tgz", &tarball, small).contains("too many bytes"));
    assert!(refused("x.zip", &zip_of(&[("zeros", &zeros)]), small).contains("too many bytes"));
    let many: Vec<_> = (0..20).map(|n| entry(tar::EntryType::Regular, format!("f{n}").as_bytes(), b"")).collect();
    assert!(refused("x.tar", &tar_of(&many), small).contains("too many entries"));
    let name = entry(tar::EntryType::GNULongName, b"././@LongLink", &vec![b'n'; 1 << 20]);
    assert!(refused("x.tar", &tar_of(&[name]), Budget::default()).contains("attributes"));
}

#[test]
fn of_two_modules_the_first_one_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, into) = (folder.path().join("x.egg"), folder.path().join("into"));
    fs::create_dir(&into).unwrap();
    fs::write(into.join("m.py"), "first").unwrap();
    fs::write(&archive, zip_of(&[("m.py", b"second"), ("pkg/__init__.py", b"")])).unwrap();
    unpack_modules(&archive, &into, &mut Budget::default()).unwrap();
    assert_eq!(fs::read_to_string(into.join("m.py")).unwrap(), "first");
    assert!(into.join("pkg/__init__.py").is_file());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever the bytes are, unpacking ends, and its refusal is of a kind that its owner can read.
    #[test]
    fn bytes_that_mean_nothing_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000), at in 0..1000_usize) {
        let mut zipped = zip_of(&[("a/b", b"content"), ("c", &[7; 300])]);
        let mut tarball = tar_of(&[entry(tar::EntryType::Regular, b"a/b", b"content")]);
        for good in [&mut zipped, &mut tarball] {
            let end = (at + bytes.len() / 8).min(good.len());
            let start = at.min(end);
            good[start..end].copy_from_slice(&bytes[..end - start]);
        }
        let small = Budget { bytes: 1 << 20, entries: 100 };
        for (name, bytes) in [("x.tar", &bytes), ("x.tgz", &bytes), ("x.zip", &bytes), ("x.zip", &zipped), ("x.tar", &tarball)] {
            let (_folder, result) = unpacked(name, bytes, small);
            if let Err(Refused::Disk(error)) = result {
                panic!("{name}: {error}");
            }
        }
    }
}
