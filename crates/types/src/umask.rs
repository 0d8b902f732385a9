//! The bits that are taken from the mode of every new file.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A file mode creation mask, as the shell's `umask` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Umask(u32);

impl Umask {
    /// The bits.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Whether it is what nearly everybody has.
    pub fn is_usual(&self) -> bool {
        *self == Umask::default()
    }
}

impl Default for Umask {
    /// Nobody else may write.
    fn default() -> Umask {
        Umask(0o022)
    }
}

impl TryFrom<u32> for Umask {
    type Error = String;
    fn try_from(bits: u32) -> Result<Umask, String> {
        match bits {
            0..=0o777 => Ok(Umask(bits)),
            _ => Err(format!("a umask has nine bits, {bits:o} (octal) has more")),
        }
    }
}

impl From<Umask> for u32 {
    fn from(umask: Umask) -> u32 {
        umask.0
    }
}

impl JsonSchema for Umask {
    fn schema_name() -> Cow<'static, str> {
        "Umask".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A file mode creation mask, as the shell's `umask` shows it, as a decimal number.",
            "type": "integer",
            "minimum": 0,
            "maximum": 0o777,
        })
    }
}

impl fmt::Display for Umask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_bits_are_all() {
        for bits in [0, 0o077, 0o777] {
            assert_eq!(serde_json::from_str::<Umask>(&bits.to_string()).unwrap().bits(), bits);
        }
        assert!(serde_json::from_str::<Umask>("512").is_err());
        assert_eq!(Umask::default().to_string(), "0022");
    }
}
