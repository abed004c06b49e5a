//! Edits of TOML that are whole lines: keys under a header, headers with what is below them, arrays of tables.

use super::super::fault::Fault;
use super::super::layout::{
    Comments, comments_above, is_blank, line_end, line_start, move_block, newline, outer_indent,
    remove_lines, replacing, skip_newline,
};
use super::super::value::Value;
use super::survey::{Leaf, Node, Others, Section, Table};
use super::{Toml, print};
use crate::text::Splice;

impl Toml<'_> {
    /// Puts a key under a table; `parents` of the objects around the value are tables to be made.
    pub(super) fn insert_key(
        &self,
        table: &Table,
        name: &str,
        value: &Value,
        parents: usize,
    ) -> Result<Vec<Splice>, Fault> {
        if let Some((section, prefix)) = &table.dotted {
            let mut names = prefix.clone();
            let (names, value) = unwrapped(&mut names, name, value, parents);
            let (start, end) = last_entry(table).ok_or_else(Fault::unverified)?;
            let line = self.entry_line(&self.survey.sections[*section], &print::dotted(names), value)?;
            let indent = outer_indent(self.text, start);
            return Ok(vec![replacing(end..end, format!("{}{indent}{line}", newline(self.text)))]);
        }
        if parents > 0 {
            return self.insert_header(table, name, value, parents);
        }
        let Some(section) = table.section.map(|section| &self.survey.sections[section]) else {
            return self.insert_super_table(table, name, value);
        };
        let line = self.entry_line(section, &print::key(name), value)?;
        let newline = newline(self.text);
        if let Some(end) = section.last_end {
            let indent = outer_indent(self.text, section.last_start);
            return Ok(vec![replacing(end..end, format!("{newline}{indent}{line}"))]);
        }
        if !table.path.is_empty() {
            let (end, indent) = (section.header_end, outer_indent(self.text, section.header_end));
            return Ok(vec![replacing(end..end, format!("{newline}{indent}{line}"))]);
        }
        Ok(vec![self.insert_first_line(section, &line)])
    }

    /// The first entry of the root: before the first header and its comments, or at the end of the text.
    fn insert_first_line(&self, root: &Section, line: &str) -> Splice {
        let newline = newline(self.text);
        if let Some(header) = self.survey.first_header {
            let at = comments_above(self.text, header, root.start, Comments::Hash);
            // Comments from the first byte on speak of the whole file.
            let at = if at == root.start { header } else { at };
            return replacing(at..at, format!("{line}{newline}{newline}"));
        }
        let at = self.text.len();
        let ends = at == root.start || self.text.ends_with(['\n', '\r']);
        let (before, after) = if ends { ("", newline) } else { (newline, "") };
        replacing(at..at, format!("{before}{line}{after}"))
    }

    /// A new header for tables that were missing, behind all that is below their parent.
    fn insert_header(
        &self,
        table: &Table,
        name: &str,
        value: &Value,
        parents: usize,
    ) -> Result<Vec<Splice>, Fault> {
        let mut path = table.path.clone();
        let (names, value) = unwrapped(&mut path, name, value, parents);
        let (key, header) = names.split_last().ok_or_else(Fault::unverified)?;
        let newline = newline(self.text);
        let entry = format!("{} = {}", print::key(key), print::value(value, "")?);
        let section = format!("[{}]{newline}{entry}", print::dotted(header));
        let at = if table.path.is_empty() { self.text.len() } else { self.content_end(table) };
        Ok(vec![self.new_section(at, &section)])
    }

    /// A section behind the content that ends at `at`, parted by an empty line.
    fn new_section(&self, at: usize, section: &str) -> Splice {
        let newline = newline(self.text);
        if at < self.text.len() {
            return replacing(at..at, format!("{newline}{newline}{section}"));
        }
        let start = self.survey.sections[0].start;
        if at == start {
            return replacing(at..at, format!("{section}{newline}"));
        }
        if self.text.ends_with(['\n', '\r']) {
            return replacing(at..at, format!("{newline}{section}{newline}"));
        }
        replacing(at..at, format!("{newline}{newline}{section}"))
    }

    /// A header for a table that only longer headers name, before the first of those.
    fn insert_super_table(&self, table: &Table, name: &str, value: &Value) -> Result<Vec<Splice>, Fault> {
        let newline = newline(self.text);
        let starts = sections_of(table).into_iter().map(|section| self.survey.sections[section].start);
        let first = starts.chain(others_of(table).iter().map(|others| others.first)).min();
        let at = self.comments_start(first.ok_or_else(Fault::unverified)?);
        let entry = format!("{} = {}", print::key(name), print::value(value, "")?);
        Ok(vec![replacing(
            at..at,
            format!("[{}]{newline}{entry}{newline}{newline}", print::dotted(&table.path)),
        )])
    }

    /// One more element of an array of tables.
    pub(super) fn insert_table(
        &self,
        tables: &[Option<Box<Table>>],
        index: usize,
        value: &Value,
    ) -> Result<Vec<Splice>, Fault> {
        let Value::Object(members) = value else {
            return Err(Fault::value(
                format!("an array of tables takes objects, not {}", value.kind_name()),
                "give a JSON object",
            ));
        };
        let newline = newline(self.text);
        let near =
            tables.get(index).or(tables.last()).and_then(Option::as_deref).ok_or_else(Fault::unverified)?;
        let mut lines = vec![format!("[[{}]]", print::dotted(&near.path))];
        for (name, value) in members {
            lines.push(format!("{} = {}", print::key(name), print::value(value, "")?));
        }
        let section = lines.join(newline);
        if index < tables.len() {
            let first = near.section.ok_or_else(Fault::unverified)?;
            let at = self.block_start(first);
            return Ok(vec![replacing(at..at, format!("{section}{newline}{newline}"))]);
        }
        Ok(vec![self.new_section(self.content_end(near), &section)])
    }

    /// The lines of a member of a table.
    pub(super) fn remove_kept(&self, node: &Node) -> Vec<Splice> {
        match node {
            Node::Leaf(leaf) => vec![self.remove_entry(leaf)],
            Node::Table(table) => self.remove_table(table),
            Node::Tables(tables) => {
                self.remove_tables(&tables.iter().flatten().map(|table| &**table).collect::<Vec<&Table>>())
            }
        }
    }

    /// The lines of a table and of all below it, with the comments right above.
    pub(super) fn remove_table(&self, table: &Table) -> Vec<Splice> {
        self.remove_tables(&[table])
    }

    fn remove_tables(&self, tables: &[&Table]) -> Vec<Splice> {
        let mut sections: Vec<usize> = tables.iter().flat_map(|table| sections_of(table)).collect();
        sections.sort_unstable();
        let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
        for section in &sections {
            let (start, end) = (self.block_start(*section), self.block_end(*section));
            match ranges.last_mut().filter(|last| last.end >= start) {
                Some(last) => last.end = end.max(last.end),
                None => ranges.push(start..end),
            }
        }
        let mut splices: Vec<Splice> = ranges
            .into_iter()
            .map(|range| {
                // At the end of the text the empty lines above go too, so that none are left over.
                let content = self.text[..range.start].trim_end_matches(['\n', '\r', ' ', '\t']).len();
                let at_end = range.end == self.text.len() && content > self.survey.sections[0].start;
                let start =
                    if at_end { skip_newline(self.text, line_end(self.text, content)) } else { range.start };
                remove_lines(self.text, start..range.end)
            })
            .collect();
        let own = |leaf: &&Leaf| !sections.contains(&leaf.section);
        let leaves = tables.iter().flat_map(|table| leaves_of(table));
        splices.extend(leaves.filter(own).map(|leaf| self.remove_entry(leaf)));
        splices
    }

    fn remove_entry(&self, leaf: &Leaf) -> Splice {
        let section = &self.survey.sections[leaf.section];
        let line = line_start(self.text, leaf.key_start);
        let mut end = skip_newline(self.text, leaf.end);
        let floor = section.header_end.min(line);
        let start = if leaf.section == 0
            && self.text[section.start..line].lines().all(|line| is_blank(line) || line.starts_with('#'))
        {
            line
        } else {
            let following = self.text[end..].lines().next().unwrap_or_default().trim_start();
            let heads_a_group = !following.is_empty() && !following.starts_with(['#', '[']);
            let floor = skip_newline(self.text, line_end(self.text, floor)).min(line);
            if heads_a_group { line } else { comments_above(self.text, line, floor, Comments::Hash) }
        };
        // The only entry before the first header takes the empty line behind it along.
        let blank = skip_newline(self.text, end);
        if leaf.section == 0 && section.entries == 1 && self.survey.first_header == Some(blank) && blank > end
        {
            end = blank;
        }
        remove_lines(self.text, start..end)
    }

    /// Takes an element of an array of tables to another place; comments above go along.
    pub(super) fn relocate_table(
        &self,
        tables: &[Option<Box<Table>>],
        from: usize,
        to: usize,
    ) -> Result<Vec<Splice>, Fault> {
        let (low, high) = (from.min(to), from.max(to));
        let mut blocks = Vec::new();
        for table in &tables[low..=high] {
            let mut sections = sections_of(table.as_deref().ok_or_else(Fault::unverified)?);
            sections.sort_unstable();
            let apart = sections
                .windows(2)
                .any(|pair| self.survey.sections[pair[0]].end != self.survey.sections[pair[1]].start);
            let (Some(first), Some(last), false) = (sections.first(), sections.last(), apart) else {
                return Err(Fault::refused(
                    "the lines of that element lie apart",
                    "move them with an editor",
                ));
            };
            blocks.push(self.block_start(*first)..self.block_end(*last));
        }
        if blocks.windows(2).any(|pair| pair[0].end != pair[1].start) {
            return Err(Fault::refused(
                "other tables lie between those elements",
                "move them with an editor",
            ));
        }
        let moved = move_block(self.text, &blocks, from < to, &['\n', '\r', ' ', '\t']);
        Ok(vec![moved.ok_or_else(Fault::unverified)?])
    }

    fn entry_line(&self, section: &Section, key: &str, value: &Value) -> Result<String, Fault> {
        let (from, to) = section.separator;
        let separator = &self.text[from..to];
        let is_aligned = separator.len() > 3 || separator.is_empty();
        Ok(format!("{key}{}{}", if is_aligned { " = " } else { separator }, print::value(value, "")?))
    }

    /// Where the lines of a section begin, the comments right above its header included.
    fn block_start(&self, section: usize) -> usize {
        self.comments_start(self.survey.sections[section].start)
    }

    fn comments_start(&self, start: usize) -> usize {
        let root = self.survey.sections[0].start;
        let at = comments_above(self.text, start, root, Comments::Hash);
        if at == root { start } else { at }
    }

    /// Where the lines of a section end: before the comments right above the next header.
    fn block_end(&self, section: usize) -> usize {
        let section = &self.survey.sections[section];
        if section.end == self.text.len() {
            return section.end;
        }
        let floor = section.last_end.unwrap_or(section.header_end);
        let floor = skip_newline(self.text, line_end(self.text, floor)).min(section.end);
        comments_above(self.text, section.end, floor, Comments::Hash)
    }

    /// The end of the last line that says something about a table or what is below it.
    fn content_end(&self, table: &Table) -> usize {
        let sections = sections_of(table).into_iter().map(|section| &self.survey.sections[section]);
        let ends = sections.map(|section| section.last_end.unwrap_or(section.header_end));
        let others = others_of(table);
        let end = ends.chain(others.iter().map(|others| others.end)).max().unwrap_or(self.text.len());
        // Behind the last line the file's own line ending stays the last.
        if skip_newline(self.text, end) == self.text.len() { self.text.len() } else { end }
    }
}

/// Takes the objects of missing parents off a value; gives the whole key and the value inside.
fn unwrapped<'k, 'v>(
    path: &'k mut Vec<String>,
    name: &str,
    value: &'v Value,
    parents: usize,
) -> (&'k [String], &'v Value) {
    path.push(name.to_owned());
    let mut value = value;
    for _ in 0..parents {
        let Value::Object(members) = value else { break };
        let [(name, below)] = members.as_slice() else { break };
        path.push(name.clone());
        value = below;
    }
    (path, value)
}

fn sections_of(table: &Table) -> Vec<usize> {
    let below = table.members.iter().flat_map(|(_, node)| match node {
        Node::Table(table) => sections_of(table),
        Node::Tables(tables) => tables.iter().flatten().flat_map(|table| sections_of(table)).collect(),
        Node::Leaf(_) => Vec::new(),
    });
    table.section.into_iter().chain(below).collect()
}

fn others_of(table: &Table) -> Vec<Others> {
    let below = table.members.iter().flat_map(|(_, node)| match node {
        Node::Table(table) => others_of(table),
        Node::Tables(tables) => tables.iter().flatten().flat_map(|table| others_of(table)).collect(),
        Node::Leaf(_) => Vec::new(),
    });
    table.others.into_iter().chain(below).collect()
}

fn leaves_of(table: &Table) -> Vec<&Leaf> {
    let below = table.members.iter().flat_map(|(_, node)| match node {
        Node::Table(table) => leaves_of(table),
        Node::Tables(tables) => tables.iter().flatten().flat_map(|table| leaves_of(table)).collect(),
        Node::Leaf(leaf) => vec![leaf],
    });
    below.collect()
}

/// Where the last of the entries below a dotted key begins and ends; sections below it are not among them.
fn last_entry(table: &Table) -> Option<(usize, usize)> {
    let below = table.members.iter().filter_map(|(_, node)| match node {
        Node::Table(table) if table.section.is_none() => last_entry(table),
        Node::Leaf(leaf) => Some((leaf.key_start, leaf.end)),
        Node::Table(_) | Node::Tables(_) => None,
    });
    table.last_own.into_iter().chain(below).max()
}
