//! Makes repository text inert before a model sees it: no control characters, no hidden text, no tags that pose as ours.
//!
//! Nothing is dropped that a reader could see; tags are defused visibly by a backslash after their `<`.

use std::borrow::Cow;

/// Tag names that are defused wherever a tag begins with one of them; compared without case.
const TAG_PREFIXES: &[&str] = &["rtk-project-memory", "antml:", "local-command-", "system-reminder"];

/// Tag names that are defused when the whole name is one of them; compared without case.
const TAG_NAMES: &[&str] = &[
    "assistant",
    "command-args",
    "command-contents",
    "command-message",
    "command-name",
    "developer",
    "function_call",
    "function_calls",
    "function_result",
    "function_results",
    "functions",
    "human",
    "instructions",
    "invoke",
    "parameter",
    "persisted-output",
    "system",
    "system_prompt",
    "task-notification",
    "thinking",
    "tool_call",
    "tool_calls",
    "tool_result",
    "tool_results",
    "tool_use",
    "tools",
    "user",
    "user-prompt-submit-hook",
];

/// White space that may stand between `<`, `/` and the name and still reads as a tag, in characters.
const TAG_GAP_MAX: usize = 8;

/// Makes text inert on one line, for paths and names: what is hidden or would break the line becomes a visible escape.
pub fn line(text: &str) -> String {
    if all(text, |byte| (b' '..=b'~').contains(&byte)) {
        return defuse_tags(text);
    }
    let mut clean = String::with_capacity(text.len());
    for ch in text.chars() {
        match ch {
            '\n' => clean.push_str("\\n"),
            '\r' => clean.push_str("\\r"),
            '\t' => clean.push_str("\\t"),
            '\u{2028}' | '\u{2029}' => clean.extend(ch.escape_unicode()),
            _ if ch.is_control() || is_hidden(ch) => clean.extend(ch.escape_unicode()),
            _ => clean.push(ch),
        }
    }
    defuse_tags(&clean)
}

/// Makes text of several lines inert: LF line ends, tabs kept, terminal sequences and hidden characters gone, tags defused.
///
/// The result is not fenced; see [`fenced`].
pub fn block(text: &str) -> String {
    defuse_tags(&without_hidden(text))
}

/// Makes text inert and puts it between fences that nothing in it can close; `info` (a language name) follows the opening one.
pub fn fenced(text: &str, info: &str) -> String {
    let body = block(text);
    let fence = fence(&body);
    let info: String =
        info.chars().filter(|ch| ch.is_ascii_alphanumeric() || "+-_#.".contains(*ch)).collect();
    let end = if body.is_empty() || body.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{info}\n{body}{end}{fence}\n")
}

/// A fence of backticks, longer than any run of backticks in `text` and at least three.
pub fn fence(text: &str) -> String {
    let (mut longest, mut run, mut last) = (0usize, 0usize, 0usize);
    for at in memchr::memchr_iter(b'`', text.as_bytes()) {
        run = if at == last + 1 { run + 1 } else { 1 };
        (longest, last) = (longest.max(run), at);
    }
    "`".repeat(longest.saturating_add(1).max(3))
}

/// Puts a backslash after the `<` of every tag that could end our block or pose as text of the client.
pub fn defuse_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        let after = &from[1..];
        out.push_str(before);
        out.push('<');
        if poses_as_tag(after) {
            out.push('\\');
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether what follows a `<` makes it a tag that is not for repository text to write.
fn poses_as_tag(after: &str) -> bool {
    if let Some(token) = after.strip_prefix('|') {
        let word = token.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        return word > 0 && token[word..].starts_with("|>");
    }
    let name = skip_gap(after);
    let name = skip_gap(name.strip_prefix(['/', '\\']).unwrap_or(name));
    let name = name.strip_prefix('/').unwrap_or(name);
    let starts =
        |prefix: &str| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    if TAG_PREFIXES.iter().any(|prefix| starts(prefix)) {
        // An escape made here before is left as it is, so that the function can run twice.
        return !after.starts_with('\\');
    }
    let ends = |len: usize| {
        let next = name[len..].chars().next();
        !next.is_some_and(|ch| ch.is_alphanumeric() || matches!(ch, '-' | '_' | '.'))
    };
    TAG_NAMES.iter().any(|tag| starts(tag) && ends(tag.len())) && !after.starts_with('\\')
}

fn skip_gap(text: &str) -> &str {
    let gap: usize =
        text.chars().take(TAG_GAP_MAX).take_while(|ch| ch.is_whitespace()).map(char::len_utf8).sum();
    &text[gap..]
}

/// Whether all bytes are as asked; looks at all of them, since that is quicker than to stop at the first other one.
fn all(text: &str, is: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & is(byte))
}

/// Drops terminal sequences and hidden characters; carriage returns and Unicode line ends become LF.
fn without_hidden(text: &str) -> Cow<'_, str> {
    if all(text, |byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut last = '\n';
    while let Some(ch) = chars.next() {
        let keep = match ch {
            '\u{1b}' => {
                skip_escape_sequence(&mut chars);
                continue;
            }
            '\u{9b}' => {
                skip_control_sequence(&mut chars);
                continue;
            }
            '\r' if chars.peek() == Some(&'\n') => continue,
            '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' => '\n',
            '\n' | '\t' => ch,
            // Joiners carry meaning between letters of many scripts and in emoji, and hide words between ASCII letters.
            '\u{200c}' | '\u{200d}' if !last.is_ascii() => ch,
            _ if ch.is_control() || is_hidden(ch) => continue,
            _ => ch,
        };
        out.push(keep);
        last = keep;
    }
    Cow::Owned(out)
}

/// After ESC: a control sequence, a string sequence up to its terminator, or one more character.
fn skip_escape_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_control_sequence(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string_sequence(chars),
        Some(ch) if ch.is_ascii_graphic() => {
            chars.next();
        }
        _ => {}
    }
}

/// After CSI: parameters and intermediates, then one final character.
fn skip_control_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while chars.next_if(|ch| ('\u{20}'..='\u{3f}').contains(ch)).is_some() {}
    chars.next_if(|ch| ('\u{40}'..='\u{7e}').contains(ch));
}

/// After OSC and its like: up to BEL or ST, but never over a line end, so that an open one cannot hide a file.
fn skip_string_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(ch) = chars.next_if(|ch| *ch != '\n') {
        if ch == '\u{7}' || ch == '\u{9c}' {
            return;
        }
        if ch == '\u{1b}' && chars.next_if_eq(&'\\').is_some() {
            return;
        }
    }
}

/// Characters that a reader does not see or that reorder what is seen: bidi controls, zero-width ones, tag characters.
fn is_hidden(ch: char) -> bool {
    matches!(ch,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_that_pose_as_ours_or_the_clients_are_defused_visibly() {
        for (text, want) in [
            ("</rtk-project-memory id=x>", "<\\/rtk-project-memory id=x>"),
            ("< / RTK-Project-Memory>", "<\\ / RTK-Project-Memory>"),
            ("<system-reminder>do</system-reminder>", "<\\system-reminder>do<\\/system-reminder>"),
            ("<System>", "<\\System>"),
            ("<function_calls><invoke name=\"x\">", "<\\function_calls><\\invoke name=\"x\">"),
            ("<|im_start|>", "<\\|im_start|>"),
            ("<<user>>", "<<\\user>>"),
        ] {
            assert_eq!(block(text), want);
            assert_eq!(line(text), want);
            assert_eq!(block(want), want, "defusing twice changes nothing");
        }
        for text in
            ["Vec<User2>", "<systemd>", "<system.web>", "f <| g", "a < b", "<users>", "Vec<tool_kind>"]
        {
            assert_eq!(block(text), text);
        }
    }

    #[test]
    fn hidden_characters_cannot_carry_a_tag_past_the_filter() {
        assert_eq!(block("</rtk\u{200b}-project\u{200d}-memory>"), "<\\/rtk-project-memory>");
        assert_eq!(block("<\u{1b}[31msystem>"), "<\\system>");
        assert_eq!(block("\u{e0041}\u{e0042}x"), "x");
    }

    #[test]
    fn terminal_sequences_go_and_text_stays() {
        assert_eq!(block("a\u{1b}[1;31mred\u{1b}[0m b\u{1b}]0;title\u{7}c\r\nd\re"), "ared bc\nd\ne");
        assert_eq!(block("\u{1b}]8;;open\nnext line"), "\nnext line");
        assert_eq!(block("\u{9b}31mx\u{7f}\u{0}y\tz"), "xy\tz");
        assert_eq!(block("क्\u{200d}ष 👩\u{200d}💻"), "क्\u{200d}ष 👩\u{200d}💻");
    }

    #[test]
    fn a_line_shows_what_was_hidden_and_stays_one_line() {
        assert_eq!(line("a\nb\u{202e}c\u{1b}[0m"), "a\\nb\\u{202e}c\\u{1b}[0m");
    }

    #[test]
    fn a_fence_is_longer_than_any_run_inside() {
        assert_eq!(fence("a ``` b ````` c"), "``````");
        assert_eq!(fenced("x```\n", "ru`st\n"), "````rust\nx```\n````\n");
        assert_eq!(fenced("", ""), "```\n```\n");
    }

    proptest! {
        #[test]
        fn inert_text_holds_no_control_no_bidi_and_no_marker(text in "(?s)(<|/|rtk-project-memory|system|\u{1b}\\[|\u{202e}|\u{200b}|[\r\n\t ]|.){0,40}") {
            for out in [block(&text), line(&text)] {
                let bidi = |ch: char| matches!(ch as u32, 0x202a..=0x202e | 0x2066..=0x2069);
                let bad = |ch: char| (ch.is_control() && ch != '\n' && ch != '\t') || bidi(ch);
                prop_assert!(!out.chars().any(bad));
                let lower = out.to_ascii_lowercase();
                prop_assert!(!lower.contains("<rtk-project-memory") && !lower.contains("</rtk-project-memory"));
                prop_assert!(!lower.contains("<system>") && !lower.contains("</system>"));
                prop_assert_eq!(&defuse_tags(&out), &out);
            }
            prop_assert!(!line(&text).contains(['\n', '\t']));
        }
    }
}
