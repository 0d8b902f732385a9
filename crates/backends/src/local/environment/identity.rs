//! The id of an environment: a digest of everything that decides what is in it.

use sha2::{Digest, Sha256};

use super::{
    facts::hex,
    interpreter::Interpreter,
    local_sources,
    wish::{EnvironmentPlan, Recipe},
};

/// Raised when the way of building changes so that old environments do not serve any more.
const GENERATION: u8 = 1;

/// Equal for equal contents on an equal interpreter, whatever asked for them.
pub(super) fn id(plan: &EnvironmentPlan, interpreter: &Interpreter) -> String {
    let mut digest = Sha256::new();
    digest.update([GENERATION]);
    let version = interpreter.version.to_string();
    part(&mut digest, &[&interpreter.path.to_string_lossy(), &version, &interpreter.abi]);
    match &plan.recipe {
        Recipe::Locked => part(&mut digest, &["locked", plan.line.lock]),
        Recipe::Resolve { requirements, constraints } => {
            part(&mut digest, &["resolve", requirements, constraints, plan.line.lock]);
        }
        Recipe::ResolveScript { script } => part(&mut digest, &["script", script]),
        Recipe::Export { root, lock, manifest } => part(&mut digest, &["export", &root.to_string_lossy(), lock, manifest]),
        Recipe::AsIs { python } => part(&mut digest, &["as is", &python.to_string_lossy()]),
    }
    for path in &plan.local {
        local_sources::digest(path, &mut digest);
    }
    format!("env_{}", hex(&digest.finalize()[..10]))
}

/// Lengths go in too, so that no two lists of texts look alike.
fn part(digest: &mut Sha256, texts: &[&str]) {
    for text in texts {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    }
}
