//! An administrator's settings, which beat all others and can turn their hooks off.

use super::{FileReport, Finding, Level, View};
use crate::fs::read;
use crate::installer::apply::SETTINGS_BYTES_MAX;
use crate::installer::settings::SettingsDocument;
use crate::text::JsonKind;
use std::path::{Path, PathBuf};

/// The scope of these files.
const SCOPE: &str = "managed";

impl View<'_> {
    /// Looks at the administrator's files; only those that are there are reported.
    pub(super) fn managed(&mut self, folder: &Path, files: &mut Vec<FileReport>) {
        let mut switches = Vec::new();
        for path in paths(folder) {
            let Ok(Some(bytes)) = read(&path, SETTINGS_BYTES_MAX) else { continue };
            let mut report = FileReport { scope: SCOPE, path, exists: true, hooks: Vec::new() };
            let path = report.path.clone();
            match SettingsDocument::parse(&path, &bytes) {
                Ok(document) => {
                    report.hooks = self.hooks(&path, &document, None);
                    for switch in ["disableAllHooks", "allowManagedHooksOnly"] {
                        let node = document.root().and_then(|root| root.get(switch));
                        if let Some(node) = node.filter(|node| node.kind == JsonKind::Bool(true)) {
                            switches.push((switch, path.clone(), document.json.position(node.span.start).0));
                        }
                    }
                }
                Err(error) => {
                    let finding =
                        Finding::new(Level::Warning, error.without_path(), "tell the administrator");
                    self.find(Finding { line: error.line(), ..finding.in_file(&path) });
                }
            }
            files.push(report);
        }
        let by_administrator = files.iter().any(|file| file.scope == SCOPE && file.serves_launches());
        for (switch, path, line) in switches {
            if switch == "allowManagedHooksOnly" && by_administrator {
                continue;
            }
            let what = format!("the administrator's settings say {switch}: no hook of yours runs");
            let finding = Finding::new(Level::Broken, what, "ask the administrator");
            self.find(finding.in_file(&path).at_line(line));
        }
    }
}

/// The file and its drop-ins, in the order in which they count.
fn paths(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("managed-settings.d"));
    let mut parts: Vec<PathBuf> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    parts.sort();
    let is_settings = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    std::iter::once(folder.join("managed-settings.json"))
        .chain(parts.into_iter().filter(is_settings))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Paths;
    use crate::installer::recognise::Known;

    fn managed(content: &str) -> (Vec<Finding>, Vec<FileReport>) {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("managed-settings.d")).unwrap();
        std::fs::write(root.path().join("managed-settings.d/10.json"), content).unwrap();
        let paths = Paths { data: root.path().into(), state: root.path().into(), config: root.path().into() };
        let known =
            Known { program: "/x".into(), installed: vec!["/gone/rtk".into()], search: vec![], home: None };
        let mut view = View {
            known: &known,
            paths: &paths,
            findings: vec![],
            disabled: None,
            firing: super::super::Firing::default(),
        };
        let mut files = Vec::new();
        view.managed(root.path(), &mut files);
        (view.findings, files)
    }

    #[test]
    fn an_administrators_switches_break_it() {
        for content in ["{\"disableAllHooks\": true}", "{\n\"allowManagedHooksOnly\": true}"] {
            let (findings, _) = managed(content);
            assert_eq!(findings[0].level, Level::Broken, "{content}");
            assert_eq!(findings[0].line, Some(content.lines().count()), "{content}");
        }
        assert!(managed(r#"{"disableAllHooks": false, "model": "x"}"#).0.is_empty());
        assert!(managed("{,}").0[0].what.contains("line 1, column 2"));
    }

    #[test]
    fn hooks_that_the_administrator_has_registered_count() {
        let handler = r#"{"type":"command","command":"/gone/rtk","args":["hook"],"timeout":1}"#;
        let (findings, files) = managed(&format!(
            r#"{{"allowManagedHooksOnly":true,"hooks":{{"PreToolUse":[{{"hooks":[{handler}]}}]}}}}"#
        ));
        assert!(files[0].serves_launches());
        assert!(findings.iter().all(|finding| !finding.what.contains("no hook of yours")), "{findings:?}");
    }
}
