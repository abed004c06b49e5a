//! What the daemon counts, for `status` and for the metrics.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Upper bounds of the classes of latency, in microseconds; the last class has none.
pub(super) const LATENCY_US: [u64; 12] =
    [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 1_024_000];

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Stats {
    /// Questions of hooks that were taken in.
    pub questions: AtomicU64,
    /// Those that were answered with something to say.
    pub answered: AtomicU64,
    /// Questions that were turned away because there was no room.
    pub busy: AtomicU64,
    /// Questions of another version, or that were none.
    pub refused: AtomicU64,
    /// Questions whose index had to be compared with the disk.
    pub compared: AtomicU64,
    /// Questions whose index was known to be up to date.
    pub watched: AtomicU64,
    /// Times that the index was brought up to date because of changes.
    pub renewed: AtomicU64,
    /// Files that were read for that.
    pub files_read: AtomicU64,
    /// Projects that were let go because there were too many, or too large ones.
    pub evicted: AtomicU64,
    /// HTTP requests by class of their status: 2xx, 4xx, 5xx.
    pub http: [AtomicU64; 3],
    /// Answers by class of latency.
    pub(super) latencies: [AtomicU64; LATENCY_US.len() + 1],
    /// Sum of all latencies, in microseconds.
    pub latency_us: AtomicU64,
    /// Questions in the queue, and those that are being answered.
    pub(super) waiting: AtomicU64,
    pub(super) active: AtomicU64,
    /// Wall time of the latest question, in milliseconds since 1970.
    pub last_ms: AtomicI64,
}

impl Stats {
    /// Counts one more.
    pub fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes how long an answer took.
    pub fn took(&self, micros: u64) {
        let class = LATENCY_US.iter().position(|&bound| micros <= bound).unwrap_or(LATENCY_US.len());
        Stats::count(&self.latencies[class]);
        self.latency_us.fetch_add(micros, Ordering::Relaxed);
    }

    /// The counters by name.
    pub fn named(&self) -> Vec<(&'static str, u64)> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        vec![
            ("questions", read(&self.questions)),
            ("answered", read(&self.answered)),
            ("busy", read(&self.busy)),
            ("refused", read(&self.refused)),
            ("compared", read(&self.compared)),
            ("watched", read(&self.watched)),
            ("renewed", read(&self.renewed)),
            ("files_read", read(&self.files_read)),
            ("evicted", read(&self.evicted)),
        ]
    }

    /// Upper bounds, in microseconds, with the number of answers up to each; the last is the number of all.
    pub fn histogram(&self) -> Vec<(Option<u64>, u64)> {
        let mut sum = 0;
        let bounds = LATENCY_US.iter().map(|&bound| Some(bound)).chain([None]);
        bounds
            .zip(&self.latencies)
            .map(|(bound, counter)| {
                sum += counter.load(Ordering::Relaxed);
                (bound, sum)
            })
            .collect()
    }
}
