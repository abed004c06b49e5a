//! Applies a patch to the files that it names, or to one that is named beside it.

use super::diff::{self, FilePatch};
use super::{EditError, hunk};
use std::path::{Path, PathBuf};

/// A patch that was read.
#[derive(Debug, Clone)]
pub struct Patch {
    files: Vec<FilePatch>,
}

impl Patch {
    /// Reads a unified diff, or blocks of `<<<<<<<` old lines `=======` new lines `>>>>>>>`; `source` names it in errors.
    pub fn parse(source: &Path, text: &[u8]) -> Result<Patch, EditError> {
        Ok(Patch { files: diff::parse(source, text)? })
    }

    /// The files that the patch names, in its order; empty when it names none.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().filter_map(|file| file.path.clone()).collect()
    }

    /// Applies all of it to one file.
    pub fn apply_to(&self, path: &Path, content: Option<&[u8]>, adapt: bool) -> Result<Vec<u8>, EditError> {
        match &self.files[..] {
            [file] => hunk::apply(path, content, file, adapt),
            files => {
                let message =
                    format!("the patch is about {} files, not about {} alone", files.len(), path.display());
                Err(EditError::Usage {
                    message,
                    hint: "leave the file out, and each file that it names is patched".into(),
                })
            }
        }
    }

    /// Applies what it says about the file of this number.
    pub fn apply_part(
        &self,
        number: usize,
        path: &Path,
        content: Option<&[u8]>,
        adapt: bool,
    ) -> Result<Vec<u8>, EditError> {
        match self.files.get(number) {
            Some(file) => hunk::apply(path, content, file, adapt),
            None => Ok(content.unwrap_or_default().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn apply(content: &str, patch: &str, adapt: bool) -> Result<String, EditError> {
        let path = Path::new("f");
        let patch = Patch::parse(Path::new("patch"), patch.as_bytes())?;
        let done = patch.apply_to(path, Some(content.as_bytes()), adapt)?;
        Ok(String::from_utf8(done).unwrap())
    }

    #[test]
    fn a_hunk_goes_where_its_lines_are() {
        let patch = "--- a/f\n+++ b/f\n@@ -2,3 +2,3 @@ head\n b\n-c\n+C\n d\n";
        assert_eq!(apply("a\nb\nc\nd\n", patch, false).unwrap(), "a\nb\nC\nd\n");
        assert_eq!(apply("x\ny\na\nb\nc\nd\n", patch, false).unwrap(), "x\ny\na\nb\nC\nd\n");
        let twice = apply("b\nc\nd\nx\nb\nc\nd\n", patch, false).unwrap_err();
        assert_eq!(twice.kind(), Kind::Ambiguous);
        assert!(twice.to_string().contains("lines 1, 5"), "{twice}");
        assert_eq!(
            apply("a\nb\nc\nd\nb\nc\nd\n", patch, false).unwrap(),
            "a\nb\nC\nd\nb\nc\nd\n",
            "the named place"
        );
        let missing = apply("a\nb\nX\nd\n", patch, false).unwrap_err();
        assert_eq!(missing.kind(), Kind::NoMatch);
    }

    #[test]
    fn numbers_may_be_left_out_when_the_place_is_unique() {
        let patch = "@@\n b\n-c\n+C\n";
        assert_eq!(apply("a\nb\nc\nd\n", patch, false).unwrap(), "a\nb\nC\nd\n");
        assert_eq!(apply("b\nc\nb\nc\n", patch, false).unwrap_err().kind(), Kind::Ambiguous);
    }

    #[test]
    fn blocks_replace_lines() {
        let patch =
            "<<<<<<< SEARCH\nb\n=======\nB\nB2\n>>>>>>> REPLACE\n\n<<<<<<< x\nd\n=======\n>>>>>>> y\n";
        assert_eq!(apply("a\nb\nc\nd\n", patch, false).unwrap(), "a\nB\nB2\nc\n");
        assert_eq!(apply("ab\nb", "<<<<<<<\nb\n=======\nc\n>>>>>>>\n", false).unwrap(), "ab\nc");
        assert_eq!(apply("b\nb\n", patch, false).unwrap_err().kind(), Kind::Ambiguous);
    }

    #[test]
    fn line_endings_are_those_of_the_file() {
        let patch = "@@ -1,2 +1,2 @@\n a\n-b\n+c\n";
        assert_eq!(apply("a\r\nb\r\n", patch, false).unwrap(), "a\r\nc\r\n");
        let ended = "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n";
        assert_eq!(apply("a\nb", ended, false).unwrap(), "a\nc\n");
        let other = "@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n";
        assert_eq!(apply("a\nb\n", other, false).unwrap(), "a\nc");
    }

    #[test]
    fn indentation_is_adjusted_only_on_request() {
        let patch = "@@\n if x:\n-    a()\n+    b()\n+    c()\n";
        let content = "def f():\n    if x:\n        a()\n";
        assert_eq!(apply(content, patch, false).unwrap_err().kind(), Kind::NoMatch);
        assert_eq!(apply(content, patch, true).unwrap(), "def f():\n    if x:\n        b()\n        c()\n");
    }

    #[test]
    fn what_is_no_patch_is_told_with_its_line() {
        for (patch, line) in [
            ("hello\n", 1),
            ("", 1),
            ("--- a/f\n+++ b/f\n", 2),
            ("--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n", 3),
            ("@@ -1 +1 @@\n-a\n+b\n@@ nonsense @@\n", 4),
            ("@@ -1,9 +1,9 @@\n a\nwhat\n", 3),
            ("<<<<<<<\na\n", 1),
            ("<<<<<<<\na\n=======\nb\n", 3),
            ("rename from x\n@@\n-a\n+b\n", 1),
            ("--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", 2),
        ] {
            let error = apply("a\n", patch, false).unwrap_err();
            let place = format!("patch:{line}:");
            assert!(
                error.kind() == Kind::Parse && error.to_string().starts_with(&place),
                "{patch:?}: {error}"
            );
        }
    }

    #[test]
    fn quoted_and_dated_names_are_read() {
        let text = "--- \"a/\\303\\244 \\\"x\\\"\"\t2024\n+++ \"b/\\303\\244 \\\"x\\\"\"\n@@ -0,0 +1 @@\n+a\n--- /dev/null\n+++ b/new\t2024-01-01\n@@ -0,0 +1 @@\n+b\n";
        let patch = Patch::parse(Path::new("p"), text.as_bytes()).unwrap();
        assert_eq!(patch.paths(), [PathBuf::from("ä \"x\""), PathBuf::from("new")]);
        assert_eq!(patch.apply_part(1, Path::new("new"), None, false).unwrap(), b"b\n");
        let there = patch.apply_part(1, Path::new("new"), Some(b""), false).unwrap_err();
        assert_eq!(there.kind(), Kind::Precondition);
    }
}
