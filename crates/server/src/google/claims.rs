//! What a signed token says of itself (RFC 7519), and whether that is good here and now.

use serde::Deserialize;

/// Signed tokens that claim to be good for longer are refused; Google's own are good for an hour.
const LONGEST: i64 = 3600 + LEEWAY;
/// Clocks of clients may differ from ours by so many seconds.
const LEEWAY: i64 = 300;

/// The claims that are looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    exp: i64,
    iat: i64,
    aud: Option<Audience>,
}

/// Whom it is meant for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Claims {
    /// Whether they are this account's, meant for us, and good at this second. A token without an audience has a scope
    /// instead, as Google's clients make them; the key exists for this machine alone.
    pub(super) fn good(&self, email: &str, now: i64) -> bool {
        let meant = match &self.aud {
            None => true,
            Some(Audience::One(audience)) => ours(audience),
            Some(Audience::Several(all)) => all.iter().any(|audience| ours(audience)),
        };
        meant
            && self.iss == email
            && self.iat <= now.saturating_add(LEEWAY)
            && now <= self.exp.saturating_add(LEEWAY)
            && self.exp.saturating_sub(self.iat) <= LONGEST
    }

    /// For how many more seconds it is good.
    pub(super) fn seconds_left(&self, now: i64) -> i64 {
        self.exp.saturating_sub(now).max(1)
    }
}

/// Whether an audience is one of Google's services, for which clients take us, or this machine. Clients name the service
/// (`https://dataproc.googleapis.com/`), a method of it, or where tokens are had (`https://oauth2.googleapis.com/token`,
/// whatever the key's `token_uri` is). What was signed for anybody else is not good here, whoever hands it on.
fn ours(audience: &str) -> bool {
    let Some(rest) = audience.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    ["localhost", "127.0.0.1", "accounts.google.com"].contains(&host) || host.ends_with(".googleapis.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn good(claims: serde_json::Value) -> bool {
        let mut all = serde_json::json!({"iss": "me", "iat": NOW, "exp": NOW + 3600});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        serde_json::from_value::<Claims>(all).is_ok_and(|claims| claims.good("me", NOW))
    }

    #[test]
    fn what_googles_clients_make_is_good() {
        for claims in [
            serde_json::json!({"scope": "https://www.googleapis.com/auth/cloud-platform"}),
            serde_json::json!({"aud": "https://dataproc.googleapis.com/"}),
            serde_json::json!({"aud": "https://us-central1-dataproc.googleapis.com/google.cloud.dataproc.v1.JobController"}),
            serde_json::json!({"aud": "https://oauth2.googleapis.com/token"}),
            serde_json::json!({"aud": "https://localhost:1234/token"}),
            serde_json::json!({"aud": ["https://elsewhere.example", "https://storage.googleapis.com/"]}),
            serde_json::json!({"iat": NOW + 290, "exp": NOW + 3800}),
            serde_json::json!({"iat": NOW - 3800, "exp": NOW - 290}),
        ] {
            assert!(good(claims.clone()), "{claims}");
        }
    }

    #[test]
    fn what_is_somebody_elses_or_of_another_time_is_not() {
        for claims in [
            serde_json::json!({"iss": "you"}),
            serde_json::json!({"aud": "https://evil.example/"}),
            serde_json::json!({"aud": "https://googleapis.com.evil.example/"}),
            serde_json::json!({"aud": "https://evil.example/.googleapis.com"}),
            serde_json::json!({"aud": "https://evil.example#.googleapis.com"}),
            serde_json::json!({"aud": "https://localhost@evil.example/"}),
            serde_json::json!({"aud": "http://localhost/"}),
            serde_json::json!({"aud": "dataproc.googleapis.com"}),
            serde_json::json!({"aud": ""}),
            serde_json::json!({"aud": []}),
            serde_json::json!({"aud": 7}),
            serde_json::json!({"iat": NOW + 400, "exp": NOW + 500}),
            serde_json::json!({"iat": NOW - 4000, "exp": NOW - 400}),
            serde_json::json!({"exp": NOW + 8000}),
            serde_json::json!({"iat": i64::MIN, "exp": i64::MAX}),
            serde_json::json!({"exp": "never"}),
            serde_json::json!({"iat": null}),
        ] {
            assert!(!good(claims.clone()), "{claims}");
        }
    }
}
