//! Reads the common command lines of `rtk write file|set|unset|get`, those with switches at most, with no parser at all.
//!
//! Building the parser of the whole program takes longer than such a command takes to run. Everything else (options with
//! values, help, errors) is left to that parser, so that there is one grammar and one voice; a test holds both to the
//! same answer.

use super::args::{
    FileArgs, GetArgs, OutputForm, PlaceArgs, SetArgs, Shared, UnsetArgs, WriteArgs, WriteCommand,
};
use crate::cli::args::{Cli, Color, Command, Global};
use std::ffi::OsString;

/// The command line, if it is a complete one of a command that is quick to read.
pub(in crate::cli) fn parse(args: &[OsString]) -> Option<Cli> {
    let [_, room, command, rest @ ..] = args else { return None };
    if room != "write" {
        return None;
    }
    let mut global = Global { json: false, quiet: false, verbose: false, color: Color::Auto };
    let mut shared = no_switches();
    let mut words = Vec::new();
    for word in rest {
        // A lone `-` is a value or a file; all else with a dash in front is an option.
        if word == "-" || !word.as_encoded_bytes().starts_with(b"-") {
            words.push(word);
            continue;
        }
        let switch = match word.to_str()? {
            "--json" => &mut global.json,
            "-q" | "--quiet" => &mut global.quiet,
            "-v" | "--verbose" => &mut global.verbose,
            name => shared.switch(name)?,
        };
        // Said twice is an error there.
        if std::mem::replace(switch, true) {
            return None;
        }
    }
    if global.quiet && global.verbose {
        return None;
    }
    let what = command_of(command.to_str()?, &words)?;
    Some(Cli { global, command: Command::Write(WriteArgs { shared, what }) })
}

/// The shared options when none is given.
fn no_switches() -> Shared {
    Shared {
        dry_run: false,
        if_match: None,
        output: OutputForm::Concise,
        root: None,
        no_follow: false,
        in_place: false,
        fast: false,
        exit_code: false,
    }
}

impl Shared {
    /// The switch of this name, for whoever reads it without the parser above.
    fn switch(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "--dry-run" => Some(&mut self.dry_run),
            "--no-follow" => Some(&mut self.no_follow),
            "--in-place" => Some(&mut self.in_place),
            "--fast" => Some(&mut self.fast),
            "--exit-code" => Some(&mut self.exit_code),
            _ => None,
        }
    }
}

/// What a command with these words and no option of its own means, as the parser above would read it.
fn command_of(command: &str, words: &[&OsString]) -> Option<WriteCommand> {
    let (path, rest) = words.split_first()?;
    if path.is_empty() {
        // An error there.
        return None;
    }
    if command == "file" {
        let args = FileArgs { path: path.into(), from: "-".into(), create: false, create_folders: false };
        return rest.is_empty().then_some(WriteCommand::File(args));
    }
    let (key, rest) = rest.split_first()?;
    let place = PlaceArgs { path: path.into(), key: key.to_str()?.to_owned(), format: None };
    Some(match (command, rest) {
        ("set", [value]) => WriteCommand::Set(SetArgs {
            place,
            value: Some(value.to_str()?.to_owned()),
            kind: None,
            create_parents: false,
            insert: false,
            move_to: None,
        }),
        ("unset", []) => WriteCommand::Unset(UnsetArgs { place }),
        ("get", []) => WriteCommand::Get(GetArgs { place, raw: false }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use proptest::prelude::*;

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
            "write file a.txt",
            "write file a.txt -q --fast",
            "write set a.json a 1 -q",
            "write set --dry-run a.json -v a --json 1 --exit-code",
            "write unset a.json --no-follow --in-place a --quiet",
            "write get a.json a --verbose --dry-run",
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
            "write set a.json a 1 -q -v",
            "write set a.json a 1 -q -q",
            "write set a.json a 1 -qv",
            "write set a.json a 1 --output json",
            "write set a.json a 1 -p",
            "write file a.txt --create",
            "write file a b",
            "write file --json",
            "write set a.json a 1 --type integer",
            "write replace a b c",
            "write file ",
            "write get  a",
            "write help set x y",
            "memory get a b",
            "--json write get a b",
        ] {
            assert!(parse(&line(text)).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_here_is_read_the_same_there(
            command in "file|set|unset|get|get|set|replace|help",
            words in proptest::collection::vec(
                "|-|--|a\\.json|a|b c|help|1|-1|=|-=|é|--json|--js|--json=|-q|-v|-qv|--quiet|--verbose|--fast|--fas|\
                 --dry-run|--no-follow|--in-place|--exit-code|--output=json|--raw|--create|-h|--help|-V|--type|int",
                0..7,
            ),
        ) {
            let words = ["rtk", "write", &command].into_iter().chain(words.iter().map(String::as_str));
            let args: Vec<OsString> = words.map(OsString::from).collect();
            if let Some(quick) = parse(&args) {
                let whole = Cli::try_parse_from(&args).map_err(|error| TestCaseError::fail(error.to_string()))?;
                prop_assert_eq!(format!("{quick:?}"), format!("{whole:?}"));
            }
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
