//! What can go wrong while a project is looked at; every error names the path.

/// Why a project could not be found or read.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A folder or file cannot be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The folder or file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl ProjectError {
    /// Pairs an error of the system with the path it is about.
    pub(super) fn io(path: &std::path::Path, source: impl Into<std::io::Error>) -> ProjectError {
        ProjectError::Io { path: path.display().to_string(), source: source.into() }
    }
}
