//! Follows a key path through a document of any format; keys with dots are found before anything is invented.

use super::fault::Fault;
use super::path::{Step, shown};
use super::value::Taken;

/// Most names that a message lists.
const NAMES_MAX: usize = 5;

/// What a node is, as far as a path is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// Has members.
    Object,
    /// Has this many elements.
    Array(usize),
    /// Has neither; the word names it with its article.
    Scalar(&'static str),
}

/// A document as paths see it.
pub(super) trait Tree {
    /// A value in the document.
    type Node: Clone;
    /// What it is.
    fn kind(&self, node: &Self::Node) -> NodeKind;
    /// The members of an object with these names, of duplicates the last.
    fn children(&self, node: &Self::Node, names: &[String]) -> Vec<Option<Self::Node>>;
    /// An element of an array.
    fn element(&self, node: &Self::Node, index: usize) -> Option<Self::Node>;
    /// The names of an object's members.
    fn names(&self, node: &Self::Node) -> Vec<String>;
}

/// How far a path leads into a document.
#[derive(Debug, Clone)]
pub(super) struct Found<'p, N> {
    /// The containers that were left, from the root, with the step out of each.
    pub(super) chain: Vec<(N, Taken)>,
    /// The last node that is there.
    pub(super) node: N,
    /// What of the path is not there.
    pub(super) rest: &'p [Step],
}

impl<N> Found<'_, N> {
    /// The steps from the root to the node.
    pub(super) fn taken(&self) -> Vec<Taken> {
        self.chain.iter().map(|(_, taken)| taken.clone()).collect()
    }
}

/// Follows `steps` from `root` as far as they lead; two ways to the same path are an error.
pub(super) fn resolve<'p, T: Tree>(
    tree: &T,
    root: T::Node,
    steps: &'p [Step],
) -> Result<Found<'p, T::Node>, Fault> {
    let mut search = Search { tree, steps, full: Vec::new(), far: None };
    let mut chain = Vec::new();
    search.walk(root.clone(), steps, &mut chain)?;
    let ways = search.full.len();
    match search.full.pop() {
        Some(found) if ways == 1 => Ok(found),
        Some(_) => Err(Fault::Ambiguous {
            message: format!(
                "{} can be read in {ways} ways: there is a key with dots and a nested one",
                shown(steps)
            ),
        }),
        None => Ok(search.far.unwrap_or(Found { chain: Vec::new(), node: root, rest: steps })),
    }
}

struct Search<'t, 'p, T: Tree> {
    tree: &'t T,
    steps: &'p [Step],
    full: Vec<Found<'p, T::Node>>,
    far: Option<Found<'p, T::Node>>,
}

impl<'p, T: Tree> Search<'_, 'p, T> {
    fn walk(
        &mut self,
        node: T::Node,
        rest: &'p [Step],
        chain: &mut Vec<(T::Node, Taken)>,
    ) -> Result<(), Fault> {
        if self.far.as_ref().is_none_or(|far| rest.len() < far.rest.len()) {
            self.far = Some(Found { chain: chain.clone(), node: node.clone(), rest });
        }
        let Some(step) = rest.first() else {
            self.full.push(Found { chain: chain.clone(), node, rest });
            return Ok(());
        };
        match self.tree.kind(&node) {
            NodeKind::Object => {
                let names = candidates(rest);
                let children = self.tree.children(&node, &names);
                for (joined, (name, child)) in names.into_iter().zip(children).enumerate() {
                    let Some(child) = child else { continue };
                    chain.push((node.clone(), Taken::Key(name)));
                    self.walk(child, &rest[joined + 1..], chain)?;
                    chain.pop();
                }
            }
            NodeKind::Array(length) => {
                let Some(index) = self.index(step, length, rest)? else { return Ok(()) };
                let Some(child) = self.tree.element(&node, index) else { return Ok(()) };
                chain.push((node, Taken::Index(index)));
                self.walk(child, &rest[1..], chain)?;
                chain.pop();
            }
            NodeKind::Scalar(_) => {}
        }
        Ok(())
    }

    /// The element that a step means; `None` for one behind the last.
    fn index(&self, step: &Step, length: usize, rest: &[Step]) -> Result<Option<usize>, Fault> {
        let wanted = match index_of(step) {
            Some(wanted) => wanted,
            None if matches!(step, Step::Append) || *step == Step::Token("-".into()) => return Ok(None),
            None => return Ok(None),
        };
        let at = if wanted < 0 { wanted + length as i64 } else { wanted };
        if (0..length as i64).contains(&at) {
            return Ok(usize::try_from(at).ok());
        }
        let array = shown(&self.steps[..self.steps.len() - rest.len()]);
        let has = if length == 1 { "1 element".to_owned() } else { format!("{length} elements") };
        Err(Fault::missing(
            format!("{array} has {has}, so there is no [{wanted}]"),
            "indices count from 0, negative ones from the end; [+] appends",
        ))
    }
}

/// The names of keys that the next steps can mean: the first alone, or joined with those after it by dots.
fn candidates(rest: &[Step]) -> Vec<String> {
    match &rest[0] {
        Step::Key(name) | Step::Token(name) => vec![name.clone()],
        Step::Index(_) | Step::Append => Vec::new(),
        Step::Bare(_) => {
            let bare =
                rest.iter().map_while(|step| if let Step::Bare(name) = step { Some(name) } else { None });
            let mut joined = String::new();
            bare.map(|name| {
                if !joined.is_empty() {
                    joined.push('.');
                }
                joined.push_str(name);
                joined.clone()
            })
            .collect()
        }
    }
}

/// The number that a step means in an array.
fn index_of(step: &Step) -> Option<i64> {
    match step {
        Step::Index(index) => Some(*index),
        Step::Bare(text) | Step::Token(text) => {
            let number =
                text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
            if number { text.parse().ok() } else { None }
        }
        _ => None,
    }
}

/// A place to be made: what the first missing step is, and the object or array that the others ask for around a value.
pub(super) enum Make {
    /// A member of that name.
    Member(String),
    /// An element behind the last.
    Element,
}

/// What must be made in the last node that is there, and the steps below it.
pub(super) fn missing<'p, T: Tree>(
    tree: &T,
    found: &Found<'p, T::Node>,
    path: &[Step],
) -> Result<(Make, &'p [Step]), Fault> {
    let at = shown(&path[..path.len() - found.rest.len()]);
    let Some((step, below)) = found.rest.split_first() else { return Err(Fault::unverified()) };
    match (tree.kind(&found.node), step) {
        (NodeKind::Object, Step::Bare(name) | Step::Key(name) | Step::Token(name)) => {
            Ok((Make::Member(name.clone()), below))
        }
        (NodeKind::Array(_), Step::Append) => Ok((Make::Element, below)),
        (NodeKind::Array(_), Step::Token(token)) if token == "-" => Ok((Make::Element, below)),
        (NodeKind::Array(length), _) => Err(Fault::missing(
            format!("{at} is an array of {length}, so {} is no place in it", shown(&found.rest[..1])),
            "name an element by [0], [-1], or [+] to append",
        )),
        (NodeKind::Object, _) => Err(Fault::missing(
            format!("{at} is an object, so {} is no place in it", shown(&found.rest[..1])),
            "name a member by its key",
        )),
        (NodeKind::Scalar(kind), _) => Err(Fault::missing(
            format!("{at} is {kind}, so there is no {} in it", shown(found.rest)),
            if kind == "an alias" {
                "change it where its anchor stands, for all who use that, or give this place a value of its own first"
            } else {
                "set it to an object first, with --type json"
            },
        )),
    }
}

/// The error for a path that leads to nothing, with the nearest names.
pub(super) fn not_found<T: Tree>(tree: &T, found: &Found<'_, T::Node>, path: &[Step]) -> Fault {
    let place = shown(path);
    let at = shown(&path[..path.len() - found.rest.len()]);
    if let NodeKind::Scalar(kind) = tree.kind(&found.node) {
        let hint =
            if kind == "an alias" { "change it where its anchor stands" } else { "read the file again" };
        return Fault::missing(format!("there is no {place}: {at} is {kind}"), hint);
    }
    if let NodeKind::Array(length) = tree.kind(&found.node) {
        return Fault::missing(
            format!("there is no {place}: {at} is an array of {length}"),
            "name an element by [0] or [-1]",
        );
    }
    let names = tree.names(&found.node);
    let wanted = match &found.rest[0] {
        Step::Bare(name) | Step::Key(name) | Step::Token(name) => name.clone(),
        Step::Index(_) | Step::Append => String::new(),
    };
    let near = nearest(&wanted, &names);
    let hint = match (near.is_empty(), names.is_empty()) {
        (false, _) => format!("near: {}", near.join(", ")),
        (true, true) => format!("{at} is empty"),
        (true, false) => {
            let some: Vec<&str> = names.iter().take(NAMES_MAX).map(String::as_str).collect();
            format!(
                "{at} has {} keys: {}{}",
                names.len(),
                some.join(", "),
                if names.len() > NAMES_MAX { ", …" } else { "" }
            )
        }
    };
    Fault::missing(format!("there is no {place}"), hint)
}

/// The error for a place whose parents are not there and were not asked for.
pub(super) fn no_parent<T: Tree>(tree: &T, found: &Found<'_, T::Node>, path: &[Step]) -> Fault {
    let parent = shown(&path[..path.len() - found.rest.len() + 1]);
    let near = match &found.rest[0] {
        Step::Bare(name) | Step::Key(name) | Step::Token(name) => nearest(name, &tree.names(&found.node)),
        _ => Vec::new(),
    };
    let near = if near.is_empty() { String::new() } else { format!(" (near: {})", near.join(", ")) };
    Fault::missing(
        format!("there is no {parent}{near} to hold {}", shown(path)),
        "add --create-parents to make it, or quote the parts that are one key: '\"a.b\"'",
    )
}

/// The names most like the wanted one.
fn nearest(wanted: &str, names: &[String]) -> Vec<String> {
    let mut scored: Vec<(f32, &String)> = names
        .iter()
        .map(|name| {
            (similar::TextDiff::from_chars(wanted.to_lowercase().as_str(), name.to_lowercase()).ratio(), name)
        })
        .filter(|(score, _)| *score > 0.6)
        .collect();
    scored.sort_by(|one, two| two.0.total_cmp(&one.0));
    scored.into_iter().take(NAMES_MAX).map(|(_, name)| name.clone()).collect()
}
