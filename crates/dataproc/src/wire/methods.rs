//! The methods that are served, by their full names. A wire decodes a request, finds its method here, and encodes what
//! it answers; a method knows nothing of wires.
//!
//! Messages travel as bytes between the two, so that fields which are newer than our protos are not lost on the way.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use caddis_engine::calls::Caller;
use caddis_engine::ports::DocumentWrite;
use caddis_googleapis::pool;
use prost::Message;
use prost_reflect::{MessageDescriptor, MethodDescriptor};

use super::{Code, Status, bounds};

type Answer = Pin<Box<dyn Future<Output = Result<Bytes, Status>> + Send>>;
type Handler<S> = Box<dyn Fn(Arc<S>, Caller, Bytes) -> Answer + Send + Sync>;

/// A request as it was read, and as it came.
pub(crate) struct Asked<M> {
    /// Who asks.
    pub(crate) caller: Caller,
    /// What is known of it.
    pub(crate) message: M,
    /// All of it.
    pub(crate) raw: Bytes,
    /// What is to be written in the same transaction; of requests that come from inside.
    pub(crate) also: Vec<DocumentWrite>,
}

impl<M: Message + Default> Asked<M> {
    /// A request that this face makes itself, in the name of `caller`.
    pub(crate) fn inside(caller: Caller, raw: Bytes, also: Vec<DocumentWrite>) -> Result<Asked<M>, Status> {
        let message = M::decode(raw.clone()).map_err(|error| Status::new(Code::Internal, error.to_string()))?;
        Ok(Asked { caller, message, raw, also })
    }
}

/// One method.
pub(crate) struct Method<S> {
    pub(crate) descriptor: MethodDescriptor,
    handler: Handler<S>,
}

impl<S> Method<S> {
    /// What it is asked with.
    pub(crate) fn input(&self) -> MessageDescriptor {
        self.descriptor.input()
    }

    /// What it answers.
    pub(crate) fn output(&self) -> MessageDescriptor {
        self.descriptor.output()
    }

    /// Asks it.
    pub(crate) fn call(&self, state: Arc<S>, caller: Caller, request: Bytes) -> Answer {
        (self.handler)(state, caller, request)
    }
}

/// All methods, by `package.Service/Method`.
pub(crate) struct Methods<S> {
    by_path: HashMap<String, Method<S>>,
}

impl<S: Send + Sync + 'static> Methods<S> {
    /// None yet.
    pub(crate) fn new() -> Methods<S> {
        Methods { by_path: HashMap::new() }
    }

    /// Adds `service/name`, served by `function`. Panics when the protos do not have it: a mistake in this crate.
    pub(crate) fn add<M, A, F, R>(&mut self, service: &str, name: &str, function: F) -> &mut Self
    where
        M: Message + Default + 'static,
        A: Message + 'static,
        F: Fn(Arc<S>, Asked<M>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<A, Status>> + Send + 'static,
    {
        self.add_raw(service, name, move |state, asked| {
            let answer = function(state, asked);
            async move { answer.await.map(|message| Bytes::from(message.encode_to_vec())) }
        })
    }

    /// The same for a method whose answer holds fields that are newer than our protos, and comes encoded.
    pub(crate) fn add_raw<M, F, R>(&mut self, service: &str, name: &str, function: F) -> &mut Self
    where
        M: Message + Default + 'static,
        F: Fn(Arc<S>, Asked<M>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Bytes, Status>> + Send + 'static,
    {
        let found = pool().get_service_by_name(service).and_then(|found| found.methods().find(|m| m.name() == name));
        let descriptor = found.unwrap_or_else(|| panic!("the protos have no `{service}/{name}`"));
        let input = descriptor.input();
        let handler: Handler<S> = Box::new(move |state, caller, raw| {
            if let Err(status) = bounds::check(input.clone(), &raw) {
                return Box::pin(std::future::ready(Err(status)));
            }
            match M::decode(raw.clone()) {
                Ok(message) => Box::pin(function(state, Asked { caller, message, raw, also: Vec::new() })),
                Err(error) => {
                    let text = format!("the request is not a valid message: {error}");
                    Box::pin(std::future::ready(Err(Status::new(Code::InvalidArgument, text))))
                }
            }
        });
        self.by_path.insert(format!("{service}/{name}"), Method { descriptor, handler });
        self
    }

    /// The method at `package.Service/Method`.
    pub(crate) fn get(&self, path: &str) -> Option<&Method<S>> {
        self.by_path.get(path)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Method<S>)> {
        self.by_path.iter().map(|(path, method)| (path.as_str(), method))
    }
}
