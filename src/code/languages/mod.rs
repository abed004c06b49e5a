//! The data of every language, one file per language with a parser.

mod bash;
mod c;
mod cpp;
mod csharp;
mod go;
mod java;
mod javascript;
mod kotlin;
mod lua;
mod php;
mod plain;
mod python;
mod ruby;
mod rust;
mod scala;
mod swift;
mod typescript;

use super::rules::{LanguageData, PLAIN};
use super::types::Language;

/// Every language that is recognised.
pub(super) static ALL: &[&LanguageData] = &[
    &rust::DATA,
    &python::DATA,
    &javascript::DATA,
    &typescript::DATA,
    &typescript::TSX,
    &go::DATA,
    &java::DATA,
    &c::DATA,
    &cpp::DATA,
    &csharp::DATA,
    &ruby::DATA,
    &php::DATA,
    &bash::DATA,
    &kotlin::DATA,
    &swift::DATA,
    &scala::DATA,
    &lua::DATA,
    &plain::MARKDOWN,
    &plain::JSON,
    &plain::TOML,
    &plain::YAML,
    &plain::HTML,
    &plain::CSS,
    &plain::SQL,
    &plain::VUE,
    &plain::SVELTE,
    &plain::NOTEBOOK,
    &plain::PERL,
    &plain::MAKE,
    &plain::DOCKER,
    &plain::XML,
    &plain::INI,
    &plain::PROTO,
    &plain::ELIXIR,
    &plain::HASKELL,
    &plain::ZIG,
    &plain::DART,
    &plain::R,
    &plain::POWERSHELL,
    &plain::CMAKE,
    &plain::RST,
    &plain::TCL,
];

/// The data of `language`.
pub(super) fn data(language: Language) -> &'static LanguageData {
    ALL.iter().find(|data| data.language == language).copied().unwrap_or(&PLAIN)
}
