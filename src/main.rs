//! The annotd command.

use std::process::ExitCode;

fn main() -> ExitCode {
    annotd::cli::main()
}
