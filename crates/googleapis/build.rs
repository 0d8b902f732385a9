//! Compiles the published protos without `protoc`: messages as Rust types, and the descriptors of everything.

use std::path::PathBuf;
use std::{env, error, fs};

/// What is served; all else comes by import.
const ROOTS: [&str; 9] = [
    "google/cloud/dataproc/v1/autoscaling_policies.proto",
    "google/cloud/dataproc/v1/clusters.proto",
    "google/cloud/dataproc/v1/jobs.proto",
    "google/cloud/dataproc/v1/operations.proto",
    "google/cloud/dataproc/v1/workflow_templates.proto",
    "google/cloud/dataproc/v1/node_groups.proto",
    "google/iam/v1/iam_policy.proto",
    "google/longrunning/operations.proto",
    "google/rpc/error_details.proto",
];

fn main() -> Result<(), Box<dyn error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let compiler = compiled()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // Encoded by protox itself: `prost_types` would drop the options that it does not know, `google.api.http` among
    // them, from which the REST face is made.
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    let mut config = prost_build::Config::new();
    config.enable_type_names().include_file("messages.rs").btree_map(["."]).disable_comments(["."]);
    config.compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

fn compiled() -> Result<protox::Compiler, protox::Error> {
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(false).open_files(ROOTS)?;
    Ok(compiler)
}
