//! Jobs.

mod cancel;
mod events;
mod list;
mod logs;
mod retry;
mod show;
mod stdin;
mod submit;

use crate::openapi::Routes;

pub(super) fn routes() -> Routes {
    Routes::of("jobs")
        .post("/v1/jobs", submit::submit, &submit::ABOUT)
        .get("/v1/jobs", list::list, &list::ABOUT)
        .get("/v1/jobs/{reference}", show::show, &show::ABOUT)
        .post("/v1/jobs/{reference}/cancel", cancel::cancel, &cancel::ABOUT)
        .post("/v1/jobs/{reference}/retry", retry::retry, &retry::ABOUT)
        .get("/v1/jobs/{reference}/events", events::events, &events::ABOUT)
        .get("/v1/jobs/{reference}/logs/{stream}", logs::logs, &logs::ABOUT)
        .put("/v1/jobs/{reference}/stdin", stdin::stdin, &stdin::ABOUT)
}
