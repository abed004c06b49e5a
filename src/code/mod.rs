//! Source text to symbols and imports; one data file per language.
//!
//! Knows nothing of storage.
