//! A template's parameters: what may be said of them in the template, and their values put in when it is instantiated.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use caddis_googleapis::dataproc::parameter_validation::ValidationType;
use caddis_googleapis::dataproc::{TemplateParameter, WorkflowTemplate};
use prost::Message;
use regex::{Regex, RegexBuilder};

use super::field_path::FieldPath;
use crate::raw;
use crate::wire::Status;

const TEMPLATE: &str = "google.cloud.dataproc.v1.WorkflowTemplate";
const LONGEST_NAME: usize = 40;
const LONGEST_VALUE: usize = 1000;
const LONGEST_DESCRIPTION: usize = 1024;
/// A regular expression larger than this, once compiled, is refused: it is somebody else's text.
const REGEX_BYTES: usize = 1 << 20;

type Wrong = Vec<(String, String)>;

/// Adds what is wrong with the parameters of a template.
pub(super) fn check(template: &WorkflowTemplate, wrong: &mut Wrong) {
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for (index, parameter) in template.parameters.iter().enumerate() {
        let at = |field: &str| format!("template.parameters[{index}].{field}");
        if let Err(what) = name(&parameter.name) {
            wrong.push((at("name"), what));
        } else if !names.insert(&parameter.name) {
            wrong.push((at("name"), format!("`{}` is the name of another parameter as well", parameter.name)));
        }
        if parameter.fields.is_empty() {
            wrong.push((at("fields"), "must name at least one field".to_owned()));
        }
        for (number, path) in parameter.fields.iter().enumerate() {
            let field = at(&format!("fields[{number}]"));
            match leads_somewhere(template, path) {
                Err(what) => wrong.push((field, what)),
                Ok(path) if paths.contains(&format!("{path:?}")) => {
                    wrong.push((field, "a field can be replaced by one parameter only, once".to_owned()));
                }
                Ok(path) => drop(paths.insert(format!("{path:?}"))),
            }
        }
        if parameter.description.chars().count() > LONGEST_DESCRIPTION {
            wrong.push((at("description"), format!("has more than {LONGEST_DESCRIPTION} characters")));
        }
        validation(parameter, &at("validation"), wrong);
    }
}

/// The template with these values, and the values that were used.
pub(super) fn apply(kept: &Bytes, values: &BTreeMap<String, String>) -> Result<Bytes, Status> {
    let template = super::decode(kept)?;
    let wrong = wrong_values(&template.parameters, values);
    if !wrong.is_empty() {
        return Err(Status::fields(wrong));
    }
    let mut message = raw::read(TEMPLATE, kept.clone())?;
    for parameter in &template.parameters {
        let value = &values[&parameter.name];
        for path in &parameter.fields {
            let set = FieldPath::parse(path).and_then(|path| path.set(&mut message, value));
            set.map_err(|what| Status::field(&format!("parameters.{}", parameter.name), what))?;
        }
    }
    Ok(message.encode_to_vec().into())
}

fn wrong_values(parameters: &[TemplateParameter], values: &BTreeMap<String, String>) -> Wrong {
    let mut wrong = Wrong::new();
    for unknown in values.keys().filter(|name| !parameters.iter().any(|parameter| parameter.name == **name)) {
        wrong.push((format!("parameters.{unknown}"), format!("the template has no parameter `{unknown}`")));
    }
    for parameter in parameters {
        let field = format!("parameters.{}", parameter.name);
        let checked = match values.get(&parameter.name) {
            None => Err("must be specified".to_owned()),
            Some(value) if value.chars().count() > LONGEST_VALUE => Err(format!("has more than {LONGEST_VALUE} characters")),
            Some(value) => allowed(parameter, value),
        };
        wrong.extend(checked.err().map(|what| (field, what)));
    }
    wrong
}

fn allowed(parameter: &TemplateParameter, value: &str) -> Result<(), String> {
    match parameter.validation.as_ref().and_then(|validation| validation.validation_type.as_ref()) {
        None => Ok(()),
        Some(ValidationType::Values(allowed)) if allowed.values.iter().any(|one| one == value) => Ok(()),
        Some(ValidationType::Values(allowed)) => {
            Err(format!("`{value}` is not one of {}", allowed.values.join(", ")))
        }
        Some(ValidationType::Regex(regex)) => {
            let matches = |text: &String| whole(text).is_ok_and(|regex| regex.is_match(value));
            match regex.regexes.iter().all(matches) {
                true => Ok(()),
                false => Err(format!("`{value}` does not match '{}'", regex.regexes.join("' and '"))),
            }
        }
    }
}

/// A regular expression that takes whole values: a part that matches is not enough.
fn whole(text: &str) -> Result<Regex, String> {
    let alone = RegexBuilder::new(text).size_limit(REGEX_BYTES).build();
    let both = alone.and_then(|_| RegexBuilder::new(&format!(r"\A(?:{text})\z")).size_limit(REGEX_BYTES).build());
    both.map_err(|error| format!("`{text}` is not a regular expression: {}", error.to_string().replace('\n', " ")))
}

fn validation(parameter: &TemplateParameter, at: &str, wrong: &mut Wrong) {
    match parameter.validation.as_ref().map(|validation| validation.validation_type.as_ref()) {
        None => {}
        Some(None) => wrong.push((at.to_owned(), "must have `regex` or `values`".to_owned())),
        Some(Some(ValidationType::Values(allowed))) if allowed.values.is_empty() => {
            wrong.push((format!("{at}.values.values"), "must name at least one value".to_owned()));
        }
        Some(Some(ValidationType::Values(_))) => {}
        Some(Some(ValidationType::Regex(regex))) if regex.regexes.is_empty() => {
            wrong.push((format!("{at}.regex.regexes"), "must name at least one regular expression".to_owned()));
        }
        Some(Some(ValidationType::Regex(regex))) => {
            for (index, text) in regex.regexes.iter().enumerate() {
                wrong.extend(whole(text).err().map(|what| (format!("{at}.regex.regexes[{index}]"), what)));
            }
        }
    }
}

/// Whether a path reaches something in this template.
fn leads_somewhere(template: &WorkflowTemplate, path: &str) -> Result<FieldPath, String> {
    let path = FieldPath::parse(path)?;
    let mut copy = raw::read(TEMPLATE, template.encode_to_vec().into()).map_err(|status| status.message)?;
    path.set(&mut copy, if path.is_number() { "2" } else { "x" })?;
    Ok(path)
}

fn name(name: &str) -> Result<(), String> {
    let good = name.len() <= LONGEST_NAME
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    match name {
        "" => Err("must be specified".to_owned()),
        _ if good => Ok(()),
        _ => Err(format!("`{name}` must match '[A-Z_][A-Z0-9_]{{0,39}}'")),
    }
}

#[cfg(test)]
mod tests {
    use caddis_googleapis::dataproc::{ParameterValidation, RegexValidation, ValueValidation};

    use super::*;

    fn parameter(name: &str, field: &str, validation: Option<ValidationType>) -> TemplateParameter {
        TemplateParameter {
            name: name.to_owned(),
            fields: vec![field.to_owned()],
            validation: validation.map(|kind| ParameterValidation { validation_type: Some(kind) }),
            ..TemplateParameter::default()
        }
    }

    fn template() -> WorkflowTemplate {
        let regex = ValidationType::Regex(RegexValidation { regexes: vec!["[a-z]+|x1".to_owned()] });
        let values = ValidationType::Values(ValueValidation { values: vec!["dev".to_owned(), "prod".to_owned()] });
        WorkflowTemplate {
            labels: [("team".to_owned(), "x".to_owned())].into(),
            parameters: vec![
                parameter("TEAM", "labels['team']", Some(regex)),
                parameter("STAGE", "labels['stage']", Some(values)),
            ],
            ..WorkflowTemplate::default()
        }
    }

    fn applied(values: &[(&str, &str)]) -> Result<WorkflowTemplate, String> {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let bytes = apply(&template().encode_to_vec().into(), &values).map_err(|status| status.message)?;
        Ok(WorkflowTemplate::decode(bytes).unwrap())
    }

    #[test]
    fn values_are_put_in() {
        let labels = applied(&[("TEAM", "risk"), ("STAGE", "dev")]).unwrap().labels;
        assert_eq!((labels["team"].as_str(), labels["stage"].as_str()), ("risk", "dev"));
    }

    #[test]
    fn values_are_checked_as_a_whole_and_every_wrong_one_is_named() {
        let text = applied(&[("TEAM", "risk9"), ("STAGE", "test"), ("OTHER", "x")]).unwrap_err();
        for field in ["parameters.TEAM", "parameters.STAGE", "parameters.OTHER"] {
            assert!(text.contains(field), "{text}");
        }
        assert!(applied(&[("TEAM", "risk")]).unwrap_err().contains("parameters.STAGE"));
        // An alternative is no way out of the whole.
        assert!(applied(&[("TEAM", "x1 and more"), ("STAGE", "dev")]).is_err());
        assert!(applied(&[("TEAM", "a\n"), ("STAGE", "dev")]).is_err());
    }

    #[test]
    fn what_is_wrong_with_parameters_themselves_is_named() {
        let mut bad = template();
        bad.parameters.push(parameter("team", "labels['team']", None));
        bad.parameters.push(parameter("TEAM", "labels", None));
        let unbalanced = ValidationType::Regex(RegexValidation { regexes: vec![")(".to_owned()] });
        bad.parameters.push(parameter("C", "labels['c']", Some(unbalanced)));
        let mut wrong = Wrong::new();
        check(&bad, &mut wrong);
        let fields: Vec<&str> = wrong.iter().map(|(field, _)| field.as_str()).collect();
        let expected = [
            "template.parameters[2].name",
            "template.parameters[2].fields[0]",
            "template.parameters[3].name",
            "template.parameters[3].fields[0]",
            "template.parameters[4].validation.regex.regexes[0]",
        ];
        assert_eq!(fields, expected);
        let mut good = Wrong::new();
        check(&template(), &mut good);
        assert!(good.is_empty(), "{good:?}");
    }
}
