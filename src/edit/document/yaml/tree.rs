//! Reads YAML with `saphyr-parser` into a tree of byte spans.

use super::super::fault::Fault;
use super::super::layout::{line_end, line_start, skip_blanks};
use super::eased::{Eased, behind_quotes};
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use std::collections::HashMap;

/// Deeper nesting is refused, so that no input exhausts the stack.
const DEPTH_MAX: usize = 128;

/// The place of a node in the tree.
pub(super) type Id = usize;

/// A value with its bytes.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Its first byte, tag and anchor included.
    pub(super) start: usize,
    /// Its first byte behind tag and anchor.
    pub(super) body: usize,
    /// Behind its last byte; empty lines behind a block scalar are not part of it.
    pub(super) end: usize,
    pub(super) anchor: Option<String>,
    /// Behind the colon or the dash before it; `None` for the root.
    pub(super) slot: Option<usize>,
    /// The container it is in.
    pub(super) parent: Option<Id>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar {
        text: String,
        style: ScalarStyle,
        tag: Option<String>,
    },
    Alias(String),
    Sequence {
        is_flow: bool,
        items: Vec<Item>,
    },
    Mapping {
        is_flow: bool,
        pairs: Vec<Pair>,
    },
    /// The roots of a text of several documents.
    Documents(Vec<Id>),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) node: Id,
    /// The dash, in block style.
    pub(super) dash: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) key: Id,
    pub(super) node: Id,
}

/// A document of a checked text.
pub(super) struct Document {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Id,
    /// Whether there is nothing but comments.
    pub(super) is_empty: bool,
}

/// A container whose end has not come yet.
struct Open {
    id: Id,
    is_flow: bool,
    key: Option<Id>,
}

struct Builder<'t> {
    text: &'t str,
    nodes: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, String>,
    roots: Vec<Id>,
    /// Behind the last thing that was read.
    behind: usize,
}

/// Reads a text of one document or several.
pub(super) fn read(text: &str) -> Result<Document, Fault> {
    let mut eased = Eased::new(text);
    loop {
        match build(text, &eased)? {
            Ok(builder) => return Ok(builder.finish()),
            Err((at, complaint)) if eased.ease(&complaint, at) => {}
            Err((at, complaint)) => return Err(Fault::syntax(text, at, complaint)),
        }
    }
}

/// Goes through a text once; what the parser refuses is told with its place, apart from faults of our own.
fn build<'t>(text: &'t str, eased: &Eased<'_>) -> Result<Result<Builder<'t>, (usize, String)>, Fault> {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut builder = Builder {
        text,
        nodes: Vec::new(),
        open: Vec::new(),
        anchors: HashMap::new(),
        roots: Vec::new(),
        behind: start,
    };
    let mut parser = Parser::new_from_str(eased.source());
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => {
                builder.event(event, eased.byte(span.start.index()), eased.byte(span.end.index()))?;
            }
            Err(error) => return Ok(Err((eased.byte(error.marker().index()), error.info().to_owned()))),
        }
    }
    Ok(Ok(builder))
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, start: usize, end: usize) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(text.into_owned(), style, anchor, tag.as_deref(), start..end)
            }
            Event::Alias(anchor) => {
                let name = self.anchors.get(&anchor).cloned().unwrap_or_default();
                let id = self.node(Kind::Alias(name), start, start, end, None);
                self.place(id);
                self.behind = end;
            }
            Event::SequenceStart(anchor, _) => {
                let is_flow = self.opens(start, end, '[');
                self.begin(Kind::Sequence { is_flow, items: Vec::new() }, is_flow, start..end, anchor)?;
            }
            Event::MappingStart(anchor, _) => {
                let is_flow = self.opens(start, end, '{');
                self.begin(Kind::Mapping { is_flow, pairs: Vec::new() }, is_flow, start..end, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let end = if open.is_flow { start + 1 } else { self.behind };
                    self.nodes[open.id].end = end.max(self.nodes[open.id].body);
                    self.behind = self.nodes[open.id].end;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: std::ops::Range<usize>,
    ) {
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let is_nothing = style == ScalarStyle::Plain && text.is_empty() && anchor == 0 && tag.is_none();
        let (mut start, mut end) = (span.start, span.end);
        if is_nothing {
            end = start;
        }
        let mut body = start;
        if is_block {
            let header = self.block_header(start);
            (start, body) = (header, header);
            let keeps = self.text[header..line_end(self.text, header)].contains('+');
            let content = self.text[header..end].trim_end_matches([' ', '\t']);
            end = header
                + if keeps { content.trim_end_matches(['\n', '\r']).len() } else { content.trim_end().len() };
        } else if anchor != 0 || tag.is_some() {
            body = self.behind_properties(start, end);
        }
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            // The parser's end lies behind what follows on the line.
            end = behind_quotes(self.text, body, end);
        }
        let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
        let name = self.name_of(anchor, start, body.max(span.start));
        let id = self.node(Kind::Scalar { text, style, tag }, start, body, end, name);
        self.place(id);
        self.behind = self.behind.max(end);
        if is_nothing && let Some(slot) = self.nodes[id].slot {
            let node = &mut self.nodes[id];
            (node.start, node.body, node.end) = (slot, slot, slot);
            self.behind = self.behind.max(slot);
        }
    }

    /// Where the header of a block scalar stands whose content begins at `start`.
    fn block_header(&self, start: usize) -> usize {
        let between = &self.text[self.behind..start];
        let is_header = |at: usize| {
            let line = self.text[at + 1..line_end(self.text, at)]
                .trim_start_matches(|ch: char| ch.is_ascii_digit() || "+-".contains(ch));
            line.trim().is_empty() || line.trim_start().starts_with('#')
        };
        let found =
            between.match_indices(['|', '>']).map(|(at, _)| self.behind + at).find(|at| is_header(*at));
        found.unwrap_or(start)
    }

    /// Whether a container's first bytes, behind tag and anchor, are that bracket.
    fn opens(&self, start: usize, end: usize, bracket: char) -> bool {
        start < end && self.text[self.behind_properties(start, end)..end].starts_with(bracket)
    }

    /// The first dash of a block sequence. Of one that is not indented deeper than its key the parser gives the first
    /// item instead.
    fn first_dash(&self, start: usize) -> usize {
        let mut line = self.behind;
        loop {
            let end = line_end(self.text, line);
            let next = super::super::layout::skip_newline(self.text, end);
            if next == end || next > start {
                return start;
            }
            line = next;
            let dash = skip_blanks(self.text, line);
            if dash < start && self.text[dash..].starts_with('-') && !self.text[dash..].starts_with("---") {
                return dash;
            }
        }
    }

    /// Behind the tag and the anchor at `start`.
    fn behind_properties(&self, start: usize, end: usize) -> usize {
        let mut at = start;
        while self.text[at..end].starts_with(['&', '!']) {
            let word = self.text[at..end].find([' ', '\t', '\n', '\r', ',', '[', '{', ']', '}']);
            let verbatim = self.text[at..end]
                .starts_with("!<")
                .then(|| self.text[at..end].find('>').map(|close| close + 1))
                .flatten();
            at = verbatim.or(word).map_or(end, |length| at + length);
            let blanks = self.text[at..end].len() - self.text[at..end].trim_start().len();
            at += blanks;
        }
        at
    }

    fn name_of(&mut self, anchor: usize, start: usize, body: usize) -> Option<String> {
        if anchor == 0 {
            return None;
        }
        let from = self.behind.min(start);
        let properties = &self.text[from..body.max(start)];
        let name = properties.rfind('&').map(|at| &properties[at + 1..]).unwrap_or_default();
        let name = name
            .split([' ', '\t', '\n', '\r', ',', '[', ']', '{', '}'])
            .next()
            .unwrap_or_default()
            .to_owned();
        self.anchors.insert(anchor, name.clone());
        Some(name)
    }

    fn begin(
        &mut self,
        kind: Kind,
        is_flow: bool,
        span: std::ops::Range<usize>,
        anchor: usize,
    ) -> Result<(), Fault> {
        if self.open.len() == DEPTH_MAX {
            return Err(Fault::syntax(
                self.text,
                span.start,
                format!("nested deeper than {DEPTH_MAX} levels"),
            ));
        }
        let body = match &kind {
            _ if is_flow => self.behind_properties(span.start, span.end),
            Kind::Sequence { .. } => self.first_dash(span.end),
            _ => span.end,
        };
        let name = self.name_of(anchor, span.start, body);
        let id = self.node(kind, span.start, body, body, name);
        self.place(id);
        self.behind = self.behind.max(body);
        self.open.push(Open { id, is_flow, key: None });
        Ok(())
    }

    fn node(&mut self, kind: Kind, start: usize, body: usize, end: usize, anchor: Option<String>) -> Id {
        self.nodes.push(Node { kind, start, body, end, anchor, slot: None, parent: None });
        self.nodes.len() - 1
    }

    /// Puts a node into the container that is open.
    fn place(&mut self, id: Id) {
        let Some(open) = self.open.last_mut() else {
            self.roots.push(id);
            return;
        };
        let parent = open.id;
        self.nodes[id].parent = Some(parent);
        let start = self.nodes[id].start;
        if matches!(self.nodes[parent].kind, Kind::Sequence { .. }) {
            let dash = if open.is_flow { start } else { self.dash(parent, start) };
            self.nodes[id].slot = Some(if self.text[dash..].starts_with('-') { dash + 1 } else { start });
            if let Kind::Sequence { items, .. } = &mut self.nodes[parent].kind {
                items.push(Item { node: id, dash });
            }
            return;
        }
        match open.key.take() {
            None => open.key = Some(id),
            Some(key) => {
                let behind_key = self.nodes[key].end;
                let colon = skip_blanks(self.text, behind_key);
                let has_colon = self.text[colon..].starts_with(':');
                self.nodes[id].slot = Some(if has_colon { colon + 1 } else { behind_key });
                if let Kind::Mapping { pairs, .. } = &mut self.nodes[parent].kind {
                    pairs.push(Pair { key, node: id });
                }
            }
        }
    }

    /// The dash of the next item of a block sequence.
    fn dash(&self, sequence: Id, item: usize) -> usize {
        let Node { body, kind: Kind::Sequence { items, .. }, .. } = &self.nodes[sequence] else {
            return item;
        };
        let Some(last) = items.last() else { return *body };
        let column = body - line_start(self.text, *body);
        let mut line = line_start(self.text, self.nodes[last.node].end.max(last.dash));
        loop {
            let end = line_end(self.text, line);
            let next = super::super::layout::skip_newline(self.text, end);
            if next == end || next > item {
                return item;
            }
            line = next;
            let dash = skip_blanks(self.text, line);
            if self.text[dash..].starts_with('-') && dash - line == column {
                return dash;
            }
        }
    }

    fn finish(mut self) -> Document {
        let is_empty = self.roots.is_empty();
        let at = self.text.len();
        let root = match self.roots.as_slice() {
            [root] => *root,
            [] => {
                let kind = Kind::Scalar { text: String::new(), style: ScalarStyle::Plain, tag: None };
                self.node(kind, at, at, at, None)
            }
            [..] => {
                let roots = std::mem::take(&mut self.roots);
                let all = self.node(Kind::Documents(roots.clone()), 0, 0, at, None);
                for root in roots {
                    self.nodes[root].parent = Some(all);
                }
                all
            }
        };
        Document { nodes: self.nodes, root, is_empty }
    }
}
