//! `caddis env`: the settings that lead Google's clients here, for the shell.

use std::collections::BTreeMap;

use caddis_types::api::GoogleView;
use caddis_types::google::storage_variables;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::output::{self, OutputArgs};

/// Print the settings that lead Google's clients to this machine: `eval "$(caddis env python)"`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which client.
    #[arg(value_name = "CLIENT")]
    pub client: Client,
    /// As lines of a `.env` file, as python-dotenv and `docker --env-file` read them.
    #[arg(long, conflicts_with_all = ["json", "output"])]
    pub dotenv: bool,
    /// As a JSON object, as `-o json` does.
    #[arg(long)]
    pub json: bool,
    /// The project that clients use when their code names none.
    #[arg(long, value_name = "ID")]
    pub project: Option<String>,
    /// The region that `gcloud` and Terraform use when nothing names one.
    #[arg(long, value_name = "NAME", default_value = "us-central1")]
    pub region: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    /// Whether data is printed as JSON.
    pub fn wants_json(&self) -> bool {
        self.json || self.output.is_json()
    }
}

/// Clients that are led here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Client {
    /// Apache Airflow, with its provider for Google.
    Airflow,
    /// Google's Cloud SDK.
    Gcloud,
    /// Google's libraries for Python.
    Python,
    /// Terraform, with its provider for Google.
    Terraform,
}

/// Does what was asked.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let google = server.call(async |client| client.google().await).await?;
    let project = args.project.as_deref().unwrap_or(&google.project);
    // Terraform has no setting that names a file, and the address of the object store holds its secret.
    let word = match args.client {
        Client::Terraform => word(&google.token_file)?,
        Client::Airflow | Client::Python => word(&google.storage_secret_file)?,
        Client::Gcloud => String::new(),
    };
    let variables = variables(args.client, &google, project, &args.region, &word);
    match (args.wants_json(), args.dotenv) {
        (true, _) => output::json(&variables)?,
        (false, true) => output::stdout(dotenv(&variables).as_bytes())?,
        (false, false) => output::stdout(exports(args.client, &google, &variables).as_bytes())?,
    }
    Ok(0)
}

/// What a file of the state folder holds.
fn word(file: &str) -> Result<String, Failure> {
    let read = std::fs::read_to_string(file).map(|word| word.trim().to_owned());
    read.map_err(|error| Failure::new(Exit::Failed, "credentials", format!("`{file}` cannot be read: {error}")))
}

/// The variables of one client; `word` is the token for Terraform, the object store's secret for Python and Airflow.
pub(super) fn variables(
    client: Client,
    google: &GoogleView,
    project: &str,
    region: &str,
    word: &str,
) -> BTreeMap<&'static str, String> {
    let api = format!("https://localhost:{}", google.api_port);
    // gRPC asks the proxy for Google's hosts, and nothing else goes through it; neither looks for a metadata server.
    let grpc = [
        ("grpc_proxy", format!("http://127.0.0.1:{}", google.proxy_port)),
        ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", google.roots_file.clone()),
        ("GOOGLE_APPLICATION_CREDENTIALS", google.key_file.clone()),
        ("GOOGLE_CLOUD_PROJECT", project.to_owned()),
        ("NO_GCE_CHECK", "true".to_owned()),
    ];
    let storage = storage_variables(google.api_port, word, &google.roots_file);
    match client {
        Client::Python => grpc.into_iter().chain(storage).collect(),
        Client::Airflow => {
            let connection = serde_json::json!({
                "conn_type": "google_cloud_platform",
                "extra": { "key_path": google.key_file, "project": project },
            });
            let mut variables: BTreeMap<_, _> = grpc.into_iter().chain(storage).collect();
            variables.insert("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", connection.to_string());
            variables
        }
        Client::Gcloud => BTreeMap::from([
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPROC", format!("{api}/")),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", format!("{api}/storage/v1/")),
            ("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", google.token_file.clone()),
            ("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", google.roots_file.clone()),
            // Where it is set already it goes before gcloud's own setting.
            ("REQUESTS_CA_BUNDLE", google.roots_file.clone()),
            ("CLOUDSDK_CORE_PROJECT", project.to_owned()),
            ("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true".to_owned()),
            ("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true".to_owned()),
            ("CLOUDSDK_DATAPROC_REGION", region.to_owned()),
        ]),
        Client::Terraform => BTreeMap::from([
            ("GOOGLE_DATAPROC_CUSTOM_ENDPOINT", format!("{api}/v1/")),
            ("GOOGLE_STORAGE_CUSTOM_ENDPOINT", format!("{api}/storage/v1/")),
            ("GOOGLE_OAUTH_ACCESS_TOKEN", word.to_owned()),
            ("GOOGLE_PROJECT", project.to_owned()),
            ("GOOGLE_REGION", region.to_owned()),
            ("SSL_CERT_FILE", google.roots_file.clone()),
        ]),
    }
}

/// Lines that a shell evaluates; what a person should know stands in comments.
pub(super) fn exports(client: Client, google: &GoogleView, variables: &BTreeMap<&'static str, String>) -> String {
    let mut text: String = variables.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect();
    if client == Client::Python {
        text.push_str(&format!(
            "# gRPC needs nothing else. For REST pass transport=\"rest\", \
             client_options={{\"api_endpoint\": \"https://localhost:{}\"}}\n",
            google.api_port
        ));
    }
    text
}

/// Lines of a `.env` file.
pub(super) fn dotenv(variables: &BTreeMap<&'static str, String>) -> String {
    variables.iter().map(|(name, value)| format!("{name}={}\n", plain(value))).collect()
}

/// For a `.env` file: as it is, since `docker --env-file` knows no quotes and takes them for a part of the value. Only what
/// other readers would then take for something else (a comment, a variable, an escape) is quoted, in python-dotenv's way.
fn plain(value: &str) -> String {
    let first_or_last = |wanted: fn(char) -> bool| value.starts_with(wanted) || value.ends_with(wanted);
    let means = value.contains(['#', '$', '\\', '`', '\n', '\r']) || value.starts_with(['\'', '"']);
    if !means && !first_or_last(char::is_whitespace) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// For a shell: nothing in it means anything.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}
