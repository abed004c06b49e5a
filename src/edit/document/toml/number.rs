//! What TOML takes for numbers, dates and times.

/// So many digits make no number that is too large for 64 bits with a sign.
const PLAIN_DIGITS_MAX: usize = 18;

/// Whether a word is an integer or a float.
pub(in super::super) fn is_number(word: &str) -> bool {
    if is_plain_integer(word.as_bytes()) {
        return true;
    }
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    if !unsigned.starts_with(|first: char| first.is_ascii_digit()) {
        return matches!(unsigned, "inf" | "nan");
    }
    let prefixed = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, base)| word.strip_prefix(prefix).map(|digits| (digits, base)));
    if let Some((digits, base)) = prefixed {
        let fits = i64::from_str_radix(&digits.replace('_', ""), base).is_ok();
        return grouped(digits, |byte| char::from(byte).is_digit(base)) && fits;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |part: &str| grouped(part, |byte| byte.is_ascii_digit());
    let is_whole = digits(whole) && (whole == "0" || !whole.starts_with('0'));
    if exponent.is_none() && fraction.is_none() {
        let fits = if word.contains('_') {
            word.replace('_', "").parse::<i64>().is_ok()
        } else {
            word.parse::<i64>().is_ok()
        };
        return is_whole && fits;
    }
    let exponent_fits =
        exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    is_whole && fraction.is_none_or(digits) && exponent_fits
}

/// Whether a word is one of the integers that most are: digits alone, and so few that they fit.
fn is_plain_integer(word: &[u8]) -> bool {
    let is_short = matches!(word.len(), 1..=PLAIN_DIGITS_MAX);
    is_short && (word[0] != b'0' || word.len() == 1) && word.iter().all(u8::is_ascii_digit)
}

/// Digits with single underscores between them.
fn grouped(text: &str, is_digit: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.split('_').all(|part| !part.is_empty() && part.bytes().all(&is_digit))
}

/// Whether a word is a date, a time, or both with or without an offset.
pub(in super::super) fn is_datetime(word: &str) -> bool {
    let bytes = word.as_bytes();
    if !word.is_ascii() {
        return false;
    }
    if bytes.len() < 10 || bytes[4] != b'-' {
        return is_time(word);
    }
    if !is_date(&word[..10]) {
        return false;
    }
    let Some(rest) = word.get(11..) else { return bytes.len() == 10 };
    if !matches!(bytes[10], b'T' | b't' | b' ') {
        return false;
    }
    let (time, offset) = match rest.find(['Z', 'z', '+', '-']) {
        Some(at) => (&rest[..at], &rest[at..]),
        None => (rest, ""),
    };
    let offset_fits = match offset.as_bytes() {
        [] | [b'Z' | b'z'] => true,
        [b'+' | b'-', rest @ ..] => {
            rest.len() == 5 && rest[2] == b':' && pair(&offset[1..3], 23) && pair(&offset[4..], 59)
        }
        _ => false,
    };
    is_time(time) && offset_fits
}

fn pair(text: &str, max: u32) -> bool {
    text.len() == 2
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse().is_ok_and(|number: u32| number <= max)
}

fn is_date(text: &str) -> bool {
    let number = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(&text[..4]), number(&text[5..7]), number(&text[8..]))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 31,
    };
    text.as_bytes()[7] == b'-' && (1..=12).contains(&month) && (1..=days).contains(&day)
}

/// `07:32`, `07:32:00` or `07:32:00.999`.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let minutes = bytes.len() >= 5 && bytes[2] == b':' && pair(&text[..2], 23) && pair(&text[3..5], 59);
    let seconds = match bytes.get(5..) {
        None | Some([]) => true,
        Some([b':', rest @ ..]) => match rest {
            [_, _] => pair(&text[6..], 60),
            [_, _, b'.', fraction @ ..] => {
                pair(&text[6..8], 60) && !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit)
            }
            _ => false,
        },
        Some(_) => false,
    };
    minutes && seconds
}
