//! Checks extraction on samples that carry their expected answers, and on hostile input.
