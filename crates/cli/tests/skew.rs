//! Versions that do not fit: an extra worker from another environment, and a program that insists.

mod common;

use caddis_testkit::{World, assert_cause};
use common::CADDIS;

/// Says where its own environment is.
const OTHER: &str = "# /// script\n# dependencies = [\"cloudpickle<3.1.2\"]\n# ///\nimport sys\nprint(sys.executable)\n";

/// Adds a worker from the environment that it is given. Dask warns of what does not fit; here that is an error.
const INSISTS: &str = "\
import subprocess, sys, warnings
from dask.distributed import Client
warnings.filterwarnings('error', message='Mismatched versions')
client = Client()
tls = client.security.get_tls_config_for_role('client')
worker = [sys.argv[1], '-m', 'dask', 'worker', client.scheduler.address, '--no-nanny', '--no-dashboard']
options = ['--tls-ca-file', tls['ca_file'], '--tls-cert', tls['cert'], '--tls-key', tls['key']]
subprocess.Popen(worker + options + ['--local-directory', 'scratch'])
client.wait_for_workers(2, timeout=60)
client.get_versions(check=True)
";

#[test]
fn version_skew() {
    let world = World::building(CADDIS);
    let other = world.file("other.py", OTHER);
    let other = world.run(&["run", "--quiet", "--workers", "1", other.to_str().unwrap()]).expect(0).stdout();
    let script = world.file("job.py", INSISTS);
    let active = caddis_testkit::environment(CADDIS.as_ref());
    let mut command = world.command(&["run", "-o", "json", "--workers", "1", script.to_str().unwrap(), other.trim()]);
    let output = command.env("VIRTUAL_ENV", active).output().unwrap();
    let job: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(job["exit_code"], 1, "{job:#}");
    assert_cause(&job, "version_skew");
    assert!(job["cause"]["evidence"].to_string().contains("cloudpickle"), "what does not fit: {job:#}");
    // The extra worker belongs to nobody but the script, and ends with its job.
    world.assert_nothing_left();
}
