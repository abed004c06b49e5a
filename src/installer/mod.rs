//! Wires rtk into the client and out of it: plan, apply, verify, uninstall.
//!
//! Knows nothing of memory, state.
