//! What Google refuses in a policy and in a question for permissions.

use caddis_googleapis::iam::Policy;

use super::resource::Kind;
use crate::wire::Status;
use crate::wrong::Wrong;

/// Members of a policy, at most.
const MEMBERS: usize = 1500;

/// Refuses a policy, naming every field that is wrong.
pub(super) fn policy(policy: &Policy) -> Result<(), Status> {
    version("policy.version", policy.version)?;
    let mut wrong = Wrong::default();
    let members: usize = policy.bindings.iter().map(|binding| binding.members.len()).sum();
    if members > MEMBERS {
        wrong.add("policy.bindings", format!("{members} members are more than {MEMBERS}"));
    }
    for (index, binding) in policy.bindings.iter().enumerate() {
        let at = |field: &str| format!("policy.bindings[{index}].{field}");
        if !role(&binding.role) {
            wrong.add(at("role"), format!("`{}` is not a role, such as `roles/dataproc.viewer`", binding.role));
        }
        if binding.members.is_empty() {
            wrong.add(at("members"), "must name at least one");
        }
        if let Some(bad) = binding.members.iter().find(|member| !self::member(member)) {
            wrong.add(at("members"), format!("`{bad}` is not a member, such as `user:ann@example.com`"));
        }
        if binding.condition.is_some() && policy.version != 3 {
            wrong.add("policy.version", "must be 3 for a policy with conditions");
        }
    }
    wrong.done()
}

/// Versions of policies are 0, 1 and 3.
pub(super) fn version(field: &str, version: i32) -> Result<(), Status> {
    if matches!(version, 0 | 1 | 3) { Ok(()) } else { Err(Status::field(field, format!("`{version}` is neither 0, 1 nor 3"))) }
}

fn role(role: &str) -> bool {
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-:".contains(c));
    match role.split('/').collect::<Vec<_>>().as_slice() {
        ["roles", name] => word(name),
        ["projects" | "organizations", of, "roles", name] => word(of) && word(name),
        _ => false,
    }
}

fn member(member: &str) -> bool {
    const KINDS: [&str; 9] = [
        "user", "serviceAccount", "group", "domain", "principal", "principalSet", "projectOwner", "projectEditor",
        "projectViewer",
    ];
    let named = member.strip_prefix("deleted:").unwrap_or(member);
    let of_kind = named.split_once(':').is_some_and(|(kind, who)| KINDS.contains(&kind) && !who.is_empty());
    of_kind || matches!(member, "allUsers" | "allAuthenticatedUsers")
}

/// Refuses what is no permission on such a thing, `*` among it.
pub(super) fn permissions(kind: Kind, permissions: &[String]) -> Result<(), Status> {
    let prefix = format!("dataproc.{}.", kind.word());
    let good = |permission: &&String| {
        permission.strip_prefix(&prefix).is_some_and(|verb| !verb.is_empty() && verb.chars().all(|c| c.is_ascii_alphabetic()))
    };
    let mut wrong = Wrong::default();
    if permissions.is_empty() {
        wrong.add("permissions", "must name at least one");
    }
    if let Some(bad) = permissions.iter().find(|permission| !good(permission)) {
        wrong.add("permissions", format!("`{bad}` is not a permission on such a resource: those begin with `{prefix}`"));
    }
    wrong.done()
}

#[cfg(test)]
mod tests {
    use caddis_googleapis::google::r#type::Expr;
    use caddis_googleapis::iam::Binding;

    use super::*;

    fn with(role: &str, members: &[&str], condition: bool, version: i32) -> Result<(), Status> {
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        let condition = condition.then(Expr::default);
        policy(&Policy { version, bindings: vec![Binding { role: role.to_owned(), members, condition }], ..Policy::default() })
    }

    #[test]
    fn roles_members_and_versions() {
        assert_eq!(with("roles/dataproc.viewer", &["user:a@b.c", "allUsers"], false, 0), Ok(()));
        assert_eq!(with("projects/p/roles/own", &["deleted:user:a@b.c?uid=1"], true, 3), Ok(()));
        for (role, member, condition, version, field) in [
            ("viewer", "user:a@b.c", false, 1, "bindings[0].role"),
            ("roles/", "user:a@b.c", false, 1, "bindings[0].role"),
            ("roles/x", "ann", false, 1, "bindings[0].members"),
            ("roles/x", "user:", false, 1, "bindings[0].members"),
            ("roles/x", "user:a@b.c", true, 1, "policy.version"),
            ("roles/x", "user:a@b.c", false, 2, "policy.version"),
        ] {
            let refused = with(role, &[member], condition, version).unwrap_err().message;
            assert!(refused.contains(field), "{refused}");
        }
        assert!(with("roles/x", &[], false, 1).is_err());
    }

    #[test]
    fn permissions_are_those_of_the_kind() {
        let asked = |permission: &str| permissions(Kind::Cluster, &[permission.to_owned()]);
        assert_eq!(asked("dataproc.clusters.use"), Ok(()));
        for bad in ["dataproc.jobs.get", "dataproc.clusters.*", "dataproc.clusters.", "*", ""] {
            assert!(asked(bad).is_err(), "{bad}");
        }
        assert!(permissions(Kind::Cluster, &[]).is_err());
    }
}
