//! The one object that prints: data on stdout, people on stderr, colour only where it is wanted.

use super::args::{Color, Global};
use super::error::CliError;
use crate::base::Env;
use std::borrow::Cow;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

/// Prints results, notes and errors in the form that the global options ask for.
pub(super) struct Output {
    json: bool,
    quiet: bool,
    verbose: bool,
    color: bool,
}

impl Output {
    pub(super) fn new(env: &Env, global: &Global) -> Output {
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => env.os("NO_COLOR").is_none() && std::io::stderr().is_terminal(),
        };
        Output { json: global.json, quiet: global.quiet, verbose: global.verbose, color }
    }

    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(super) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether a person watches stderr, so that progress may be drawn there.
    pub(super) fn shows_progress(&self) -> bool {
        !self.quiet && !self.json && std::io::stderr().is_terminal()
    }

    /// Prints bytes to stdout as they are.
    pub(super) fn raw(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(CliError::Stdout)
    }

    /// Prints one line of data to stdout.
    pub(super) fn line(&self, text: &str) -> Result<(), CliError> {
        self.raw(format!("{text}\n").as_bytes())
    }

    /// Prints one JSON document to stdout.
    pub(super) fn json(&self, value: &serde_json::Value) -> Result<(), CliError> {
        self.line(&pretty(value))
    }

    /// Tells people something on stderr, unless they asked for quiet.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.say(&visible(text));
        }
    }

    /// Warns people on stderr.
    pub(super) fn warn(&self, text: &str) {
        self.say(&format!("{} {}", self.paint("33", "warning:"), visible(text)));
    }

    /// Prints an error: what and where, then what to do next. With `--json` also as a document on stdout.
    pub(super) fn error(&self, error: &CliError) {
        if self.json {
            let _ = self.json(&document(&error.to_string(), error.hint().as_deref(), error.kind()));
        }
        self.say(&format!("{} {}", self.paint("31", "error:"), visible(&error.to_string())));
        if let Some(hint) = error.hint() {
            self.say(&format!("  {} {}", self.paint("36", "hint:"), visible(&hint)));
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn say(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

/// Names and texts of files are part of messages: what would steer the reader's terminal or turn its text around is
/// shown escaped.
fn visible(text: &str) -> Cow<'_, str> {
    let steers = |ch: char| {
        (ch.is_control() && !matches!(ch, '\n' | '\t'))
            || matches!(ch, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(steers) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for ch in text.chars() {
        if steers(ch) { shown.extend(ch.escape_unicode()) } else { shown.push(ch) }
    }
    shown.into()
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// What `--json` gives for a failure.
fn document(error: &str, hint: Option<&str>, kind: &str) -> serde_json::Value {
    serde_json::json!({ "schema": 1, "error": error, "hint": hint, "kind": kind })
}

/// Prints clap's own message (help to stdout, errors to stderr) and gives its exit code. With `--json` an error is a
/// document on stdout as well.
pub(super) fn print_clap(error: &clap::Error, wants_json: bool) -> ExitCode {
    if wants_json && error.use_stderr() {
        let text = error.render().to_string();
        let message = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ").trim_end();
        let document = document(message, Some("the same command with --help says what it takes"), "usage");
        let _ = writeln!(std::io::stdout().lock(), "{}", pretty(&document));
    }
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// How often a step that goes on shows it.
const TICK: std::time::Duration = std::time::Duration::from_millis(100);

/// A progress bar on stderr while somebody watches; nothing otherwise.
pub(super) struct Progress {
    bar: Option<indicatif::ProgressBar>,
}

impl Progress {
    pub(super) fn new(out: &Output, what: &str) -> Progress {
        let bar = out.shows_progress().then(|| {
            let bar = indicatif::ProgressBar::new(0);
            let style =
                indicatif::ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} files, {eta} left");
            bar.set_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()));
            bar.set_message(what.to_owned());
            bar
        });
        Progress { bar }
    }

    /// For a step whose end cannot be foretold: what is done, and for how long.
    pub(super) fn step(out: &Output, what: &str) -> Progress {
        let bar = out.shows_progress().then(|| {
            let bar = indicatif::ProgressBar::new_spinner();
            let style = indicatif::ProgressStyle::with_template("{msg} {spinner} {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_spinner()));
            bar.set_message(what.to_owned());
            bar.enable_steady_tick(TICK);
            bar
        });
        Progress { bar }
    }

    pub(super) fn set(&self, done: usize, of: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_the_terminal_is_shown_escaped_and_all_else_as_it_is() {
        let plain = "a.json: line 1\n\t^ näive – \u{1F600}";
        assert_eq!(visible(plain), plain);
        assert_eq!(
            visible("x\u{1b}]0;t\u{7}\r\u{9b}m\u{202e}y"),
            "x\\u{1b}]0;t\\u{7}\\u{d}\\u{9b}m\\u{202e}y"
        );
    }
}
