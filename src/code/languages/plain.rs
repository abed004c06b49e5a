//! Languages without a parser: how they are recognised and what their comments look like.

use crate::code::rules::{LanguageData, PLAIN};
use crate::code::types::Language;

const HASH: &[&str] = &["#"];
const SLASHES: &[&str] = &["//"];

const fn plain(
    language: Language,
    extensions: &'static [&'static str],
    line_comments: &'static [&'static str],
    block_comments: bool,
) -> LanguageData {
    LanguageData { language, extensions, line_comments, block_comments, ..PLAIN }
}

pub(super) static MARKDOWN: LanguageData =
    plain(Language::Markdown, &["md", "markdown", "mdx", "mkd"], &[], false);
pub(super) static JSON: LanguageData =
    plain(Language::Json, &["json", "jsonc", "json5", "webmanifest"], SLASHES, false);
pub(super) static TOML: LanguageData =
    LanguageData { file_names: &["Pipfile"], ..plain(Language::Toml, &["toml"], HASH, false) };
pub(super) static YAML: LanguageData = plain(Language::Yaml, &["yml", "yaml"], HASH, false);
pub(super) static HTML: LanguageData = plain(Language::Html, &["html", "htm", "xhtml"], &[], false);
pub(super) static CSS: LanguageData = plain(Language::Css, &["css", "scss", "less", "sass"], SLASHES, true);
pub(super) static SQL: LanguageData = plain(Language::Sql, &["sql", "ddl", "pgsql"], &["--"], true);
pub(super) static VUE: LanguageData = plain(Language::Vue, &["vue"], SLASHES, true);
pub(super) static SVELTE: LanguageData = plain(Language::Svelte, &["svelte"], SLASHES, true);
pub(super) static NOTEBOOK: LanguageData = plain(Language::Notebook, &["ipynb"], HASH, false);
pub(super) static PERL: LanguageData =
    LanguageData { interpreters: &["perl"], ..plain(Language::Perl, &["pl", "pm"], HASH, false) };
pub(super) static MAKE: LanguageData = LanguageData {
    file_names: &["Makefile", "makefile", "GNUmakefile", "BSDmakefile"],
    interpreters: &["make"],
    ..plain(Language::Make, &["mk", "mak"], HASH, false)
};
pub(super) static DOCKER: LanguageData = LanguageData {
    file_names: &["Dockerfile", "Containerfile"],
    ..plain(Language::Docker, &["dockerfile", "containerfile"], HASH, false)
};
pub(super) static XML: LanguageData = plain(
    Language::Xml,
    &["xml", "xsd", "xsl", "csproj", "vbproj", "fsproj", "props", "targets", "resx"],
    &[],
    false,
);
pub(super) static INI: LanguageData = LanguageData {
    file_names: &[".editorconfig", ".gitconfig", ".gitmodules"],
    ..plain(Language::Ini, &["ini", "cfg", "conf", "properties"], &["#", ";"], false)
};
pub(super) static PROTO: LanguageData = plain(Language::Proto, &["proto"], SLASHES, true);
pub(super) static ELIXIR: LanguageData = plain(Language::Elixir, &["ex", "exs"], HASH, false);
pub(super) static HASKELL: LanguageData = plain(Language::Haskell, &["hs", "lhs"], &["--"], false);
pub(super) static ZIG: LanguageData = plain(Language::Zig, &["zig"], SLASHES, false);
pub(super) static DART: LanguageData = plain(Language::Dart, &["dart"], SLASHES, true);
pub(super) static R: LanguageData =
    LanguageData { interpreters: &["Rscript"], ..plain(Language::R, &["r"], HASH, false) };
pub(super) static POWERSHELL: LanguageData = LanguageData {
    interpreters: &["pwsh"],
    ..plain(Language::PowerShell, &["ps1", "psm1", "psd1"], HASH, false)
};
pub(super) static CMAKE: LanguageData =
    LanguageData { file_names: &["CMakeLists.txt"], ..plain(Language::CMake, &["cmake"], HASH, false) };
pub(super) static RST: LanguageData = plain(Language::Rst, &["rst"], &[".. "], false);
pub(super) static TCL: LanguageData =
    LanguageData { interpreters: &["tclsh", "wish"], ..plain(Language::Tcl, &["tcl", "test"], HASH, false) };
