//! The beginning of a prompt for the record: short, one line, secrets masked.
//!
//! Masks too much rather than too little, and without regular expressions: compiling them would cost more than the rest of
//! the hook.

/// How much of a prompt is kept, in characters.
const HEAD_CHARS_MAX: usize = 200;
/// How much more is looked at, so that a secret that is cut by the limit is still recognised, in characters.
const LOOK_AHEAD_CHARS: usize = 400;
/// A run of letters and digits from this length on is taken for a key, in characters.
const KEY_CHARS_MIN: usize = 20;
/// A run with a known prefix from this length on is taken for a key, in characters.
const PREFIXED_CHARS_MIN: usize = 8;
/// Stands for what was masked.
const MASK: &str = "***";

const KEY_PREFIXES: &[&str] = &[
    "sk-",
    "sk_",
    "pk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "AKIA",
    "ASIA",
    "AIza",
    "npm_",
    "pypi-",
    "hf_",
    "dop_v1_",
    "ya29",
    "eyJ",
];

const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "credential",
];

/// The first characters of `text` on one line, with everything that looks like a secret replaced.
pub fn head(text: &str) -> String {
    let looked: String = text.chars().take(HEAD_CHARS_MAX + LOOK_AHEAD_CHARS).collect();
    let mut out = String::new();
    let mut next = Next::Free;
    for (run, is_run) in runs(&looked) {
        if is_run {
            let value = match next {
                Next::Secret => MASK.to_owned(),
                Next::MaybeSecret if !is_plain_word(run) => MASK.to_owned(),
                _ if looks_like_key(run) => MASK.to_owned(),
                _ => assignment_masked(run),
            };
            next = match (next, run) {
                (Next::MaybeSecret, "is" | "was" | "are" | "be") => Next::Secret,
                _ if run.eq_ignore_ascii_case("bearer") => Next::Secret,
                _ if names_secret(run) => Next::MaybeSecret,
                _ => Next::Free,
            };
            out.push_str(&value);
            continue;
        }
        let only_quotes = run.chars().all(|ch| ch.is_whitespace() || "\"'`:=>".contains(ch));
        next = match next {
            _ if password_follows(&out, run) => Next::Secret,
            Next::Free => Next::Free,
            _ if !only_quotes => Next::Free,
            Next::MaybeSecret if run.contains([':', '=', '>']) => Next::Secret,
            same => same,
        };
        out.push_str(run);
    }
    let out: String = out.chars().map(|ch| if ch.is_control() { ' ' } else { ch }).collect();
    out.chars().take(HEAD_CHARS_MAX).collect()
}

/// What the text so far says about the next run.
#[derive(Clone, Copy)]
enum Next {
    Free,
    /// The name of a secret came before: masked unless it is a plain word.
    MaybeSecret,
    /// An assignment to the name of a secret came before.
    Secret,
}

/// Splits into runs of characters that keys are made of, and what stands between them.
fn runs(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_run = is_key_char(rest.chars().next()?);
        let len = rest.find(|ch| is_key_char(ch) != is_run).unwrap_or(rest.len());
        let (run, after) = rest.split_at(len);
        rest = after;
        Some((run, is_run))
    })
}

fn is_key_char(ch: char) -> bool {
    ch.is_alphanumeric()
        || matches!(ch, '_' | '-' | '+' | '=' | '~' | '!' | '#' | '$' | '%' | '^' | '&' | '*')
}

fn looks_like_key(run: &str) -> bool {
    let length = run.chars().count();
    let prefixed = KEY_PREFIXES.iter().any(|prefix| run.starts_with(prefix)) && length >= PREFIXED_CHARS_MIN;
    let mixed =
        run.bytes().any(|byte| byte.is_ascii_digit()) && run.bytes().any(|byte| byte.is_ascii_alphabetic());
    let digits = run.bytes().all(|byte| byte.is_ascii_digit());
    prefixed || (length >= KEY_CHARS_MIN && (mixed || digits))
}

fn names_secret(run: &str) -> bool {
    let lower = run.to_lowercase();
    SECRET_WORDS.iter().any(|word| lower.contains(word)) || matches!(lower.as_str(), "basic" | "key" | "auth")
}

fn is_plain_word(run: &str) -> bool {
    run.chars().all(char::is_lowercase)
}

/// Masks the value in a run like `DB_PASSWORD=hunter2`.
fn assignment_masked(run: &str) -> String {
    match run.split_once('=') {
        Some((name, value)) if !value.is_empty() && names_secret(name) => format!("{name}={MASK}"),
        _ => run.to_owned(),
    }
}

/// Whether a password of `scheme://user:password@host` comes next.
fn password_follows(before: &str, between: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    between == ":" && word.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_is_readable() {
        for (text, secret) in [
            ("use sk-ant-REDACTED to call", "abc123"),
            ("password: hunter2 please", "hunter2"),
            ("the password is hunter2", "hunter2"),
            ("DB_PASSWORD=hunter2 run", "hunter2"),
            ("Authorization: Bearer abc.def", "abc"),
            ("postgres://me:pa55@db/x", "pa55"),
            ("token \"Zq9\"", "Zq9"),
            ("0123456789abcdef0123456789abcdef01234567", "0123456789"),
            ("ghp_shorter1", "shorter1"),
        ] {
            let head = head(text);
            assert!(!head.contains(secret) && head.contains(MASK), "{text:?} became {head:?}");
        }
        let plain = "Fix the token parser: src/parser.rs:120: the lexer2 loses \"é\" in 3 of 5 cases";
        assert_eq!(head(plain), plain);
    }

    #[test]
    fn the_head_is_short_one_line_and_does_not_show_half_a_secret() {
        let text = format!("{}\nsk-ant-REDACTED", "x ".repeat(97));
        let head = head(&text);
        assert!(head.chars().count() <= 200 && !head.contains("sk-") && !head.contains('\n'), "{head:?}");
    }
}
