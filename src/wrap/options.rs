//! Reads the arguments of a git subcommand against the few options that a view knows; any other one is left to git.

/// The options that a view knows.
pub(super) struct Known {
    /// Options without a value.
    pub(super) flags: &'static [&'static str],
    /// Options with a value behind an equals sign or in the next argument.
    pub(super) values: &'static [&'static str],
    /// Options whose value, if any, follows directly: `-U3`, `--ignored=matching`.
    pub(super) attached: &'static [&'static str],
    /// Whether `-5` is a number of items.
    pub(super) numbers: bool,
}

/// What the arguments hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Given<'a> {
    /// Options as they are written, values left out.
    pub(super) options: Vec<&'a str>,
    /// Revisions and paths.
    pub(super) operands: Vec<&'a str>,
    /// The number of items asked for, by `-5`, `-n 5`, `-n5` or `--max-count=5`.
    pub(super) count: Option<usize>,
}

impl Given<'_> {
    pub(super) fn has(&self, any_of: &[&str]) -> bool {
        self.options.iter().any(|option| any_of.contains(option))
    }
}

impl Known {
    /// Reads arguments; `None` when one of them is not known.
    pub(super) fn read<'a>(&self, args: &[&'a str]) -> Option<Given<'a>> {
        let mut given = Given::default();
        let mut rest = args.iter().copied();
        while let Some(arg) = rest.next() {
            if arg == "--" {
                given.operands.extend(rest);
                break;
            }
            if !arg.starts_with('-') || arg == "-" {
                given.operands.push(arg);
                continue;
            }
            let (name, mut value) = match arg.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (arg, None),
            };
            let number = arg[1..].parse().ok().filter(|_| self.numbers);
            if number.is_some() {
                given.count = number;
                continue;
            }
            if self.values.contains(&name) {
                value = Some(match value {
                    Some(value) => value,
                    None => rest.next()?,
                });
            } else if let Some(text) = arg.strip_prefix("-n").filter(|_| self.values.contains(&"-n")) {
                value = Some(text);
            } else if !(self.flags.contains(&arg) || self.attached.iter().any(|known| arg.starts_with(known)))
            {
                return None;
            }
            let counts = self.values.contains(&"-n") && (name == "--max-count" || arg.starts_with("-n"));
            if counts {
                given.count = Some(value?.parse().ok()?);
            }
            given.options.push(name);
        }
        Some(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: Known = Known {
        flags: &["--all"],
        values: &["-n", "--since", "--max-count"],
        attached: &["-M"],
        numbers: true,
    };

    fn read<'a>(args: &[&'a str]) -> Option<Given<'a>> {
        LOG.read(args)
    }

    #[test]
    fn counts_values_and_operands_are_told_apart() {
        for args in [&["-7"][..], &["-n", "7"], &["-n7"], &["--max-count=7"], &["--max-count", "7"]] {
            assert_eq!(read(args).unwrap().count, Some(7), "{args:?}");
        }
        let given = read(&["--all", "--since", "-1 week", "main", "-M90%", "--", "--oneline"]).unwrap();
        assert_eq!(given.options, ["--all", "--since", "-M90%"]);
        assert_eq!(given.operands, ["main", "--oneline"]);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for args in [&["--oneline"][..], &["--allx"], &["-pq"], &["--since"], &["-nx"], &["--graph", "--all"]]
        {
            assert_eq!(read(args), None, "{args:?}");
        }
    }
}
