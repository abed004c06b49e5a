//! Manifests that are tables: Cargo.toml, package.json, pyproject.toml, composer.json.

use super::Manifest;
use serde_json::{Map, Value};

/// Reads TOML as the values that JSON has; an empty table when it does not parse.
fn toml_table(text: &str) -> Map<String, Value> {
    let table: Option<toml::Table> = toml::from_str(text).ok();
    let value = table.and_then(|table| serde_json::to_value(table).ok());
    into_object(value)
}

fn json_table(text: &str) -> Map<String, Value> {
    into_object(serde_json::from_str(text).ok())
}

fn into_object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn text_of(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

fn pairs(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// `Cargo.toml`.
pub(super) fn cargo(text: &str) -> Manifest {
    let mut manifest = Manifest::of("cargo");
    let table = toml_table(text);
    let package = table.get("package");
    let name = text_of(package.and_then(|package| package.get("name")));
    manifest.name = super::clean(name);
    manifest.description = super::clean_text(text_of(package.and_then(|package| package.get("description"))));
    let workspace = table.get("workspace");
    for member in texts(workspace.and_then(|workspace| workspace.get("members"))) {
        manifest.member(member);
    }
    if let Some(path) = table.get("lib").and_then(|lib| lib.get("path")) {
        manifest.entry("library", name, path.as_str());
    }
    for binary in table.get("bin").and_then(Value::as_array).into_iter().flatten() {
        manifest.entry("binary", text_of(binary.get("name")), binary.get("path").and_then(Value::as_str));
    }
    let mut groups = vec![
        (table.get("dependencies"), "runtime"),
        (workspace.and_then(|workspace| workspace.get("dependencies")), "workspace"),
        (table.get("build-dependencies"), "build"),
        (table.get("dev-dependencies"), "dev"),
    ];
    for (_, target) in pairs(table.get("target")) {
        groups.push((target.get("dependencies"), "runtime"));
    }
    for (group, scope) in groups {
        for (dependency, wanted) in pairs(group) {
            let local = wanted.get("path").is_some();
            let version = wanted.as_str().unwrap_or_else(|| text_of(wanted.get("version")));
            manifest.depend(dependency, version, if local { "local" } else { scope });
        }
    }
    if !name.is_empty() || !manifest.members.is_empty() {
        manifest.command("cargo build", "");
        manifest
            .command(if manifest.members.is_empty() { "cargo test" } else { "cargo test --workspace" }, "");
    }
    manifest
}

/// `package.json`.
pub(super) fn package_json(text: &str) -> Manifest {
    let mut manifest = Manifest::of("npm");
    let table = json_table(text);
    let name = text_of(table.get("name"));
    manifest.name = super::clean(name);
    manifest.description = super::clean_text(text_of(table.get("description")));
    let workspaces = table.get("workspaces");
    let listed = workspaces.filter(|list| list.is_array());
    for member in texts(listed.or_else(|| workspaces.and_then(|object| object.get("packages")))) {
        manifest.member(member);
    }
    match table.get("bin") {
        Some(Value::String(path)) => manifest.entry("binary", name, Some(path)),
        bins => {
            for (bin, path) in pairs(bins) {
                manifest.entry("binary", bin, path.as_str());
            }
        }
    }
    let exports = table.get("exports").map(|exports| exports.get(".").unwrap_or(exports)).and_then(exported);
    let main = ["module", "main"].iter().find_map(|key| table.get(*key).and_then(Value::as_str));
    if let Some(path) = exports.or(main) {
        manifest.entry("library", name, Some(path));
    }
    let groups = [
        ("dependencies", "runtime"),
        ("peerDependencies", "runtime"),
        ("optionalDependencies", "optional"),
        ("devDependencies", "dev"),
    ];
    for (group, scope) in groups {
        for (dependency, wanted) in pairs(table.get(group)) {
            let version = text_of(Some(wanted));
            let local = ["workspace:", "file:", "link:"].iter().any(|prefix| version.starts_with(prefix));
            manifest.depend(dependency, version, if local { "local" } else { scope });
        }
    }
    let program = match text_of(table.get("packageManager")).split('@').next().unwrap_or_default() {
        "" => "npm",
        program => program,
    };
    for (script, line) in pairs(table.get("scripts")) {
        manifest.command(&format!("{program} run {script}"), text_of(Some(line)));
    }
    manifest
}

/// The file that an export leads to: the first of the conditions that a plain import meets.
fn exported(value: &Value) -> Option<&str> {
    let mut value = value;
    // Conditions are nested a few levels deep at most; a deeper nest is not followed.
    for _ in 0..4 {
        if let Some(path) = value.as_str() {
            return Some(path);
        }
        value = ["import", "default", "node", "require"].iter().find_map(|key| value.get(*key))?;
    }
    value.as_str()
}

/// `pyproject.toml`, by the standard's table or by poetry's.
pub(super) fn pyproject(text: &str) -> Manifest {
    let mut manifest = Manifest::of("python");
    let table = toml_table(text);
    let tool = table.get("tool");
    let poetry = tool.and_then(|tool| tool.get("poetry"));
    let project = table.get("project");
    let field = |key: &str| {
        let standard = text_of(project.and_then(|project| project.get(key)));
        if standard.is_empty() { text_of(poetry.and_then(|poetry| poetry.get(key))) } else { standard }
    };
    manifest.name = super::clean(field("name"));
    manifest.description = super::clean_text(field("description"));
    for owner in [project, poetry] {
        for group in ["scripts", "gui-scripts"] {
            for (script, object) in pairs(owner.and_then(|owner| owner.get(group))) {
                manifest.entry("script", script, object.as_str());
            }
        }
    }
    for wanted in texts(project.and_then(|project| project.get("dependencies"))) {
        requirement(&mut manifest, wanted, "runtime");
    }
    for (_, group) in pairs(project.and_then(|project| project.get("optional-dependencies"))) {
        texts(Some(group)).for_each(|wanted| requirement(&mut manifest, wanted, "optional"));
    }
    for (_, group) in pairs(table.get("dependency-groups")) {
        texts(Some(group)).for_each(|wanted| requirement(&mut manifest, wanted, "dev"));
    }
    for (group, scope) in [("dependencies", "runtime"), ("dev-dependencies", "dev")] {
        for (dependency, wanted) in pairs(poetry.and_then(|poetry| poetry.get(group))) {
            manifest.depend(dependency, text_of(Some(wanted)), scope);
        }
    }
    let workspace = tool.and_then(|tool| tool.get("uv")).and_then(|uv| uv.get("workspace"));
    for member in texts(workspace.and_then(|workspace| workspace.get("members"))) {
        manifest.member(member);
    }
    if tool.is_some_and(|tool| tool.get("pytest").is_some()) {
        manifest.command("pytest", "");
    }
    if tool.is_some_and(|tool| tool.get("tox").is_some()) {
        manifest.command("tox", "");
    }
    manifest
}

/// Adds a requirement such as `name[extra] >= 1, < 2 ; marker`.
pub(super) fn requirement(manifest: &mut Manifest, wanted: &str, scope: &'static str) {
    let wanted = wanted.split([';', '#']).next().unwrap_or_default().trim();
    let end = wanted.find(|ch: char| !(ch.is_alphanumeric() || matches!(ch, '-' | '_' | '.')));
    let (name, rest) = wanted.split_at(end.unwrap_or(wanted.len()));
    let version = match (rest.find('['), rest.find(']')) {
        (Some(open), Some(close)) if open < close => &rest[close + 1..],
        _ => rest,
    };
    manifest.depend(name, version, scope);
}

/// `composer.json`.
pub(super) fn composer(text: &str) -> Manifest {
    let mut manifest = Manifest::of("php");
    let table = json_table(text);
    manifest.name = super::clean(text_of(table.get("name")));
    manifest.description = super::clean_text(text_of(table.get("description")));
    for binary in texts(table.get("bin")) {
        manifest.entry("binary", binary.rsplit('/').next().unwrap_or(binary), Some(binary));
    }
    for (namespace, folder) in pairs(table.get("autoload").and_then(|autoload| autoload.get("psr-4"))) {
        manifest.entry("library", namespace, folder.as_str());
    }
    for (group, scope) in [("require", "runtime"), ("require-dev", "dev")] {
        for (dependency, version) in pairs(table.get(group)) {
            manifest.depend(dependency, text_of(Some(version)), scope);
        }
    }
    for (script, line) in pairs(table.get("scripts")) {
        let line =
            line.as_str().map_or_else(|| texts(Some(line)).collect::<Vec<_>>().join(" && "), str::to_owned);
        manifest.command(&format!("composer {script}"), &line);
    }
    manifest
}
