//! A disk in memory that records every change, so that crashes can be enumerated from what was not yet synced.
//!
//! The model is what POSIX allows and journaling file systems do: data of a file may be lost, cut or zero until that
//! file was synced; changes of names are atomic each, but get lost in any combination until their folder was synced;
//! a failed sync has dropped what was pending for good, whatever a later one says.

use rtk::fs::{Disk, FileKind, Stat};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// A file's content and what is kept with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) data: Vec<u8>,
    pub(super) mode: u32,
    pub(super) attributes: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// One change, as it happened.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// A file came to be, without a name yet.
    Made { node: u64, mode: u32 },
    /// Bytes were written.
    Wrote { node: u64, at: usize, bytes: Vec<u8> },
    /// A length was set.
    Cut { node: u64, length: usize },
    /// A mode was set.
    Mode { node: u64, mode: u32 },
    /// An attribute was set.
    Attribute { node: u64, name: Vec<u8>, value: Vec<u8> },
    /// Names changed at once, all in one folder: what each leads to from now on.
    Names(Vec<(PathBuf, Option<u64>)>),
    /// The file's data is on the disk.
    Synced { node: u64 },
    /// The sync failed: what was pending is lost or not, and no later sync helps it.
    Dropped { node: u64 },
    /// The folder's names are on the disk.
    FolderSynced(PathBuf),
    /// Everything is on the disk.
    AllSynced,
}

/// What lies on a disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) nodes: BTreeMap<u64, Node>,
    pub(super) names: BTreeMap<PathBuf, u64>,
}

impl Contents {
    /// The file at a path.
    pub(super) fn file(&self, path: &Path) -> Option<&Node> {
        self.names.get(path).and_then(|node| self.nodes.get(node))
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Made { node, mode } => {
                self.nodes.insert(*node, Node { mode: *mode, ..Node::default() });
            }
            Op::Names(changes) => {
                for (path, node) in changes {
                    match node {
                        Some(node) => drop(self.names.insert(path.clone(), *node)),
                        None => drop(self.names.remove(path)),
                    }
                }
            }
            other => {
                if let Some(node) = other.node().and_then(|node| self.nodes.get_mut(&node)) {
                    node.apply(other);
                }
            }
        }
    }
}

impl Op {
    /// The file whose data or attributes the change is about.
    fn node(&self) -> Option<u64> {
        match self {
            Op::Wrote { node, .. }
            | Op::Cut { node, .. }
            | Op::Mode { node, .. }
            | Op::Attribute { node, .. } => Some(*node),
            _ => None,
        }
    }
}

impl Node {
    fn apply(&mut self, op: &Op) {
        match op {
            Op::Wrote { at, bytes, .. } => {
                if self.data.len() < at + bytes.len() {
                    self.data.resize(at + bytes.len(), 0);
                }
                self.data[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Op::Cut { length, .. } => self.data.resize(*length, 0),
            Op::Mode { mode, .. } => self.mode = *mode,
            Op::Attribute { name, value, .. } => drop(self.attributes.insert(name.clone(), value.clone())),
            _ => {}
        }
    }
}

/// An open file or folder.
pub(super) struct Handle {
    node: Option<u64>,
    path: PathBuf,
    at: usize,
}

/// Judges a call before it is made: an error is given to the caller instead.
pub(super) type Gate = Box<dyn Fn(&'static str) -> io::Result<()>>;

/// The disk.
pub(super) struct Memory {
    live: RefCell<Contents>,
    start: Contents,
    ops: RefCell<Vec<Op>>,
    next: Cell<u64>,
    /// Every folder that is there; they neither come nor go.
    folders: BTreeSet<PathBuf>,
    gate: Gate,
    /// Whether two files can be exchanged, and a name be taken only if it is free.
    pub(super) modern: bool,
}

impl Memory {
    /// A disk on which these contents lie safely.
    pub(super) fn with(contents: Contents, folders: &[&str], gate: Gate) -> Memory {
        let next = contents.nodes.keys().max().copied().unwrap_or(0) + 1;
        Memory {
            live: RefCell::new(contents.clone()),
            start: contents,
            ops: RefCell::new(Vec::new()),
            next: Cell::new(next),
            folders: folders.iter().map(PathBuf::from).collect(),
            gate,
            modern: true,
        }
    }

    /// What is seen while the power is on.
    pub(super) fn live(&self) -> Contents {
        self.live.borrow().clone()
    }

    /// Everything that happened.
    pub(super) fn ops(&self) -> Vec<Op> {
        self.ops.borrow().clone()
    }

    /// What lay there at first.
    pub(super) fn start(&self) -> &Contents {
        &self.start
    }

    fn happen(&self, op: Op) {
        self.live.borrow_mut().apply(&op);
        self.ops.borrow_mut().push(op);
    }

    fn node(&self, path: &Path) -> io::Result<u64> {
        self.live.borrow().names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn stat_node(&self, node: u64) -> io::Result<Stat> {
        let live = self.live.borrow();
        let file = live.nodes.get(&node).ok_or(io::ErrorKind::NotFound)?;
        let links = live.names.values().filter(|named| **named == node).count() as u64;
        Ok(Stat {
            kind: FileKind::File,
            bytes: file.data.len() as u64,
            mode: file.mode,
            links,
            ..nowhere(node)
        })
    }

    fn open_node(&self, path: &Path) -> io::Result<Handle> {
        Ok(Handle { node: Some(self.node(path)?), path: path.to_path_buf(), at: 0 })
    }

    fn of(handle: &Handle) -> io::Result<u64> {
        handle.node.ok_or_else(|| io::ErrorKind::IsADirectory.into())
    }
}

fn nowhere(inode: u64) -> Stat {
    Stat {
        kind: FileKind::Folder,
        bytes: 0,
        mode: 0o755,
        owner: 0,
        group: 0,
        links: 1,
        device: 1,
        inode,
        modified_ns: 0,
    }
}

impl Disk for Memory {
    type File = Handle;

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        (self.gate)("stat")?;
        if self.folders.contains(path) {
            return Ok(nowhere(0));
        }
        self.stat_node(self.node(path)?)
    }

    fn stat_open(&self, file: &Handle) -> io::Result<Stat> {
        (self.gate)("stat_open")?;
        file.node.map_or(Ok(nowhere(0)), |node| self.stat_node(node))
    }

    fn read_link(&self, _: &Path) -> io::Result<PathBuf> {
        Err(io::ErrorKind::InvalidInput.into())
    }

    fn may_write(&self, _: &Path) -> bool {
        true
    }

    fn open(&self, path: &Path) -> io::Result<Handle> {
        (self.gate)("open")?;
        if self.folders.contains(path) {
            return Ok(Handle { node: None, path: path.to_path_buf(), at: 0 });
        }
        self.open_node(path)
    }

    fn open_to_write(&self, path: &Path) -> io::Result<Handle> {
        (self.gate)("open_to_write")?;
        self.open_node(path)
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<Handle> {
        (self.gate)("create")?;
        if self.node(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let node = self.next.replace(self.next.get() + 1);
        self.happen(Op::Made { node, mode });
        self.happen(Op::Names(vec![(path.to_path_buf(), Some(node))]));
        self.open_node(path)
    }

    fn read(&self, file: &mut Handle, buffer: &mut [u8]) -> io::Result<usize> {
        (self.gate)("read")?;
        let live = self.live.borrow();
        let data = &live.nodes[&Memory::of(file)?].data;
        let bytes = buffer.len().min(data.len() - file.at.min(data.len()));
        buffer[..bytes].copy_from_slice(&data[file.at..file.at + bytes]);
        file.at += bytes;
        Ok(bytes)
    }

    fn write(&self, file: &mut Handle, bytes: &[u8]) -> io::Result<usize> {
        (self.gate)("write")?;
        // In two pieces, so that a crash can fall between them.
        let taken = bytes.len().div_ceil(2).max(1).min(bytes.len());
        self.happen(Op::Wrote { node: Memory::of(file)?, at: file.at, bytes: bytes[..taken].to_vec() });
        file.at += taken;
        Ok(taken)
    }

    fn set_length(&self, file: &Handle, bytes: u64) -> io::Result<()> {
        (self.gate)("set_length")?;
        self.happen(Op::Cut { node: Memory::of(file)?, length: usize::try_from(bytes).unwrap() });
        Ok(())
    }

    fn set_mode(&self, file: &Handle, mode: u32) -> io::Result<()> {
        (self.gate)("set_mode")?;
        self.happen(Op::Mode { node: Memory::of(file)?, mode });
        Ok(())
    }

    fn set_owner(&self, _: &Handle, _: Option<u32>, _: u32) -> io::Result<()> {
        (self.gate)("set_owner")
    }

    fn attributes(&self, file: &Handle) -> io::Result<Vec<Vec<u8>>> {
        (self.gate)("attributes")?;
        Ok(self.live.borrow().nodes[&Memory::of(file)?].attributes.keys().cloned().collect())
    }

    fn attribute(&self, file: &Handle, name: &[u8]) -> io::Result<Vec<u8>> {
        (self.gate)("attribute")?;
        Ok(self.live.borrow().nodes[&Memory::of(file)?].attributes[name].clone())
    }

    fn set_attribute(&self, file: &Handle, name: &[u8], value: &[u8]) -> io::Result<()> {
        (self.gate)("set_attribute")?;
        let (name, value) = (name.to_vec(), value.to_vec());
        self.happen(Op::Attribute { node: Memory::of(file)?, name, value });
        Ok(())
    }

    fn sync(&self, file: &Handle) -> io::Result<()> {
        let done = (self.gate)("sync");
        match (file.node, &done) {
            (Some(node), Ok(())) => self.happen(Op::Synced { node }),
            (Some(node), Err(_)) => self.happen(Op::Dropped { node }),
            (None, Ok(())) => self.happen(Op::FolderSynced(file.path.clone())),
            (None, Err(_)) => {}
        }
        done
    }

    fn sync_disk(&self, _: &Handle) -> io::Result<bool> {
        let done = (self.gate)("sync_disk");
        if done.is_ok() {
            self.happen(Op::AllSynced);
        } else {
            let nodes: Vec<u64> = self.live.borrow().nodes.keys().copied().collect();
            nodes.into_iter().for_each(|node| self.happen(Op::Dropped { node }));
        }
        done.map(|()| true)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        (self.gate)("rename")?;
        let node = self.node(from)?;
        self.happen(Op::Names(vec![(from.to_path_buf(), None), (to.to_path_buf(), Some(node))]));
        Ok(())
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        (self.gate)("rename_new")?;
        if !self.modern {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if self.node(to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let node = self.node(from)?;
        self.happen(Op::Names(vec![(from.to_path_buf(), None), (to.to_path_buf(), Some(node))]));
        Ok(())
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        (self.gate)("exchange")?;
        if !self.modern {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let (first, second) = (self.node(one)?, self.node(other)?);
        let names = vec![(one.to_path_buf(), Some(second)), (other.to_path_buf(), Some(first))];
        self.happen(Op::Names(names));
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        (self.gate)("link")?;
        if self.node(to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let node = self.node(from)?;
        self.happen(Op::Names(vec![(to.to_path_buf(), Some(node))]));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        (self.gate)("remove")?;
        self.node(path)?;
        self.happen(Op::Names(vec![(path.to_path_buf(), None)]));
        Ok(())
    }

    fn create_folder(&self, _: &Path, _: u32) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn remove_folder(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

/// Every state in which a power cut behind `ops` may leave the disk; at most `most`, picked evenly beyond that.
pub(super) fn after_power_cut(start: &Contents, ops: &[Op], most: usize, seed: &mut u64) -> Vec<Contents> {
    let mut names: Vec<&Op> = Vec::new();
    let mut data: BTreeMap<u64, Vec<&Op>> = BTreeMap::new();
    let mut dropped: BTreeMap<u64, usize> = BTreeMap::new();
    let mut safe = start.clone();
    for op in ops {
        match op {
            Op::Made { .. } => safe.apply(op),
            Op::Names(_) => names.push(op),
            Op::Synced { node } => settle(&mut safe, &mut data, &dropped, *node),
            Op::Dropped { node } => {
                dropped.insert(*node, data.get(node).map_or(0, Vec::len));
            }
            Op::FolderSynced(folder) => {
                names.retain(|op| {
                    let Op::Names(changes) = op else { return true };
                    let here = changes.iter().any(|(path, _)| path.parent() == Some(folder));
                    if here {
                        safe.apply(op);
                    }
                    !here
                });
            }
            Op::AllSynced => {
                names.drain(..).for_each(|op| safe.apply(op));
                let nodes: Vec<u64> = data.keys().copied().collect();
                nodes.into_iter().for_each(|node| settle(&mut safe, &mut data, &dropped, node));
            }
            other => data.entry(other.node().unwrap()).or_default().push(other),
        }
    }
    let variants: Vec<(u64, Vec<Node>)> =
        data.iter().map(|(node, ops)| (*node, partly(&safe.nodes[node], ops))).collect();
    let sizes: Vec<usize> =
        names.iter().map(|_| 2).chain(variants.iter().map(|(_, nodes)| nodes.len())).collect();
    choices(&sizes, most, seed).into_iter().map(|choice| build(&safe, &names, &variants, &choice)).collect()
}

/// Makes pending data safe, up to where a failed sync dropped it.
fn settle(
    safe: &mut Contents,
    data: &mut BTreeMap<u64, Vec<&Op>>,
    dropped: &BTreeMap<u64, usize>,
    node: u64,
) {
    let lost = dropped.get(&node).copied().unwrap_or(0);
    if let Some(pending) = data.get_mut(&node) {
        let kept: Vec<&Op> = std::mem::take(pending);
        // What was dropped stays pending for ever: present or not.
        pending.extend(&kept[..lost.min(kept.len())]);
        kept[lost.min(kept.len())..].iter().for_each(|op| safe.apply(op));
    }
}

/// A file with each part of its pending changes: none, some, the last one cut, zeros instead of data, all.
fn partly(safe: &Node, ops: &[&Op]) -> Vec<Node> {
    let mut found: Vec<Node> = Vec::new();
    let mut node = safe.clone();
    found.push(node.clone());
    for op in ops {
        if let Op::Wrote { node: number, at, bytes } = op {
            let mut cut = node.clone();
            cut.apply(&Op::Wrote { node: *number, at: *at, bytes: bytes[..bytes.len() / 2].to_vec() });
            let mut zero = node.clone();
            zero.apply(&Op::Wrote { node: *number, at: *at, bytes: vec![0; bytes.len()] });
            found.extend([cut, zero]);
        }
        node.apply(op);
        found.push(node.clone());
    }
    // Only the last change reached the disk.
    if let Some(last) = ops.last() {
        let mut node = safe.clone();
        node.apply(last);
        found.push(node);
    }
    found.dedup();
    found
}

/// All combinations of one number below each size, or `most` of them picked by chance, the two extremes included.
fn choices(sizes: &[usize], most: usize, seed: &mut u64) -> Vec<Vec<usize>> {
    let all = sizes.iter().try_fold(1_usize, |all, size| all.checked_mul(*size).filter(|all| *all <= most));
    if let Some(all) = all {
        return (0..all)
            .map(|mut number| {
                sizes
                    .iter()
                    .map(|size| {
                        let digit = number % size;
                        number /= size;
                        digit
                    })
                    .collect()
            })
            .collect();
    }
    let mut random = |below: usize| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*seed >> 33).unwrap() % below
    };
    let mut picked = vec![vec![0; sizes.len()], sizes.iter().map(|size| size - 1).collect()];
    picked.extend((2..most).map(|_| sizes.iter().map(|size| random(*size)).collect()));
    picked
}

fn build(safe: &Contents, names: &[&Op], variants: &[(u64, Vec<Node>)], choice: &[usize]) -> Contents {
    let mut state = safe.clone();
    for (op, chosen) in names.iter().zip(choice) {
        if *chosen == 1 {
            state.apply(op);
        }
    }
    for ((node, variants), chosen) in variants.iter().zip(&choice[names.len()..]) {
        state.nodes.insert(*node, variants[*chosen].clone());
    }
    state
}
