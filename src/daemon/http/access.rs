//! Who may ask: decided from the headers alone, before anything else of a request is looked at.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

/// Names under which the daemon is reached; a page of another site that resolves to this machine has another.
const HOSTS: &[&str] = &["127.0.0.1", "localhost", "[::1]"];

/// Whether the request was meant for this machine by this machine.
pub(super) fn is_local(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let named = host.is_some_and(is_own) && hosts.next().is_none();
    let target = uri.authority().is_none_or(|authority| is_own(authority.as_str()));
    let origins: Vec<&HeaderValue> = headers.get_all(header::ORIGIN).iter().collect();
    named && target && origins.into_iter().all(is_own_origin)
}

fn is_own(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    HOSTS.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn is_own_origin(origin: &HeaderValue) -> bool {
    origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://")).is_some_and(is_own)
}

/// Whether the request carries the token; compared without telling by the time where it differs.
pub(super) fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let Some((scheme, given)) = given.split_at_checked(7) else { return false };
    let differences = given.iter().zip(token.as_bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    scheme.eq_ignore_ascii_case(b"Bearer ") && given.len() == token.len() && differences == 0
}

/// Whether the body is said to be JSON; whoever says nothing is believed.
pub(super) fn takes(headers: &HeaderMap) -> Result<(), StatusCode> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_this_machine_by_its_own_names() {
        let local = |uri: &'static str, pairs: &[(&'static str, &'static str)]| {
            is_local(&Uri::from_static(uri), &headers(pairs))
        };
        for host in ["127.0.0.1:7700", "localhost:7700", "LOCALHOST", "[::1]:7700", "127.0.0.1"] {
            assert!(local("/", &[("host", host)]), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:7700",
            "127.0.0.1.evil.example",
            "localhost.evil:80",
            "",
            "127.0.0.1:x",
        ] {
            assert!(!local("/", &[("host", host)]), "{host}");
        }
        assert!(!local("/", &[]), "no host at all");
        assert!(!local("/", &[("host", "localhost"), ("host", "evil.example")]));
        assert!(!local("http://evil.example/", &[("host", "localhost")]));
        for (origin, own) in [
            ("http://localhost:7700", true),
            ("http://127.0.0.1:7700", true),
            ("null", false),
            ("https://evil.example", false),
            ("http://evil.example", false),
            ("http://localhost.evil", false),
        ] {
            assert_eq!(local("/", &[("host", "localhost"), ("origin", origin)]), own, "{origin}");
        }
    }

    #[test]
    fn the_token_must_be_whole_and_right() {
        let with = |value: &'static str| has_token(&headers(&[("authorization", value)]), "abcd");
        assert!(with("Bearer abcd") && with("bearer abcd"));
        for wrong in ["Bearer abce", "Bearer abc", "Bearer abcde", "Basic abcd", "abcd", "Bearer ", ""] {
            assert!(!with(wrong), "{wrong}");
        }
        assert!(!has_token(&HeaderMap::new(), "abcd"));
    }
}
