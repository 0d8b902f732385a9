//! Routes, each with its description.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, any, on};

use super::described::Described;
use super::{About, Operation};
use crate::face::Face;

/// One described endpoint.
pub(super) struct Entry {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) tag: &'static str,
    pub(super) about: &'static About,
    pub(super) describe: fn(&mut Operation<'_>),
}

/// A router that knows what it serves.
pub(crate) struct Routes {
    pub(super) tag: &'static str,
    router: Router<Face>,
    pub(super) entries: Vec<Entry>,
}

impl Routes {
    /// No routes yet; those that come are about this noun.
    pub(crate) fn of(tag: &'static str) -> Routes {
        Routes { tag, router: Router::new(), entries: Vec::new() }
    }

    pub(crate) fn get<T: 'static, H>(self, path: &'static str, endpoint: H, about: &'static About) -> Routes
    where
        H: Handler<T, Face> + Described<T>,
    {
        self.add("get", path, on(MethodFilter::GET, endpoint), about, H::describe)
    }

    pub(crate) fn post<T: 'static, H>(self, path: &'static str, endpoint: H, about: &'static About) -> Routes
    where
        H: Handler<T, Face> + Described<T>,
    {
        self.add("post", path, on(MethodFilter::POST, endpoint), about, H::describe)
    }

    pub(crate) fn put<T: 'static, H>(self, path: &'static str, endpoint: H, about: &'static About) -> Routes
    where
        H: Handler<T, Face> + Described<T>,
    {
        self.add("put", path, on(MethodFilter::PUT, endpoint), about, H::describe)
    }

    pub(crate) fn delete<T: 'static, H>(self, path: &'static str, endpoint: H, about: &'static About) -> Routes
    where
        H: Handler<T, Face> + Described<T>,
    {
        self.add("delete", path, on(MethodFilter::DELETE, endpoint), about, H::describe)
    }

    /// Every method; described once, as `GET`.
    pub(crate) fn any<T: 'static, H>(self, path: &'static str, endpoint: H, about: &'static About) -> Routes
    where
        H: Handler<T, Face> + Described<T>,
    {
        self.add("get", path, any(endpoint), about, H::describe)
    }

    /// Those of another noun as well.
    pub(crate) fn and(mut self, other: Routes) -> Routes {
        self.router = self.router.merge(other.router);
        self.entries.extend(other.entries);
        self
    }

    /// What serves them.
    pub(crate) fn router(self) -> Router<Face> {
        self.router
    }

    #[expect(clippy::disallowed_methods, reason = "this is where a route is described as it is added")]
    fn add(
        mut self,
        method: &'static str,
        path: &'static str,
        route: MethodRouter<Face>,
        about: &'static About,
        describe: fn(&mut Operation<'_>),
    ) -> Routes {
        self.router = self.router.route(path, route);
        self.entries.push(Entry { method, path, tag: self.tag, about, describe });
        self
    }
}
