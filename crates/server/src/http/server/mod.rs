//! The server itself and what it keeps.

mod prune;
mod show;
mod shutdown;

use crate::openapi::Routes;

pub(super) fn routes() -> Routes {
    Routes::of("server")
        .get("/v1/server", show::show, &show::ABOUT)
        .post("/v1/prune", prune::prune, &prune::ABOUT)
        .post("/v1/shutdown", shutdown::shutdown, &shutdown::ABOUT)
}
