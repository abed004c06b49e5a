//! The counters in Prometheus's text format.

use super::super::stats::Stats;
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

/// One counter a line, latencies as a histogram in seconds, and the watcher's figures out of the daemon's `status`.
pub(super) fn metrics(stats: &Stats, status: &str) -> String {
    let mut text = String::new();
    for (name, count) in stats.named() {
        let _ = writeln!(text, "# TYPE rtk_{name}_total counter\nrtk_{name}_total {count}");
    }
    let _ = writeln!(text, "# TYPE rtk_http_responses_total counter");
    for (class, counter) in ["2xx", "4xx", "5xx"].iter().zip(&stats.http) {
        let _ = writeln!(
            text,
            "rtk_http_responses_total{{class=\"{class}\"}} {}",
            counter.load(Ordering::Relaxed)
        );
    }
    let _ = writeln!(text, "# TYPE rtk_answer_seconds histogram");
    let mut all = 0;
    for (bound, count) in stats.histogram() {
        let bound = bound.map_or("+Inf".to_owned(), |micros| format!("{}", micros as f64 / 1e6));
        let _ = writeln!(text, "rtk_answer_seconds_bucket{{le=\"{bound}\"}} {count}");
        all = count;
    }
    let sum = stats.latency_us.load(Ordering::Relaxed) as f64 / 1e6;
    let _ = writeln!(text, "rtk_answer_seconds_sum {sum}\nrtk_answer_seconds_count {all}");
    let status: Value = serde_json::from_str(status).unwrap_or_default();
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let projects = status["projects"].as_array().map(Vec::as_slice).unwrap_or_default();
    let bytes: u64 = projects.iter().map(|project| number(&project["bytes"])).sum();
    for (name, value) in [
        ("projects", projects.len() as u64),
        ("projects_watched", projects.iter().filter(|project| project["watched"] == true).count() as u64),
        ("index_bytes", bytes),
        ("watches", number(&status["watcher"]["watches"])),
        ("watch_overflows", number(&status["watcher"]["overflows"])),
    ] {
        let _ = writeln!(text, "# TYPE rtk_{name} gauge\nrtk_{name} {value}");
    }
    text
}
