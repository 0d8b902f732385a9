//! Clusters.

mod adapt;
mod connection;
mod create;
mod decisions;
mod list;
mod logs;
mod members;
mod scale;
mod show;
mod stop;

use crate::openapi::Routes;

pub(super) fn routes() -> Routes {
    Routes::of("clusters")
        .post("/v1/clusters", create::create, &create::ABOUT)
        .get("/v1/clusters", list::list, &list::ABOUT)
        .get("/v1/clusters/{reference}", show::show, &show::ABOUT)
        .post("/v1/clusters/{reference}/scale", scale::scale, &scale::ABOUT)
        .post("/v1/clusters/{reference}/adapt", adapt::adapt, &adapt::ABOUT)
        .get("/v1/clusters/{reference}/decisions", decisions::decisions, &decisions::ABOUT)
        .post("/v1/clusters/{reference}/stop", stop::stop, &stop::ABOUT)
        .get("/v1/clusters/{reference}/connection", connection::connection, &connection::ABOUT)
        .get("/v1/clusters/{reference}/members", members::members, &members::ABOUT)
        .get("/v1/clusters/{reference}/logs", logs::logs, &logs::ABOUT)
}
