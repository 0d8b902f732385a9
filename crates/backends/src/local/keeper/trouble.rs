//! Errors of the file system as the caller of `start` is told them.

use std::io;

use super::wire::WireError;

/// An error of this code; where a full disk is behind it, that is the code, whatever could not be written.
pub(super) fn of_files(code: &str, message: String, error: &io::Error) -> WireError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            WireError::new("disk_full", message)
        }
        _ => WireError::new(code, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_troubles() {
        let code = |errno: rustix::io::Errno| of_files("journal", String::new(), &errno.into()).code;
        for errno in [
            rustix::io::Errno::NOSPC,
            rustix::io::Errno::DQUOT,
            rustix::io::Errno::FBIG,
        ] {
            assert_eq!(code(errno), "disk_full");
        }
        for errno in [rustix::io::Errno::ROFS, rustix::io::Errno::IO] {
            assert_eq!(code(errno), "journal");
        }
    }
}
