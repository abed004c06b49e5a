//! Fuzzes patches: mangled ones never make rtk panic, right ones always lead from the old text to the new one.
//!
//! One second in an ordinary run; `RTK_FUZZ_SECONDS=600 cargo test --release --test it fuzz_patch` for more.

use rtk::edit::Patch;
use std::path::Path;
use std::time::{Duration, Instant};

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

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
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

#[test]
fn patches_lead_where_they_should_and_mangled_ones_nowhere_else() {
    let seconds = std::env::var("RTK_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let end = Instant::now() + Duration::from_secs(seconds);
    let seed = if seconds == 1 { 99 } else { u64::from(std::process::id()) };
    let mut random = Random(seed | 1);
    let mut rounds = 0;
    while rounds < 300 || Instant::now() < end {
        rounds += 1;
        let old = random.text();
        let new = random.changed(&old);
        let radius = 1 + random.below(4);
        let diff = similar::TextDiff::from_lines(&old, &new);
        let diff = diff.unified_diff().context_radius(radius).header("a/f", "b/f").to_string();
        if old != new && !old.is_empty() {
            let after = apply(diff.as_bytes(), old.as_bytes(), false);
            let shown = after.as_deref().map(String::from_utf8_lossy);
            assert!(
                after.as_deref() == Some(new.as_bytes()),
                "seed {seed}\n{old:?}\n{diff}\n{shown:?}\n{new:?}"
            );
        }
        let mangled = random.mangled(diff.as_bytes());
        let adapt = random.below(2) == 0;
        let _ = apply(&mangled, old.as_bytes(), adapt);
        let block = format!("<<<<<<<\n{}=======\n{}>>>>>>>\n", random.line() + "\n", random.text());
        let _ = apply(&random.mangled(block.as_bytes()), old.as_bytes(), adapt);
        // Random bytes are as good a file as any.
        let _ = apply(&mangled, &random.mangled(old.as_bytes()), adapt);
    }
}
