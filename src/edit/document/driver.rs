//! One edit of one text, the same for every format: resolve the path, make splices, apply, read again, compare.

use super::fault::Fault;
use super::format::Format;
use super::json::{self, Json};
use super::layout::apply;
use super::lines::{Dialect, Lines};
use super::path::{KeyPath, Step, shown};
use super::resolve::{Found, Make, NodeKind, Tree, missing, no_parent, not_found, resolve};
use super::toml;
use super::typed::{self, Rules, ValueType};
use super::value::{Change, Taken, Value};
use super::yaml::Yaml;
use crate::edit::EditError;
use crate::text::Splice;
use std::ops::Range;
use std::path::Path;

/// More single edits than this are not made for one value; it is replaced whole instead.
const PARTS_MAX: usize = 64;

/// Longer texts are not read a second time from end to end after a scalar took a scalar's place, in bytes: all other
/// bytes are those that were checked before.
const READ_AGAIN_BYTES_MAX: usize = 1024 * 1024;

/// What to do at a key path.
#[derive(Debug, Clone)]
pub enum Action {
    /// Give the place a value.
    Set {
        /// The value as typed.
        text: String,
        /// Its type; by what is there and what it looks like when left out.
        kind: Option<ValueType>,
        /// Put it before the element at the path instead of replacing that.
        insert: bool,
        /// Make the parents that are missing.
        create_parents: bool,
    },
    /// Take the place out.
    Unset,
    /// Take an element to another index of its array; negative ones count from the end.
    Move(i64),
}

/// An edit.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where.
    pub path: KeyPath,
    /// What.
    pub action: Action,
}

impl Request {
    /// What an edit starts from: a file's content, or nothing where it makes the file together with the parents.
    pub fn start<'c>(&self, path: &Path, content: Option<&'c [u8]>) -> Result<&'c [u8], EditError> {
        match (content, &self.action) {
            (Some(content), _) => Ok(content),
            (None, Action::Set { create_parents: true, .. }) => Ok(b""),
            (None, _) => Err(EditError::Missing { path: path.to_path_buf() }),
        }
    }
}

/// What was found at a key path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    /// The value.
    pub value: Value,
    /// As it stands in the file.
    pub source: String,
}

/// A container and the way to it.
pub(super) struct Here<'f, N> {
    pub(super) chain: &'f [(N, Taken)],
    pub(super) node: &'f N,
    /// How many objects around the value are parents that were missing.
    pub(super) parents: usize,
}

/// What a single edit does; values are typed by now, except one that depends on what is there.
#[derive(Debug, Clone)]
enum Wish<'a> {
    Typed { text: &'a str, kind: Option<ValueType>, insert: bool, create_parents: bool },
    Set(Value),
    Insert(Value),
    Unset,
    Move(i64),
}

/// How a wish comes true.
enum Plan {
    Unchanged,
    Text(String),
    Parts(Parts),
    Then(String, Parts),
}

/// What a format can do; spans and style are its own affair.
pub(super) trait Document: Tree {
    /// The outermost value.
    fn root(&self) -> Self::Node;
    /// A value as all formats have it.
    fn value(&self, node: &Self::Node) -> Value;
    /// Refuses a value that is too large to be told, however short it is written.
    fn must_be_tellable(&self, _: &Self::Node) -> Result<(), Fault> {
        Ok(())
    }
    /// A value as it stands in the text.
    fn source(&self, node: &Self::Node) -> String;
    /// What counts as a number or a date.
    fn rules() -> Rules;
    /// Whether a scalar may become an object that holds what is to be set below it.
    fn can_hold(&self, _: &Self::Node) -> bool {
        false
    }
    /// Whether there is no value at all, so that the first needs no leave.
    fn is_nothing(&self, _: &Self::Node) -> bool {
        false
    }
    /// The value that readers find at a path where nothing stands: what an alias or a merged mapping brings.
    fn inherited(&self, _: &[Step]) -> Option<Value> {
        None
    }
    /// Whether readers do not agree on what a scalar is, so that it may become something else than text.
    fn is_undecided(&self, _: &Self::Node) -> bool {
        false
    }
    /// Whether some readers take a node for that value already.
    fn also_means(&self, _: &Self::Node, _: &Value) -> bool {
        false
    }
    /// Whether a container can be replaced by one splice; it is edited item by item otherwise.
    fn is_one_piece(&self, _: &Self::Node) -> bool {
        true
    }
    /// How often an item is there: keys may have duplicates.
    fn count(&self, _: &Self::Node, _: &Taken) -> usize {
        1
    }
    /// Gives a node another value.
    fn replace(&self, found: &Found<'_, Self::Node>, value: &Value) -> Result<Vec<Splice>, Fault>;
    /// Puts a member behind the others, or an element before the one at `index`.
    fn insert(
        &self,
        at: &Here<'_, Self::Node>,
        name: Option<&str>,
        index: usize,
        value: &Value,
    ) -> Result<Vec<Splice>, Fault>;
    /// Takes an item out of a container.
    fn remove(
        &self,
        container: &Self::Node,
        taken: &Taken,
        found: &Found<'_, Self::Node>,
    ) -> Result<Vec<Splice>, Fault>;
    /// Takes an element to another place of its array.
    fn relocate(
        &self,
        array: &Self::Node,
        from: usize,
        to: usize,
        found: &Found<'_, Self::Node>,
    ) -> Result<Vec<Splice>, Fault>;
    /// The bytes of a scalar that could be any other scalar without a change of what is read around it.
    fn scalar_span(&self, _: &Self::Node) -> Option<Range<usize>> {
        None
    }
    /// The scalar that a reader finds at a place of an edited text, and where it ends.
    fn scalar_at(&self, _: &str, _: usize) -> Option<(usize, Value)> {
        None
    }
    /// Whether a text reads as this document with just that change.
    fn is_changed_only(&self, edited: &str, place: &[Taken], change: &Change) -> Result<bool, Fault>;
}

/// A file's content after an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revised {
    /// Its bytes; equal to those before if they already say so.
    pub content: Vec<u8>,
    /// Whether the place is known to have been there before; `false` says nothing.
    pub was_there: bool,
}

/// The bytes of a file after an edit; equal to those before if it already says so.
pub fn edit(bytes: &[u8], format: Format, request: &Request) -> Result<Vec<u8>, Fault> {
    revise(bytes, format, request).map(|revised| revised.content)
}

/// As [`edit`], with what else came to light on the way.
pub fn revise(bytes: &[u8], format: Format, request: &Request) -> Result<Revised, Fault> {
    let text = utf8(bytes)?;
    let first = match (format, &request.action) {
        (Format::Json | Format::Jsonc, Action::Set { .. }) => json::with_root(text, format == Format::Jsonc),
        _ => None,
    };
    let text = first.as_deref().unwrap_or(text);
    let wish = match &request.action {
        Action::Set { text, kind, insert, create_parents } => {
            Wish::Typed { text, kind: *kind, insert: *insert, create_parents: *create_parents }
        }
        Action::Unset => Wish::Unset,
        Action::Move(to) => Wish::Move(*to),
    };
    let (text, was_there) = edited(text, format, &request.path.steps, &wish)?;
    Ok(Revised { content: text.into_bytes(), was_there })
}

/// The value at a key path.
pub fn get(bytes: &[u8], format: Format, path: &KeyPath) -> Result<Got, Fault> {
    let text = utf8(bytes)?;
    match format {
        Format::Json => look(&Json::read(text, false)?, path),
        Format::Jsonc => look(&Json::read(text, true)?, path),
        Format::Toml => toml::read(text, &path.steps, |document| look(document, path)),
        Format::Env => look(&Lines::read(text, Dialect::Env)?, &KeyPath { steps: variable(&path.steps) }),
        Format::Ini => look(&Lines::read(text, Dialect::Ini)?, path),
        Format::Yaml => look(&Yaml::read(text)?.following(), path),
    }
}

/// The text after an edit, and whether the place was there.
fn edited(text: &str, format: Format, steps: &[Step], wish: &Wish<'_>) -> Result<(String, bool), Fault> {
    let (plan, was_there) = match format {
        Format::Json => plan(&Json::read(text, false)?, text, steps, wish)?,
        Format::Jsonc => plan(&Json::read(text, true)?, text, steps, wish)?,
        Format::Toml => toml::read(text, steps, |document| plan(document, text, steps, wish))?,
        Format::Env => plan(&Lines::read(text, Dialect::Env)?, text, &variable(steps), wish)?,
        Format::Ini => plan(&Lines::read(text, Dialect::Ini)?, text, steps, wish)?,
        Format::Yaml => plan(&Yaml::read(text)?, text, steps, wish)?,
    };
    let (text, parts) = match plan {
        Plan::Unchanged => return Ok((text.to_owned(), was_there)),
        Plan::Text(text) => return Ok((text, was_there)),
        Plan::Parts(parts) => (text.to_owned(), parts),
        Plan::Then(text, parts) => (text, parts),
    };
    let one_more = |text: String, (steps, wish): (Vec<Step>, Wish<'_>)| {
        edited(&text, format, &steps, &wish).map(|(text, _)| text)
    };
    Ok((parts.into_iter().try_fold(text, one_more)?, was_there))
}

/// Variables lie in no tables: a path of several keys is one name with dots.
fn variable(steps: &[Step]) -> Vec<Step> {
    let names: Option<Vec<&str>> = steps
        .iter()
        .map(|step| match step {
            Step::Bare(name) | Step::Key(name) | Step::Token(name) => Some(name.as_str()),
            Step::Index(_) | Step::Append => None,
        })
        .collect();
    match names {
        Some(names) if !names.is_empty() => vec![Step::Key(names.join("."))],
        _ => steps.to_vec(),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| Fault::not_utf8(bytes, error.valid_up_to()))
}

fn look<D: Document>(document: &D, path: &KeyPath) -> Result<Got, Fault> {
    let found = resolve(document, document.root(), &path.steps)?;
    if !found.rest.is_empty() {
        return Err(not_found(document, &found, &path.steps));
    }
    document.must_be_tellable(&found.node)?;
    Ok(Got { value: document.value(&found.node), source: document.source(&found.node) })
}

/// What to do, and whether the place is there.
fn plan<D: Document>(
    document: &D,
    text: &str,
    steps: &[Step],
    wish: &Wish<'_>,
) -> Result<(Plan, bool), Fault> {
    let found = resolve(document, document.root(), steps)?;
    let is_there = found.rest.is_empty();
    plan_at(&At { document, text, steps, found }, wish).map(|plan| (plan, is_there))
}

fn plan_at<D: Document>(at: &At<'_, D>, wish: &Wish<'_>) -> Result<Plan, Fault> {
    let At { document, steps, .. } = *at;
    match wish {
        Wish::Typed { insert: true, text, kind, .. } => {
            at.insert(typed::read(text, *kind, None, &D::rules())?)
        }
        Wish::Insert(value) => at.insert(value.clone()),
        Wish::Typed { text, kind, .. } if at.found.rest.is_empty() => {
            let old = document.value(&at.found.node);
            let like = (!document.is_undecided(&at.found.node)).then_some(&old);
            at.set(&old, typed::read(text, *kind, like, &D::rules())?)
        }
        Wish::Typed { text, kind, create_parents, .. } => {
            if let Some(old) = document.inherited(steps)
                && typed::read(text, *kind, Some(&old), &D::rules()).is_ok_and(|value| value.same(&old))
            {
                return Ok(Plan::Unchanged);
            }
            at.make(typed::read(text, *kind, None, &D::rules())?, *create_parents)
        }
        Wish::Set(value) if at.found.rest.is_empty() => {
            at.set(&document.value(&at.found.node), value.clone())
        }
        Wish::Set(value) => at.make(value.clone(), false),
        Wish::Unset => at.unset(),
        Wish::Move(to) => at.relocate(*to),
    }
}

/// A document with the place that a path leads to.
struct At<'d, D: Document> {
    document: &'d D,
    text: &'d str,
    steps: &'d [Step],
    found: Found<'d, D::Node>,
}

impl<D: Document> At<'_, D> {
    fn done(&self, splices: &[Splice], place: &[Taken], change: &Change) -> Result<Plan, Fault> {
        let edited = apply(self.text, splices).ok_or_else(Fault::unverified)?;
        if edited.len() > READ_AGAIN_BYTES_MAX && self.is_other_scalar(&edited, splices, change) {
            return Ok(Plan::Text(edited));
        }
        match self.document.is_changed_only(&edited, place, change) {
            Ok(true) => Ok(Plan::Text(edited)),
            // Whatever the edited text has wrong is not the user's fault.
            Ok(false) | Err(Fault::Syntax { .. }) => Err(Fault::unverified()),
            Err(fault) => Err(fault),
        }
    }

    /// Whether the edited text is this one with another scalar, which reads as asked for and ends where it shall, in
    /// the place of the one that was found. Up to it both are the same bytes, so a reader comes to it in the same
    /// state; behind it both are the same again.
    fn is_other_scalar(&self, edited: &str, splices: &[Splice], change: &Change) -> bool {
        let (Change::Set(value), [splice], true) = (change, splices, self.found.rest.is_empty()) else {
            return false;
        };
        let Some(span) = self.document.scalar_span(&self.found.node) else { return false };
        let end = span.start + splice.insert.len();
        (splice.at..splice.at + splice.remove) == span
            && edited.as_bytes().get(..span.start) == self.text.as_bytes().get(..span.start)
            && edited.as_bytes().get(end..) == self.text.as_bytes().get(span.end..)
            && self
                .document
                .scalar_at(edited, span.start)
                .is_some_and(|(ends, is)| ends == end && is.same(value))
    }

    fn set(&self, old: &Value, value: Value) -> Result<Plan, Fault> {
        if old.same(&value) || self.document.also_means(&self.found.node, &value) {
            return Ok(Plan::Unchanged);
        }
        let base: Vec<Step> = self.found.taken().into_iter().map(exact).collect();
        let one_piece = self.document.is_one_piece(&self.found.node);
        let parts = match (old, &value) {
            (Value::Object(old), Value::Object(new)) => object_parts(&base, old, new, one_piece),
            (Value::Array(old), Value::Array(new)) => array_parts(&base, old, new, one_piece),
            _ => None,
        };
        if let Some(mut parts) = parts {
            // Some containers of TOML vanish with the last thing in them; an empty one was asked for, so it is there.
            let nothing = match value {
                Value::Array(new) if new.is_empty() => Some(("[]", ValueType::Array)),
                Value::Object(new) if new.is_empty() => Some(("{}", ValueType::Object)),
                _ => None,
            };
            parts.extend(nothing.map(|(text, kind)| {
                (base, Wish::Typed { text, kind: Some(kind), insert: false, create_parents: true })
            }));
            return Ok(Plan::Parts(parts));
        }
        let splices = self.document.replace(&self.found, &value)?;
        self.done(&splices, &self.found.taken(), &Change::Set(value))
    }

    fn make(&self, value: Value, create_parents: bool) -> Result<Plan, Fault> {
        let found = &self.found;
        let blank = self.document.is_nothing(&found.node) && found.rest.len() == 1;
        if blank || (create_parents && self.document.can_hold(&found.node)) {
            let value = wrapped(found.rest, value)?;
            let splices = self.document.replace(found, &value)?;
            return self.done(&splices, &found.taken(), &Change::Set(value));
        }
        let (make, below) = missing(self.document, found, self.steps)?;
        if !below.is_empty() && !create_parents {
            return Err(no_parent(self.document, found, self.steps));
        }
        let value = wrapped(below, value)?;
        let here = Here { chain: &found.chain, node: &found.node, parents: below.len() };
        let mut place = found.taken();
        match make {
            Make::Member(name) => {
                let splices = self.document.insert(&here, Some(&name), usize::MAX, &value)?;
                place.push(Taken::Key(name));
                self.done(&splices, &place, &Change::Set(value))
            }
            Make::Element => {
                let NodeKind::Array(length) = self.document.kind(&found.node) else {
                    return Err(Fault::unverified());
                };
                let splices = self.document.insert(&here, None, length, &value)?;
                place.push(Taken::Index(length));
                self.done(&splices, &place, &Change::Insert(value))
            }
        }
    }

    fn insert(&self, value: Value) -> Result<Plan, Fault> {
        if !self.found.rest.is_empty() {
            return self.make(value, false);
        }
        let Some(((array, Taken::Index(index)), chain)) = self.found.chain.split_last() else {
            return Err(Fault::usage(
                format!("{} is no element of an array", shown(self.steps)),
                "--insert needs an index: list[0], list[-1], or [+] to append",
            ));
        };
        let here = Here { chain, node: array, parents: 0 };
        let splices = self.document.insert(&here, None, *index, &value)?;
        self.done(&splices, &self.found.taken(), &Change::Insert(value))
    }

    fn unset(&self) -> Result<Plan, Fault> {
        if !self.found.rest.is_empty() {
            return Err(not_found(self.document, &self.found, self.steps));
        }
        let Some((container, taken)) = self.found.chain.last() else {
            return Err(Fault::usage("the whole document cannot be unset", "name a key, or remove the file"));
        };
        let splices = self.document.remove(container, taken, &self.found)?;
        let place = self.found.taken();
        let again = self.document.count(container, taken).saturating_sub(1);
        let plan = self.done(&splices, &place, &Change::Unset)?;
        if again == 0 {
            return Ok(plan);
        }
        // Of duplicate keys the last is what readers see; all of them go, or the one before would come to light.
        let steps: Vec<Step> = place.into_iter().map(exact).collect();
        let Plan::Text(edited) = plan else { return Ok(plan) };
        Ok(Plan::Then(edited, vec![(steps, Wish::Unset); 1]))
    }

    fn relocate(&self, to: i64) -> Result<Plan, Fault> {
        if !self.found.rest.is_empty() {
            return Err(not_found(self.document, &self.found, self.steps));
        }
        let Some((array, Taken::Index(from))) = self.found.chain.last() else {
            return Err(Fault::usage(
                format!("{} is no element of an array", shown(self.steps)),
                "only elements can be moved: name one by list[0] or list[-1]",
            ));
        };
        let NodeKind::Array(length) = self.document.kind(array) else { return Err(Fault::unverified()) };
        let wanted = if to < 0 { to + length as i64 } else { to };
        let Some(index) = usize::try_from(wanted).ok().filter(|index| *index < length) else {
            return Err(Fault::missing(
                format!("the array has {length} elements, so there is no place [{to}]"),
                "indices count from 0, negative ones from the end",
            ));
        };
        if index == *from {
            return Ok(Plan::Unchanged);
        }
        let splices = self.document.relocate(array, *from, index, &self.found)?;
        self.done(&splices, &self.found.taken(), &Change::Move(index))
    }
}

/// A step to exactly what was found.
pub(super) fn exact(taken: Taken) -> Step {
    match taken {
        Taken::Key(name) => Step::Key(name),
        Taken::Index(index) => Step::Index(i64::try_from(index).unwrap_or(i64::MAX)),
    }
}

/// The value inside the parents that the steps ask for.
fn wrapped(steps: &[Step], value: Value) -> Result<Value, Fault> {
    steps.iter().rev().try_fold(value, |value, step| match step {
        Step::Bare(name) | Step::Key(name) | Step::Token(name)
            if !(name == "-" && matches!(step, Step::Token(_))) =>
        {
            Ok(Value::Object(vec![(name.clone(), value)]))
        }
        Step::Index(0) | Step::Append | Step::Token(_) => Ok(Value::Array(vec![value])),
        _ => Err(Fault::missing(
            format!("{} is no place in an array that is not there yet", shown(std::slice::from_ref(step))),
            "use [+] for the first element",
        )),
    })
}

type Parts = Vec<(Vec<Step>, Wish<'static>)>;

/// The single edits that make one object of another; `None` if it is better replaced whole.
fn object_parts(
    base: &[Step],
    old: &[(String, Value)],
    new: &[(String, Value)],
    one_piece: bool,
) -> Option<Parts> {
    let last = |members: &[(String, Value)], name: &str| {
        members.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    };
    let step = |name: &String| base.iter().cloned().chain([Step::Key(name.clone())]).collect::<Vec<Step>>();
    let mut parts = Vec::new();
    let mut kept = 0;
    for (index, (name, _)) in new.iter().enumerate() {
        let Some(value) = last(new, name).filter(|_| !new[..index].iter().any(|(key, _)| key == name)) else {
            continue;
        };
        match last(old, name) {
            Some(was) if was.same(&value) => kept += 1,
            was => {
                kept += usize::from(was.is_some());
                parts.push((step(name), Wish::Set(value)));
            }
        }
    }
    for (index, (name, _)) in old.iter().enumerate() {
        if last(new, name).is_none() && !old[..index].iter().any(|(key, _)| key == name) {
            parts.push((step(name), Wish::Unset));
        }
    }
    (!one_piece || (kept > 0 && parts.len() <= PARTS_MAX)).then_some(parts)
}

/// The single edits that make one array of another: what is equal at both ends stays.
fn array_parts(base: &[Step], old: &[Value], new: &[Value], one_piece: bool) -> Option<Parts> {
    let same = |(one, two): &(&Value, &Value)| one.same(two);
    let front = old.iter().zip(new).take_while(same).count();
    let back = old[front..].iter().rev().zip(new[front..].iter().rev()).take_while(same).count();
    let (old_middle, new_middle) = (old.len() - front - back, &new[front..new.len() - back]);
    let step = |index: usize| base.iter().cloned().chain([exact(Taken::Index(index))]).collect::<Vec<Step>>();
    let mut parts = Vec::new();
    let pairs = old_middle.min(new_middle.len());
    for (index, value) in new_middle.iter().enumerate() {
        let at = front + index;
        let was = (index < pairs).then(|| &old[at]);
        match was {
            Some(was) if was.same(value) => {}
            Some(_) => parts.push((step(at), Wish::Set(value.clone()))),
            None if back > 0 => parts.push((step(at), Wish::Insert(value.clone()))),
            None => {
                let append = base.iter().cloned().chain([Step::Append]).collect();
                parts.push((append, Wish::Insert(value.clone())));
            }
        }
    }
    for index in (pairs..old_middle).rev() {
        parts.push((step(front + index), Wish::Unset));
    }
    (!one_piece || (front + back > 0 && parts.len() <= PARTS_MAX)).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::super::{Format, KeyPath};
    use super::*;

    /// A text that is too long to be read again, with the value and what stands around it in its middle.
    fn long(format: Format, around: [&str; 2], value: &str) -> String {
        let filler = "x".repeat(READ_AGAIN_BYTES_MAX / 2);
        let [before, after] = around;
        match format {
            Format::Toml => format!("a = '{filler}'\n{before}{value}{after}b = '{filler}'\n"),
            _ => format!("{{\"a\": \"{filler}\",\n{before}{value}{after}\"b\": \"{filler}\"}}"),
        }
    }

    #[test]
    fn a_long_text_gets_the_same_scalar_as_a_short_one() {
        let typed =
            ["1", "-2.5e3", "true", "text", "with \"quotes\" and \\", "\u{e9}\n", "[1, {\"k\": 2}]", "{}"];
        for (format, path, around) in [
            (Format::Json, "v.k", ["\"v\": {\"k\": ", "},"]),
            (Format::Jsonc, "v[1]", ["\"v\": [0, ", " // c\n],"]),
            (Format::Toml, "v.k", ["v = { k = ", " } # c\n"]),
            (Format::Toml, "v", ["v = ", "\n"]),
        ] {
            for (old, new) in
                ["1", "\"old\"", "true", "[1]"].into_iter().flat_map(|old| typed.map(|new| (old, new)))
            {
                let kind = (old == "[1]").then_some(ValueType::String);
                let action = Action::Set { text: new.into(), kind, insert: false, create_parents: false };
                let request = Request { path: KeyPath::parse(path).unwrap(), action };
                let text = long(format, around, old);
                let short = text.replace(&"x".repeat(READ_AGAIN_BYTES_MAX / 2), "x");
                let edited = |text: &str| {
                    edit(text.as_bytes(), format, &request).map(|bytes| String::from_utf8(bytes).unwrap())
                };
                match (edited(&text), edited(&short)) {
                    (Ok(long), Ok(short)) => {
                        assert_eq!(long.replace(&"x".repeat(READ_AGAIN_BYTES_MAX / 2), "x"), short);
                    }
                    (Err(_), Err(_)) => {}
                    (long, short) => panic!("{format:?} {old} {new}: {} {}", long.is_ok(), short.is_ok()),
                }
            }
        }
    }

    /// Pieces of what could be written in the place of a scalar, well or not.
    const WRITTEN: [&str; 38] = [
        "",
        "1",
        "-0",
        "1e3",
        ".5",
        "1_0",
        "0x1f",
        "\"a\"",
        "\"\\u00e9\"",
        "\"\\\"",
        "\"",
        "'a'",
        "'",
        "\"\"\"",
        "'''",
        "true",
        "tru",
        "null",
        "inf",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "=",
        " ",
        "\t",
        "\n",
        "\r",
        "// c",
        "/*",
        "*/",
        "# c",
        "1979-05-27",
        "07:32:00",
        "\u{7f}",
        "\u{feff}",
    ];

    /// Writes every pair of pieces in the place of a scalar: where the look at that place is content, reading all of
    /// the text must be content as well. Gives how often it was, and how often not.
    fn compared<D: Document>(document: &D, text: &str, path: &str) -> (usize, usize) {
        let path = KeyPath::parse(path).unwrap();
        let found = resolve(document, document.root(), &path.steps).unwrap();
        let at = At { document, text, steps: &path.steps, found };
        let (span, place) = (document.scalar_span(&at.found.node).unwrap(), at.found.taken());
        let (mut content, mut wary) = (0, 0);
        for written in WRITTEN.iter().flat_map(|one| WRITTEN.map(|other| format!("{one}{other}"))) {
            let splices = [Splice { at: span.start, remove: span.len(), insert: written.clone() }];
            let edited = apply(text, &splices).unwrap();
            // What would have been asked for, had this been written for it.
            let asked = document.scalar_at(&edited, span.start).map(|(_, value)| Change::Set(value));
            match asked.filter(|asked| at.is_other_scalar(&edited, &splices, asked)) {
                Some(asked) => {
                    let is_well = document.is_changed_only(&edited, &place, &asked);
                    assert!(matches!(is_well, Ok(true)), "{written:?} in {text:?} at {place:?}: {is_well:?}");
                    content += 1;
                }
                None => wary += 1,
            }
        }
        (content, wary)
    }

    #[test]
    fn a_look_at_one_scalar_is_as_strict_as_reading_the_whole_text() {
        let json = r#"{"a": 1, "b": [true, "x", {"c":null}], "a": "", "d":-2.5e3}"#;
        let jsonc = "{ // c\n\"a\":/*x*/1/*y*/, \"b\": [true, \"x\", {\"c\":null,}], \"d\": 2 // tail\n}";
        let toml = "a = 1\nb = [true, \"x\",'y', {c=1979-05-27, e.f = 2}] # c\n[d]\ng = \"\"\"x\n\"\"\"\r\n\
                    [[t]]\nh=07:32:00#c\n[[t]]\nh = 0.5";
        let mut all = Vec::new();
        for path in ["a", "b[0]", "b[1]", "b[2].c", "d"] {
            all.push(compared(&Json::read(json, false).unwrap(), json, path));
            all.push(compared(&Json::read(jsonc, true).unwrap(), jsonc, path));
        }
        for path in ["a", "b[0]", "b[1]", "b[2]", "b[3].c", "b[3].e.f", "d.g", "t[0].h", "t[1].h"] {
            let steps = KeyPath::parse(path).unwrap().steps;
            let read = toml::read(toml, &steps, |document| Ok(compared(document, toml, path)));
            all.push(read.unwrap());
        }
        for (content, wary) in all {
            assert!(content >= 5 && wary >= WRITTEN.len(), "{content} {wary}");
        }
    }

    #[test]
    fn a_scalar_that_reads_as_something_else_in_its_place_is_found_out() {
        let text = format!("{{\"a\": 1, \"b\": \"{}\"}}", "x".repeat(READ_AGAIN_BYTES_MAX));
        let document = Json::read(&text, false).unwrap();
        let path = KeyPath::parse("a").unwrap();
        let found = resolve(&document, document.root(), &path.steps).unwrap();
        let at = At { document: &document, text: &text, steps: &path.steps, found };
        let span = document.scalar_span(&at.found.node).unwrap();
        let change = Change::Set(Value::Number("2".into()));
        for (written, is_well) in
            [("2", true), ("2.0", false), ("22", false), ("2, \"c\": 3", false), ("[2]", false)]
        {
            let splices = [Splice { at: span.start, remove: span.len(), insert: written.into() }];
            let edited = apply(&text, &splices).unwrap();
            assert_eq!(at.is_other_scalar(&edited, &splices, &change), is_well, "{written}");
            assert!(!at.is_other_scalar(&edited.replace("xx", "xy"), &splices, &change));
        }
    }
}
