//! Projects and regions, and the names of what is in them.
//!
//! Any project and any region are served: they are labels here, as a DAG says them. What always holds: what has a
//! malformed name is refused before anything is looked up.

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
        if let Some(whole) = region_of_zone(region) {
            let what = format!("`{region}` is a zone; its region is `{whole}`");
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

/// The region of what is spelled as a zone: `us-central1-a`. Google makes a host of it that there is not.
fn region_of_zone(text: &str) -> Option<&str> {
    let (region, letter) = text.rsplit_once('-')?;
    let zone = letter.len() == 1 && letter.chars().all(|c| c.is_ascii_lowercase());
    (zone && region.contains('-') && region.ends_with(|c: char| c.is_ascii_digit())).then_some(region)
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
        for (project, region) in [("p", "US/../x"), ("..", "r"), (".", "r"), ("p", ".."), ("p/q", "r"), ("", "r")] {
            assert!(Place::new(project, region).is_err(), "{project} {region}");
        }
        let zone = Place::new("p", "us-central1-a").unwrap_err().message;
        assert!(zone.contains("its region is `us-central1`"), "{zone}");
    }
}
