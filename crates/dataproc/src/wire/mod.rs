//! Two wires, one set of calls: gRPC and REST, both made from the descriptors, both ending in [`Methods`].

mod bounds;
mod grpc;
mod methods;
mod rest;
mod status;

pub(crate) use grpc::{answer as answer_grpc, is_grpc};
pub(crate) use methods::{Asked, Methods};
pub(crate) use rest::{Form, Routes, answer as answer_rest, json, refuse as refuse_rest};
pub(crate) use status::{Code, Status, any};
