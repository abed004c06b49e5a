//! The client's plugins: rtk's own, and hooks of others that run at subagent launches too.

use super::hooks::Launch;
use super::{FileReport, Finding, Level, View};
use crate::base::Env;
use crate::fs::read;
use crate::installer::apply::SETTINGS_BYTES_MAX;
use crate::installer::entries::BARE_NAME;
use crate::installer::recognise::{Known, ProgramIs, identify};
use crate::installer::scope::client_folder;
use crate::installer::settings::SettingsDocument;
use crate::text::JsonNode;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The scope of files that belong to a plugin.
pub(super) const SCOPE: &str = "plugin";
/// What stands for the plugin's folder in its commands.
const ROOT_VARIABLE: &str = "${CLAUDE_PLUGIN_ROOT}";
/// How rtk's own plugin calls the program.
const OWN_CALL: &str = "rtk hook --plugin";
/// The script of rtk's own plugin, which looks for the program first.
const OWN_SCRIPT: &str = "/hooks/plugin-session-start.sh";

/// The client's list of installed plugins.
#[derive(Deserialize)]
struct Installed {
    #[serde(default)]
    plugins: BTreeMap<String, Vec<Copy>>,
}

#[derive(Deserialize)]
struct Copy {
    #[serde(rename = "installPath")]
    folder: PathBuf,
    /// The project that a copy of project scope is for.
    #[serde(default, rename = "projectPath")]
    project: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Enabled {
    #[serde(default, rename = "enabledPlugins")]
    plugins: BTreeMap<String, serde_json::Value>,
}

impl View<'_> {
    /// Looks at the hooks of every plugin that `settings`, widest first, enable.
    pub(super) fn plugins(&mut self, env: &Env, settings: &[Vec<u8>], files: &mut Vec<FileReport>) {
        let Ok(folder) = client_folder(env) else { return };
        let list = folder.join("plugins/installed_plugins.json");
        let Ok(Some(bytes)) = read(&list, SETTINGS_BYTES_MAX) else { return };
        let Ok(installed) = serde_json::from_slice::<Installed>(&bytes) else { return };
        let enabled = enabled(settings);
        for (name, copies) in &installed.plugins {
            if enabled.get(name) != Some(&true) {
                continue;
            }
            let here = |copy: &&Copy| {
                copy.project
                    .as_ref()
                    .is_none_or(|project| env.cwd().is_some_and(|cwd| cwd.starts_with(project)))
            };
            if let Some(copy) = copies.iter().rev().find(here) {
                self.plugin(&copy.folder, files);
            }
        }
    }

    fn plugin(&mut self, folder: &Path, files: &mut Vec<FileReport>) {
        // A manifest may hold the hooks itself, in the form of settings.
        for path in [folder.join("hooks/hooks.json"), folder.join(".claude-plugin/plugin.json")] {
            let Ok(Some(bytes)) = read(&path, SETTINGS_BYTES_MAX) else { continue };
            let Ok(document) = SettingsDocument::parse(&path, &bytes) else { continue };
            let hooks = self.hooks(&path, &document, Some(folder));
            if !hooks.is_empty() {
                self.other_program(&path);
                files.push(FileReport { scope: SCOPE, path, exists: true, hooks });
            }
        }
    }

    /// The plugin starts whatever bears the name on `PATH`.
    fn other_program(&mut self, path: &Path) {
        let found = self.known.find(BARE_NAME);
        if let Some(other) = found.filter(|program| identify(program) == ProgramIs::Other) {
            let what =
                format!("the plugin starts {}, which is another program of that name", other.display());
            let finding = Finding::new(Level::Broken, what, "put the folder of this rtk first on PATH");
            self.find(finding.in_file(path));
        }
    }
}

/// Which plugins are on; narrower settings win.
fn enabled(settings: &[Vec<u8>]) -> BTreeMap<String, bool> {
    let parsed =
        settings.iter().filter_map(|bytes| serde_json::from_slice::<Enabled>(without_mark(bytes)).ok());
    // A list of versions is the client's other way to say yes.
    parsed.flat_map(|enabled| enabled.plugins).map(|(name, value)| (name, value != false)).collect()
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
}

/// Whether the handler is one of rtk's own plugin.
pub(super) fn is_own(handler: &JsonNode) -> bool {
    let command = handler.get("command").and_then(JsonNode::as_str).unwrap_or_default();
    command.starts_with(OWN_CALL) || (command.contains(ROOT_VARIABLE) && command.contains(OWN_SCRIPT))
}

/// How the client starts the handler of the plugin in `folder`.
pub(super) fn launch(handler: &JsonNode, folder: &Path, known: &Known) -> Option<Launch> {
    let command = handler.get("command")?.as_str()?.replace(ROOT_VARIABLE, folder.to_str()?);
    Some(Launch {
        shown: command.clone(),
        program: known.find(BARE_NAME),
        args: None,
        command,
        plugin: Some(folder.to_path_buf()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installer::faults::faults;
    use crate::text::JsonDocument;

    /// What lies in the repository is what is recognised.
    #[test]
    fn every_handler_of_the_own_plugin_is_known() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(top.join("hooks/hooks.json")).unwrap();
        let document = SettingsDocument::parse(Path::new("hooks.json"), &bytes).unwrap();
        let events: Vec<_> =
            document.handlers().iter().filter(|at| is_own(at.node)).map(|at| at.event.to_owned()).collect();
        assert_eq!(events, ["PreToolUse", "SubagentStart", "SessionStart"]);
        assert!(faults(&document).is_empty());
        for foreign in ["rtk hook", "sh ${CLAUDE_PLUGIN_ROOT}/start.sh", "/x/hooks/plugin-session-start.sh"] {
            let text = format!("{{\"command\":\"{foreign}\"}}");
            let document = JsonDocument::parse(text.as_bytes()).unwrap();
            assert!(!is_own(&document.root.unwrap()), "{foreign}");
        }
    }

    #[test]
    fn narrower_settings_decide_what_is_on() {
        let settings = [
            "\u{feff}{\"enabledPlugins\":{\"a@m\":true,\"b@m\":true,\"c@m\":[\"1.0\"]}}",
            "damaged",
            "{\"enabledPlugins\":{\"b@m\":false}}",
        ];
        let on = enabled(&settings.map(|text| text.as_bytes().to_vec()));
        assert_eq!(
            on.into_iter().collect::<Vec<_>>(),
            [("a@m".into(), true), ("b@m".into(), false), ("c@m".into(), true)]
        );
    }
}
