//! Where the client's settings lie for each scope, and under which name the program is registered there.

use super::InstallError;
use super::entries::BARE_NAME;
use super::platform::Platform;
use crate::base::Env;
use crate::project::find_root;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The client's folder in a home or project.
pub(super) const CLIENT_FOLDER: &str = ".claude";
/// Where the client keeps the user's own MCP servers, among much else of its own.
const SERVERS_OF_USER: &str = ".claude.json";
/// Where the client finds a project's MCP servers.
const SERVERS_OF_PROJECT: &str = ".mcp.json";

/// Whose settings are edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The user's own, for all projects.
    Global,
    /// The project's, shared with team mates.
    Project,
    /// The project's, the user's alone.
    Local,
}

impl Scope {
    /// All scopes, widest first.
    pub const ALL: [Scope; 3] = [Scope::Global, Scope::Project, Scope::Local];

    /// The scope's name.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Global => "global",
            Scope::Project => "project",
            Scope::Local => "local",
        }
    }

    /// The settings file of the scope, as seen from the working folder.
    pub fn settings_path(self, env: &Env) -> Result<PathBuf, InstallError> {
        match self {
            Scope::Global => Ok(client_folder(env)?.join("settings.json")),
            Scope::Project => Ok(project_folder(env)?.join("settings.json")),
            Scope::Local => Ok(project_folder(env)?.join("settings.local.json")),
        }
    }

    /// The client's memory file of the scope, as seen from the working folder.
    pub(super) fn memory_path(self, env: &Env) -> Result<PathBuf, InstallError> {
        let root = |env| -> Result<PathBuf, InstallError> {
            let folder = project_folder(env)?;
            Ok(folder.parent().unwrap_or(&folder).to_path_buf())
        };
        match self {
            Scope::Global => Ok(client_folder(env)?.join("CLAUDE.md")),
            Scope::Project => Ok(root(env)?.join("CLAUDE.md")),
            Scope::Local => Ok(root(env)?.join("CLAUDE.local.md")),
        }
    }

    /// The file in which the client finds the scope's MCP servers; the local scope has none that is rtk's to write.
    pub(super) fn servers_path(self, env: &Env) -> Result<Option<PathBuf>, InstallError> {
        Ok(match self {
            // Beside the client's folder, or in the one that the user has chosen.
            Scope::Global => match env.os("CLAUDE_CONFIG_DIR") {
                Some(_) => Some(client_folder(env)?.join(SERVERS_OF_USER)),
                None => Some(env.home().ok_or(InstallError::NoHome)?.join(SERVERS_OF_USER)),
            },
            Scope::Project => project_folder(env)?.parent().map(|root| root.join(SERVERS_OF_PROJECT)),
            Scope::Local => None,
        })
    }

    /// What the scope's entries run: a shared file names the program, the others its place.
    pub(super) fn command(self, program: &Path) -> Result<String, InstallError> {
        if self == Scope::Project {
            return Ok(BARE_NAME.to_owned());
        }
        let path = program.to_str().map(|path| Platform::current().registered(path));
        path.ok_or_else(|| InstallError::NoProgram(format!("{} is not valid UTF-8", program.display())))
    }
}

/// The client's own folder: `CLAUDE_CONFIG_DIR`, or `.claude` in the home folder.
pub(super) fn client_folder(env: &Env) -> Result<PathBuf, InstallError> {
    // An empty value counts for the client too: as the folder that a session starts in.
    if let Some((_, folder)) = env.vars().find(|(name, _)| *name == "CLAUDE_CONFIG_DIR") {
        if !Path::new(folder).is_absolute() {
            return Err(InstallError::RelativeFolder { value: folder.to_string_lossy().into_owned() });
        }
        return Ok(PathBuf::from(folder));
    }
    Ok(env.home().ok_or(InstallError::NoHome)?.join(CLIENT_FOLDER))
}

/// Refuses to act as root (`user` 0) where somebody else owns the nearest thing that exists: what root makes there, that
/// user could not change.
pub(super) fn must_not_be_foreign(user: u32, path: &Path) -> Result<(), InstallError> {
    if user != 0 {
        return Ok(());
    }
    let existing = path.ancestors().find_map(|at| Some((at, std::fs::metadata(at).ok()?.uid())));
    match existing {
        Some((at, owner)) if owner != 0 => Err(InstallError::ForeignHome { path: at.to_path_buf(), owner }),
        _ => Ok(()),
    }
}

/// The client's folder of the project. A home folder is no project: its `.claude` is the user's own.
fn project_folder(env: &Env) -> Result<PathBuf, InstallError> {
    let cwd =
        env.cwd().ok_or(InstallError::NotAProject { path: ".".into(), why: "the working folder is gone" })?;
    let refuse = |why| InstallError::NotAProject { path: cwd.to_path_buf(), why };
    let root = find_root(cwd, env).map_err(|_| refuse("it cannot be read"))?;
    let root = root.ok_or_else(|| refuse("it is a home folder, / or has no work tree"))?;
    if root.path.parent().is_none() {
        return Err(refuse("/ is never a project"));
    }
    if env.home().is_some_and(|home| same(&home, &root.path)) {
        return Err(refuse("it is the home folder"));
    }
    let folder = root.path.join(CLIENT_FOLDER);
    if client_folder(env).is_ok_and(|own| same(&own, &folder)) {
        return Err(refuse("its .claude folder holds your own settings"));
    }
    Ok(folder)
}

/// Whether other users of the machine can read the file: its own mode and that of every folder above let them.
pub(super) fn others_can_read(path: &Path) -> bool {
    let lets = |path: &Path, bits: u32| std::fs::metadata(path).is_ok_and(|meta| meta.mode() & bits == bits);
    let Ok(path) = path.canonicalize() else { return false };
    lets(&path, 0o004) && path.ancestors().skip(1).all(|folder| lets(folder, 0o001))
}

/// Whether two paths lead to the same thing.
pub(super) fn same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The path under which this program is registered. A name on `PATH` or the name that was typed is preferred to the
/// file behind its symlinks, which an upgrade may move.
pub(super) fn program(env: &Env) -> Result<PathBuf, InstallError> {
    let running = env.program().ok_or_else(|| InstallError::NoProgram("its path is unknown".into()))?;
    if !running.is_file() {
        return Err(InstallError::NoProgram(format!("{} is gone", running.display())));
    }
    let typed = env.args().first().map(PathBuf::from);
    let named = typed.filter(|typed| typed.file_name().is_some_and(|name| name == BARE_NAME));
    let candidate = match (named, env.cwd()) {
        (Some(named), Some(cwd)) if named.components().count() > 1 => Some(cwd.join(named)),
        (Some(named), _) => {
            let folders = env.os("PATH").map(|path| std::env::split_paths(path).collect::<Vec<_>>());
            let found = folders.unwrap_or_default().into_iter().map(|folder| folder.join(&named));
            found.filter(|path| path.is_absolute()).find(|path| path.is_file())
        }
        _ => None,
    };
    let candidate =
        candidate.filter(|path| same(path, running)).and_then(|path| std::path::absolute(path).ok());
    Ok(candidate.unwrap_or_else(|| running.to_path_buf()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_find_their_files() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().canonicalize().unwrap();
        let project = home.join("work");
        std::fs::create_dir_all(project.join(".git")).unwrap();
        let home_text = home.display().to_string();
        let env = Env::of(&project, [("HOME", home_text.as_str())]);
        assert_eq!(Scope::Global.settings_path(&env).unwrap(), home.join(".claude/settings.json"));
        let own = Env::of(&project, [("HOME", home_text.as_str()), ("CLAUDE_CONFIG_DIR", "/else")]);
        assert_eq!(Scope::Global.settings_path(&own).unwrap(), Path::new("/else/settings.json"));
        assert!(matches!(
            Scope::Global.settings_path(&Env::of(&project, [("A", "b")])),
            Err(InstallError::NoHome)
        ));
        for relative in ["", "own", "./own", "~/own"] {
            let env = Env::of(&project, [("HOME", home_text.as_str()), ("CLAUDE_CONFIG_DIR", relative)]);
            let error = Scope::Global.settings_path(&env).unwrap_err();
            assert!(matches!(error, InstallError::RelativeFolder { .. }), "{relative:?}: {error}");
        }
    }

    #[test]
    fn root_keeps_out_of_what_belongs_to_others() {
        let root = tempfile::tempdir().unwrap();
        let ours = std::fs::metadata(root.path()).unwrap().uid();
        if ours == 0 {
            std::os::unix::fs::chown(root.path(), Some(12345), None).unwrap();
        }
        let deep = root.path().join("home/.claude/settings.json");
        let error = must_not_be_foreign(0, &deep).unwrap_err();
        assert!(matches!(&error, InstallError::ForeignHome { path, .. } if path == root.path()), "{error}");
        // Whoever is not root is stopped by the system where it should be.
        must_not_be_foreign(54321, &deep).unwrap();
        must_not_be_foreign(0, Path::new("/nowhere/to/be/found")).unwrap();
    }

    #[test]
    fn a_home_folder_is_no_project() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().canonicalize().unwrap();
        std::fs::create_dir_all(home.join(".claude")).unwrap();
        std::fs::create_dir_all(home.join("project")).unwrap();
        std::os::unix::fs::symlink(home.join(".claude"), home.join("project/.claude")).unwrap();
        let home_text = home.display().to_string();
        for folder in [home.clone(), home.join("project"), PathBuf::from("/")] {
            let env = Env::of(&folder, [("HOME", home_text.as_str())]);
            let error = Scope::Local.settings_path(&env).unwrap_err();
            assert!(matches!(error, InstallError::NotAProject { .. }), "{folder:?}: {error}");
        }
    }
}
