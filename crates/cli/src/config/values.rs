//! Durations, sizes and money as a config file writes them.

use std::time::Duration;

use caddis_types::{NanoDollars, bytes, duration};
use serde::{Deserialize, Deserializer, de};

/// `30m`, or a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// `14GB`, or a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// `1.50` dollars, as a number or as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money(pub NanoDollars);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u64),
    Fraction(f64),
    Text(String),
}

impl Written {
    fn text(self) -> String {
        match self {
            Written::Number(number) => number.to_string(),
            Written::Fraction(number) => number.to_string(),
            Written::Text(text) => text,
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        duration::parse(&Written::deserialize(from)?.text()).map(Span).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        bytes::parse(&Written::deserialize(from)?.text()).map(Size).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        NanoDollars::parse(&Written::deserialize(from)?.text()).map(Money).map_err(de::Error::custom)
    }
}
