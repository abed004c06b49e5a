//! The only place that asks the clock: wall time for records, monotonic time for deadlines.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Wall-clock time in nanoseconds since the Unix epoch; negative before 1970.
#[expect(clippy::disallowed_methods, reason = "the clock is read here and nowhere else")]
pub fn now_ns() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_nanos()).unwrap_or(i64::MAX),
    }
}

/// Wall-clock time in milliseconds since the Unix epoch.
pub fn unix_ms() -> i64 {
    now_ns() / 1_000_000
}

/// Processor time that the calling thread has used, in microseconds: unlike wall time, no longer when the machine is busy.
pub fn thread_cpu_us() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000).saturating_add(u64::try_from(time.tv_nsec / 1000).unwrap_or(0))
}

/// A point in monotonic time by which work must be done; carries its start so that timings can be told.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    start: Instant,
    budget: Duration,
}

impl Deadline {
    /// Starts now and ends after `budget_ms` milliseconds.
    #[expect(clippy::disallowed_methods, reason = "the clock is read here and nowhere else")]
    pub fn after_ms(budget_ms: u64) -> Deadline {
        Deadline { start: Instant::now(), budget: Duration::from_millis(budget_ms) }
    }

    /// A deadline that is never reached.
    pub fn never() -> Deadline {
        Deadline::after_ms(u64::from(u32::MAX) * 1000)
    }

    /// The same start with only `share` (0 to 1) of the time.
    #[must_use]
    pub fn share(self, share: f64) -> Deadline {
        Deadline { budget: self.budget.mul_f64(share.clamp(0.0, 1.0)), ..self }
    }

    /// Time since the start, in microseconds.
    pub fn elapsed_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Time that is left; zero when the deadline has passed.
    pub fn left(&self) -> Duration {
        self.budget.saturating_sub(self.start.elapsed())
    }

    /// Whether the deadline has passed.
    pub fn passed(&self) -> bool {
        self.left().is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_uses_no_processor_time_and_work_does() {
        let before = thread_cpu_us();
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert!(thread_cpu_us() - before < 30_000);
        while thread_cpu_us() == before {
            std::hint::black_box(before);
        }
    }

    #[test]
    fn a_zero_deadline_has_passed_and_a_share_keeps_the_start() {
        assert!(Deadline::after_ms(0).passed());
        let long = Deadline::after_ms(100_000);
        assert!(!long.passed());
        assert!(long.share(0.5).left() <= Duration::from_secs(50));
        assert!(!Deadline::never().passed());
    }
}
