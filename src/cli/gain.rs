//! `rtk gain`: what wrapped commands printed and what of it was shown, counted on both sides.

use super::{CliError, Session};
use crate::state::{CommandUse, recorded_commands};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// What all runs of one command come to.
#[derive(Default)]
struct Sum {
    runs: u64,
    raw_bytes: u64,
    shown_bytes: u64,
    raw_tokens: u64,
    shown_tokens: u64,
    in_proportion: u64,
    /// Share of tokens that was shown, in percent, of each run.
    shares: Vec<u64>,
}

impl Sum {
    fn add(&mut self, row: &CommandUse) {
        self.runs += 1;
        self.raw_bytes += row.raw_bytes;
        self.shown_bytes += row.shown_bytes;
        self.raw_tokens += row.raw_tokens;
        self.shown_tokens += row.shown_tokens;
        self.in_proportion += u64::from(!row.counted_whole);
        self.shares.extend((row.shown_tokens * 100).checked_div(row.raw_tokens));
    }

    /// The middle of the runs' shares; `None` when no run printed anything.
    fn median_share(&self) -> Option<u64> {
        let mut shares = self.shares.clone();
        shares.sort_unstable();
        shares.get(shares.len() / 2).copied()
    }
}

/// The method, beside the numbers.
const METHOD: &str = "Counted on the output of git and on what rtk showed of it, in the same run; commands that rtk left \
     to git are not in it. Tokens are estimates of one formula on both sides; of outputs beyond 256 KiB a first part was \
     counted and the rest taken in proportion.";

pub(super) fn run(session: &Session) -> Result<ExitCode, CliError> {
    let rows = recorded_commands(session.paths()?)
        .map_err(|error| CliError::Room { message: error.to_string(), hint: None })?;
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for row in &rows {
        sums.entry(&row.command).or_default().add(row);
    }
    let mut all = Sum::default();
    rows.iter().for_each(|row| all.add(row));
    if session.out.is_json() {
        return json(session, &sums, &all);
    }
    if rows.is_empty() {
        session.out.line("No wrapped command has been run yet: `rtk git status` is one.")?;
        return Ok(ExitCode::SUCCESS);
    }
    session.out.line(&format!(
        "{:<18} {:>6} {:>14} {:>14} {:>8} {:>12}",
        "command", "runs", "tokens of git", "tokens shown", "shown", "median shown"
    ))?;
    for (name, sum) in sums.iter().map(|(name, sum)| (*name, sum)).chain([("all", &all)]) {
        let share = (sum.shown_tokens * 100).checked_div(sum.raw_tokens);
        let percent = |share: Option<u64>| share.map_or("-".to_owned(), |share| format!("{share} %"));
        session.out.line(&format!(
            "{name:<18} {:>6} {:>14} {:>14} {:>8} {:>12}",
            sum.runs,
            sum.raw_tokens,
            sum.shown_tokens,
            percent(share),
            percent(sum.median_share())
        ))?;
    }
    session.out.line(METHOD)?;
    Ok(ExitCode::SUCCESS)
}

fn json(session: &Session, sums: &BTreeMap<&str, Sum>, all: &Sum) -> Result<ExitCode, CliError> {
    let document = |name: &str, sum: &Sum| {
        serde_json::json!({
            "command": name, "runs": sum.runs, "raw_bytes": sum.raw_bytes, "shown_bytes": sum.shown_bytes,
            "raw_tokens": sum.raw_tokens, "shown_tokens": sum.shown_tokens,
            "runs_in_proportion": sum.in_proportion, "median_shown_percent": sum.median_share(),
        })
    };
    let commands: Vec<_> = sums.iter().map(|(name, sum)| document(name, sum)).collect();
    session.out.json(&serde_json::json!({
        "schema": 1, "method": METHOD, "commands": commands, "all": document("all", all),
    }))?;
    Ok(ExitCode::SUCCESS)
}
