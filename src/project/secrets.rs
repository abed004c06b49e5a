//! What must not be indexed or logged: files that hold secrets, and secrets inside text.

use regex::bytes::{Regex, RegexBuilder};
use std::borrow::Cow;
use std::sync::LazyLock;

/// Only so many bytes from the start of a file are searched for key blocks.
const HEAD_BYTES_LOOKED_AT: usize = 16 * 1024;
/// What stands in place of a secret.
const MASK: &str = "[masked]";

const SECRET_NAMES: &[&str] = &[
    ".env",
    ".envrc",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".git-credentials",
    ".dockercfg",
    ".s3cfg",
    ".boto",
    ".vault-token",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_ecdsa_sk",
    "id_ed25519_sk",
    "credentials",
    "credentials.json",
    "kubeconfig",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    "secrets.toml",
    "master.key",
    "service-account.json",
    "service_account.json",
    "terraform.tfvars",
    "wp-config.php",
    "htpasswd",
];
const SECRET_ENDINGS: &[&str] = &[
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".ppk",
    ".asc",
    ".gpg",
    ".tfstate",
    ".tfstate.backup",
    ".ovpn",
    ".mobileprovision",
    ".p8",
    ".kubeconfig",
    ".auto.tfvars",
    ".age",
];
const SECRET_FOLDERS: &[&str] = &[".ssh", ".aws", ".gnupg", ".kube", ".azure", ".gcloud"];
const SAMPLE_ENDINGS: &[&str] = &[".example", ".sample", ".template", ".dist", ".defaults", ".tmpl"];

/// Whether the name says that the file holds secrets; samples and templates do not.
pub fn is_secret_path(relative: &[u8]) -> bool {
    let path = String::from_utf8_lossy(relative).to_ascii_lowercase();
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    if SAMPLE_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return false;
    }
    if parts.any(|folder| SECRET_FOLDERS.contains(&folder)) {
        return true;
    }
    let dotenv = name.starts_with(".env.") || (name.ends_with(".env") && name.len() > 4);
    let sample = ["example", "sample", "template"].iter().any(|word| name.contains(word));
    SECRET_NAMES.contains(&name)
        || SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || (dotenv && !sample)
}

/// Whether the start of a file shows a private key or a cloud account's key file.
pub fn looks_like_secret(content_head: &[u8]) -> bool {
    let head = &content_head[..content_head.len().min(HEAD_BYTES_LOOKED_AT)];
    // Source that merely speaks of key blocks has text before it on the line; a key file has it at the line's start.
    let key_block = memchr::memmem::find_iter(head, b"-----BEGIN ").any(|at| {
        let rest = &head[at + 11..head.len().min(at + 11 + 40)];
        let line_start = at == 0 || head[at - 1] == b'\n';
        let body = memchr::memchr(b'\n', &head[at..]).map(|end| &head[at + end + 1..]);
        let base64 = |body: &[u8]| body.len() >= 16 && body[..16].iter().all(|byte| is_key_byte(*byte));
        line_start && memchr::memmem::find(rest, b"PRIVATE KEY").is_some() && body.is_some_and(base64)
    });
    let account = memchr::memmem::find(head, b"\"private_key\"").is_some()
        && memchr::memmem::find(head, b"\"private_key_id\"").is_some();
    key_block || account || head.starts_with(b"PuTTY-User-Key-File-")
}

/// Base64 and the header lines that older key files have.
fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n' | b'-' | b':' | b' ' | b',')
}

/// Each has the secret in its only group; what is around it stays.
static SECRETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let parts = [
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----([^-]+)-----END",
        r"\b(sk-[A-Za-z0-9_-]{16,})",
        r"\b((?:gh[pousr]|github_pat|glpat|npm|pypi|dop_v1|hf|xai|r8)[_-][A-Za-z0-9_-]{16,})",
        r"\b((?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16})\b",
        r"\b(xox[abeprs]-[A-Za-z0-9-]{8,})",
        r"\b(AIza[A-Za-z0-9_-]{30,})",
        r"\b([rs]k_(?:live|test)_[A-Za-z0-9]{10,})",
        r"\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})",
        r"(?i:\b(?:bearer|basic|token)[ \t]+)(?P<word>[A-Za-z0-9._~+/=-]{16,})",
        r"[A-Za-z][A-Za-z0-9+.-]*://[^ \t\r\n/:@]*:([^ \t\r\n/@]+)@",
        r#"(?i:pass(?:word|wd|phrase)|secret|(?:api|access|private)[_-]?key|(?:auth|access)[_-]?token)["']?[ \t]*[:=][ \t]*("[^"\n]+"|'[^'\n]+'|[^ \t\r\n"',;]+)"#,
    ];
    // Bytes, since nothing here needs Unicode tables: they would make the first use several times as slow.
    RegexBuilder::new(&parts.join("|")).unicode(false).build().ok()
});

/// Replaces tokens, passwords and keys in `text`; borrowed if there are none.
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    let Some(secrets) = SECRETS.as_ref() else { return Cow::Borrowed(MASK) };
    let mut masked = String::new();
    let mut copied = 0;
    for found in secrets.captures_iter(text.as_bytes()) {
        let Some(secret) = found.iter().skip(1).flatten().next() else { continue };
        // After "token" or "basic" a long word without a digit is one of a language.
        let word = found.name("word").is_some() && !secret.as_bytes().iter().any(u8::is_ascii_digit);
        if !word {
            // Classes that exclude ASCII bytes take whole characters, so that both ends lie between characters.
            masked.push_str(text.get(copied..secret.start()).unwrap_or_default());
            masked.push_str(MASK);
            copied = secret.end();
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secret_files_are_known() {
        for path in [
            ".env",
            "a/.env",
            ".env.local",
            "prod.env",
            "k/server.pem",
            "id_rsa",
            "x.KEY",
            "a.p12",
            "credentials",
            ".npmrc",
            ".netrc",
            "kubeconfig",
            "x.tfstate",
            "terraform.tfstate.backup",
            ".ssh/known",
            "a/.aws/config",
        ] {
            assert!(is_secret_path(path.as_bytes()), "{path}");
        }
        for path in [
            ".env.example",
            ".env.sample",
            ".env.template",
            "sample.env",
            "src/env.rs",
            "key.rs",
            "id_rsa.pub",
            "monkey",
            "keys/mod.rs",
            "credentials.rs",
            "environment.ts",
            "config.pem.example",
            "",
        ] {
            assert!(!is_secret_path(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn key_files_are_told_from_sources_that_speak_of_keys() {
        assert!(looks_like_secret(b"-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA1234\n"));
        assert!(looks_like_secret(
            b"# mine\n-----BEGIN OPENSSH PRIVATE KEY-----\r\nb3BlbnNzaC1rZXktdjEAAAA\n"
        ));
        assert!(looks_like_secret(
            b"{\"type\":\"service_account\",\"private_key_id\":\"1\",\"private_key\":\"x\"}"
        ));
        assert!(!looks_like_secret(b"if text.starts_with(\"-----BEGIN RSA PRIVATE KEY-----\") {\n"));
        assert!(!looks_like_secret(b"-----BEGIN PUBLIC KEY-----\nMIIEowIBAAKCAQEA1234\n"));
        assert!(!looks_like_secret(b"-----BEGIN RSA PRIVATE KEY-----"));
        assert!(!looks_like_secret(b""));
    }

    #[test]
    fn tokens_in_text_are_masked_and_the_rest_stays() {
        for (text, masked) in [
            (concat!("key sk-", "ant-api03-", "abcdefghijkl0123456789", " end"), "key [masked] end"),
            ("ghp_abcdefghijklmnopqrstuvwxyz012345", "[masked]"),
            ("id AKIAABCDEFGHIJKLMNOP.", "id [masked]."),
            ("xoxb-1234567890-abc", "[masked]"),
            ("Authorization: Bearer abcdefghijklmnop123", "Authorization: Bearer [masked]"),
            ("DB_PASSWORD=hunter2 x", "DB_PASSWORD=[masked] x"),
            ("{\"password\": \"a b\"}", "{\"password\": [masked]}"),
            ("pässwort password=höß; ü", "pässwort password=[masked]; ü"),
            ("postgres://me:hunter2@host/db", "postgres://me:[masked]@host/db"),
        ] {
            assert_eq!(mask_secrets(text), masked);
        }
        for text in [
            "fix the password form",
            "ask-anthropic",
            "token count of 7",
            "basic internationalization of pages",
            "https://host:80/x",
            "git@host:x",
        ] {
            assert!(matches!(mask_secrets(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
