//! Reads the plain command lines of `rtk write set|unset|get`, those without options, with no parser at all.
//!
//! Building the parser of the whole program takes longer than such a command takes to run. Everything else (options,
//! help, errors) is left to that parser, so that there is one grammar and one voice; a test holds both to the same answer.

use super::args::{Cli, Color, Command, Global};
use super::write;
use std::ffi::OsString;

/// The command line, if it is a complete one of a command that is quick to read.
pub(super) fn parse(args: &[OsString]) -> Option<Cli> {
    let [_, room, words @ ..] = args else { return None };
    // A lone `-` is a value or a file; all else with a dash in front may be an option.
    let plain = |word: &OsString| word == "-" || !word.as_encoded_bytes().starts_with(b"-");
    if room != "write" || !words.iter().all(plain) {
        return None;
    }
    let global = Global { json: false, quiet: false, verbose: false, color: Color::Auto };
    Some(Cli { global, command: Command::Write(write::plain_args(words)?) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn line(text: &str) -> Vec<OsString> {
        std::iter::once("rtk").chain(text.split(' ')).map(OsString::from).collect()
    }

    #[test]
    fn both_parsers_read_the_same() {
        for text in [
            "write set a.json a 1",
            "write set a.json a -",
            "write set - . x",
            "write set a.json  ",
            "write set a.json a.b[0] [1,2]",
            "write unset a.toml a.b",
            "write get a.yaml a",
            "write get help help",
        ] {
            let quick = parse(&line(text)).unwrap_or_else(|| panic!("{text}: not read"));
            let whole = Cli::try_parse_from(line(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(format!("{quick:?}"), format!("{whole:?}"), "{text}");
        }
    }

    #[test]
    fn what_has_options_or_is_not_complete_is_left_to_the_whole_parser() {
        for text in [
            "write",
            "write set",
            "write set --help",
            "write set a.json",
            "write set a.json a",
            "write set a.json a -1",
            "write set a.json a 1 2",
            "write get a.json",
            "write get a.json a b",
            "write get a.json a --raw",
            "write get -- a.json a",
            "write unset a.json a b",
            "write set a.json a 1 --type integer",
            "write replace a b c",
            "write help set x y",
            "memory get a b",
            "--json write get a b",
        ] {
            assert!(parse(&line(text)).is_none(), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn keys_that_are_no_text_are_left_to_the_whole_parser() {
        use std::os::unix::ffi::OsStringExt as _;
        let odd = OsString::from_vec(vec![b'a', 0xff]);
        let args = |path: &OsString, key: &OsString| {
            [OsString::from("rtk"), "write".into(), "get".into(), path.clone(), key.clone()]
        };
        assert!(parse(&args(&"a".into(), &odd)).is_none());
        assert!(parse(&args(&odd, &"a".into())).is_some(), "a path may be any bytes");
    }
}
