//! Durations, sizes and money as a config file writes them.

use std::fmt;
use std::time::Duration;

use caddis_types::{NanoDollars, bytes, duration};
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// `30m`, or a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// `14GB`, or a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// `1.50` dollars, as a number or as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money(pub NanoDollars);

/// A number, or text, as one text. Says what was expected, since an untagged enum would speak of its variants.
struct Written(&'static str);

impl Visitor<'_> for Written {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        match number {
            0.. => Ok(number.to_string()),
            _ => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<String, E> {
        match number.is_finite() && number >= 0.0 {
            true => Ok(number.to_string()),
            false => Err(E::invalid_value(Unexpected::Float(number), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

/// What stands there, a number or a text, as text; `expected` is only told.
pub(super) fn written<'de, D: Deserializer<'de>>(from: D, expected: &'static str) -> Result<String, D::Error> {
    from.deserialize_any(Written(expected))
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        duration::parse(&written(from, "a duration such as `\"30m\"`, or a number of seconds,")?).map(Span).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        bytes::parse(&written(from, "a size such as `\"2GiB\"`, or a number of bytes,")?).map(Size).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        NanoDollars::parse(&written(from, "a sum of dollars such as `1.50`, 0 or more,")?).map(Money).map_err(de::Error::custom)
    }
}
