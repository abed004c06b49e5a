//! Inserts, removes and moves the items of a bracketed container: JSON objects and arrays, TOML arrays and inline
//! tables, YAML flow collections. Comments and layout around the item stay as they are.

use super::layout::{
    Comments, before_newline, comments_above, is_blank, line_end, line_start, outer_indent, own_line_indent,
    replacing, skip_blanks, skip_line_comments, skip_newline,
};
use crate::text::Splice;

/// One item, without the comma behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    /// Its first byte: of the key, where it has one.
    pub(super) start: usize,
    /// Behind its last byte.
    pub(super) end: usize,
    /// The comma behind it.
    pub(super) comma: Option<usize>,
}

/// A container between brackets.
pub(super) struct Bracketed<'t> {
    pub(super) text: &'t str,
    /// Behind the opening bracket.
    pub(super) open: usize,
    /// The closing bracket.
    pub(super) close: usize,
    pub(super) items: Vec<Item>,
    pub(super) comments: Comments,
    pub(super) style: &'t Style,
}

/// What new items must follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Style {
    /// One level of indentation.
    pub(super) indent: String,
    /// The line ending.
    pub(super) newline: &'static str,
    /// Whether an empty container gets its first item on a line of its own.
    pub(super) expanded: bool,
    /// What stands behind a comma on one line, where no neighbour shows it.
    pub(super) gap: &'static str,
    /// Whether a container that gets empty keeps a blank between its brackets.
    pub(super) keeps_pad: bool,
}

/// Where a new item is to stand.
pub(super) struct Spot<'s> {
    /// The indentation of its line.
    pub(super) indent: &'s str,
    /// Whether it may take several lines.
    pub(super) expanded: bool,
}

impl<'t> Bracketed<'t> {
    /// Puts an item before the one at `index`, or behind the last.
    pub(super) fn insert(&self, index: usize, render: &dyn Fn(&Spot<'_>) -> String) -> Vec<Splice> {
        let index = index.min(self.items.len());
        let Some(beside) = index.checked_sub(1).or((!self.items.is_empty()).then_some(0)) else {
            return self.insert_first(render);
        };
        let beside = &self.items[beside];
        let several_lines = self.text[self.open..self.close].contains(['\n', '\r']);
        let Some(indent) = own_line_indent(self.text, beside.start) else {
            let spot = Spot { indent: outer_indent(self.text, beside.start), expanded: several_lines };
            let (item, gap) = (render(&spot), self.gap());
            return if index == 0 {
                vec![replacing(beside.start..beside.start, format!("{item},{gap}"))]
            } else {
                vec![replacing(beside.end..beside.end, format!(",{gap}{item}"))]
            };
        };
        let item = render(&Spot { indent, expanded: true });
        let gap = format!("{}{indent}", self.style.newline);
        if index == 0 {
            let (at, ends) = skip_line_comments(self.text, self.open, self.comments);
            return if ends {
                vec![replacing(at..at, format!("{gap}{item},"))]
            } else {
                vec![replacing(beside.start..beside.start, format!("{item},{gap}"))]
            };
        }
        let (tail, ends) = self.tail(beside);
        match (ends, beside.comma) {
            (true, Some(_)) => vec![replacing(tail..tail, format!("{gap}{item},"))],
            (true, None) => {
                vec![replacing(beside.end..beside.end, ","), replacing(tail..tail, format!("{gap}{item}"))]
            }
            (false, _) => vec![replacing(beside.end..beside.end, format!(",{gap}{item}"))],
        }
    }

    fn insert_first(&self, render: &dyn Fn(&Spot<'_>) -> String) -> Vec<Splice> {
        let (text, inside) = (self.text, &self.text[self.open..self.close]);
        let outer = outer_indent(text, self.open);
        let indent = format!("{outer}{}", self.style.indent);
        let several_lines = inside.contains(['\n', '\r']);
        let newline = self.style.newline;
        if several_lines {
            let item = render(&Spot { indent: &indent, expanded: true });
            let (at, ends) = skip_line_comments(text, self.open, self.comments);
            let at = if ends { at } else { self.open };
            return vec![replacing(at..at, format!("{newline}{indent}{item}"))];
        }
        if inside.is_empty() && self.style.expanded {
            let item = render(&Spot { indent: &indent, expanded: true });
            return vec![replacing(
                self.open..self.close,
                format!("{newline}{indent}{item}{newline}{outer}"),
            )];
        }
        let item = render(&Spot { indent: outer, expanded: false });
        if is_blank(inside) {
            return vec![replacing(self.open..self.close, format!("{inside}{item}{inside}"))];
        }
        let pad = if inside.ends_with([' ', '\t']) { "" } else { " " };
        vec![replacing(self.close..self.close, format!("{pad}{item}"))]
    }

    /// Takes the item at `index` out together with one comma and the comments that are its own.
    pub(super) fn remove(&self, index: usize) -> Vec<Splice> {
        let (text, item) = (self.text, self.items[index]);
        let previous = index.checked_sub(1).map(|before| self.items[before]);
        let next = self.items.get(index + 1);
        let (tail, ends) = self.tail(&item);
        if own_line_indent(text, item.start).is_some() && ends {
            return self.remove_own_lines(index, tail);
        }
        match (previous, next) {
            (None, None) => self.remove_only(&item),
            (_, Some(next)) => {
                let at_end_of_line = own_line_indent(text, next.start).is_some();
                if let (Some(previous), true) = (previous, at_end_of_line) {
                    return vec![replacing(previous.end..item.end, "")];
                }
                let comma = item.comma.unwrap_or(item.end);
                let end = if at_end_of_line { next.start } else { skip_blanks(text, comma + 1) };
                vec![replacing(item.start..end, "")]
            }
            (Some(previous), None) => {
                let comma = previous.comma.unwrap_or(previous.end);
                let between = &text[comma + 1..item.start];
                if between.trim().is_empty() {
                    return vec![replacing(previous.end..item.end, "")];
                }
                let start = if own_line_indent(text, item.start).is_some() {
                    line_start(text, item.start)
                } else {
                    item.start
                };
                let end = item.comma.map_or(item.end, |comma| comma + 1);
                let mut splices = vec![replacing(start..end, "")];
                if item.comma.is_none() {
                    splices.push(replacing(comma..comma + 1, ""));
                }
                splices
            }
        }
    }

    fn remove_own_lines(&self, index: usize, tail: usize) -> Vec<Splice> {
        let (text, item) = (self.text, self.items[index]);
        let floor = match index.checked_sub(1) {
            Some(before) => skip_newline(text, line_end(text, self.items[before].end)),
            None => skip_newline(text, line_end(text, self.open)),
        };
        let line = line_start(text, item.start);
        let end = skip_newline(text, tail);
        let start = if self.heads_a_group(end) {
            line
        } else {
            comments_above(text, line, floor.min(line), self.comments)
        };
        let before = self.text[self.open..start].trim_matches([' ', '\t', '\r', '\n']);
        let after = self.text[end.min(self.close)..self.close].trim_matches([' ', '\t', '\r', '\n']);
        if self.items.len() == 1 && before.is_empty() && after.is_empty() {
            return vec![replacing(self.open..self.close, "")];
        }
        let mut splices = vec![replacing(start..end, "")];
        if let (None, Some(before)) = (item.comma, index.checked_sub(1))
            && let Some(comma) = self.items[before].comma
        {
            splices.push(replacing(comma..comma + 1, ""));
        }
        splices
    }

    /// Whether a comment above an item seems to head those behind it too: an item follows at once, without a comment.
    fn heads_a_group(&self, next_line: usize) -> bool {
        self.items.iter().any(|item| line_start(self.text, item.start) == next_line)
    }

    fn remove_only(&self, item: &Item) -> Vec<Splice> {
        let text = self.text;
        let end = item.comma.map_or(item.end, |comma| comma + 1);
        let (before, after) = (&text[self.open..item.start], &text[end..self.close]);
        if !before.trim().is_empty() || !after.trim().is_empty() {
            return vec![replacing(skip_back(text, item.start)..end, "")];
        }
        let keeps = self.style.keeps_pad && is_blank(before) && before == after;
        let pad = if keeps { before } else { "" };
        vec![replacing(self.open..self.close, pad)]
    }

    /// Takes the item at `from` to `to`, with its comments where each item has lines of its own.
    pub(super) fn relocate(&self, from: usize, to: usize) -> Vec<Splice> {
        let (low, high) = (from.min(to), from.max(to));
        let mut order: Vec<usize> = (low..=high).collect();
        let moved = order.remove(from - low);
        order.insert(to - low, moved);
        let own_lines = self.items[low..=high]
            .iter()
            .all(|item| own_line_indent(self.text, item.start).is_some() && self.tail(item).1);
        if !own_lines {
            let texts =
                order.iter().map(|index| &self.text[self.items[*index].start..self.items[*index].end]);
            return self.items[low..=high]
                .iter()
                .zip(texts)
                .map(|(item, text)| replacing(item.start..item.end, text))
                .collect();
        }
        let text = self.text;
        let ends: Vec<usize> =
            self.items[low..=high].iter().map(|item| skip_newline(text, self.tail(item).0)).collect();
        let first = match low.checked_sub(1) {
            Some(before) => skip_newline(text, line_end(text, self.items[before].end)),
            None => skip_newline(text, line_end(text, self.open)),
        };
        let first = comments_above(text, line_start(text, self.items[low].start), first, self.comments);
        let last_has_comma = self.items[high].comma.is_some();
        let mut out = String::new();
        for (place, index) in order.iter().enumerate() {
            let item = self.items[*index];
            let start = if *index == low { first } else { ends[*index - low - 1] };
            let end = ends[*index - low];
            out.push_str(&text[start..item.end]);
            let wants_comma = place + 1 < order.len() || last_has_comma;
            match (item.comma, wants_comma) {
                (Some(comma), true) => out.push_str(&text[item.end..comma + 1]),
                (Some(comma), false) => out.push_str(&text[item.end..comma]),
                (None, true) => out.push(','),
                (None, false) => {}
            }
            out.push_str(&text[item.comma.map_or(item.end, |comma| comma + 1)..end]);
        }
        vec![replacing(first..ends[high - low], out)]
    }

    /// Behind the comma and the comments on the item's last line, and whether the line ends there.
    fn tail(&self, item: &Item) -> (usize, bool) {
        let (mut at, mut ends) = skip_line_comments(self.text, item.end, self.comments);
        if let Some(comma) = item.comma.filter(|comma| *comma >= at || !ends) {
            if line_start(self.text, comma) != line_start(self.text, item.end) {
                return (at, false);
            }
            (at, ends) = skip_line_comments(self.text, comma + 1, self.comments);
        }
        (at, ends && at < self.close)
    }

    /// What stands between items on one line.
    fn gap(&self) -> &'t str {
        let between = self
            .items
            .windows(2)
            .map(|pair| &self.text[pair[0].comma.map_or(pair[0].end, |comma| comma + 1)..pair[1].start]);
        let plain = between.take(2).find(|gap| is_blank(gap));
        plain.unwrap_or(self.style.gap)
    }
}

/// Before the blanks that stand right before `at`.
fn skip_back(text: &str, at: usize) -> usize {
    text[..at].trim_end_matches([' ', '\t']).len().max(before_newline(text, line_start(text, at)))
}
