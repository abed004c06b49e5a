//! Runs a planned git command: git's own bytes are kept beside the page until it is known which of the two is shown.

use super::page::{Line, Page, Splitter};
use super::trim::Trimmer;
use super::view::{Verdict, View};
use crate::git::{Capture, Ended, Stream, run_native};
use crate::text::estimate_tokens;
use std::ffi::OsString;
use std::io::{Error, ErrorKind, Result, Write};

/// git's own output is kept up to this, in bytes; a longer one is either shown by its view or passed on as it comes.
const RAW_BYTES_KEPT: usize = 256 * 1024;
/// The signal that ends a program whose reader has gone.
const SIGPIPE: i32 = 13;
/// git's own exit code when its output cannot be written.
const WRITE_FAILURE: i32 = 128;

/// Sizes of what git printed and of what was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of git's output.
    pub raw_bytes: u64,
    /// Bytes that were shown.
    pub shown_bytes: u64,
    /// Tokens of git's output.
    pub raw_tokens: u64,
    /// Tokens that were shown.
    pub shown_tokens: u64,
    /// Whether all of git's tokens were counted; of more than 256 KiB the first part was, and the rest in proportion.
    pub counted_whole: bool,
}

/// Where output goes; a writer that fails ends the output and nothing else.
pub(super) struct Sinks<'w> {
    pub(super) out: &'w mut dyn Write,
    pub(super) err: &'w mut dyn Write,
}

/// How git ended, and the sizes.
pub(super) type Ran = (Ended, Sizes);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It is open what will be shown.
    Open,
    /// The view's page is shown.
    Page,
    /// git's own bytes are shown.
    Raw,
}

struct Viewer<'v, 'w> {
    view: Box<dyn View>,
    page: Page,
    splitter: Splitter,
    mode: Mode,
    raw: Vec<u8>,
    /// Whether the view has taken a line: only a first line can be foreign.
    known: bool,
    meter: Meter,
    sinks: &'v mut Sinks<'w>,
    failure: Option<Error>,
}

/// Runs a reading command and shows its stdout by `view`. `note` is the last line where something is missing.
pub(super) fn run_view(
    args: &[OsString],
    view: Box<dyn View>,
    note: &str,
    is_fine: impl Fn(Ended) -> bool,
    sinks: &mut Sinks<'_>,
) -> Result<Ran> {
    let (page, splitter) = (Page::default(), Splitter::default());
    let (raw, meter) = (Vec::new(), Meter::default());
    let mut viewer =
        Viewer { view, page, splitter, mode: Mode::Open, raw, known: false, meter, sinks, failure: None };
    let ended = run_native(args, Capture::Stdout, &mut |_, chunk| viewer.take(chunk))?;
    viewer.finish(note, is_fine(ended));
    let Viewer { failure, meter, sinks, .. } = viewer;
    Ok((after_writing(ended, failure, sinks), meter.sizes()))
}

impl Viewer<'_, '_> {
    fn take(&mut self, chunk: &[u8]) -> bool {
        self.meter.raw(chunk);
        if self.mode == Mode::Raw {
            return self.show(chunk);
        }
        let mut foreign = false;
        let (view, page) = (&mut self.view, &mut self.page);
        let known = &mut self.known;
        self.splitter.push(chunk, &mut |line| {
            *known = true;
            foreign |= view.line(line, page) == Verdict::Foreign;
        });
        if self.mode == Mode::Page {
            let bytes = self.page.take();
            return self.show(&bytes);
        }
        self.raw.extend_from_slice(chunk);
        if foreign {
            self.choose(Mode::Raw)
        } else if self.raw.len() > RAW_BYTES_KEPT {
            // From here on the page grows by at most as much as it reads.
            let saves = self.known && self.page.written() < self.raw.len() / 2;
            self.choose(if saves { Mode::Page } else { Mode::Raw })
        } else {
            true
        }
    }

    fn finish(&mut self, note: &str, fine: bool) {
        if self.mode == Mode::Raw {
            return;
        }
        let (view, page) = (&mut self.view, &mut self.page);
        let mut foreign = false;
        self.splitter.finish(&mut |line| foreign |= view.line(line, page) == Verdict::Foreign);
        self.view.end(&mut self.page);
        if self.page.omitted && !note.is_empty() {
            self.page.line(&[note.as_bytes()]);
        }
        let shorter = self.page.written() < self.raw.len();
        let raw = self.mode == Mode::Open && (foreign || !fine || !shorter);
        self.choose(if raw { Mode::Raw } else { Mode::Page });
    }

    fn choose(&mut self, mode: Mode) -> bool {
        let (raw, page) = (std::mem::take(&mut self.raw), self.page.take());
        self.mode = mode;
        self.show(if mode == Mode::Raw { &raw } else { &page })
    }

    fn show(&mut self, bytes: &[u8]) -> bool {
        self.meter.shown(bytes);
        let written = self.sinks.out.write_all(bytes).and_then(|()| self.sinks.out.flush());
        self.failure = self.failure.take().or(written.err());
        self.failure.is_none()
    }
}

/// Runs a changing command; what it says on success is shortened, anything else is shown word for word. `note` is the
/// last line where something is missing.
pub(super) fn run_trim(args: &[OsString], joined: bool, note: &str, sinks: &mut Sinks<'_>) -> Result<Ran> {
    let mut said =
        Said { pieces: Vec::new(), bytes: 0, passes: false, meter: Meter::default(), sinks, failure: None };
    let capture = if joined { Capture::Joined } else { Capture::Both };
    // The reader may be gone; git has to come to its end all the same.
    let ended = run_native(args, capture, &mut |stream, chunk| {
        said.take(stream, chunk);
        true
    })?;
    said.finish(note, ended == Ended::Code(0));
    let Said { failure, meter, sinks, .. } = said;
    Ok((after_writing(ended, failure, sinks), meter.sizes()))
}

/// How rtk ends after git has ended and the output was written, or was not: as git itself in either case.
fn after_writing(ended: Ended, failure: Option<Error>, sinks: &mut Sinks<'_>) -> Ended {
    match failure {
        None => ended,
        Some(error) if error.kind() == ErrorKind::BrokenPipe => Ended::Signal(SIGPIPE),
        Some(error) => {
            let _ = writeln!(sinks.err, "fatal: write failure on standard output: {error}");
            Ended::Code(WRITE_FAILURE)
        }
    }
}

struct Said<'s, 'w> {
    pieces: Vec<(Stream, Vec<u8>)>,
    bytes: usize,
    /// Whether all is passed on at once.
    passes: bool,
    meter: Meter,
    sinks: &'s mut Sinks<'w>,
    failure: Option<Error>,
}

impl Said<'_, '_> {
    fn take(&mut self, stream: Stream, chunk: &[u8]) {
        self.meter.raw(chunk);
        if self.passes {
            return self.show(stream, chunk);
        }
        self.bytes += chunk.len();
        self.pieces.push((stream, chunk.to_vec()));
        if self.bytes > RAW_BYTES_KEPT {
            self.pass_on();
        }
    }

    fn pass_on(&mut self) {
        self.passes = true;
        for (stream, bytes) in std::mem::take(&mut self.pieces) {
            self.show(stream, &bytes);
        }
    }

    fn finish(&mut self, note: &str, success: bool) {
        if self.passes {
            return;
        }
        let trimmed = |wanted: Stream| {
            let (mut trimmer, mut splitter, mut page) =
                (Trimmer::new(), Splitter::default(), Page::default());
            let mut each = |line: &Line<'_>, page: &mut Page| trimmer.line(line, page);
            for (_, bytes) in self.pieces.iter().filter(|(stream, _)| *stream == wanted) {
                splitter.push(bytes, &mut |line| each(line, &mut page));
            }
            splitter.finish(&mut |line| each(line, &mut page));
            trimmer.end(&mut page);
            let omitted = page.omitted;
            (page.take(), omitted)
        };
        let ((out, out_omitted), (err, err_omitted)) = (trimmed(Stream::Out), trimmed(Stream::Err));
        let note = if out_omitted || err_omitted { format!("{note}\n") } else { String::new() };
        if !success || out.len() + err.len() + note.len() >= self.bytes {
            return self.pass_on();
        }
        self.show(Stream::Err, &err);
        self.show(Stream::Out, &out);
        self.show(Stream::Out, note.as_bytes());
    }

    fn show(&mut self, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.meter.shown(bytes);
        let sink = match stream {
            Stream::Out => &mut self.sinks.out,
            Stream::Err => &mut self.sinks.err,
        };
        let written = sink.write_all(bytes).and_then(|()| sink.flush());
        self.failure = self.failure.take().or(written.err());
    }
}

/// Counts bytes, and tokens as far as that takes no time worth mentioning.
#[derive(Default)]
struct Meter {
    raw_bytes: u64,
    raw_counted: u64,
    raw_tokens: u64,
    shown_bytes: u64,
    shown_counted: u64,
    shown_tokens: u64,
}

impl Meter {
    fn raw(&mut self, bytes: &[u8]) {
        count(bytes, &mut self.raw_bytes, &mut self.raw_counted, &mut self.raw_tokens);
    }

    fn shown(&mut self, bytes: &[u8]) {
        count(bytes, &mut self.shown_bytes, &mut self.shown_counted, &mut self.shown_tokens);
    }

    fn sizes(&self) -> Sizes {
        let whole = |counted: u64, bytes: u64, tokens: u64| match counted {
            0 => 0,
            _ => u64::try_from(u128::from(tokens) * u128::from(bytes) / u128::from(counted))
                .unwrap_or(u64::MAX),
        };
        Sizes {
            raw_bytes: self.raw_bytes,
            shown_bytes: self.shown_bytes,
            raw_tokens: whole(self.raw_counted, self.raw_bytes, self.raw_tokens),
            shown_tokens: whole(self.shown_counted, self.shown_bytes, self.shown_tokens),
            counted_whole: self.raw_counted == self.raw_bytes && self.shown_counted == self.shown_bytes,
        }
    }
}

fn count(bytes: &[u8], all: &mut u64, counted: &mut u64, tokens: &mut u64) {
    *all += bytes.len() as u64;
    if *counted < RAW_BYTES_KEPT as u64 {
        *counted += bytes.len() as u64;
        *tokens += estimate_tokens(&String::from_utf8_lossy(bytes)) as u64;
    }
}
