//! The command line: the nouns, and what they have in common.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::{
    cluster, completion, cost, dashboard, doctor, env, environment, job, keeper, plan, price, prune, run, serve, simulate,
    why,
};

/// Ephemeral Dask clusters: run a Python job, get a cluster, keep nothing.
#[derive(Debug, Parser)]
#[command(
    name = "caddis",
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    after_help = "An omitted ID means the newest; a name, or the unique beginning of an ID, works as well.\n\
                  Standard output is data, standard error is talk; `-o json` prints data as JSON.\n\
                  Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 conflict or quota, 5 unavailable, 6 timeout;\n\
                  `run` and `job wait` exit with the script's own code, 125 when Caddis itself failed."
)]
pub struct Cli {
    /// The state folder.
    #[arg(long, global = true, env = "CADDIS_HOME", hide_env_values = true, value_name = "FOLDER", help_heading = "Global options")]
    pub home: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The nouns and the few verbs that stand alone.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a Python job on a Dask cluster of its own.
    Run(Box<run::Args>),
    /// List, show, follow, cancel and repeat jobs.
    Job(job::Args),
    /// Make, show, scale and stop clusters.
    Cluster(cluster::Args),
    /// Print a link to a cluster's dashboard that logs the browser in.
    Dashboard(dashboard::Args),
    /// Say why a job or a cluster is as it is.
    Why(why::Args),
    /// Say what was used and what it cost.
    Cost(cost::Args),
    /// Say what a team's clusters cost in a month, from a file of assumptions.
    Plan(plan::Args),
    /// Show the price list, or check one of your own.
    Price(price::Args),
    /// Print the settings that lead Google's clients (Airflow, gcloud, Python, Terraform) to this machine.
    Env(env::Args),
    /// List, show and remove the Python environments that Caddis keeps.
    Environment(environment::Args),
    /// Check this machine and the state folder.
    Doctor(doctor::Args),
    /// Remove old jobs, clusters and environments.
    Prune(prune::Args),
    /// Replay work through an autoscaling policy: how long it takes, what it costs.
    Simulate(Box<simulate::Args>),
    /// Run the server in the foreground, or install it as a service.
    Serve(serve::Args),
    /// Print a script that completes commands, names and IDs in a shell.
    Completion(completion::Args),
    /// Hold the processes of a state folder; started by the server.
    #[command(hide = true)]
    Keeper(keeper::Args),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> Result<run::Args, clap::Error> {
        let words = ["caddis", "run"].iter().chain(words);
        Cli::try_parse_from(words).map(|cli| match cli.command {
            Command::Run(args) => *args,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn the_command_line_is_sound() {
        crate::command().debug_assert();
    }

    #[test]
    fn what_stands_after_the_script_is_the_scripts() {
        let args = run(&["--workers", "2..3", "job.py", "--workers", "9", "-o", "json", "--", "-x"]).unwrap();
        assert_eq!(args.shape.workers.unwrap().max, 3);
        assert_eq!(args.program, ["job.py", "--workers", "9", "-o", "json", "--", "-x"]);
        assert!(!args.output.is_json());
        let args = run(&["-m", "pkg.mod", "--help"]).unwrap();
        assert!(args.module);
        assert_eq!(args.program, ["pkg.mod", "--help"]);
    }

    #[test]
    fn every_option_of_a_run_is_understood() {
        let line = "--workers 2..10 --threads 2 --memory 2GiB --profile small --retries 2 --retry-on-exit 1,75 --retry-delay 2s \
                    --timeout 30m --name etl --tag team=risk -e KEY=VALUE --env-file F --cwd D --requirements R --python 3.12 \
                    --dask 2026.3 --keep-on-failure 30m --nanny --no-dashboard --quiet --detach -o json job.py";
        let args = run(&line.split_whitespace().collect::<Vec<_>>()).unwrap();
        assert_eq!((args.timeout, args.keep_on_failure, args.retry_delay), (Some(1_800_000), Some(1_800_000), Some(2000)));
        assert_eq!(args.retry_on_exit, [1, 75]);
        assert_eq!(args.variables, [("KEY".to_owned(), "VALUE".to_owned())]);
    }

    #[test]
    fn a_wrong_line_says_what_is_right() {
        let wrong = |words: &[&str]| run(words).unwrap_err().to_string();
        assert!(wrong(&["--wrokers", "2", "job.py"]).contains("--workers"));
        assert!(wrong(&["--workers", "10..2", "job.py"]).contains("the minimum is above the maximum"));
        assert!(wrong(&["--memory", "much", "job.py"]).contains("2GiB"));
        assert!(wrong(&["--timeout", "soon", "job.py"]).contains("30m"));
        assert!(wrong(&["--tag", "team", "job.py"]).contains("key=value"));
        assert!(wrong(&["-e", "KEY", "job.py"]).contains("KEY=VALUE"));
        assert!(wrong(&["--name", "2fast", "job.py"]).contains("cannot be a name"));
        assert!(wrong(&["--retry-delay", "1s", "job.py"]).contains("--retries"));
        let below = ["-w -1", "--on-demand -1", "--max-cost -1", "--preempt-rate -1", "--memory -1"];
        for line in below.iter().chain(&["--threads 0", "--retries 101"]) {
            let words: Vec<&str> = line.split(' ').chain(["job.py"]).collect();
            let option = words[0].replace("-w", "--workers");
            let said = wrong(&words);
            assert!(said.contains(&format!("for '{option} <")), "{said}");
            assert!(!said.contains("unexpected") && !said.contains("..="), "{said}");
        }
        assert!(wrong(&["--threads", "0", "job.py"]).contains("between 1 and 1024"));
        assert!(wrong(&["--tag", "team", "job.py"]).contains("hint: write for example `--tag team=risk`"));
        assert!(wrong(&["-e", "KEY", "job.py"]).contains("hint: write `-e KEY=value`"));
        assert!(wrong(&["--dry-run", "--detach", "job.py"]).contains("cannot be used with"));
        assert!(wrong(&[]).contains("SCRIPT"));
    }
}
