//! Tests of the byte-faithful reading: hostile literals, and a property over arbitrary objects.

use super::*;
use proptest::prelude::*;

fn prompt_edit(object: &str, add: &str) -> String {
    let [prompt] = pick(object, ["prompt"]);
    edit_string(object, &prompt.unwrap(), &[], add).unwrap()
}

#[test]
fn only_the_last_prompt_literal_changes() {
    let object = r#"{ "a":1E5, "prompt":"first","b":-0,"pro\u006dpt" : "x\ud83d\u0000\/é","c":[{"prompt":"no"}],"n":123456789012345678901234567890 }"#;
    let want = object.replace(r"\/é", "\\/é\\n+\\\"");
    assert_eq!(prompt_edit(object, "\n+\""), want);
}

#[test]
fn line_ends_between_tokens_become_spaces() {
    assert_eq!(prompt_edit("{\r\n\"prompt\":\"a\\n\"\n}", "b"), "{  \"prompt\":\"a\\nb\" }");
}

#[test]
fn lone_surrogates_nul_and_pairs_are_decoded_without_loss_of_the_rest() {
    let cases = [
        (r#""a\ud83db""#, "a\u{fffd}b"),
        (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
        (r#""\ud83d\ude00""#, "😀"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
        (r#""\u0000\b\f\n\r\t\"\\\/""#, "\0\u{8}\u{c}\n\r\t\"\\/"),
    ];
    for (literal, want) in cases {
        assert_eq!(decode(literal), want);
    }
}

#[test]
fn ranges_are_cut_out_of_the_escaped_literal() {
    let object = r#"{"prompt":"\u0061é\nCUT\u00e9\ud83dtail"}"#;
    let [literal] = pick(object, ["prompt"]);
    let literal = literal.unwrap();
    let text = decode(&object[literal.clone()]);
    let start = text.find("\nCUT").unwrap();
    let end = text.find("\u{fffd}").unwrap();
    let edited = edit_string(object, &literal, std::slice::from_ref(&(start..end)), "!").unwrap();
    assert_eq!(edited, r#"{"prompt":"\u0061é\ud83dtail!"}"#);
    let whole = edit_string(object, &literal, std::slice::from_ref(&(0..text.len())), "!").unwrap();
    assert_eq!(whole, r#"{"prompt":"!"}"#);
}

#[test]
fn what_is_no_single_object_is_refused() {
    for bytes in [
        &b""[..],
        b" \n",
        b"\xef\xbb\xbf",
        b"[]",
        b"1",
        b"null",
        b"{",
        b"{\"a\":1",
        b"{} {}",
        b"{}x",
        b"{'a':1}",
        b"{\"a\":\"\xff\"}",
        b"\x00\x01\x02",
        b"{\"a\":\"\n\"}",
        b"{\"a\":01}",
    ] {
        assert!(read(bytes).is_err(), "{bytes:?}");
    }
    assert_eq!(read(&b"\xef\xbb\xbf {\"a\":\"\\ud83d\"}\r\n"[..]).unwrap(), "{\"a\":\"\\ud83d\"}");
}

#[test]
fn deep_nesting_and_endless_input_end_in_an_answer() {
    let deep = format!("{{\"a\":{}{},\"b\":\"x\"}}", "[".repeat(200_000), "]".repeat(200_000));
    let text = read(deep.as_bytes()).unwrap();
    let [b] = pick(&text, ["b"]);
    assert_eq!(&text[b.unwrap()], "\"x\"");
    assert!(matches!(read(std::io::repeat(b' ')), Err(WireError::TooLong)));
}

/// Splits a JSON text into its tokens by the grammar alone, independent of the scanner under test.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(ch) = rest.chars().next() {
        let len = match ch {
            ' ' | '\n' | '\r' | '\t' => 1,
            '"' => {
                let mut escaped = false;
                let end = rest[1..].char_indices().find(|(_, ch)| {
                    let ends = *ch == '"' && !escaped;
                    escaped = *ch == '\\' && !escaped;
                    ends
                });
                end.unwrap().0 + 2
            }
            '{' | '}' | '[' | ']' | ':' | ',' => 1,
            _ => rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap(),
        };
        if !rest[..len].trim().is_empty() {
            tokens.push(&rest[..len]);
        }
        rest = &rest[len..];
    }
    tokens
}

fn literal() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(r"\ud83d".to_owned()),
        Just(r"\uDE00".to_owned()),
        Just(r"\ud83d\ude00".to_owned()),
        Just(r"\u0000".to_owned()),
        Just(r#"\""#.to_owned()),
        Just(r"\\".to_owned()),
        Just(r"\/".to_owned()),
        Just("prompt".to_owned()),
        Just("}".to_owned()),
        Just("é漢😀".to_owned()),
        "[ -!#-\\[\\]-~]{0,8}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        literal(),
        Just("null".to_owned()),
        Just("-0".to_owned()),
        Just("1E400".to_owned()),
        Just("123456789012345678901234567890.10".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[ {} ]", items.join(" ,\n"))),
            prop::collection::vec((literal(), inner), 0..4).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{key} : {value}")).collect();
    format!("{{{}}}", members.join(","))
}

proptest! {
    #[test]
    fn the_updated_input_equals_the_input_but_for_the_prompt(
        mut members in prop::collection::vec((literal(), value()), 0..6),
        prompt in literal(),
        place in 0usize..7,
        add in "(?s).{0,20}",
    ) {
        members.retain(|(key, _)| decode(key) != "prompt");
        let place = place.min(members.len());
        members.insert(place, ("\"prompt\"".to_owned(), prompt.clone()));
        let before = object(&members);
        let checked = read(before.as_bytes()).unwrap();
        let after = prompt_edit(&checked, &add);
        prop_assert!(!after.contains(['\n', '\r']));
        let (old, new) = (tokens(&before), tokens(&after));
        prop_assert_eq!(old.len(), new.len());
        let differing: Vec<usize> = (0..old.len()).filter(|at| old[*at] != new[*at]).collect();
        if add.is_empty() {
            prop_assert!(differing.is_empty());
        } else {
            prop_assert_eq!(differing.len(), 1);
            let (was, is) = (old[differing[0]], new[differing[0]]);
            prop_assert_eq!(was, prompt.as_str());
            prop_assert_eq!(&is[..was.len() - 1], &was[..was.len() - 1]);
            prop_assert!(decode(is).ends_with(&add));
        }
        prop_assert!(read(after.as_bytes()).is_ok());
    }

    #[test]
    fn cutting_the_literal_cuts_the_decoded_text(
        chars in prop::collection::vec((any::<char>(), any::<bool>()), 0..30),
        from in 0usize..30,
        length in 0usize..30,
    ) {
        let spelt = |(ch, escaped): &(char, bool)| {
            let mut units = [0u16; 2];
            let units = ch.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}"));
            let plain = *ch >= ' ' && !matches!(ch, '"' | '\\');
            if *escaped || !plain { units.collect() } else { ch.to_string() }
        };
        let object = format!("{{\"prompt\":\"{}\"}}", chars.iter().map(spelt).collect::<String>());
        let text: String = chars.iter().map(|(ch, _)| *ch).collect();
        let at = |index: usize| text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
        let cut = at(from)..at(from + length);
        let [literal] = pick(&object, ["prompt"]);
        let edited = edit_string(&object, &literal.unwrap(), std::slice::from_ref(&cut), "+").unwrap();
        let [literal] = pick(&edited, ["prompt"]);
        let want = format!("{}{}+", &text[..cut.start], &text[cut.end..]);
        prop_assert_eq!(decode(&edited[literal.unwrap()]), want);
    }
}
