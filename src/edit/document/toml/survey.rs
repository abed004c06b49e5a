//! Reads a whole TOML text once: checks that nothing is defined twice, keeps what a key path may mean as a tree, and
//! reduces everything else to a digest, so that a file of many megabytes costs little memory.

use super::super::path::Step;
use super::super::value::{Taken, Value};
use super::hashes::Hashes;
use super::scan::{self, Expression, Inline, Scanner, Wrong};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The hash of the root table.
const ROOT: u64 = 0;

/// Bytes of a text for which room for one key is made at first.
const BYTES_A_KEY: usize = 32;
/// The same for one table.
const BYTES_A_TABLE: usize = 128;
/// Bits of the sieve that tells tables from values, for each table.
const SIEVE_BITS_A_TABLE: usize = 16;
/// So many keys of one section are compared with each other; more are sorted.
const COMPARED_MAX: usize = 16;

/// Takes hashes for what they are.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// What a table is, as far as later lines may extend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Named by a longer header only.
    Implicit,
    /// Has a header.
    Header,
    /// Made by a dotted key in the section of that number.
    Dotted(u32),
    /// An array of so many tables.
    Array(u32),
}

/// A table of what a path may mean.
#[derive(Debug, Default)]
pub(in super::super) struct Table {
    /// The names of its header, or what it would be.
    pub(super) path: Vec<String>,
    pub(super) members: Vec<(String, Node)>,
    index: HashMap<String, usize>,
    /// Its section, if it has a header or is the root.
    pub(super) section: Option<usize>,
    /// For tables made by dotted keys: the section and the part of the key before its own members.
    pub(super) dotted: Option<(usize, Vec<String>)>,
    /// Lines below it that no path means: where the first begins and the last ends.
    pub(super) others: Option<Others>,
    /// The last of those that stand in the section of a dotted key itself: where it begins and ends.
    pub(super) last_own: Option<(usize, usize)>,
}

/// Where lines lie that are known by their place only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Others {
    pub(super) first: usize,
    pub(super) end: usize,
}

#[derive(Debug)]
pub(in super::super) enum Node {
    Table(Table),
    /// An array of tables; those that no path may mean are left empty.
    Tables(Vec<Option<Box<Table>>>),
    Leaf(Leaf),
}

/// A key with its value.
#[derive(Debug)]
pub(in super::super) struct Leaf {
    pub(super) section: usize,
    pub(super) key_start: usize,
    pub(super) value: Inline,
    /// The end of its last line's content, comment included.
    pub(super) end: usize,
}

/// A header and the lines below it; the first section has no header.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) start: usize,
    /// The end of the header's line.
    pub(super) header_end: usize,
    /// Where the next header's line begins, or the end of the text.
    pub(super) end: usize,
    pub(super) entries: usize,
    /// The end of the last entry's last line.
    pub(super) last_end: Option<usize>,
    /// The line of the last entry.
    pub(super) last_start: usize,
    /// The bytes between the key and the value of the last entry.
    pub(super) separator: (usize, usize),
}

/// A checked text.
pub(super) struct Survey<'t> {
    pub(super) text: &'t str,
    pub(super) root: Table,
    /// All sections that a path may mean, and the root's.
    pub(super) sections: Vec<Section>,
    /// Of all keys and values that no path means, in order.
    pub(super) digest: u64,
    /// The first header of the text, if any.
    pub(super) first_header: Option<usize>,
}

impl<'t> Survey<'t> {
    /// Reads a text for a key path.
    pub(super) fn read(text: &'t str, steps: &'t [Step]) -> Result<Survey<'t>, Wrong> {
        let mut scanner = Scanner::new(text);
        let mut reader = Reader::new(text, steps);
        while let Some(expression) = scanner.next()? {
            match expression {
                Expression::Header { start, end, is_array } => {
                    reader.header(&scanner, start, end, is_array)?
                }
                Expression::KeyValue { key_start, key_end, value, end } => {
                    reader.key_value(&scanner, key_start, key_end, value, end)?;
                }
            }
        }
        reader.finish()
    }

    /// The table at a place, if it is one with lines of its own.
    pub(super) fn table(&self, place: &[Taken]) -> Option<&Table> {
        let mut table = &self.root;
        let mut steps = place.iter();
        while let Some(step) = steps.next() {
            let Taken::Key(name) = step else { return None };
            table = match table.get(name)? {
                Node::Table(table) => table,
                Node::Tables(tables) => match steps.next()? {
                    Taken::Index(index) => tables.get(*index)?.as_deref()?,
                    Taken::Key(_) => return None,
                },
                Node::Leaf(_) => return None,
            };
        }
        Some(table)
    }

    /// Whether an array of tables is at a place.
    pub(super) fn is_tables(&self, place: &[Taken]) -> bool {
        let Some((Taken::Key(name), above)) = place.split_last() else { return false };
        let node = self.table(above).and_then(|table| table.get(name));
        matches!(node, Some(Node::Tables(_)))
    }

    /// What a path may mean as a value.
    pub(super) fn value(&self) -> Value {
        table_value(self.text, &self.root)
    }
}

pub(super) fn table_value(text: &str, table: &Table) -> Value {
    Value::Object(table.members.iter().map(|(name, node)| (name.clone(), node_value(text, node))).collect())
}

pub(super) fn node_value(text: &str, node: &Node) -> Value {
    match node {
        Node::Table(table) => table_value(text, table),
        Node::Tables(tables) => tables_value(text, tables),
        Node::Leaf(leaf) => scan::value(text, &leaf.value),
    }
}

pub(super) fn tables_value(text: &str, tables: &[Option<Box<Table>>]) -> Value {
    let value = |table: &Option<Box<Table>>| {
        table.as_ref().map_or(Value::Object(Vec::new()), |table| table_value(text, table))
    };
    Value::Array(tables.iter().map(value).collect())
}

impl Table {
    fn note(&mut self, others: Others) {
        let first = self.others.map_or(others.first, |known| known.first);
        self.others = Some(Others { first, ..others });
    }

    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.index.get(name).map(|at| &self.members[*at].1)
    }

    /// The member of that name, made by `make` if it is not there.
    fn member(&mut self, name: &str, make: impl FnOnce() -> Node) -> &mut Node {
        let at = *self.index.entry(name.to_owned()).or_insert_with(|| {
            self.members.push((name.to_owned(), make()));
            self.members.len() - 1
        });
        &mut self.members[at].1
    }
}

struct Reader<'t> {
    text: &'t str,
    steps: &'t [Step],
    /// Tables that have nothing but a header, as most, and all others.
    plain: Hashes,
    tables: HashMap<u64, State, BuildHasherDefault<AsItIs>>,
    /// The hash of every key, and which are those of the current section. A table's own keys stand in one section all.
    leaves: Vec<u64>,
    section_leaves: usize,
    /// Hash of the table that entries belong to, and the steps of the path that it may be followed by.
    current: u64,
    matching: Vec<usize>,
    /// Its names.
    path: Vec<String>,
    sections_seen: u32,
    section: Option<usize>,
    /// For a section that no path means: the table above it that one may mean, and the section's lines.
    noted: Option<(Vec<String>, Others)>,
    survey: Survey<'t>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, steps: &'t [Step]) -> Reader<'t> {
        let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let root = Table { section: Some(0), ..Table::default() };
        let sections = vec![section(start, start)];
        let survey = Survey { text, root, sections, digest: 0, first_header: None };
        Reader {
            text,
            steps,
            plain: Hashes::with_room(text.len() / BYTES_A_TABLE),
            tables: HashMap::default(),
            leaves: Vec::with_capacity(text.len() / BYTES_A_KEY),
            section_leaves: 0,
            current: ROOT,
            matching: vec![0],
            path: Vec::new(),
            sections_seen: 0,
            section: Some(0),
            noted: None,
            survey,
        }
    }

    fn header(
        &mut self,
        scanner: &Scanner<'t>,
        start: usize,
        end: usize,
        is_array: bool,
    ) -> Result<(), Wrong> {
        self.close_section(start)?;
        self.sections_seen += 1;
        let line = super::super::layout::line_start(self.text, start);
        self.survey.first_header.get_or_insert(line);
        let names = || -> Vec<String> { scanner.key.iter().map(|part| scanner.name(part).into()).collect() };
        let mut hash = ROOT;
        let mut matching = None::<Vec<usize>>;
        let mut indices: Vec<Option<u64>> = Vec::new();
        let mut meant = 0;
        for (at, part) in scanner.key.iter().enumerate() {
            let last = at + 1 == scanner.key.len();
            let name = scanner.name(part);
            hash = xxh3_64_with_seed(name.as_bytes(), hash);
            let mut matching_now = advance(self.steps, matching.as_deref().unwrap_or(&[0]), &name);
            let next = self.extended(hash, last, is_array);
            let next =
                next.ok_or_else(|| Wrong::new(start, format!("{} is defined twice", names().join("."))))?;
            let mut index = None;
            if let State::Array(count) = next {
                hash = xxh3_64_with_seed(b"[]", hash.wrapping_add(u64::from(count)));
                let array = !matching_now.is_empty();
                matching_now = advance_index(self.steps, &matching_now, u64::from(count) - 1);
                index = Some(u64::from(count) - 1);
                if last && array {
                    add_element(&mut self.survey.root, &names(), !matching_now.is_empty());
                }
            }
            let matching = matching.insert(matching_now);
            if !matching.is_empty() {
                meant += 1;
                indices.push(index);
            }
        }
        let matching = matching.unwrap_or_default();
        self.current = hash;
        self.section = None;
        self.path.clear();
        if matching.is_empty() {
            self.digest(hash, &[u8::from(is_array)]);
            if meant > 0 {
                let mut names = names();
                names.truncate(meant);
                walk(&mut self.survey.root, &names, &indices);
                self.noted = Some((names, Others { first: line, end }));
            }
        } else {
            self.section = Some(self.survey.sections.len());
            self.survey.sections.push(section(line, end));
            self.path = names();
            if let Some(table) = walk(&mut self.survey.root, &self.path, &indices) {
                table.section = self.section;
            }
        }
        self.matching = matching;
        Ok(())
    }

    /// What a table becomes by a header that names it last or on the way; `None` if it must not.
    fn extended(&mut self, hash: u64, last: bool, is_array: bool) -> Option<State> {
        let next = match (last, is_array, self.tables.get(&hash).copied()) {
            (true, false, None) => return self.plain.insert(hash).then_some(State::Header),
            (false, _, Some(state)) => return Some(state),
            (_, _, None) if self.plain.contains(hash) => return (!last).then_some(State::Header),
            (false, _, None) => State::Implicit,
            (true, true, None) => State::Array(1),
            (true, false, Some(State::Implicit)) => State::Header,
            (true, true, Some(State::Array(count))) => State::Array(count + 1),
            (true, _, Some(_)) => return None,
        };
        self.tables.insert(hash, next);
        Some(next)
    }

    fn digest(&mut self, hash: u64, bytes: &[u8]) {
        self.survey.digest = xxh3_64_with_seed(bytes, self.survey.digest.rotate_left(5) ^ hash);
    }

    fn close_section(&mut self, at: usize) -> Result<(), Wrong> {
        self.no_key_twice()?;
        let line = super::super::layout::line_start(self.text, at);
        if let Some(section) = self.section {
            self.survey.sections[section].end = line;
        }
        self.note();
        Ok(())
    }

    /// Refuses a key that the section which ends here gives a value twice.
    fn no_key_twice(&mut self) -> Result<(), Wrong> {
        let first = self.section_leaves;
        let leaves = &self.leaves[first..];
        self.section_leaves += leaves.len();
        let twice = if leaves.len() <= COMPARED_MAX {
            (1..leaves.len()).find(|at| leaves[..*at].contains(&leaves[*at]))
        } else {
            let mut sorted: Vec<(u64, usize)> = leaves.iter().copied().zip(0..).collect();
            sorted.sort_unstable();
            sorted.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1)
        };
        twice.map_or(Ok(()), |at| Err(self.defined_twice(first + at)))
    }

    /// The error for a key of which only the number is known: its place is found by reading up to it again.
    fn defined_twice(&self, number: usize) -> Wrong {
        let mut scanner = Scanner::new(self.text);
        let next = || scanner.next().ok().flatten();
        let starts = std::iter::from_fn(next).filter_map(|expression| match expression {
            Expression::KeyValue { key_start, .. } => Some(key_start),
            Expression::Header { .. } => None,
        });
        let at = { starts }.nth(number).unwrap_or_default();
        let line = &self.text[at..super::super::layout::line_end(self.text, at)];
        let key = line.split('=').next().unwrap_or_default().trim();
        Wrong::new(at, format!("{key} is defined twice"))
    }

    /// Tells the table above a section that no path means where its lines are.
    fn note(&mut self) {
        if let Some((path, others)) = self.noted.take()
            && let Some(table) = find(&mut self.survey.root, &path)
        {
            table.note(others);
        }
    }

    fn key_value(
        &mut self,
        scanner: &Scanner<'t>,
        key_start: usize,
        key_end: usize,
        value: Range<usize>,
        end: usize,
    ) -> Result<(), Wrong> {
        let parts = scanner.key.len();
        let mut hash = self.current;
        let mut matching = None::<Vec<usize>>;
        let mut meant = 0;
        for (at, part) in scanner.key.iter().enumerate() {
            let name = scanner.name(part);
            hash = xxh3_64_with_seed(name.as_bytes(), hash);
            if !self.matching.is_empty() {
                let next = advance(self.steps, matching.as_deref().unwrap_or(&self.matching), &name);
                meant += usize::from(!next.is_empty());
                matching = Some(next);
            }
            if at + 1 < parts {
                match self.tables.get(&hash) {
                    None if !self.plain.contains(hash) => {
                        self.tables.insert(hash, State::Dotted(self.sections_seen));
                    }
                    Some(State::Dotted(section)) if *section == self.sections_seen => {}
                    _ => return Err(Wrong::new(key_start, format!("{name} is defined elsewhere"))),
                }
            }
        }
        self.leaves.push(hash);
        if let Some(section) = self.section {
            let section = &mut self.survey.sections[section];
            section.entries += 1;
            section.last_end = Some(end);
            section.last_start = key_start;
            section.separator = (key_end, value.start);
        }
        if let Some((_, others)) = &mut self.noted {
            others.end = end;
        }
        let is_meant = matching.is_some_and(|matching| !matching.is_empty());
        let meant = if is_meant { parts } else { meant };
        if !is_meant || self.section.is_none() {
            self.digest(hash, &self.text.as_bytes()[value.clone()]);
        }
        if let Some(section) = self.section.filter(|_| meant > 0) {
            let value = Scanner::at(self.text, value.start).value()?;
            self.keep(scanner, meant, Leaf { section, key_start, value, end });
        }
        Ok(())
    }

    /// Keeps an entry of which the first `meant` names are those of a path; the value only if all are.
    fn keep(&mut self, scanner: &Scanner<'t>, meant: usize, leaf: Leaf) {
        let names: Vec<String> = scanner.key.iter().map(|part| scanner.name(part).into_owned()).collect();
        let Some(mut table) = find(&mut self.survey.root, &self.path) else { return };
        let base = table.path.clone();
        let section = leaf.section;
        for length in 1..names.len().min(meant + 1) {
            let made = || {
                let path = base.iter().cloned().chain(names[..length].iter().cloned()).collect();
                Node::Table(Table {
                    path,
                    dotted: Some((section, names[..length].to_vec())),
                    ..Table::default()
                })
            };
            let Node::Table(below) = table.member(&names[length - 1], made) else { return };
            table = below;
        }
        match names.last() {
            Some(name) if meant == names.len() => drop(table.member(name, || Node::Leaf(leaf))),
            _ => {
                table.last_own = Some((leaf.key_start, leaf.end));
                table.note(Others { first: leaf.key_start, end: leaf.end });
            }
        }
    }

    fn finish(mut self) -> Result<Survey<'t>, Wrong> {
        if let Some(section) = self.section {
            self.survey.sections[section].end = self.text.len();
        }
        self.note();
        self.no_key_twice()?;
        match self.value_that_is_a_table() {
            Some(number) => Err(self.defined_twice(number)),
            None => Ok(self.survey),
        }
    }

    /// Which key has a value and is the name of a table as well.
    fn value_that_is_a_table(&self) -> Option<usize> {
        // Nearly all keys are ruled out by a few bits of their hash, without a look into the far larger map.
        let count = self.tables.len() + self.plain.len();
        let size = (count * SIEVE_BITS_A_TABLE).next_power_of_two().max(64);
        let bit = |hash: u64| (hash as usize & (size - 1)) / 64;
        let mut sieve = vec![0_u64; size / 64];
        for hash in self.tables.keys().copied().chain(self.plain.iter()) {
            sieve[bit(hash)] |= 1 << (hash >> 58);
        }
        let may_be = |hash: u64| sieve[bit(hash)] & (1 << (hash >> 58)) != 0;
        let is_table = |hash: &u64| self.plain.contains(*hash) || self.tables.contains_key(hash);
        self.leaves.iter().position(|hash| may_be(*hash) && is_table(hash))
    }
}

fn section(start: usize, header_end: usize) -> Section {
    Section {
        start,
        header_end,
        end: header_end,
        entries: 0,
        last_end: None,
        last_start: 0,
        separator: (0, 0),
    }
}

/// The table of a header, made on the way.
fn walk<'s>(root: &'s mut Table, names: &[String], indices: &[Option<u64>]) -> Option<&'s mut Table> {
    let mut table = root;
    for (at, (name, index)) in names.iter().zip(indices).enumerate() {
        let path = names[..=at].to_vec();
        let is_array = index.is_some();
        let made = || if is_array { Node::Tables(Vec::new()) } else { Node::Table(Table::default()) };
        table = match table.member(name, made) {
            Node::Table(table) => table,
            Node::Tables(tables) => tables.last_mut()?.as_deref_mut()?,
            Node::Leaf(_) => return None,
        };
        if table.path.is_empty() {
            table.path = path;
        }
    }
    Some(table)
}

/// Adds an element to an array of tables; one that no path may mean stays empty.
fn add_element(root: &mut Table, names: &[String], is_kept: bool) {
    let Some((name, above)) = names.split_last() else { return };
    let mut table = root;
    for (at, name) in above.iter().enumerate() {
        let path = above[..=at].to_vec();
        table = match table.member(name, || Node::Table(Table { path, ..Table::default() })) {
            Node::Table(table) => table,
            Node::Tables(tables) => match tables.last_mut() {
                Some(Some(table)) => table,
                _ => return,
            },
            Node::Leaf(_) => return,
        };
    }
    if let Node::Tables(tables) = table.member(name, || Node::Tables(Vec::new())) {
        tables.push(is_kept.then(Box::default));
    }
}

/// The table at a path; of arrays the last element.
fn find<'s>(root: &'s mut Table, path: &[String]) -> Option<&'s mut Table> {
    path.iter().try_fold(root, |table, name| {
        let at = *table.index.get(name)?;
        match &mut table.members[at].1 {
            Node::Table(table) => Some(table),
            Node::Tables(tables) => tables.last_mut()?.as_deref_mut(),
            Node::Leaf(_) => None,
        }
    })
}

/// The steps that may come after a member of that name, for each that may come before it; the end stays the end.
fn advance(steps: &[Step], from: &[usize], name: &str) -> Vec<usize> {
    let mut out = Vec::new();
    for at in from {
        match steps.get(*at) {
            None => out.push(*at),
            Some(Step::Key(key) | Step::Token(key)) if key == name => out.push(at + 1),
            Some(Step::Bare(_)) => {
                let mut rest = name;
                for (joined, step) in steps[*at..].iter().enumerate() {
                    let Step::Bare(part) = step else { break };
                    let Some(behind) = rest.strip_prefix(part.as_str()) else { break };
                    if behind.is_empty() {
                        out.push(at + joined + 1);
                        break;
                    }
                    let Some(behind) = behind.strip_prefix('.') else { break };
                    rest = behind;
                }
            }
            Some(_) => {}
        }
    }
    out
}

/// The same for an element of an array of tables.
fn advance_index(steps: &[Step], from: &[usize], index: u64) -> Vec<usize> {
    let fits = |at: &&usize| match steps.get(**at) {
        Some(Step::Index(wanted)) => *wanted < 0 || u64::try_from(*wanted) == Ok(index),
        Some(Step::Bare(text) | Step::Token(text)) => text.parse() == Ok(index) || text == "-",
        Some(Step::Append) | None => true,
        Some(Step::Key(_)) => false,
    };
    from.iter().filter(fits).map(|at| if *at < steps.len() { at + 1 } else { *at }).collect()
}
