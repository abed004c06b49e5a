//! One binary for all integration tests: a file per capability, a sandbox that clears the environment.
