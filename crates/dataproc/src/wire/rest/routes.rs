//! Which method a verb and a path mean, from the `google.api.http` rules of the served methods.

use caddis_googleapis::pool;
use http::Method as Verb;
use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use super::template::Template;
use crate::wire::methods::Methods;

/// Rules that Dataproc's service configuration adds to the mixins, whose own protos have other paths.
const MIXINS: &[(&str, &str, &str, &str)] = &[
    ("google.longrunning.Operations/GetOperation", "GET", "/v1/{name=projects/*/regions/*/operations/*}", ""),
    ("google.longrunning.Operations/GetOperation", "GET", "/v1/{name=projects/*/locations/*/operations/*}", ""),
    ("google.longrunning.Operations/ListOperations", "GET", "/v1/{name=projects/*/regions/*/operations}", ""),
    ("google.longrunning.Operations/ListOperations", "GET", "/v1/{name=projects/*/locations/*/operations}", ""),
    ("google.longrunning.Operations/CancelOperation", "POST", "/v1/{name=projects/*/regions/*/operations/*}:cancel", ""),
    ("google.longrunning.Operations/CancelOperation", "POST", "/v1/{name=projects/*/locations/*/operations/*}:cancel", ""),
    ("google.longrunning.Operations/DeleteOperation", "DELETE", "/v1/{name=projects/*/regions/*/operations/*}", ""),
    ("google.longrunning.Operations/DeleteOperation", "DELETE", "/v1/{name=projects/*/locations/*/operations/*}", ""),
];

/// One way to ask a method by REST.
pub(crate) struct Route {
    /// `package.Service/Method`.
    pub(crate) path: String,
    verb: Verb,
    template: Template,
    /// The field that the body is; `*` for the whole request, empty for none.
    pub(crate) body: String,
}

/// A route, and the fields that a path named.
pub(crate) type Found<'r> = (&'r Route, Vec<(&'r str, String)>);

/// All ways, the most exact template first.
pub(crate) struct Routes {
    routes: Vec<Route>,
}

impl Routes {
    /// From the rules of these methods.
    pub(crate) fn of<S: Send + Sync + 'static>(methods: &Methods<S>) -> Routes {
        let mut routes = Vec::new();
        for (path, method) in methods.iter() {
            let http = pool().get_extension_by_name("google.api.http").expect("the protos have the HTTP rules");
            let options = method.descriptor.options();
            if path.starts_with("google.longrunning.") || !options.has_extension(&http) {
                continue;
            }
            if let Value::Message(rule) = options.get_extension(&http).into_owned() {
                rules(path, &rule, &mut routes);
            }
        }
        routes.extend(MIXINS.iter().filter(|(path, ..)| methods.get(path).is_some()).map(|(path, verb, template, body)| {
            Route::new(path, verb, template, body)
        }));
        routes.sort_by_key(|route| std::cmp::Reverse(route.template.literals()));
        Routes { routes }
    }

    /// The route that is meant, and the fields that its path names; else whether another verb would do.
    pub(crate) fn find(&self, verb: &Verb, path: &str) -> Result<Found<'_>, bool> {
        let mut other_verb = false;
        for route in &self.routes {
            if let Some(fields) = route.template.matches(path) {
                if route.verb == *verb {
                    return Ok((route, fields));
                }
                other_verb = true;
            }
        }
        Err(other_verb)
    }
}

impl Route {
    fn new(path: &str, verb: &str, template: &str, body: &str) -> Route {
        let verb = verb.parse().unwrap_or_else(|_| panic!("`{verb}` is a verb of HTTP"));
        Route { path: path.to_owned(), verb, template: Template::parse(template), body: body.to_owned() }
    }
}

/// A rule and its additional bindings.
fn rules(path: &str, rule: &DynamicMessage, routes: &mut Vec<Route>) {
    let text = |name: &str| rule.get_field_by_name(name).and_then(|value| value.as_str().map(str::to_owned));
    for verb in ["get", "put", "post", "delete", "patch"] {
        let set = rule.descriptor().get_field_by_name(verb).is_some_and(|field| rule.has_field(&field));
        if let Some(template) = text(verb).filter(|_| set) {
            routes.push(Route::new(path, &verb.to_uppercase(), &template, &text("body").unwrap_or_default()));
        }
    }
    let more = rule.get_field_by_name("additional_bindings");
    for more in more.iter().filter_map(|value| value.as_list()).flatten().filter_map(Value::as_message) {
        rules(path, more, routes);
    }
}
