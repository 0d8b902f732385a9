//! The whole document.

use serde_json::{Map, Value, json};

use super::routes::Entry;
use super::schemas::Schemas;
use super::{Operation, Routes};

const ABOUT: &str = "\
The native API of Caddis. It is served on the Unix socket `server.sock` of the state folder, where the kernel says who \
asks, and on a loopback port behind a login. A refusal changes nothing; its body is a `Problem`. Whatever is not \
described here is answered with 404 and the code `no_such_path`, or with 405 and `no_such_method`. Wishes must not \
hold unknown fields; answers may grow. A connection to the loopback port from a process of another user of the machine \
is refused with 403 and `foreign_user`, whatever it asks for.";

impl Routes {
    /// The description of all of them, as OpenAPI 3.1; and the names of shapes that mean two things.
    pub(crate) fn document(&self) -> (Value, Vec<String>) {
        let mut schemas = Schemas::new();
        let mut paths: Map<String, Value> = Map::new();
        for entry in &self.entries {
            let methods = paths.entry(template(entry.path)).or_insert_with(|| json!({}));
            methods[entry.method] = operation(entry, &mut schemas);
        }
        let (schemas, torn) = schemas.finish();
        let document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Caddis",
                "version": "1",
                "description": ABOUT,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": paths,
            "security": [{"session": []}, {"bearer": []}],
            "components": {"schemas": schemas, "securitySchemes": logins()},
        });
        (document, torn)
    }
}

fn operation(entry: &Entry, schemas: &mut Schemas) -> Value {
    let mut operation = Operation::new(schemas, entry.path, entry.method != "get");
    (entry.describe)(&mut operation);
    for refusals in entry.about.refuses {
        operation.refuses(refusals);
    }
    operation.finish(entry.tag, entry.about.id, entry.about.sentence)
}

/// OpenAPI has no word for the rest of a path.
fn template(path: &str) -> String {
    path.replace("{*", "{")
}

fn logins() -> Value {
    json!({
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "caddis-session-PORT",
            "description": "What a browser gets from a link of `caddis dashboard`; PORT is the server's.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The same secret, for programs. The Unix socket needs neither.",
        },
    })
}
