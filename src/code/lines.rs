//! Byte offsets to line numbers, and the look of a file's lines.

/// A line longer than this counts as machine-made, in bytes.
const LONG_LINE_BYTES: usize = 2_000;

/// Where each line of a source starts.
pub(super) struct Lines {
    starts: Vec<usize>,
    source_bytes: usize,
    long_bytes: usize,
}

impl Lines {
    /// Finds the line starts of `source`.
    pub(super) fn of(source: &[u8]) -> Lines {
        let mut starts = Vec::with_capacity(source.len() / 32 + 1);
        starts.push(0);
        let mut long_bytes = 0;
        let mut previous = 0;
        for newline in memchr::memchr_iter(b'\n', source) {
            if newline - previous > LONG_LINE_BYTES {
                long_bytes += newline - previous;
            }
            previous = newline + 1;
            starts.push(previous);
        }
        if source.len() - previous > LONG_LINE_BYTES {
            long_bytes += source.len() - previous;
        }
        if previous == source.len() && previous > 0 {
            starts.pop();
        }
        Lines { starts, source_bytes: source.len(), long_bytes }
    }

    /// The 1-based line that holds byte `offset`; the last line for offsets past the end.
    pub(super) fn line_at(&self, offset: usize) -> u32 {
        let line = self.starts.partition_point(|start| *start <= offset);
        u32::try_from(line.max(1)).unwrap_or(u32::MAX)
    }

    /// The bytes of the 1-based `line` without leading and trailing blanks; empty outside the file.
    pub(super) fn trimmed<'a>(&self, source: &'a [u8], line: u32) -> &'a [u8] {
        let index = line as usize;
        let Some(start) = index.checked_sub(1).and_then(|at| self.starts.get(at)) else { return b"" };
        let end = self.starts.get(index).copied().unwrap_or(source.len());
        source.get(*start..end).unwrap_or(b"").trim_ascii()
    }

    /// Whether most of the source is in lines no person wrote: its outline would tell nothing.
    pub(super) fn minified(&self) -> bool {
        self.long_bytes > self.source_bytes / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_map_to_lines_with_and_without_a_final_newline() {
        let lines = Lines::of(b"a\r\nbb\n\nc");
        assert_eq!((lines.line_at(0), lines.line_at(3), lines.line_at(7)), (1, 2, 4));
        assert_eq!(lines.line_at(999), 4);
        assert_eq!(lines.trimmed(b"a\r\nbb\n\nc", 1), b"a");
        assert_eq!(lines.trimmed(b"a\r\nbb\n\nc", 0), b"");
    }

    #[test]
    fn one_long_line_is_minified_and_one_long_string_in_a_normal_file_is_not() {
        assert!(Lines::of(&vec![b'x'; 5_000]).minified());
        let mut source = b"let a = 1;\n".repeat(1_000);
        source.extend(vec![b'x'; 5_000]);
        assert!(!Lines::of(&source).minified());
    }
}
