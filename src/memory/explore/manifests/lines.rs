//! Manifests read line by line: go.mod, Gradle, Ruby, CMake, make, setup.cfg, requirements, solutions.

use super::tables::requirement;
use super::{Manifest, clean, clean_text};

/// The text between the first pair of quotes of either kind.
fn quoted(text: &str) -> Option<&str> {
    let start = text.find(['"', '\''])?;
    let quote = text[start..].chars().next()?;
    let rest = &text[start + 1..];
    rest.find(quote).map(|end| &rest[..end])
}

/// All texts between quotes.
fn all_quoted(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(part) = quoted(rest) {
        found.push(part);
        // The part lies inside `rest`; go on behind its closing quote.
        let end = part.as_ptr() as usize - rest.as_ptr() as usize + part.len() + 1;
        rest = &rest[end..];
    }
    found
}

/// `go.mod`.
pub(super) fn go_mod(text: &str) -> Manifest {
    let mut manifest = Manifest::of("go");
    let mut block = String::new();
    for line in text.lines() {
        let indirect = line.contains("// indirect");
        let line = line.split("//").next().unwrap_or_default().trim();
        if line == ")" {
            block.clear();
            continue;
        }
        if let Some(word) = line.strip_suffix('(') {
            block = word.trim().to_owned();
            continue;
        }
        let mut words = line.split_whitespace();
        let verb = if block.is_empty() { words.next().unwrap_or_default() } else { block.as_str() };
        match verb {
            "module" => manifest.name = clean(words.next().unwrap_or_default()),
            "require" if !indirect => {
                manifest.depend(
                    words.next().unwrap_or_default(),
                    words.next().unwrap_or_default(),
                    "runtime",
                );
            }
            _ => {}
        }
    }
    if !manifest.name.is_empty() {
        manifest.command("go build ./...", "");
        manifest.command("go test ./...", "");
    }
    manifest
}

/// `requirements.txt`.
pub(super) fn requirements(text: &str) -> Manifest {
    let mut manifest = Manifest::of("python");
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['-', '#'])) {
        requirement(&mut manifest, line, "runtime");
    }
    manifest
}

/// `setup.cfg`.
pub(super) fn setup_cfg(text: &str) -> Manifest {
    let mut manifest = Manifest::of("python");
    let (mut section, mut key) = (String::new(), String::new());
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            key.clear();
            continue;
        }
        let continued = line.starts_with([' ', '\t']) && !key.is_empty();
        let value = if continued {
            trimmed
        } else {
            let (name, value) = trimmed.split_once('=').unwrap_or((trimmed, ""));
            name.trim().clone_into(&mut key);
            value.trim()
        };
        match (section.as_str(), key.as_str()) {
            ("metadata", "name") => manifest.name = clean(value),
            ("metadata", "description") => manifest.description = clean_text(value),
            ("options", "install_requires") if !value.is_empty() => {
                requirement(&mut manifest, value, "runtime");
            }
            ("options.entry_points", "console_scripts") if value.contains('=') => {
                let (name, object) = value.split_once('=').unwrap_or_default();
                manifest.entry("script", name, Some(object));
            }
            ("options.extras_require", _) if !value.is_empty() => {
                requirement(&mut manifest, value, "optional");
            }
            _ => {}
        }
    }
    manifest
}

/// `build.gradle` and `build.gradle.kts`.
pub(super) fn gradle(text: &str) -> Manifest {
    let mut manifest = Manifest::of("gradle");
    for line in text.lines().map(str::trim) {
        let word_end = line.find(|ch: char| !ch.is_ascii_alphanumeric()).unwrap_or(line.len());
        let (word, rest) = line.split_at(word_end);
        let scope = match word {
            "implementation" | "api" | "compileOnly" | "runtimeOnly" | "compile" => "runtime",
            "annotationProcessor" | "kapt" | "ksp" | "classpath" => "build",
            _ if word.starts_with("test") || word.starts_with("androidTest") => "dev",
            "mainClass" | "mainClassName" => {
                if let Some(class) = quoted(rest) {
                    manifest.entry("main", class.rsplit('.').next().unwrap_or(class), Some(class));
                }
                continue;
            }
            "description" => {
                manifest.description = quoted(rest).map(clean_text).unwrap_or_default();
                continue;
            }
            _ => continue,
        };
        let project = rest.contains("project(");
        let Some(coordinates) = quoted(rest).filter(|text| text.contains(':') || rest.contains("kotlin("))
        else {
            continue;
        };
        match (project, coordinates.rsplit_once(':')) {
            (true, _) => manifest.depend(coordinates, "", "local"),
            (false, Some((name, version))) if name.contains(':') => manifest.depend(name, version, scope),
            _ => manifest.depend(coordinates, "", scope),
        }
    }
    manifest.command("./gradlew build", "");
    manifest.command("./gradlew test", "");
    manifest
}

/// `settings.gradle` and `settings.gradle.kts`.
pub(super) fn gradle_settings(text: &str) -> Manifest {
    let mut manifest = Manifest::of("gradle");
    let mut including = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("rootProject.name") {
            manifest.name = quoted(line).map(clean).unwrap_or_default();
        }
        including |= line.starts_with("include") && !line.starts_with("includeBuild");
        if including {
            for member in all_quoted(line) {
                manifest.member(&member.trim_start_matches(':').replace(':', "/"));
            }
            including = line.ends_with(',') || line.ends_with('(');
        }
    }
    manifest
}

/// `Gemfile`.
pub(super) fn gemfile(text: &str) -> Manifest {
    let mut manifest = Manifest::of("ruby");
    let mut scope = "runtime";
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("group ") {
            scope = if line.contains(":development") || line.contains(":test") { "dev" } else { "runtime" };
        } else if line == "end" {
            scope = "runtime";
        } else if let Some(rest) = line.strip_prefix("gem ").or_else(|| line.strip_prefix("gem(")) {
            let parts = all_quoted(rest);
            let version = parts.get(1).filter(|text| text.contains(|ch: char| ch.is_ascii_digit()));
            manifest.depend(parts.first().unwrap_or(&""), version.unwrap_or(&""), scope);
        }
    }
    if manifest.dependencies.iter().any(|wanted| wanted.name == "rspec" || wanted.name == "rspec-rails") {
        manifest.command("bundle exec rspec", "");
    }
    if manifest.dependencies.iter().any(|wanted| wanted.name == "rake") {
        manifest.command("bundle exec rake", "");
    }
    manifest
}

/// `*.gemspec`.
pub(super) fn gemspec(text: &str) -> Manifest {
    let mut manifest = Manifest::of("ruby");
    for line in text.lines().map(str::trim) {
        let Some((_, rest)) = line.split_once('.') else { continue };
        let word_end = rest.find(|ch: char| !(ch.is_ascii_alphanumeric() || ch == '_')).unwrap_or(rest.len());
        let (word, value) = rest.split_at(word_end);
        let parts = all_quoted(value);
        let first = parts.first().copied().unwrap_or_default();
        match word {
            "name" if manifest.name.is_empty() => manifest.name = clean(first),
            "summary" => manifest.description = clean_text(first),
            "executables" => {
                let words = value.split_once("%w").map_or("", |(_, words)| words);
                let words = words.trim_matches(|ch: char| "[](){}|<> ".contains(ch)).split_whitespace();
                for name in parts.into_iter().chain(words) {
                    manifest.entry("binary", name, None);
                }
            }
            "add_dependency" | "add_runtime_dependency" => {
                manifest.depend(first, parts.get(1).unwrap_or(&""), "runtime");
            }
            "add_development_dependency" => manifest.depend(first, parts.get(1).unwrap_or(&""), "dev"),
            _ => {}
        }
    }
    manifest
}

/// `CMakeLists.txt`.
pub(super) fn cmake(text: &str) -> Manifest {
    let mut manifest = Manifest::of("cmake");
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some((call, rest)) = line.split_once('(') else { continue };
        let mut words = rest.split([' ', '\t', ')']).filter(|word| !word.is_empty());
        let Some(first) = words.next() else { continue };
        let plain = !first.contains("${");
        match call.trim().to_ascii_lowercase().as_str() {
            "project" if manifest.name.is_empty() => manifest.name = clean(first.trim_matches('"')),
            "add_executable" if plain => manifest.entry("binary", first, None),
            "add_library" if plain => manifest.entry("library", first, None),
            "find_package" => manifest.depend(first, words.next().unwrap_or_default(), "runtime"),
            "add_subdirectory" if plain => manifest.member(first),
            _ => {}
        }
    }
    if !manifest.name.is_empty() {
        manifest.command("cmake -B build && cmake --build build", "");
        if text.contains("enable_testing") || text.contains("include(CTest)") {
            manifest.command("ctest --test-dir build", "");
        }
    }
    manifest
}

/// `Makefile`: the targets that a person would type.
pub(super) fn makefile(text: &str) -> Manifest {
    let mut manifest = Manifest::of("make");
    let mut recipe_of: Option<usize> = None;
    for line in text.lines() {
        if let Some(command) = line.strip_prefix('\t') {
            let first = recipe_of.take().and_then(|number| manifest.commands.get_mut(number));
            if let Some(target) = first.filter(|target| target.does.is_empty()) {
                let command = command.trim_start_matches(['@', '-', '+']);
                // What is made of make's own variables tells a reader nothing.
                let of_make = ["$<", "$@", "$^", "$(MAKE)"].iter().any(|own| command.contains(own));
                if !of_make && !command.starts_with('$') && !command.starts_with("echo ") {
                    target.does = clean_text(command);
                }
            }
            continue;
        }
        recipe_of = None;
        let Some((targets, rest)) = line.split_once(':') else { continue };
        let simple = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_');
        if rest.starts_with('=')
            || rest.starts_with(":=")
            || targets.is_empty()
            || !targets.chars().all(simple)
        {
            continue;
        }
        // `default` is by custom what stands first and is made without a word.
        let run = if targets == "default" { "make".to_owned() } else { format!("make {targets}") };
        if manifest.commands.iter().any(|known| known.run == run) {
            continue;
        }
        let told = rest.split_once("##").map_or("", |(_, told)| told.trim());
        manifest.command(&run, told);
        recipe_of = Some(manifest.commands.len().saturating_sub(1));
    }
    manifest
}

/// `pnpm-workspace.yaml`: the list below `packages:`.
pub(super) fn pnpm_workspace(text: &str) -> Manifest {
    let mut manifest = Manifest::of("npm");
    let mut inside = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if !line.starts_with([' ', '-']) && !trimmed.is_empty() {
            inside = trimmed == "packages:";
        } else if let Some(item) = trimmed.strip_prefix("- ").filter(|_| inside) {
            let item = item.trim_matches(['"', '\'']);
            if !item.starts_with('!') {
                manifest.member(item);
            }
        }
    }
    manifest
}

/// `*.sln`: its projects.
pub(super) fn solution(text: &str) -> Manifest {
    let mut manifest = Manifest::of("dotnet");
    for line in text.lines().filter(|line| line.starts_with("Project(")) {
        let parts = all_quoted(line);
        if let Some(path) = parts.get(2).filter(|path| path.ends_with("proj")) {
            manifest.member(&path.replace('\\', "/"));
        }
    }
    if !manifest.members.is_empty() {
        manifest.command("dotnet build", "");
        manifest.command("dotnet test", "");
    }
    manifest
}
