//! Reads a shell line with a real grammar and finds the git commands in it whose output nobody but the client reads.

use std::ops::Range;

/// A longer line is not read, in bytes.
const LINE_BYTES_MAX: usize = 32 * 1024;

/// One git command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GitCommand {
    /// Where the word `git` stands.
    pub(super) word: Range<usize>,
    /// From the first variable, or that word, to the end of the last argument.
    pub(super) whole: Range<usize>,
    /// The arguments as git gets them.
    pub(super) args: Vec<String>,
    /// Whether variables are set for this command.
    pub(super) has_variables: bool,
}

/// What a line holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) commands: Vec<GitCommand>,
    /// Whether the line changes its folder somewhere: the client asks before git runs in another one.
    pub(super) changes_folder: bool,
}

/// Whether this program was built with the shell grammar; without it no line is understood.
pub fn is_built_in() -> bool {
    cfg!(feature = "lang-bash")
}

/// Reads a line; `None` when its meaning is not sure.
#[cfg(not(feature = "lang-bash"))]
pub(super) fn read(_line: &str) -> Option<Line> {
    None
}

/// Reads a line; `None` when its meaning is not sure.
#[cfg(feature = "lang-bash")]
pub(super) fn read(line: &str) -> Option<Line> {
    // Here-documents and coprocesses move input and output in ways that are not followed here.
    if line.len() > LINE_BYTES_MAX || line.contains("<<") || line.contains("coproc") {
        return None;
    }
    // The grammar takes every white space for a blank, a shell does not: `git status\r` asks git for `status\r`.
    let is_odd = |ch: char| (ch.is_whitespace() || ch.is_control()) && !matches!(ch, ' ' | '\t' | '\n');
    if line.contains(is_odd) {
        return None;
    }
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    let tree = parser.parse(line, None)?;
    if tree.root_node().has_error() {
        return None;
    }
    let mut reader = reader::Reader { line, found: Line::default() };
    reader.block(tree.root_node())?;
    Some(reader.found)
}

#[cfg(feature = "lang-bash")]
mod reader {
    use super::{GitCommand, Line};
    use std::ops::Range;
    use tree_sitter::Node;

    /// Nodes that hold commands whose output goes where the line's own goes.
    const BLOCKS: &[&str] = &[
        "program",
        "list",
        "subshell",
        "compound_statement",
        "if_statement",
        "elif_clause",
        "else_clause",
        "while_statement",
        "for_statement",
        "do_group",
        "case_statement",
        "case_item",
        "negated_command",
    ];
    /// Commands that can change what `git` means, or where the output of later commands goes.
    const UNSURE: &[&str] =
        &[".", "alias", "builtin", "enable", "eval", "exec", "hash", "shopt", "source", "trap", "unalias"];
    /// Words that a shell never takes for a command. Where the grammar does, as behind `! if` or `time {`, it has not seen
    /// the block, nor a redirection of it.
    const RESERVED: &[&str] = &[
        "!", "[[", "{", "}", "case", "do", "done", "elif", "else", "end", "esac", "fi", "for", "foreach",
        "function", "if", "in", "repeat", "select", "then", "until", "while",
    ];
    /// Words before a command that run it in the same shell.
    const FRONTS: &[&str] = &["-", "command", "nocorrect", "noglob", "time"];
    /// Commands that change the folder.
    const FOLDER: &[&str] = &["cd", "pushd", "popd"];

    pub(super) struct Reader<'l> {
        pub(super) line: &'l str,
        pub(super) found: Line,
    }

    impl Reader<'_> {
        /// Looks at everything in a block; `None` ends the whole reading.
        pub(super) fn block(&mut self, root: Node<'_>) -> Option<()> {
            // The line's length bounds the number of nodes; an explicit stack bounds nothing else.
            let mut open = vec![(root, true)];
            while let Some((node, followed)) = open.pop() {
                match node.kind() {
                    // Background jobs write when they like; functions may be called git.
                    "&" | "function_definition" => return None,
                    "command" => self.command(node, followed)?,
                    "redirected_statement" => {
                        let follows = followed && self.keeps_stdout(node);
                        open.extend(children(node).into_iter().map(|child| (child, follows)));
                    }
                    kind => {
                        let follows = followed && BLOCKS.contains(&kind);
                        open.extend(children(node).into_iter().map(|child| (child, follows)));
                    }
                }
            }
            self.found.commands.sort_by_key(|command| command.word.start);
            Some(())
        }

        /// Whether a redirection leaves stdout alone: `2>&1` and `2>/dev/null` only.
        fn keeps_stdout(&self, node: Node<'_>) -> bool {
            // The grammar hangs the redirection of a list's last command on the whole list.
            let known = |kind: &str| kind == "command" || BLOCKS.contains(&kind);
            let body = node.child_by_field_name("body").is_some_and(|body| known(body.kind()));
            let redirects = children(node).into_iter().filter(|child| child.kind().ends_with("_redirect"));
            body && redirects.map(|child| self.text(child)).all(|text| {
                let text: String = text.chars().filter(|ch| !ch.is_ascii_whitespace()).collect();
                matches!(text.as_str(), "2>&1" | "2>/dev/null")
            })
        }

        fn command(&mut self, node: Node<'_>, followed: bool) -> Option<()> {
            let parts = children(node);
            let name = parts.iter().find(|part| part.kind() == "command_name")?;
            let is_git = self.text(*name) == "git";
            // A name that is made at run time may be any command.
            let literal = self.literal(name.named_child(0).unwrap_or(*name))?;
            let runs = |words: &[&str]| {
                let behind = || parts.iter().any(|part| words.contains(&self.text(*part)));
                words.contains(&literal.as_str()) || (FRONTS.contains(&literal.as_str()) && behind())
            };
            if runs(UNSURE) || runs(RESERVED) {
                return None;
            }
            self.found.changes_folder |= runs(FOLDER);
            if followed
                && is_git
                && let Some(command) = self.git(&parts, name.byte_range(), node.byte_range())
            {
                self.found.commands.push(command);
            }
            // Substitutions in arguments run commands of their own; they are read by others, but may be unsure.
            parts.iter().filter(|part| part.kind() != "command_name").try_for_each(|part| self.inside(*part))
        }

        /// Looks for unsure commands where output is read by others.
        fn inside(&mut self, root: Node<'_>) -> Option<()> {
            let mut open = vec![root];
            while let Some(node) = open.pop() {
                if node.kind() == "function_definition" {
                    return None;
                }
                open.extend(children(node));
            }
            Some(())
        }

        fn git(&self, parts: &[Node<'_>], word: Range<usize>, whole: Range<usize>) -> Option<GitCommand> {
            let (mut args, mut has_variables) = (Vec::new(), false);
            for part in parts {
                match part.kind() {
                    "command_name" => {}
                    "variable_assignment" => {
                        let (name, value) = self.text(*part).split_once('=')?;
                        if name.starts_with("RTK_")
                            || !name.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '_')
                        {
                            return None;
                        }
                        let value_is_literal = value.is_empty()
                            || part
                                .child_by_field_name("value")
                                .is_some_and(|value| self.literal(value).is_some());
                        if !value_is_literal {
                            return None;
                        }
                        has_variables = true;
                    }
                    _ => args.push(self.literal(*part)?),
                }
            }
            Some(GitCommand { word, whole, args, has_variables })
        }

        /// The text of a word that no shell expands; `None` for any other.
        fn literal(&self, node: Node<'_>) -> Option<String> {
            let text = self.text(node);
            match node.kind() {
                "word" | "number" => is_plain(text).then(|| text.to_owned()),
                "raw_string" => Some(text.strip_prefix('\'')?.strip_suffix('\'')?.to_owned()),
                "string" => {
                    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
                    (!inner.contains(['$', '`', '\\', '!', '"'])).then(|| inner.to_owned())
                }
                "concatenation" => {
                    // What the grammar cuts a word into must be all of it.
                    let parts = children(node);
                    let whole = parts.first()?.start_byte() == node.start_byte()
                        && parts.windows(2).all(|pair| pair[0].end_byte() == pair[1].start_byte());
                    let pieces: Option<String> = parts.into_iter().map(|part| self.piece(part)).collect();
                    pieces.filter(|_| whole && !expands_braces(text))
                }
                _ => None,
            }
        }

        fn piece(&self, node: Node<'_>) -> Option<String> {
            match self.text(node) {
                brace @ ("{" | "}") => Some(brace.to_owned()),
                _ => self.literal(node),
            }
        }

        fn text(&self, node: Node<'_>) -> &str {
            self.line.get(node.byte_range()).unwrap_or_default()
        }
    }

    /// Whether a bare word stands for itself in every shell that the client uses.
    fn is_plain(text: &str) -> bool {
        let plain = |ch: char| ch.is_alphanumeric() || "_-./:=@%+,^~{}".contains(ch);
        text.chars().all(plain) && !text.starts_with(['~', '=']) && !expands_braces(text)
    }

    /// `{a,b}` and `{1..3}` become several words; `HEAD@{1}` does not.
    fn expands_braces(text: &str) -> bool {
        text.contains('{') && (text.contains(',') || text.contains(".."))
    }

    fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
        let mut cursor = node.walk();
        node.children(&mut cursor).collect()
    }
}

#[cfg(test)]
#[path = "grammar_tests.rs"]
mod tests;
