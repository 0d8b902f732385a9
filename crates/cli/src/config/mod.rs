//! `caddis.toml` in the state folder: what it may say ([`schema`]) and reading it ([`load`]).
//!
//! What always holds: a key that Caddis does not know is an error that names the nearest one, never passed over; a
//! missing file means every default; flags of the command line go before it. `docs/CONFIG.md` describes each key.

mod load;
mod money;
mod schema;
mod values;

pub use load::{load, parse};
pub use money::{Listed, nearest_field, read_list};
pub use schema::{
    Config, Defaults, FixedCostConfig, InitActions, PoolConfig, PricesConfig, ServerConfig, StorageConfig, Times,
};
pub use values::{Money, Size, Span};
