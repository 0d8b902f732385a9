//! The proof, as endpoints take it.

use axum::extract::FromRequestParts;
use caddis_engine::calls::Caller;
use hyper::StatusCode;
use hyper::http::request::Parts;

use super::{Peer, refusals};
use crate::http::Refusal;
use crate::openapi::{Asks, Operation};

/// Who asks. The guard put it there; an endpoint that the guard lets through without it refuses by itself.
#[derive(Clone, Debug)]
pub(crate) struct Who(pub(crate) Caller);

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Who, Refusal> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller
            .map(Who)
            .ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "not_logged_in", "it is not known who asks"))
    }
}

/// Who runs this server: he asks through the Unix socket. A page in a browser does not reach what asks for this.
#[derive(Clone, Debug)]
pub(crate) struct Operator(pub(crate) Caller);

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Operator, Refusal> {
        let Who(caller) = Who::from_request_parts(parts, state).await?;
        match parts.extensions.get::<Peer>() {
            Some(Peer::Socket(_)) => Ok(Operator(caller)),
            _ => Err(only_on_socket()),
        }
    }
}

/// Who asks, and whether he may see what is everybody's: whoever runs this server may.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    caller: Caller,
    operator: bool,
}

impl Sight {
    /// To see his own.
    pub(crate) fn own(self) -> Caller {
        self.caller
    }

    /// To see everybody's, or the refusal.
    pub(crate) fn of_all(self) -> Result<Caller, Refusal> {
        if self.operator { Ok(self.caller) } else { Err(only_on_socket()) }
    }
}

impl<S: Sync> FromRequestParts<S> for Sight {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Sight, Refusal> {
        let Who(caller) = Who::from_request_parts(parts, state).await?;
        Ok(Sight { caller, operator: matches!(parts.extensions.get::<Peer>(), Some(Peer::Socket(_))) })
    }
}

fn only_on_socket() -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "only_on_socket",
        "this is answered on the Unix socket only\nhint: use the command line on this machine",
    )
}

impl Asks for Who {
    fn describe(operation: &mut Operation<'_>) {
        operation.needs_login();
        operation.refuses(refusals::DOOR);
        if operation.changes {
            operation.refuses(&[(StatusCode::FORBIDDEN, "no_origin")]);
        }
    }
}

impl Asks for Operator {
    fn describe(operation: &mut Operation<'_>) {
        Who::describe(operation);
        operation.refuses(&[(StatusCode::FORBIDDEN, "only_on_socket")]);
    }
}

impl Asks for Sight {
    fn describe(operation: &mut Operation<'_>) {
        Operator::describe(operation);
    }
}
