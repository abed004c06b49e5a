//! `rtk write`: what it writes, refuses, says, and with which exit code.

mod batch;
mod file;
mod keys;
mod replace;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod trace;
