//! Documents edited in place, marked blocks, words and identifiers, token counts, and text made inert.
//!
//! Knows nothing of paths.
