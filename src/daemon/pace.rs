//! How fast the background works: under an endless stream of changes it takes its share of a processor and no more.

use super::watch::Id;
use crate::base::Deadline;
use std::collections::BTreeSet;
use std::time::Duration;

/// The background never rests longer than this at a time, in microseconds.
const REST_US_MAX: u64 = 60_000_000;

/// When the background may work again, and what waits for that.
pub(super) struct Pace {
    /// Share of one processor, 1 to 100.
    percent: u64,
    rest: Option<Deadline>,
    waiting: BTreeSet<Id>,
}

impl Pace {
    /// A pace of so many hundredths of one processor.
    pub(super) fn new(percent: u64) -> Pace {
        Pace { percent: percent.clamp(1, 100), rest: None, waiting: BTreeSet::new() }
    }

    /// Whether work may begin now.
    pub(super) fn is_free(&self) -> bool {
        self.rest.is_none_or(|rest| rest.passed())
    }

    /// Keeps a project's work until there may be some.
    pub(super) fn keep(&mut self, id: Id) {
        self.waiting.insert(id);
    }

    /// Work that was kept and may begin now.
    pub(super) fn due(&mut self) -> Option<Id> {
        if self.is_free() { self.waiting.pop_first() } else { None }
    }

    /// Time until work that was kept may begin; `None` when there is none.
    pub(super) fn wait(&self) -> Option<Duration> {
        let left = self.rest.map_or(Duration::ZERO, |rest| rest.left());
        (!self.waiting.is_empty()).then_some(left)
    }

    /// Notes work that took so long on so many processors.
    pub(super) fn worked(&mut self, elapsed_us: u64, processors: u64) {
        let rest_us = rest_us(self.percent, elapsed_us, processors);
        self.rest = (rest_us > 0).then(|| Deadline::after_ms(rest_us.div_ceil(1000)));
    }
}

/// So long nothing is done after work that took `elapsed_us` on `processors`, for both together to take `percent` of one.
fn rest_us(percent: u64, elapsed_us: u64, processors: u64) -> u64 {
    let elapsed_us = elapsed_us.min(REST_US_MAX);
    let whole = elapsed_us.saturating_mul(processors).saturating_mul(100) / percent;
    whole.saturating_sub(elapsed_us).min(REST_US_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_rest_together_take_the_share() {
        assert_eq!(rest_us(25, 1_000, 1), 3_000);
        assert_eq!(rest_us(25, 1_000, 2), 7_000);
        assert_eq!(rest_us(100, 1_000, 1), 0);
        assert_eq!(rest_us(100, 1_000, 2), 1_000);
        assert_eq!(rest_us(1, u64::MAX, 2), REST_US_MAX);
    }

    #[test]
    fn what_comes_while_it_rests_is_done_once_afterwards() {
        let mut pace = Pace::new(1);
        assert!(pace.is_free() && pace.wait().is_none());
        pace.worked(1_000_000, 1);
        for id in [3, 2, 3] {
            assert!(!pace.is_free());
            pace.keep(id);
        }
        assert_eq!(pace.due(), None);
        assert!(pace.wait().is_some_and(|wait| wait > Duration::from_secs(30)));
        pace.worked(0, 1);
        assert_eq!(pace.wait(), Some(Duration::ZERO));
        assert_eq!((pace.due(), pace.due(), pace.due()), (Some(2), Some(3), None));
    }
}
