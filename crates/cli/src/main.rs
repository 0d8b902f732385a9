//! The binary `caddis`; everything is in the library beside it.

fn main() -> std::process::ExitCode {
    caddis_cli::main()
}
