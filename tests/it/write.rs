//! `rtk write`: what it writes, refuses, says, and with which exit code.

mod batch;
mod file;
mod replace;
