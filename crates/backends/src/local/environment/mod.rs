//! Python environments: which one a job needs, and having it.
//!
//! Two steps. [`inspect`] reads what the user pointed at (script header, requirements, project lock, active
//! environment) and says in an [`EnvironmentPlan`] what that asks for; it starts no process and writes nothing.
//! [`ensure`] makes it true: it finds an interpreter, obtains uv, builds `<home>/environments/<id>/` once and hands
//! out an [`Environment`]. The id is a digest of everything that went in, so equal wishes share one environment.
//!
//! Precedence of what a job asks for:
//! 1. the script's PEP 723 header and `--requirements`; with both, all of both is installed;
//! 2. `--python` naming an interpreter inside a virtual environment: that environment, as it is;
//! 3. a `uv.lock` beside the script or above it (not beyond the repository or the user's own folders);
//! 4. the active environment (`VIRTUAL_ENV`, `CONDA_PREFIX`), as it is, never modified. A Conda `base` without
//!    Dask does not count: it is active for its users without their doing;
//! 5. the default environment: the embedded lock and nothing else.
//!
//! What always holds:
//! - an environment is complete exactly when its `environment.json` exists, which is written last;
//! - whoever builds holds the exclusive lock of the id, and so does the uv it started, so that a builder that
//!   was killed is waited for and its half-made folder is made anew;
//! - whoever holds an [`Environment`] holds the lock shared: nothing removes it meanwhile;
//! - no index address is written or logged, and credentials in addresses are cut out of every message.
//!
//! Deliberately absent: downloading interpreters (uv is told never to), Conda solving, changing an environment that
//! somebody else made, and a clock: times are those that the file system keeps.

mod active;
mod build;
mod catalog;
mod error;
mod facts;
mod folder;
mod identity;
mod inspect;
mod install;
mod interpreter;
mod lines;
mod local_sources;
mod process;
mod project;
mod requirements;
mod script;
mod uv;
mod version;
mod wish;

pub use build::{Environment, ensure};
pub use catalog::{Entry, EntryState, Pruned, list, prune, remove, show};
pub use error::EnvironmentError;
pub use facts::{MINIMUM_DISTRIBUTED, Versions, facts, fingerprint};
pub use inspect::inspect;
pub use interpreter::{Interpreter, interpreters};
pub use lines::{Line, lines};
pub use script::{ScriptMetadata, script_metadata};
pub use version::{PythonVersion, Specifiers};
pub use wish::{EnvironmentPlan, EnvironmentWish, Source, Stage};
