//! The `consign` command: exit codes only; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    consign::cli::main()
}
