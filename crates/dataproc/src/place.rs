//! Projects and regions, and the names of what is in them.
//!
//! They are labels here, as a DAG says them: any project is served, and any region that is spelled as Google's are. What
//! always holds: what has a malformed name is refused before anything is looked up.

use crate::regions;
use crate::wire::Status;

/// A project and a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) project: String,
    pub(crate) region: String,
}

impl Place {
    /// Checks both, as Google words it.
    pub(crate) fn new(project: &str, region: &str) -> Result<Place, Status> {
        check("project_id", project, 63, |c| c.is_ascii_alphanumeric() || "-:._".contains(c))?;
        check("region", region, 63, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')?;
        // Google's clients make a host of a zone that there is not.
        if let Some(whole) = regions::of_zone(region) {
            let what = format!("`{region}` is a zone; its region is `{whole}`");
            return Err(Status::field("region", what));
        }
        if !regions::is_spelled_well(region) {
            let what = format!("`{region}` is not a region: those are spelled as `us-central1` is");
            return Err(Status::field("region", what));
        }
        Ok(Place { project: project.to_owned(), region: region.to_owned() })
    }

    /// From `projects/P/regions/R/...` or `projects/P/locations/R/...`: the place, the kind and the id below it.
    pub(crate) fn parse<'n>(field: &str, name: &'n str) -> Result<(Place, &'n str, &'n str), Status> {
        let parts: Vec<&str> = name.split('/').collect();
        match parts.as_slice() {
            ["projects", project, "regions" | "locations", region, kind, id] if !id.is_empty() => {
                Ok((Place::new(project, region)?, kind, id))
            }
            _ => Err(Status::field(field, format!("`{name}` is not of the form projects/*/regions/*/<kind>/<id>"))),
        }
    }

    /// From `projects/P/regions/R`.
    pub(crate) fn parent(field: &str, name: &str) -> Result<Place, Status> {
        match name.split('/').collect::<Vec<_>>().as_slice() {
            ["projects", project, "regions" | "locations", region] => Place::new(project, region),
            _ => Err(Status::field(field, format!("`{name}` is not of the form projects/*/regions/*"))),
        }
    }

    /// `projects/P/regions/R`.
    pub(crate) fn name(&self) -> String {
        format!("projects/{}/regions/{}", self.project, self.region)
    }

    /// The key of a document: `P/R/id`.
    pub(crate) fn key(&self, id: &str) -> String {
        format!("{}/{}/{id}", self.project, self.region)
    }

    /// The full name of what is here.
    pub(crate) fn of(&self, kind: &str, id: &str) -> String {
        format!("{}/{kind}/{id}", self.name())
    }
}

fn check(field: &str, text: &str, most: usize, good: impl Fn(char) -> bool) -> Result<(), Status> {
    match text {
        "" => Err(Status::field(field, "must be specified")),
        text if text.len() > most || text.starts_with('.') || !text.chars().all(good) => {
            Err(Status::field(field, format!("`{text}` is not a valid {}", field.trim_end_matches("_id"))))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_and_put_together() {
        let name = "projects/p-1/regions/us-central1/operations/o";
        let (place, kind, id) = Place::parse("name", name).unwrap();
        assert_eq!(place.of(kind, id), name);
        assert_eq!(place.key(id), "p-1/us-central1/o");
        assert_eq!(Place::parent("parent", "projects/p-1/locations/us-central1"), Ok(place));
        for bad in ["", "projects/p/regions/r", "projects/p/zones/r/operations/o", "projects//regions/r/operations/o"] {
            assert!(Place::parse("name", bad).is_err(), "{bad}");
        }
        for (project, region) in [
            ("p", "US/../x"), ("..", "us-east1"), (".", "us-east1"), ("p", ".."), ("p/q", "us-east1"), ("", "us-east1"), ("p", "r"),
            ("p", "us-central"), ("p", ""),
        ] {
            assert!(Place::new(project, region).is_err(), "{project} {region}");
        }
        let zone = Place::new("p", "us-central1-a").unwrap_err().message;
        assert!(zone.contains("its region is `us-central1`"), "{zone}");
    }
}
