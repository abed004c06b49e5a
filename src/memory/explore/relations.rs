//! Which types a type stands below, read from the head of its definition; no names are resolved.

use crate::code::{Language, SymbolKind};

/// Types that one definition names as above it, at most.
const ABOVE_MAX: usize = 12;

/// Bare names of the types above `name`, in the order of the source.
pub(super) fn above(language: Language, kind: SymbolKind, name: &str, head: &str) -> Vec<String> {
    use Language::{CSharp, Cpp, Java, JavaScript, Kotlin, Php, Python, Ruby, Rust, Scala, Tsx, TypeScript};
    let head = head.split('{').next().unwrap_or_default();
    let list = match language {
        Rust if kind == SymbolKind::Impl => implemented(head),
        Rust if kind == SymbolKind::Trait => {
            after_name(head, name).and_then(|rest| rest.strip_prefix(':')).map(|rest| rest.replace('+', ","))
        }
        Python => after_name(head, name)
            .and_then(|rest| rest.strip_prefix('('))
            .map(|rest| rest.rsplit_once(')').map_or(rest, |(list, _)| list).to_owned()),
        Ruby => after_name(head, name)
            .and_then(|rest| rest.strip_prefix('<'))
            .map(|rest| rest.lines().next().unwrap_or_default().to_owned()),
        CSharp | Kotlin => after_name(head, name)
            .and_then(|rest| rest.split_once(':').map(|(_, list)| list))
            .map(|list| list.split(" where ").next().unwrap_or_default().to_owned()),
        Cpp => after_name(head, name).and_then(|rest| rest.strip_prefix(':')).map(str::to_owned),
        Java | JavaScript | TypeScript | Tsx | Php | Scala => keyword_lists(head),
        _ => None,
    };
    list.map(|list| names(&list)).unwrap_or_default()
}

/// What follows the name as a whole word, its type parameters skipped.
fn after_name<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let inside = |ch: char| ch.is_alphanumeric() || ch == '_';
    let at = head
        .match_indices(name)
        .map(|(at, _)| at)
        .find(|&at| !head[..at].ends_with(inside) && !head[at + name.len()..].starts_with(inside))?;
    let rest = head[at + name.len()..].trim_start();
    let rest =
        if rest.starts_with(['<', '[']) && !rest.starts_with("< ") { &rest[closing(rest)..] } else { rest };
    Some(rest.trim_start())
}

/// Bytes up to behind the bracket that closes the first one.
fn closing(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' | b'[' => depth += 1,
            b'>' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

/// `Trait` of `impl<T> Trait<X> for Type`.
fn implemented(head: &str) -> Option<String> {
    let rest = head.trim_start().trim_start_matches("unsafe ").strip_prefix("impl")?;
    let rest = rest.trim_start();
    let rest = if rest.starts_with('<') { &rest[closing(rest)..] } else { rest };
    let (list, _) = rest.split_once(" for ")?;
    Some(list.to_owned())
}

/// What follows `extends` and `implements`, up to the next such word.
fn keyword_lists(head: &str) -> Option<String> {
    let mut out = String::new();
    let mut taking = false;
    let mut depth = 0_i32;
    for word in head.split_whitespace() {
        // `<T extends X>` bounds a parameter and says nothing about the type.
        let outside = depth <= 0;
        depth += word.matches('<').count() as i32 - word.matches('>').count() as i32
            + word.matches("=>").count() as i32;
        match word {
            "extends" | "implements" if outside => {
                taking = true;
                out.push(',');
            }
            "with" if outside && taking => out.push(','),
            "permits" => taking = false,
            _ if taking => {
                out.push_str(word);
                out.push(' ');
            }
            _ => {}
        }
    }
    taking.then_some(out)
}

/// The bare names of a list: arguments, modules and words such as `public` taken away.
fn names(list: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut part = String::new();
    for ch in list.chars().chain([',']) {
        match ch {
            '<' | '[' | '(' => depth += 1,
            '>' | ']' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let word = part.split_whitespace().rfind(|word| *word != "virtual").unwrap_or_default();
                let bare = word.rsplit(['.', ':', '\\']).next().unwrap_or_default();
                if !bare.is_empty() && !part.contains('=') && found.len() < ABOVE_MAX {
                    found.push(bare.to_owned());
                }
                part.clear();
            }
            _ if depth == 0 => part.push(ch),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_names_its_types_above() {
        use Language::{CSharp, Cpp, Java, Php, Python, Ruby, Rust, TypeScript};
        let class = SymbolKind::Class;
        for (language, kind, name, head, expected) in [
            (Python, class, "B", "class B(models.A, Mixin[int], metaclass=M):\n", "A Mixin"),
            (Java, class, "B", "public class B<T extends X> extends A<T> implements I, J {", "A I J"),
            (TypeScript, class, "B", "export class B extends A implements I {", "A I"),
            (CSharp, class, "B", "public class B<T> : A<T>, I where T : new()", "A I"),
            (Cpp, class, "B", "class B : public ns::A, private virtual C {", "A C"),
            (Ruby, class, "B", "class B < M::A\n", "A"),
            (Php, class, "B", "final class B extends \\X\\A implements I", "A I"),
            (Rust, SymbolKind::Impl, "B", "unsafe impl<T: X> fmt::Display<T> for B<T> {", "Display"),
            (Rust, SymbolKind::Impl, "B", "impl B {", ""),
            (Rust, SymbolKind::Trait, "B", "pub trait B: A + Send {", "A Send"),
            (Python, class, "B", "class B:\n", ""),
        ] {
            assert_eq!(above(language, kind, name, head).join(" "), expected, "{head}");
        }
    }

    #[test]
    fn unbalanced_heads_are_survived() {
        for head in ["class B(", "class B<<<<", "impl<", "class B extends", "B:", ""] {
            for language in Language::ALL {
                above(*language, SymbolKind::Class, "B", head);
                above(*language, SymbolKind::Impl, "B", head);
            }
        }
    }
}
