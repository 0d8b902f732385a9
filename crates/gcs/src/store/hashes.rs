//! The checksums that Google's clients compare: MD5 and CRC32C (Castagnoli).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc::{CRC_32_ISCSI, Crc, Digest, Table};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::StoreError;

static CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// Both, of what was seen so far.
pub(crate) struct Hashes {
    md5: Md5,
    crc32c: Digest<'static, u32, Table<16>>,
}

impl Default for Hashes {
    fn default() -> Hashes {
        Hashes { md5: Md5::new(), crc32c: CRC32C.digest() }
    }
}

impl Hashes {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.crc32c.update(bytes);
    }

    pub(crate) fn finish(self) -> Sums {
        Sums { md5: STANDARD.encode(self.md5.finalize()), crc32c: STANDARD.encode(self.crc32c.finalize().to_be_bytes()) }
    }
}

/// Both as the API writes them, in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) md5: String,
    pub(crate) crc32c: String,
}

/// The checksums that a client says its bytes have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Expected {
    /// `md5Hash`.
    pub md5: Option<String>,
    /// `crc32c`.
    pub crc32c: Option<String>,
}

impl Expected {
    /// Refuses bytes that are not those the client meant.
    pub(crate) fn check(&self, sums: &Sums) -> Result<(), StoreError> {
        let pairs = [("md5Hash", "MD5", &self.md5, &sums.md5), ("crc32c", "CRC32C", &self.crc32c, &sums.crc32c)];
        for (field, name, said, found) in pairs {
            if let Some(said) = said.as_ref().filter(|said| *said != found) {
                let text = format!("Provided {name} hash \"{said}\" doesn't match calculated {name} hash \"{found}\".");
                return Err(StoreError::invalid(field, text));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_sums() {
        let mut hashes = Hashes::default();
        hashes.update(b"12345");
        hashes.update(b"6789");
        let sums = hashes.finish();
        // The check values of RFC 3720 (0xE3069283) and RFC 1321.
        assert_eq!(sums.crc32c, STANDARD.encode(0xE306_9283_u32.to_be_bytes()));
        assert_eq!(STANDARD.decode(&sums.md5).unwrap(), 0x25f9_e794_323b_4538_85f5_181f_1b62_4d0b_u128.to_be_bytes());
        let wrong = Expected { md5: Some("x".to_owned()), crc32c: None };
        assert!(wrong.check(&sums).unwrap_err().to_string().contains("doesn't match calculated MD5 hash"));
        assert!(Expected { md5: None, crc32c: Some(sums.crc32c.clone()) }.check(&sums).is_ok());
    }
}
