//! The `rtk` program: hands the process over to the library and returns its exit code.

use std::process::ExitCode;

/// A hook works in threads for a few milliseconds: the system's allocator spends a good part of them on growing arenas.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rtk::run()
}
