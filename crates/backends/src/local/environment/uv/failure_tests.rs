//! The texts are uv 0.13.9's own, as it wrote them.

use std::os::unix::process::ExitStatusExt;

use super::*;
use proptest::prelude::*;

fn read(text: &str) -> EnvironmentError {
    understand(text, "3.12.1", ExitStatus::from_raw(256))
}

#[test]
fn a_package_that_does_not_exist() {
    let error = read("error: No solution found when resolving dependencies\n  cause: Because nosuch-xyz was not found in the package registry and you require nosuch-xyz>=1, we can conclude that your requirements are unsatisfiable.\n");
    assert!(matches!(&error, EnvironmentError::RequirementNotFound { requirement, .. } if requirement == "nosuch-xyz>=1"), "{error:?}");
}

#[test]
fn a_version_that_does_not_exist() {
    let error = read("error: No solution found when resolving dependencies\n  cause: Because there is no version of numpy==99.1 and you require numpy==99.1, we can conclude that your requirements are unsatisfiable.\n");
    assert!(matches!(&error, EnvironmentError::RequirementNoVersion { requirement, .. } if requirement == "numpy==99.1"), "{error:?}");
}

#[test]
fn a_contradiction() {
    let error = read("error: No solution found when resolving dependencies\n  cause: Because distributed>=2026.8.0 depends on dask>=2026.8.0 and you require dask==2025.12.0, we can conclude that your requirements and distributed>=2026.8.0 are incompatible.\n         And because you require distributed==2026.8.0, we can conclude that your requirements are unsatisfiable.\n");
    assert_eq!(error.code(), "requirement_conflict");
    assert!(error.to_string().contains("dask==2025.12.0") && error.to_string().contains("distributed==2026.8.0"));
}

#[test]
fn another_python_or_another_machine() {
    let error = read("error: No solution found when resolving dependencies\n  cause: Because the current Python version (3.12.1) does not satisfy Python>=3.14 and x1==1 depends on Python>=3.14, we can conclude that x1==1 cannot be used.\n         And because only x1==1 is available and you require x1, we can conclude that your requirements are unsatisfiable.\n");
    assert!(matches!(&error, EnvironmentError::RequirementNeedsPython { requirement, .. } if requirement == "x1"), "{error:?}");
    let error = read("error: No solution found when resolving dependencies\n  cause: Because pywin32<=305 has no wheels with a matching Python ABI tag (e.g., `cp312`) and only the following versions of pywin32 are available:\n             pywin32<=305\n         we can conclude that pywin32<306 cannot be used.\n         And because pywin32>=306 has no wheels with a matching platform tag (e.g., `manylinux_2_36_x86_64`) and you require pywin32, we can conclude that your requirements are unsatisfiable.\n\nhint: x\n");
    assert!(matches!(&error, EnvironmentError::RequirementNotForPlatform { requirement, .. } if requirement == "pywin32"), "{error:?}");
}

#[test]
fn a_build_that_fails_keeps_its_last_lines_and_the_advice() {
    let error = read("Resolved 1 package in 66ms\n   Building pygraphviz==1.14\nerror: Failed to build `pygraphviz==1.14`\n  cause: The build backend returned an error\n  cause: Call to `x` failed (exit status: 1)\n\n         [stderr]\n         fatal error: graphviz/cgraph.h: No such file or directory\n         compilation terminated.\n\nhint: This error likely indicates that you need to install a library that provides `graphviz/cgraph.h` for `pygraphviz@1.14`\n");
    let EnvironmentError::BuildFailed { requirement, tail, advice } = error else { panic!("{error:?}") };
    assert_eq!(requirement, "pygraphviz==1.14");
    assert!(tail.ends_with("compilation terminated.") && tail.contains("cgraph.h"));
    assert!(advice.unwrap().starts_with("this error likely"));
}

#[test]
fn the_network_and_who_refused() {
    let error = read("error: Failed to fetch: http://127.0.0.1:9/simple/requests/\n  cause: error sending request for url (http://127.0.0.1:9/simple/requests/)\n  cause: client error (Connect)\n  cause: tcp connect error\n  cause: Connection refused (os error 111)\n");
    assert!(matches!(&error, EnvironmentError::Network { at, why } if at.ends_with("/requests/") && why == "connection refused"), "{error:?}");
    let error = read("error: Failed to fetch: https://u:p@h/simple/x/\n  cause: HTTP status client error (401 Unauthorized) for url (https://u:p@h/simple/x/)\n");
    assert!(error.code() == "index_refused" && !error.to_string().contains("u:p"), "{error}");
    let error = read("error: No solution found when resolving dependencies\n  cause: Because requests was not found in the cache and you require requests==2.32.0, we can conclude that your requirements are unsatisfiable.\n\nhint: Packages were unavailable because the network was disabled. x\n");
    assert!(error.code() == "network" && error.to_string().contains("requests==2.32.0"), "{error}");
    let error = read("error: Git operation failed\n  cause: failed to clone into: /c\n  cause: process didn't exit successfully: `/usr/bin/git fetch --force --update-head-ok 'https://127.0.0.1:9/x.git' '+HEAD'` (exit status: 128)\n         --- stderr\n         fatal: unable to access 'https://127.0.0.1:9/x.git/': Failed to connect to 127.0.0.1 port 9\n");
    assert_eq!(error.code(), "network");
}

#[test]
fn the_disk() {
    let error = read("error: Failed to download `fsspec==2026.9.0`\n  cause: Failed to extract archive: fsspec-2026.9.0-py3-none-any.whl\n  cause: failed to write to file `/s/c/.tmp/fsspec/config.py`: No space left on device (os error 28)\n");
    assert_eq!(error.code(), "disk_full");
    let error = read("error: Failed to initialize cache at `roo/c`\n  cause: failed to create directory `/roo/c`: Read-only file system (os error 30)\n");
    assert!(matches!(&error, EnvironmentError::HomeNotWritable { folder, .. } if folder == Path::new("/roo/c")), "{error:?}");
}

#[test]
fn one_requirement_that_cannot_be_read_or_trusted() {
    let error = read("error: Couldn't parse requirement in `r.in` at position 0\n  cause: Unexpected end of version specifier, expected version\n         requests==\n                 ^^\n");
    assert!(matches!(&error, EnvironmentError::RequirementInvalid { requirement, .. } if requirement == "requests=="), "{error:?}");
    let error = read("error: Failed to download `toolz==1.2.0`\n  cause: Hash mismatch for `toolz==1.2.0`\n\n         Expected:\n           sha256:00\n");
    assert_eq!(error.code(), "hash_mismatch");
    let error = read("error: Distribution not found at: file:///tmp/nope\n");
    assert!(matches!(&error, EnvironmentError::RequirementNotFound { requirement, .. } if requirement == "/tmp/nope"), "{error:?}");
}

#[test]
fn what_is_not_known_stays_whole() {
    let error = read("error: Something that nobody foresaw\n  cause: deep\n");
    assert_eq!(error.to_string(), "uv failed: something that nobody foresaw\n  cause: deep");
    assert!(read("").to_string().contains("exit status: 1"));
}

#[test]
fn pip_s_troubles_on_the_way_to_uv() {
    let pip = |text: &str| understand_pip(text, Path::new("/x")).code();
    assert_eq!(pip("WARNING: Retrying: NewConnectionError('<x>: Failed to establish a new connection: [Errno 111] Connection refused')\nERROR: No matching distribution found for uv==0.13.9"), "network");
    assert_eq!(pip("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."), "hash_mismatch");
    assert_eq!(pip("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"), "disk_full");
    assert_eq!(pip("ERROR: No matching distribution found for uv==0.13.9"), "no_uv");
}

proptest! {
    #[test]
    fn never_panics(text in "(error: |cause: |you require |Because |`|\n|hint: |No solution found|Failed to build |os error 13|[a-zé=]{1,5}| ){0,30}") {
        let _ = read(&text);
        let _ = understand_pip(&text, Path::new("/x"));
    }
}
