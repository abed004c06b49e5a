//! What must not be indexed or logged: files that hold secrets, and secrets inside text.

use std::borrow::Cow;
use std::ops::Range;

/// Only so many bytes from the start of a file are searched for key blocks.
const HEAD_BYTES_LOOKED_AT: usize = 16 * 1024;

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
    "credentials.toml",
    "kubeconfig",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    "secrets.toml",
    "master.key",
    "service-account.json",
    "service_account.json",
    "shadow",
    "shadow-",
    "gshadow",
    "gshadow-",
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
    ".tfvars",
    ".tfvars.json",
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

/// What tokens of well-known services begin with, and how long such a token is at least, in bytes.
const TOKEN_PREFIXES: &[(&str, usize)] = &[
    ("sk-", 24),
    ("sk_live_", 18),
    ("sk_test_", 18),
    ("rk_live_", 18),
    ("rk_test_", 18),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 27),
    ("glpat-", 20),
    ("npm_", 30),
    ("pypi-", 30),
    ("dop_v1_", 30),
    ("hf_", 30),
    ("xai-", 30),
    ("xoxa-", 16),
    ("xoxb-", 16),
    ("xoxe-", 16),
    ("xoxp-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
    ("AKIA", 20),
    ("ASIA", 20),
    ("AIza", 34),
    ("eyJ", 30),
];
/// No token is shorter, in bytes.
const TOKEN_BYTES_MIN: usize = 16;
/// Stands for what was masked.
const MASK: &str = "[masked]";

/// What a name ends with whose quoted value is a secret; separators left out, lower case.
const SECRET_KEYS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secretkey",
    "apikey",
    "accesskey",
    "privatekey",
    "authtoken",
    "accesstoken",
    "refreshtoken",
];
/// Longer names and values are not looked at, in bytes.
const KEY_BYTES_MAX: usize = 64;
const VALUE_BYTES_MAX: usize = 512;

/// Replaces tokens of well-known services and the values of names such as `password` in source text; borrowed if there
/// are none.
///
/// Only what cannot be anything else: after `password:` code has a type far more often than a password, so that a value
/// counts only in quotes. No regular expression: compiling one costs more than all quotes of a slice.
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    match mask_named(text) {
        Some(masked) => Cow::Owned(mask_tokens(&masked).into_owned()),
        None => mask_tokens(text),
    }
}

/// Replaces the quoted values of names that say that they are secrets; `None` if there are none.
fn mask_named(text: &str) -> Option<String> {
    let mut masked = String::new();
    let mut copied = 0;
    for at in memchr::memchr2_iter(b'=', b':', text.as_bytes()) {
        if at < copied || !is_secret_key(&text[..at]) {
            continue;
        }
        let Some(value) = quoted_value(text, at + 1) else { continue };
        masked.push_str(&text[copied..value.start]);
        masked.push_str(MASK);
        copied = value.end;
    }
    (copied > 0).then(|| masked + &text[copied..])
}

/// Whether the name that the text ends with says that its value is a secret.
fn is_secret_key(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '\t', '"', '\'', '`', ']', '?', ':']);
    // Nearly all names end otherwise; the rest is looked at closely.
    let [.., one, last] = *before.as_bytes() else { return false };
    let ending = [one.to_ascii_lowercase(), last.to_ascii_lowercase()];
    if !SECRET_KEYS.iter().any(|key| key.as_bytes().ends_with(&ending)) {
        return false;
    }
    let length = before.bytes().rev().take(KEY_BYTES_MAX).take_while(|&byte| is_token_char(byte)).count();
    let name = plain_name(&before[before.len() - length..]);
    SECRET_KEYS.iter().any(|key| name.ends_with(key))
}

/// A name without separators, in lower case.
fn plain_name(name: &str) -> String {
    let letters = name.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b'.'));
    letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

/// Where, after a sign of assignment and perhaps a type, a value in quotes stands on the same line.
///
/// Texts for people have spaces, references to a value kept elsewhere have braces and the like or a name of their own.
fn quoted_value(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        let byte = *bytes.get(at)?;
        let in_type = byte.is_ascii_alphanumeric() || b"_&<>|?.:= \t".contains(&byte);
        if matches!(byte, b'"' | b'\'' | b'`') {
            let inside = &bytes[at + 1..bytes.len().min(at + 1 + VALUE_BYTES_MAX)];
            let length = inside.iter().position(|&other| other == byte || other == b'\n');
            let closed = length.filter(|&length| inside[length] == byte);
            if let Some(length) = closed
                && let Some(value) = text.get(at + 1..at + 1 + length)
                && !value.contains(char::is_whitespace)
            {
                let refers = value.contains(['$', '{', '<', '%']);
                let name = plain_name(value);
                let is_name = SECRET_KEYS.iter().any(|key| name.ends_with(key));
                return (!value.is_empty() && !refers && !is_name).then_some(at + 1..at + 1 + length);
            }
            // A lifetime of a type, not a quote.
            if byte != b'\'' {
                return None;
            }
        } else if !in_type {
            return None;
        }
        at += 1;
    }
}

/// Replaces tokens of well-known services.
fn mask_tokens(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut masked = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let end =
            bytes[at..].iter().position(|&byte| !is_token_char(byte)).map_or(bytes.len(), |run| at + run);
        if is_token(&text[at..end]) {
            masked.push_str(&text[copied..at]);
            masked.push_str(MASK);
            copied = end;
        }
        let between = bytes[end..].iter().position(|&byte| is_token_char(byte));
        at = between.map_or(bytes.len(), |between| end + between);
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
}

/// Whether a byte may be part of a token; never true inside of a character beyond ASCII.
fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_token(run: &str) -> bool {
    run.len() >= TOKEN_BYTES_MIN
        && run.bytes().any(|byte| byte.is_ascii_digit())
        && TOKEN_PREFIXES.iter().any(|(prefix, bytes_min)| run.len() >= *bytes_min && run.starts_with(prefix))
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
            "etc/shadow",
            "etc/gshadow-",
            "prod.tfvars",
            "live.auto.tfvars.json",
            ".cargo/credentials.toml",
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
            "shadow.rs",
            "prod.tfvars.example",
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
    fn values_of_secret_names_are_masked_where_they_are_values() {
        for (text, masked) in [
            ("PASSWORD = \"x\"", "PASSWORD = \"[masked]\""),
            ("  api_key: 'k-1', other: 'v'", "  api_key: '[masked]', other: 'v'"),
            ("{\"dbPassword\": \"hunter2\"}", "{\"dbPassword\": \"[masked]\"}"),
            ("const SECRET_KEY: &'static str = \"é1\";", "const SECRET_KEY: &'static str = \"[masked]\";"),
            ("self.client_secret = b'abc' # why", "self.client_secret = b'[masked]' # why"),
            ("$pwd = `a`; $password := \"b\"", "$pwd = `[masked]`; $password := \"[masked]\""),
            ("env['accessToken'] => \"t\"", "env['accessToken'] => \"[masked]\""),
        ] {
            assert_eq!(mask_secrets(text), masked);
        }
        for text in [
            "fn login(password: &str, name: &str) -> String",
            "password = os.environ[\"DB\"]",
            "password: \"Your password\"",
            "api_key = \"${API_KEY}\"",
            "SECRET = \"AWS_SECRET\"",
            "password = \"\"",
            "password =\n  \"x\"",
            "if password == other { \"no\" }",
            "passwords = \"plural\"",
            "password: 'open",
            "=:\"x\"",
        ] {
            assert!(matches!(mask_secrets(text), Cow::Borrowed(_)), "{text}: {}", mask_secrets(text));
        }
    }

    #[test]
    fn tokens_in_text_are_masked_and_the_rest_stays() {
        for (text, masked) in [
            (concat!("key \"sk-", "ant-api03-", "abcdefghijkl0123456789\" end"), "key \"[masked]\" end"),
            (concat!("gh", "p_abcdefghijklmnopqrstuvwxyz012345"), "[masked]"),
            (concat!("id AK", "IAABCDEFGHIJKLMNOP2.é"), "id [masked].é"),
            (concat!("é xox", "b-1234567890-abc, xox", "p-1234567890-abd"), "é [masked], [masked]"),
        ] {
            assert_eq!(mask_secrets(text), masked);
        }
        for text in [
            "fn login(password: &str, token: u8)",
            "sk-circle-2",
            "npm_config_registry_of_the_whole_project",
            "ghp_",
            "basic internationalization of pages",
            "",
        ] {
            assert!(matches!(mask_secrets(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
