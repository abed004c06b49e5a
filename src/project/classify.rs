//! What kind of file a path and its first bytes speak of.

use memchr::memmem;

/// NUL bytes are searched in so many bytes from the start.
const BINARY_BYTES_LOOKED_AT: usize = 8 * 1024;
/// Marks of generated files are searched in so many bytes from the start.
const GENERATED_BYTES_LOOKED_AT: usize = 1024;
/// A file whose first line is longer than this is taken for minified, in bytes.
const LINE_BYTES_MAX: usize = 4000;

/// Kinds that a ranking treats differently; several may hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FileClass {
    /// Checks other code.
    pub test: bool,
    /// Shows how other code is used.
    pub example: bool,
    /// Prose for people.
    pub documentation: bool,
    /// Written by a program.
    pub generated: bool,
    /// A copy of foreign code.
    pub vendored: bool,
    /// Pins versions of dependencies.
    pub lock: bool,
    /// Settings or a manifest.
    pub config: bool,
}

impl FileClass {
    /// Packs the kinds into one byte.
    pub fn to_bits(self) -> u8 {
        let flags = [
            self.test,
            self.example,
            self.documentation,
            self.generated,
            self.vendored,
            self.lock,
            self.config,
        ];
        flags.iter().enumerate().fold(0, |bits, (at, flag)| bits | (u8::from(*flag) << at))
    }

    /// Unpacks [`FileClass::to_bits`]; the unused bit is ignored.
    pub fn from_bits(bits: u8) -> FileClass {
        let flag = |at: u8| bits & (1 << at) != 0;
        FileClass {
            test: flag(0),
            example: flag(1),
            documentation: flag(2),
            generated: flag(3),
            vendored: flag(4),
            lock: flag(5),
            config: flag(6),
        }
    }
}

const LOCK_NAMES: &[&str] = &[
    "cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
    "poetry.lock",
    "pipfile.lock",
    "uv.lock",
    "pdm.lock",
    "gemfile.lock",
    "composer.lock",
    "go.sum",
    "go.work.sum",
    "mix.lock",
    "pubspec.lock",
    "podfile.lock",
    "package.resolved",
    "flake.lock",
    "gradle.lockfile",
    "packages.lock.json",
    "conda-lock.yml",
    "module.bazel.lock",
];
const CONFIG_ENDINGS: &[&str] = &[
    ".toml",
    ".yaml",
    ".yml",
    ".ini",
    ".cfg",
    ".conf",
    ".properties",
    ".json",
    ".jsonc",
    ".json5",
    ".gradle",
    ".gradle.kts",
    ".cmake",
    ".mk",
    ".tf",
    ".tfvars",
    ".editorconfig",
    ".plist",
    ".csproj",
    ".fsproj",
    ".sln",
    ".nix",
];
const CONFIG_NAMES: &[&str] = &[
    "makefile",
    "gnumakefile",
    "dockerfile",
    "containerfile",
    "justfile",
    "gemfile",
    "rakefile",
    "procfile",
    "cmakelists.txt",
    "go.mod",
    "go.work",
    "pom.xml",
    "build.xml",
    "requirements.txt",
    "setup.py",
    "jenkinsfile",
    "vagrantfile",
    "brewfile",
    "pipfile",
    "meson.build",
    "build.bazel",
    "workspace",
];
const DOC_ENDINGS: &[&str] =
    &[".md", ".mdx", ".markdown", ".rst", ".adoc", ".asciidoc", ".txt", ".org", ".pod", ".tex"];
const DOC_NAMES: &[&str] = &[
    "readme",
    "changelog",
    "changes",
    "news",
    "license",
    "licence",
    "copying",
    "notice",
    "authors",
    "contributing",
    "history",
    "todo",
    "install",
];
const TEST_FOLDERS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "__tests__",
    "spec",
    "specs",
    "e2e",
    "testdata",
    "test-data",
    "test_data",
    "fixtures",
    "__snapshots__",
    "__mocks__",
    "snapshots",
    "androidtest",
    "unittest",
    "unittests",
    "integration-tests",
    "cypress",
];
const EXAMPLE_FOLDERS: &[&str] = &[
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "tutorial",
    "tutorials",
    "playground",
    "sandbox",
];
const DOC_FOLDERS: &[&str] = &["doc", "docs", "documentation", "manual", "man"];
const VENDOR_FOLDERS: &[&str] = &[
    "vendor",
    "vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "node_modules",
    "bower_components",
    "external",
    "externals",
    "extern",
    "deps",
    "3rdparty",
    "godeps",
    "carthage",
    "pods",
    "site-packages",
];
const GENERATED_FOLDERS: &[&str] = &["generated", "__generated__", "gen", "autogen", "generated-sources"];
const GENERATED_ENDINGS: &[&str] = &[
    ".min.js",
    ".min.css",
    ".min.mjs",
    ".pb.go",
    ".pb.cc",
    ".pb.h",
    "_pb2.py",
    "_pb2_grpc.py",
    ".pb.rs",
    ".g.dart",
    ".freezed.dart",
    ".designer.cs",
    ".g.cs",
    ".generated.ts",
    ".generated.cs",
    ".generated.go",
    ".bundle.js",
    ".map",
    "_generated.go",
    "_generated.rs",
    "_string.go",
    ".snap",
    ".d.ts.map",
];
const GENERATED_MARKS: &[&[u8]] = &[
    b"@generated",
    b"DO NOT EDIT",
    b"Do not edit",
    b"do not edit by hand",
    b"AUTO-GENERATED",
    b"Autogenerated by",
    b"auto-generated by",
    b"automatically generated",
    b"Generated by the protocol buffer compiler",
    b"<auto-generated",
];

/// Tells the kinds of a file by its path relative to the root and its first bytes (which may be empty).
pub fn classify(relative: &[u8], head: &[u8]) -> FileClass {
    let path = String::from_utf8_lossy(relative);
    let (folders, original) = path.rsplit_once('/').unwrap_or(("", &path));
    let name = original.to_ascii_lowercase();
    let folders = folders.to_ascii_lowercase();
    let within = |list: &[&str]| folders.split('/').any(|folder| list.contains(&folder));
    let ends = |list: &[&str]| list.iter().any(|ending| name.ends_with(ending));
    let stem = name.split('.').next().unwrap_or_default();
    let lock = LOCK_NAMES.contains(&name.as_str());
    let text_config = name == "requirements.txt" || name == "cmakelists.txt" || name == "robots.txt";
    let documentation = (ends(DOC_ENDINGS) && !text_config)
        || (DOC_NAMES.contains(&stem) && !is_code(&name))
        || (within(DOC_FOLDERS) && !is_code(&name) && !ends(CONFIG_ENDINGS));
    FileClass {
        test: within(TEST_FOLDERS) || has_test_name(original, &name),
        example: within(EXAMPLE_FOLDERS) || name.starts_with("example.") || name.starts_with("example_"),
        documentation,
        generated: within(GENERATED_FOLDERS) || ends(GENERATED_ENDINGS) || has_generated_head(head, &name),
        vendored: within(VENDOR_FOLDERS),
        lock,
        config: !lock && (ends(CONFIG_ENDINGS) || CONFIG_NAMES.contains(&name.as_str())),
    }
}

/// Whether the start of a file is no text: a NUL byte, or UTF-16.
pub fn is_binary(head: &[u8]) -> bool {
    let head = &head[..head.len().min(BINARY_BYTES_LOOKED_AT)];
    memchr::memchr(0, head).is_some() || head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff])
}

fn has_test_name(original: &str, name: &str) -> bool {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let original_stem = original.rsplit_once('.').map_or(original, |(stem, _)| stem);
    let camel =
        matches!(
            ending,
            "java" | "kt" | "kts" | "cs" | "scala" | "swift" | "php" | "groovy" | "cpp" | "m" | "mm"
        ) && ["Test", "Tests", "TestCase", "IT", "Spec"].iter().any(|word| original_stem.ends_with(word));
    let parts = [".test", ".spec", "_test", "_spec", "-test", "-spec", "_tests", ".cy", ".e2e", "_unittest"];
    let whole = ["test", "tests", "conftest", "test_helper", "spec_helper", "jest.setup", "setuptests"];
    camel
        || is_code(name)
            && (stem.starts_with("test_")
                || parts.iter().any(|part| stem.ends_with(part))
                || whole.contains(&stem))
}

fn is_code(name: &str) -> bool {
    let Some((_, ending)) = name.rsplit_once('.') else { return false };
    let prose_or_data =
        matches!(ending, "md" | "txt" | "rst" | "adoc" | "json" | "yaml" | "yml" | "toml" | "html");
    !ending.is_empty() && !prose_or_data
}

fn has_generated_head(head: &[u8], name: &str) -> bool {
    let start = &head[..head.len().min(GENERATED_BYTES_LOOKED_AT)];
    if GENERATED_MARKS.iter().any(|mark| memmem::find(start, mark).is_some()) {
        return true;
    }
    let minifiable =
        [".js", ".mjs", ".cjs", ".css", ".html", ".svg"].iter().any(|ending| name.ends_with(ending));
    minifiable && memchr::memchr(b'\n', head).unwrap_or(head.len()) > LINE_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(path: &str, head: &str) -> String {
        let class = classify(path.as_bytes(), head.as_bytes());
        assert_eq!(FileClass::from_bits(class.to_bits()), class);
        let named = [
            (class.test, "test"),
            (class.example, "example"),
            (class.documentation, "doc"),
            (class.generated, "generated"),
            (class.vendored, "vendored"),
            (class.lock, "lock"),
            (class.config, "config"),
        ];
        named.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect::<Vec<_>>().join("+")
    }

    #[test]
    fn paths_speak_of_their_kind() {
        for (path, expected) in [
            ("src/main.rs", ""),
            ("src/contest.rs", ""),
            ("src/latest.rs", ""),
            ("tests/it/main.rs", "test"),
            ("pkg/a_test.go", "test"),
            ("src/a.test.tsx", "test"),
            ("test_x.py", "test"),
            ("x/FooTest.java", "test"),
            ("x/Latest.java", ""),
            ("spec/models/a_spec.rb", "test"),
            ("examples/a.py", "example"),
            ("README.md", "doc"),
            ("docs/guide.rst", "doc"),
            ("LICENSE", "doc"),
            ("docs/conf.py", ""),
            ("api/x.pb.go", "generated"),
            ("web/app.min.js", "generated"),
            ("vendor/a/b.go", "vendored"),
            ("Cargo.lock", "lock"),
            ("go.sum", "lock"),
            ("package-lock.json", "lock"),
            ("Cargo.toml", "config"),
            ("Makefile", "config"),
            ("requirements.txt", "config"),
            ("CMakeLists.txt", "config"),
            ("history.rs", ""),
            ("src/install.rs", ""),
            ("vendor/x/tests/a.c", "test+vendored"),
        ] {
            assert_eq!(kinds(path, ""), expected, "{path}");
        }
    }

    #[test]
    fn first_bytes_speak_of_their_kind() {
        assert_eq!(kinds("a.go", "// Code generated by x. DO NOT EDIT.\n"), "generated");
        assert_eq!(kinds("a.js", &"x".repeat(5000)), "generated");
        assert_eq!(kinds("a.rs", "fn main() {}\n"), "");
        assert!(is_binary(b"ab\0c") && is_binary(b"\xff\xfea"));
        assert!(!is_binary("häß".as_bytes()) && !is_binary(b""));
        let mut late = vec![b'a'; BINARY_BYTES_LOOKED_AT];
        late.push(0);
        assert!(!is_binary(&late));
    }
}
