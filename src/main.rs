//! The `rtk` program: hands the process over to the library and returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    rtk::run()
}
