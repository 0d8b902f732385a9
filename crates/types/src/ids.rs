//! Typed ids with prefixes for people: `job_…`, `cl_…`.
//!
//! An id is 16 characters of Crockford's base 32 in lower case: 45 bits of milliseconds since 1970, then 35 random
//! bits, so ids sort by age. The time and the random bits come from the caller: this room has no clock.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use rand::Rng;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 16;

/// A text that is not an id of the expected kind.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{text}` is not a {kind} id\nhint: {kind} ids look like `{prefix}0123456789abcdef`")]
pub struct IdError {
    /// What was given.
    pub text: String,
    /// The kind that was expected, in words.
    pub kind: &'static str,
    /// The prefix of that kind.
    pub prefix: &'static str,
}

fn body(now: Timestamp, rng: &mut impl Rng) -> String {
    let millis = u128::from((now.0 / 1000) as u64 & ((1 << 45) - 1));
    let random = u128::from(rng.next_u64() & ((1 << 35) - 1));
    let bits = millis << 35 | random;
    (0..LENGTH).rev().map(|i| ALPHABET[(bits >> (5 * i) & 31) as usize] as char).collect()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, from the given time and random source.
            pub fn new(now: Timestamp, rng: &mut impl Rng) -> Self {
                Self(format!("{}{}", $prefix, body(now, rng)))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let good = text.strip_prefix($prefix).is_some_and(|body| {
                    body.len() == LENGTH && body.bytes().all(|b| ALPHABET.contains(&b))
                });
                if good {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { text: text.to_owned(), kind: $kind, prefix: $prefix })
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "description": concat!("The id of a ", $kind, "."),
                    "type": "string",
                    "pattern": concat!("^", $prefix, "[0-9a-hjkmnp-tv-z]{16}$"),
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    )+};
}

ids! {
    /// A job: a program with its arguments, environment and cluster wish.
    JobId, "job_", "job";
    /// A cluster: one scheduler and its worker slots.
    ClusterId, "cl_", "cluster";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Fixed(u64);
    impl rand::TryRng for Fixed {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(self.0 as u32)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(self.0)
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            Ok(())
        }
    }

    #[test]
    fn the_expected_kind_is_named() {
        let error = "job_0123456789abcdef".parse::<ClusterId>().unwrap_err();
        assert_eq!(error.kind, "cluster");
    }

    proptest! {
        #[test]
        fn ids_survive_text_and_sort_by_age(a in 0i64..1 << 54, b in 0i64..1 << 54, r in any::<u64>()) {
            let (x, y) = (JobId::new(Timestamp(a), &mut Fixed(r)), JobId::new(Timestamp(b), &mut Fixed(r)));
            prop_assert_eq!(&x, &x.as_str().parse::<JobId>().unwrap());
            prop_assert_eq!((a / 1000).cmp(&(b / 1000)), x.cmp(&y));
        }
    }
}
