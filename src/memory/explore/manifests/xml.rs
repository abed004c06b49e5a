//! Manifests in XML: pom.xml and .NET projects, by a scan over the tags that holds no tree.

use super::{Manifest, clean, clean_text};

/// Nested deeper than this is no manifest.
const DEPTH_MAX: usize = 40;

/// Calls `each` with the path of tags, the attributes' text and the text of every element that has no child elements.
fn elements<'t>(text: &'t str, each: &mut dyn FnMut(&[&'t str], &'t str, &'t str)) {
    let mut path: Vec<&str> = Vec::new();
    let mut attributes: Vec<&str> = Vec::new();
    let mut leaf = false;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let inside = &rest[..at];
        rest = &rest[at..];
        let end = if rest.starts_with("<!--") { rest.find("-->").map(|end| end + 2) } else { rest.find('>') };
        let Some(end) = end else { return };
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if tag.starts_with(['!', '?']) {
            continue;
        }
        if tag.starts_with('/') {
            if leaf {
                each(&path, attributes.last().copied().unwrap_or_default(), inside.trim());
            }
            path.pop();
            attributes.pop();
            leaf = false;
            continue;
        }
        let closed = tag.strip_suffix('/');
        let tag = closed.unwrap_or(tag);
        let (name, attribute) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        if path.len() >= DEPTH_MAX {
            return;
        }
        path.push(name);
        attributes.push(attribute);
        // An element with attributes counts at once: `<PackageReference Include="…">` may have children.
        if closed.is_some() || !attribute.is_empty() {
            each(&path, attribute, "");
        }
        leaf = closed.is_none();
        if closed.is_some() {
            path.pop();
            attributes.pop();
        }
    }
}

/// The value of one attribute.
fn attribute<'t>(attributes: &'t str, name: &str) -> &'t str {
    let Some(at) = attributes.find(&format!("{name}=\"")) else { return "" };
    let rest = &attributes[at + name.len() + 2..];
    rest.find('"').map_or("", |end| &rest[..end])
}

/// `pom.xml`.
pub(super) fn pom(text: &str) -> Manifest {
    let mut manifest = Manifest::of("maven");
    let (mut group, mut artifact, mut version, mut scope) = ("", "", "", "runtime");
    let mut found: Vec<(String, &str, &'static str)> = Vec::new();
    elements(text, &mut |path, _, value| match path {
        ["project", "artifactId"] => manifest.name = clean(value),
        ["project", "description"] => manifest.description = clean_text(value),
        ["project", "modules", "module"] => manifest.member(value),
        ["project", "dependencies", "dependency", field] => {
            // A new dependency begins when a field comes that is known already.
            if *field == "groupId" && !artifact.is_empty() {
                found.push((format!("{group}:{artifact}"), version, scope));
                (artifact, version, scope) = ("", "", "runtime");
            }
            match *field {
                "groupId" => group = value,
                "artifactId" => artifact = value,
                "version" => version = value,
                "scope" if value == "test" => scope = "dev",
                "scope" if value == "provided" => scope = "build",
                _ => {}
            }
        }
        [.., "mainClass"] => manifest.entry("main", value.rsplit('.').next().unwrap_or(value), Some(value)),
        _ => {}
    });
    if !artifact.is_empty() {
        found.push((format!("{group}:{artifact}"), version, scope));
    }
    for (name, version, scope) in found {
        manifest.depend(&name, if version.contains("${") { "" } else { version }, scope);
    }
    manifest.command("mvn package", "");
    manifest.command("mvn test", "");
    manifest
}

/// `*.csproj` and `*.fsproj`; the name is the file's, so the readers of entry points get it from there.
pub(super) fn dotnet_project(text: &str) -> Manifest {
    let mut manifest = Manifest::of("dotnet");
    let mut runnable = None;
    elements(text, &mut |path, attributes, value| match path {
        ["Project"] if attribute(attributes, "Sdk").ends_with(".Web") => runnable = Some("service"),
        ["Project"] if attribute(attributes, "Sdk").ends_with(".Worker") => runnable = Some("service"),
        [.., "OutputType"] if value.eq_ignore_ascii_case("exe") || value.eq_ignore_ascii_case("winexe") => {
            runnable = Some("binary");
        }
        [.., "AssemblyName"] if !value.contains('$') => manifest.name = clean(value),
        [.., "Description"] => manifest.description = clean_text(value),
        [.., "PackageReference"] => {
            manifest.depend(attribute(attributes, "Include"), attribute(attributes, "Version"), "runtime");
        }
        [.., "ProjectReference"] => {
            let path = attribute(attributes, "Include").replace('\\', "/");
            let file = path.rsplit('/').next().unwrap_or_default();
            manifest.depend(file.rsplit_once('.').map_or(file, |(stem, _)| stem), "", "local");
        }
        _ => {}
    });
    if let Some(kind) = runnable {
        let name = manifest.name.clone();
        manifest.entry(kind, &name, None);
    }
    manifest
}
