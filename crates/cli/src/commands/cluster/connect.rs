//! `caddis cluster connect`.

use caddis_types::api::ConnectionView;

use crate::candidates;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::output::table::pairs;
use crate::reference;

/// Print how a notebook or a script connects to a cluster.
///
/// With `--export`, lines for a shell: `eval "$(caddis cluster connect --export NAME)"`, after which `Client()` without
/// an argument connects. The files are private to this user and gone with the cluster.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The cluster; the newest by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::active_clusters())]
    pub cluster: Option<String>,
    /// Print `export KEY=VALUE` lines.
    #[arg(long, conflicts_with = "output")]
    pub export: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let cluster = reference::cluster(&server, args.cluster.as_deref()).await?;
    let connection = server.call(async |client| client.connection(cluster.id.as_str()).await).await?;
    args.output.print(&connection, if args.export { exports } else { text })?;
    Ok(0)
}

pub(in crate::commands) fn text(connection: &ConnectionView) -> String {
    let rows = [
        ("address", connection.address.clone()),
        ("CA certificate", connection.ca_file.clone()),
        ("certificate", connection.cert_file.clone()),
        ("key", connection.key_file.clone()),
    ];
    format!(
        "{}\nin Python:\n\n    from distributed import Client, Security\n    security = Security(\n        \
         tls_ca_file={:?},\n        tls_client_cert={:?},\n        tls_client_key={:?},\n        \
         require_encryption=True,\n    )\n    client = Client({:?}, security=security)\n",
        pairs(&rows),
        connection.ca_file,
        connection.cert_file,
        connection.key_file,
        connection.address
    )
}

pub(in crate::commands) fn exports(connection: &ConnectionView) -> String {
    let quoted = |value: &str| format!("'{}'", value.replace('\'', "'\\''"));
    connection.variables.iter().map(|(key, value)| format!("export {key}={}\n", quoted(value))).collect()
}
