//! Patches: mangled ones never make rtk panic, right ones always lead from the old text to the new one.

use crate::random::Random;
use rtk::edit::Patch;
use std::path::Path;

/// Pieces that parsers of patches stumble over.
const PIECES: &[&str] = &[
    "@@",
    "@@ -1,3 +1,4 @@\n",
    "@@ -0,0 +1 @@\n",
    "@@ -18446744073709551615,9 +1,18446744073709551615 @@\n",
    "--- a/x\n+++ b/x\n",
    "--- /dev/null\n",
    "+++ \"b/\\303\\2\n",
    "\\ No newline at end of file\n",
    "<<<<<<< a\n",
    "=======\n",
    ">>>>>>> b\n",
    "+\n",
    "-\n",
    " \n",
    "\r\n",
    "\0",
    "\u{feff}",
    "diff --git a/x b/x\n",
    "@@ -1 +1 @@\n-a\n+b\n",
];

/// Texts of lines, and what is done to them.
struct Lines<'r>(&'r mut Random);

impl Lines<'_> {
    fn below(&mut self, end: usize) -> usize {
        self.0.below(end.max(1))
    }

    fn text(&mut self) -> String {
        let ending = ["\n", "\n", "\r\n"][self.below(3)];
        let count = self.below(40);
        let mut text: String = (0..count).map(|_| format!("{}{ending}", self.line())).collect();
        if self.below(4) == 0 {
            text += "no ending";
        }
        text
    }

    fn line(&mut self) -> String {
        let indent = " ".repeat(self.below(3) * 2);
        let word = ["", "a", "b", "}", "fn x() {", "-- sql", "++ more", "@@ at", "ä"][self.below(9)];
        format!("{indent}{word}")
    }

    fn changed(&mut self, text: &str) -> String {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        for _ in 0..=self.below(4) {
            let at = self.below(lines.len() + 1);
            match self.below(3) {
                0 => lines.insert(at, format!("{}\n", self.line())),
                1 if at < lines.len() => lines[at] = format!("{}\n", self.line()),
                _ if at < lines.len() => drop(lines.remove(at)),
                _ => {}
            }
        }
        lines.concat()
    }

    fn mangled(&mut self, text: &[u8]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len() + 1);
            match self.below(5) {
                0 => drop(bytes.splice(at..at, PIECES[self.below(PIECES.len())].bytes())),
                1 => bytes.truncate(at),
                2 if at < bytes.len() => bytes[at] = b" +-@\\\n\r\0\xff0189,"[self.below(14)],
                3 if at < bytes.len() => {
                    let end = at + self.below(bytes.len() - at);
                    drop(bytes.drain(at..end));
                }
                _ => {
                    let from = self.below(at + 1);
                    let piece = bytes[from..at].to_vec();
                    drop(bytes.splice(at..at, piece));
                }
            }
        }
        bytes
    }
}

fn apply(patch: &[u8], content: &[u8], adapt: bool) -> Option<Vec<u8>> {
    let patch = Patch::parse(Path::new("patch"), patch).ok()?;
    let path = Path::new("f");
    for part in 0..patch.paths().len() {
        let _ = patch.apply_part(part, path, Some(content), adapt);
        let _ = patch.apply_part(part, path, None, adapt);
    }
    patch.apply_to(path, Some(content), adapt).ok()
}

/// A right patch, and what becomes of it when it is mangled.
pub(crate) fn patch(random: &mut Random) {
    let mut lines = Lines(random);
    let old = lines.text();
    let new = lines.changed(&old);
    let radius = 1 + lines.below(4);
    let diff = similar::TextDiff::from_lines(&old, &new);
    let diff = diff.unified_diff().context_radius(radius).header("a/f", "b/f").to_string();
    if old != new && !old.is_empty() {
        let after = apply(diff.as_bytes(), old.as_bytes(), false);
        let shown = after.as_deref().map(String::from_utf8_lossy);
        assert!(after.as_deref() == Some(new.as_bytes()), "{old:?}\n{diff}\n{shown:?}\n{new:?}");
    }
    let mangled = lines.mangled(diff.as_bytes());
    let adapt = lines.below(2) == 0;
    let _ = apply(&mangled, old.as_bytes(), adapt);
    let block = format!("<<<<<<<\n{}=======\n{}>>>>>>>\n", lines.line() + "\n", lines.text());
    let _ = apply(&lines.mangled(block.as_bytes()), old.as_bytes(), adapt);
    // Random bytes are as good a file as any.
    let _ = apply(&mangled, &lines.mangled(old.as_bytes()), adapt);
}
