//! Runs the git program hermetically and reads what can be read without it; typed results.
//!
//! Knows nothing of agents, memory.
