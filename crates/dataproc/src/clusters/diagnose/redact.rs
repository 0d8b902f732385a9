//! Leaves out what names itself as secret, and the arguments of programs, which often are.

use serde_json::Value;

/// In the place of what is left out.
const LEFT_OUT: &str = "(left out)";
/// Parts of names, in lower case and without what joins words.
const SECRET: [&str; 8] =
    ["password", "passwd", "passphrase", "secret", "token", "credential", "privatekey", "apikey"];

/// Leaves it out of everything below `value`.
pub(super) fn redact(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if secret(name) {
                    blank(value);
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(redact),
        _ => {}
    }
}

fn secret(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    plain == "args" || SECRET.iter().any(|word| plain.contains(word))
}

/// Every text in it; that it was there stays visible.
fn blank(value: &mut Value) {
    match value {
        Value::String(_) | Value::Number(_) => *value = Value::String(LEFT_OUT.to_owned()),
        Value::Array(list) => list.iter_mut().for_each(blank),
        Value::Object(object) => object.values_mut().for_each(blank),
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_left_out_wherever_they_are() {
        let mut value = json!({
            "metadata": {"db-password": "x", "API_KEY": "y", "zone": "a"},
            "jobs": [{"args": ["--pin", "1234"], "clientSecret": {"inner": "z", "set": true}}],
        });
        redact(&mut value);
        let expected = json!({
            "metadata": {"db-password": LEFT_OUT, "API_KEY": LEFT_OUT, "zone": "a"},
            "jobs": [{"args": [LEFT_OUT, LEFT_OUT], "clientSecret": {"inner": LEFT_OUT, "set": true}}],
        });
        assert_eq!(value, expected);
    }
}
