//! Compiles the published protos without `protoc`: messages as Rust types, and the descriptors of everything.

use std::path::PathBuf;
use std::{env, error, fs};

use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

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

/// Fields that Google's API has and its newest published protos lack, with the numbers that Google's own libraries use
/// (google-cloud-dataproc 5.32.0 for Python): the file, the message they belong to, and their definitions.
const NEWER: [(&str, &str, &str); 1] = [(
    "google/cloud/dataproc/v1/clusters.proto",
    "message LifecycleConfig {",
    "  google.protobuf.Duration idle_stop_ttl = 5;
  oneof stop_ttl {
    google.protobuf.Timestamp auto_stop_time = 6;
    google.protobuf.Duration auto_stop_ttl = 7;
  }",
)];

/// The files as they are published, with the newer fields put in.
struct Published;

impl FileResolver for Published {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let source = fs::read_to_string(PathBuf::from("proto").join(name)).map_err(|_| protox::Error::file_not_found(name))?;
        let newer = NEWER.iter().filter(|(file, ..)| *file == name);
        let source = newer.fold(source, |source, (_, message, fields)| {
            assert!(source.contains(message), "`{name}` has no `{message}` any more");
            source.replacen(message, &format!("{message}\n{fields}"), 1)
        });
        File::from_source(name, &source)
    }
}

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
    let mut resolver = ChainFileResolver::new();
    resolver.add(Published);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(false).open_files(ROOTS)?;
    Ok(compiler)
}
