//! Everything that touches the machine around rtk: environment, clock, paths, settings, process spawn, log.
//!
//! Invariants: made once in `run`, passed down by reference; no other room reads an environment variable, asks
//! the clock or spawns a process other than git. Knows nothing of the rooms above.

mod allocator;
mod clock;
mod env;
mod log;
mod paths;
mod run;
mod settings;
mod spawn;

pub use allocator::{
    give_back_memory, let_go, prepare_memory, resident_bytes, tune_for_long_life, tune_for_short_life,
};
pub use clock::{Deadline, now_ns, thread_cpu_us, unix_ms};
pub use env::Env;
pub use log::Log;
pub use paths::Paths;
pub use run::{ProcessOutput, run_with_input};
pub use settings::{ExplorePolicy, Origin, SettingRow, Settings, SettingsError};
pub use spawn::{SpawnError, detach, lower_priority};
