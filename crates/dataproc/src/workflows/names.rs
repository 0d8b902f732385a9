//! Names of templates: `projects/P/regions/R/workflowTemplates/ID`, or `locations` in the place of `regions`. Both name
//! the same template; each answer speaks as the question did.

use crate::place::Place;
use crate::wire::Status;

const KIND: &str = "workflowTemplates";

/// Where templates are, in the words of who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) place: Place,
    locations: bool,
}

impl Parent {
    /// From `projects/P/regions/R`.
    pub(super) fn parse(field: &str, name: &str) -> Result<Parent, Status> {
        Ok(Parent { place: Place::parent(field, name)?, locations: name.split('/').nth(2) == Some("locations") })
    }

    /// From the full name of a template: where it is, and its id.
    pub(super) fn of_template<'n>(field: &str, name: &'n str) -> Result<(Parent, &'n str), Status> {
        let (place, kind, id) = Place::parse(field, name)?;
        if kind != KIND {
            let what = format!("`{name}` is not of the form projects/*/regions/*/{KIND}/*");
            return Err(Status::field(field, what));
        }
        Ok((Parent { place, locations: name.split('/').nth(2) == Some("locations") }, id))
    }

    /// The full name of a template.
    pub(super) fn template(&self, id: &str) -> String {
        let Place { project, region } = &self.place;
        let collection = if self.locations { "locations" } else { "regions" };
        format!("projects/{project}/{collection}/{region}/{KIND}/{id}")
    }
}

/// The place in a document's key, `P/R/id`. It was checked when the document was made, by the rules of then.
pub(super) fn place_of(key: &str) -> Place {
    let mut parts = key.split('/').map(str::to_owned);
    Place { project: parts.next().unwrap_or_default(), region: parts.next().unwrap_or_default() }
}

/// Ids of templates and steps: 3 to 50 letters, digits, `_` and `-`, neither of the last two at an end.
pub(super) fn check_id(id: &str) -> Result<(), String> {
    let good = (3..=50).contains(&id.len())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && !id.starts_with(['-', '_'])
        && !id.ends_with(['-', '_']);
    match id {
        "" => Err("must be specified".to_owned()),
        _ if good => Ok(()),
        _ => Err(format!("`{id}` must match '[a-zA-Z0-9][a-zA-Z0-9_-]{{1,48}}[a-zA-Z0-9]'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_answered_as_it_was_asked() {
        for name in ["projects/p/regions/us-east1/workflowTemplates/one", "projects/p/locations/us-east1/workflowTemplates/one"] {
            let (parent, id) = Parent::of_template("name", name).unwrap();
            assert_eq!((parent.template(id).as_str(), parent.place.key(id).as_str()), (name, "p/us-east1/one"));
        }
        assert!(Parent::of_template("name", "projects/p/regions/us-east1/jobs/one").is_err());
    }

    #[test]
    fn ids() {
        for good in ["abc", "a_b", "A-1-b", &"x".repeat(50)] {
            assert_eq!(check_id(good), Ok(()), "{good}");
        }
        for bad in ["", "ab", "-ab", "ab_", "a b", "a/b", "äbc", &"x".repeat(51)] {
            assert!(check_id(bad).is_err(), "{bad}");
        }
    }
}
