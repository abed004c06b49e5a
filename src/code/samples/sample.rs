//! A sample whose last lines say what is expected of it.
use std::collections::{HashMap, hash_map::Entry as Slot};
mod elsewhere;

/// Holds things. The brace in this comment { opens nothing.
#[derive(Debug)]
pub struct Store<'a, T: Kind = Plain> {
    name: &'a str,
    items: Vec<T>,
}

impl<'a, T> Store<'a, T> {
    /// Makes one.
    pub fn new(
        name: &'a str,
    ) -> Self {
        let text = r#"not the end: } "#;
        fn local() {}
        Store { name, items: Vec::new() }
    }

    fn quoted(&self) -> char { '}' }
}

pub trait Kind {
    fn kind(&self) -> &'static str;
}

pub(crate) mod inner {
    pub const LIMIT: usize = { 3 };
    static COUNT: u8 = 0;
    pub enum Colour { Red, Green { depth: u8 } }
}

type Pair = (u8, u8);
macro_rules! twice { ($e:expr) => { $e; $e }; }
async unsafe fn last() {}
// expect: import std::collections::HashMap 2
// expect: import std::collections::hash_map::Entry 2
// expect: import self::elsewhere 3
// expect: struct Store 7-10 signature 7 doc 5
// expect: impl Store 12-23
// expect: method Store.new 14-20 signature 16 doc 13
// expect: method Store.quoted 22-22
// expect: trait Kind 25-27
// expect: method Kind.kind 26-26
// expect: module inner 29-33
// expect: constant inner.LIMIT 30-30
// expect: variable inner.COUNT 31-31
// expect: enum inner.Colour 32-32
// expect: type Pair 35-35
// expect: macro twice 36-36
// expect: function last 37-37
