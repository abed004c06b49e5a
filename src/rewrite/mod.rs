//! Which git commands of a shell line may be run through rtk instead, decided by a shell grammar and the user's rules.
//!
//! Invariants: a line is changed only where its meaning surely stays: the output of the command goes to the client and
//! to nobody else, every word is literal, nothing in the line can redefine what `git` is; a change never turns what the
//! client would ask about or deny into something allowed, nor the other way round; the same line, rules and
//! settings give the same answer. Knows nothing of the client's JSON on the wire, of the memory.

mod decide;
mod grammar;
mod rules;
mod unasked;

pub use decide::{Policy, Refusal, Rewritten, Session, rewrite};
pub use grammar::is_built_in;
pub use rules::{Mode, Rules, load_rules};
pub use unasked::passes_unasked;
