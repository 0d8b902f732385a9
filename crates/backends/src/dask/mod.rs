//! Running schedulers, through the link of their preload (docs/KEEPER.md, "The link").

mod connection;
mod links;

pub use links::Links;
