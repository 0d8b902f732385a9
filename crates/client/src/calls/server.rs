//! The server itself, environments, and what is kept.

use caddis_types::api::{
    EnvironmentView, GoogleView, LoginLinkView, LoginLinkWish, PruneView, PruneWish, ServerView, ShutdownWish,
};
use hyper::Method;

use crate::exchange::{empty, part};
use crate::{Client, ClientError};

impl Client {
    /// The server and its pool.
    pub async fn server(&self) -> Result<ServerView, ClientError> {
        self.get("/v1/server").await
    }

    /// Ends the server; refused while something is active, unless forced. What runs goes on.
    pub async fn shutdown(&self, force: bool) -> Result<(), ClientError> {
        self.post::<serde_json::Value>("/v1/shutdown", &ShutdownWish { force }).await.map(drop)
    }

    /// Removes what is not needed any more, or says what would go.
    pub async fn prune(&self, wish: &PruneWish) -> Result<PruneView, ClientError> {
        self.post("/v1/prune", wish).await
    }

    /// The Python environments that Caddis keeps.
    pub async fn environments(&self) -> Result<Vec<EnvironmentView>, ClientError> {
        self.get("/v1/environments").await
    }

    /// One Python environment, by its id or the beginning of it.
    pub async fn environment(&self, id: &str) -> Result<EnvironmentView, ClientError> {
        self.get(&format!("/v1/environments/{}", part(id))).await
    }

    /// Removes a Python environment that nothing uses.
    pub async fn remove_environment(&self, id: &str) -> Result<(), ClientError> {
        let path = format!("/v1/environments/{}", part(id));
        self.exchange(Method::DELETE, &path, empty()).await.map(drop)
    }

    /// Serves Google's clients from now on, and says where they find the server.
    pub async fn google(&self) -> Result<GoogleView, ClientError> {
        self.post("/v1/google", &serde_json::json!({})).await
    }

    /// A link that logs a browser on this machine in, once, and then shows `next`.
    pub async fn login_link(&self, next: Option<&str>) -> Result<LoginLinkView, ClientError> {
        self.post("/v1/login-links", &LoginLinkWish { next: next.map(str::to_owned) }).await
    }
}
