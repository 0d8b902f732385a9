//! `GET /v1/server`: the server and its pool.

use axum::Json;
use axum::extract::State;
use caddis_engine::pass::pool_view;
use caddis_types::api::ServerView;
use caddis_types::bytes::GIB;

use crate::auth::Who;
use crate::face::Face;
use crate::http::Refusal;
use crate::openapi::About;

pub(super) const ABOUT: About = About::new("show_server", "The server and its pool.");

pub(super) async fn show(State(face): State<Face>, _: Who) -> Result<Json<ServerView>, Refusal> {
    let ports = &face.assembly.engine.ports;
    let (pool, _, _) = pool_view(ports).await?;
    let (jobs, clusters) = face.active().await?;
    let held: u64 = pool.held.values().sum();
    Ok(Json(ServerView {
        version: face.assembly.version.clone(),
        pid: std::process::id(),
        started_at: face.started_at,
        http: face.base(),
        pool_used: u32::try_from(held.div_ceil(GIB)).unwrap_or(u32::MAX),
        pool_size: ports.backend.pool().slots(),
        slot_memory: GIB,
        jobs_active: u32::try_from(jobs).unwrap_or(u32::MAX),
        clusters_active: u32::try_from(clusters).unwrap_or(u32::MAX),
        home: face.assembly.home.path().display().to_string(),
    }))
}
