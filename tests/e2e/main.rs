//! End-to-end tests that drive the real Claude Code client against a scripted Messages API on loopback.
