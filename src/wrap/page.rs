//! What a view writes to, and the lines it reads: both bounded, so that neither size nor length of git's output matters.

/// A line is kept up to this, in bytes; the rest of it is counted.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// What a view prints of lists, patches and file contents, in bytes. Of a tool's output beyond 30,000 characters the
/// client (2.1.330) shows the first 2 KB and saves the rest; a view ends before that and says what is missing.
pub(super) const PAGE_BYTES_MAX: usize = 24 * 1000;

/// One line of git's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Without its line end.
    pub(super) text: &'a [u8],
    /// Bytes of the line that are not in `text`.
    pub(super) lost: usize,
}

impl<'a> Line<'a> {
    /// What follows `prefix`.
    pub(super) fn after(&self, prefix: &str) -> Option<&'a [u8]> {
        self.text.strip_prefix(prefix.as_bytes())
    }

    /// Whether the line begins with `prefix`.
    pub(super) fn begins(&self, prefix: &str) -> bool {
        self.text.starts_with(prefix.as_bytes())
    }
}

/// Cuts a stream into lines.
#[derive(Default)]
pub(super) struct Splitter {
    rest: Vec<u8>,
    lost: usize,
    open: bool,
}

impl Splitter {
    /// Takes the next piece of the stream and hands over the lines that it completes.
    pub(super) fn push(&mut self, mut chunk: &[u8], each: &mut dyn FnMut(&Line<'_>)) {
        while let Some(end) = memchr::memchr(b'\n', chunk) {
            if self.open {
                self.keep(&chunk[..end]);
                self.finish(each);
            } else {
                let text = &chunk[..end.min(LINE_BYTES_MAX)];
                each(&Line { text, lost: end - text.len() });
            }
            chunk = &chunk[end + 1..];
        }
        if !chunk.is_empty() {
            self.open = true;
            self.keep(chunk);
        }
    }

    /// Hands over a last line without a line end.
    pub(super) fn finish(&mut self, each: &mut dyn FnMut(&Line<'_>)) {
        if std::mem::take(&mut self.open) {
            each(&Line { text: &self.rest, lost: self.lost });
            self.rest.clear();
            self.lost = 0;
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        let kept = piece.len().min(LINE_BYTES_MAX - self.rest.len());
        self.rest.extend_from_slice(&piece[..kept]);
        self.lost += piece.len() - kept;
    }
}

/// Where a view writes.
#[derive(Default)]
pub(super) struct Page {
    bytes: Vec<u8>,
    /// Bytes that have been taken out already.
    gone: usize,
    /// Whether something of git's content is missing.
    pub(super) omitted: bool,
}

impl Page {
    /// Writes the parts and a line end.
    pub(super) fn line(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.bytes.push(b'\n');
    }

    /// Writes a line of git's as it is; what was lost of it is counted.
    pub(super) fn verbatim(&mut self, line: &Line<'_>) {
        self.cut(b"", line, LINE_BYTES_MAX);
    }

    /// Writes `before` and at most `bytes_max` of the line, and says how much is missing.
    pub(super) fn cut(&mut self, before: &[u8], line: &Line<'_>, bytes_max: usize) {
        let kept = floor_char(line.text, bytes_max);
        let missing = line.text.len() - kept + line.lost;
        if missing == 0 {
            return self.line(&[before, line.text]);
        }
        self.omitted = true;
        self.line(&[before, &line.text[..kept], format!(" … {missing} bytes more").as_bytes()]);
    }

    /// Says that `count` of something is missing.
    pub(super) fn missing(&mut self, indent: &str, count: usize, what: &str) {
        self.omitted = true;
        self.line(&[format!("{indent}… {count} more {what}").as_bytes()]);
    }

    /// Bytes that a view may still spend on content.
    pub(super) fn room(&self) -> usize {
        PAGE_BYTES_MAX.saturating_sub(self.written())
    }

    /// Bytes written so far.
    pub(super) fn written(&self) -> usize {
        self.gone + self.bytes.len()
    }

    /// Takes out what has been written since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.gone += self.bytes.len();
        std::mem::take(&mut self.bytes)
    }
}

/// The largest length up to `max` that does not end within a UTF-8 character.
fn floor_char(text: &[u8], max: usize) -> usize {
    if text.len() <= max {
        return text.len();
    }
    let inside = |at: &usize| text[*at] & 0xc0 == 0x80;
    (max.saturating_sub(3)..=max).rev().find(|at| !inside(at)).unwrap_or(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<(Vec<u8>, usize)> {
        let mut found = Vec::new();
        let mut splitter = Splitter::default();
        let mut each = |line: &Line<'_>| found.push((line.text.to_vec(), line.lost));
        chunks.iter().for_each(|chunk| splitter.push(chunk, &mut each));
        splitter.finish(&mut each);
        found
    }

    #[test]
    fn lines_are_the_same_however_the_stream_is_cut() {
        let whole = b"a\n\nbc\xff\nlast";
        let expected = lines(&[whole]);
        assert_eq!(
            expected.iter().map(|line| line.0.as_slice()).collect::<Vec<_>>(),
            [&b"a"[..], b"", b"bc\xff", b"last"]
        );
        for at in 0..whole.len() {
            assert_eq!(lines(&[&whole[..at], &whole[at..]]), expected);
        }
    }

    #[test]
    fn a_line_without_end_is_kept_in_part_and_counted() {
        let piece = vec![b'x'; 100_000];
        for line in [lines(&[&piece, &piece]), lines(&[&[&piece[..], &piece, b"\n"].concat()])] {
            assert_eq!((line.len(), line[0].0.len() + line[0].1), (1, 200_000));
            assert_eq!(line[0].0.len(), LINE_BYTES_MAX);
        }
    }

    #[test]
    fn a_cut_says_how_much_is_missing_and_splits_no_character() {
        let mut page = Page::default();
        page.cut(b"> ", &Line { text: "aäöü".as_bytes(), lost: 5 }, 4);
        assert_eq!(String::from_utf8(page.take()).unwrap(), "> aä … 9 bytes more\n");
        assert!(page.omitted);
        let shown = "> aä … 9 bytes more\n";
        assert_eq!(page.room(), PAGE_BYTES_MAX - shown.len());
    }
}
