//! Settings: defaults < user's `config.toml` < the project's `.rtk.toml` < `RTK_*` environment; each value knows its origin.

use super::Env;
use std::path::Path;

/// A settings file beyond this size is not read, in bytes.
const SETTINGS_BYTES_MAX: u64 = 256 * 1024;

/// Limits of the user that a project may lower and never raise: a repository from elsewhere must not cost more.
const LIMITS: &[&str] = &["hook.token_budget", "hook.chars_max", "memory.file_bytes_max"];

/// What happens to the launch of an exploration agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplorePolicy {
    /// The launch is denied with a reason that is the answer.
    Answer,
    /// The launch is injected as any other.
    Inject,
    /// The launch is left alone.
    Allow,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A settings file.
    File(String),
    /// An environment variable.
    Variable(&'static str),
}

/// One setting as `rtk config` shows it.
#[derive(Debug, Clone)]
pub struct SettingRow {
    /// Dotted name, such as `hook.deadline_ms`.
    pub key: &'static str,
    /// The value in force, printed as TOML.
    pub value: String,
    /// Where the value came from.
    pub origin: Origin,
    /// One sentence on what it does.
    pub about: &'static str,
}

/// Why a settings file was not used. The defaults stay in force.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct SettingsError {
    /// The file.
    pub file: String,
    /// What is wrong with it, with line and column where known.
    pub reason: String,
}

/// Static description of one setting.
struct Spec {
    key: &'static str,
    variable: &'static str,
    default: &'static str,
    about: &'static str,
    /// Whether a project's own file may set it; repository text is not trusted with the rest.
    project: bool,
}

const SPECS: &[Spec] = &[
    Spec {
        key: "enabled",
        variable: "RTK_ENABLED",
        default: "true",
        about: "whether the hook acts at all",
        project: true,
    },
    Spec {
        key: "hook.deadline_ms",
        variable: "RTK_HOOK_DEADLINE_MS",
        default: "2000",
        about: "time the whole hook process may take, in milliseconds",
        project: false,
    },
    Spec {
        key: "hook.token_budget",
        variable: "RTK_HOOK_TOKEN_BUDGET",
        default: "2200",
        about: "size of an injected slice, in tokens",
        project: true,
    },
    Spec {
        key: "hook.chars_max",
        variable: "RTK_HOOK_CHARS_MAX",
        default: "9000",
        about: "hard limit of an injected slice, in characters",
        project: true,
    },
    Spec {
        key: "hook.agents",
        variable: "RTK_HOOK_AGENTS",
        default: "[]",
        about: "if not empty, only these agent types are served",
        project: true,
    },
    Spec {
        key: "hook.agents_skip",
        variable: "RTK_HOOK_AGENTS_SKIP",
        default: "[]",
        about: "agent types that are left alone",
        project: true,
    },
    Spec {
        key: "explore.policy",
        variable: "RTK_EXPLORE_POLICY",
        default: "\"answer\"",
        about: "exploration agents: answer, inject or allow",
        project: true,
    },
    Spec {
        key: "explore.agents",
        variable: "RTK_EXPLORE_AGENTS",
        default: "[\"Explore\"]",
        about: "agent types that count as exploration",
        project: false,
    },
    Spec {
        key: "rewrite.enabled",
        variable: "RTK_REWRITE_ENABLED",
        default: "true",
        about: "whether git commands of the shell tool may run through rtk",
        project: false,
    },
    Spec {
        key: "rewrite.exclude",
        variable: "RTK_REWRITE_EXCLUDE",
        default: "[]",
        about: "git subcommands that are not rewritten",
        project: false,
    },
    Spec {
        key: "rewrite.mutating",
        variable: "RTK_REWRITE_MUTATING",
        default: "false",
        about: "whether commands that change something are rewritten too",
        project: false,
    },
    Spec {
        key: "memory.file_bytes_max",
        variable: "RTK_MEMORY_FILE_BYTES_MAX",
        default: "1048576",
        about: "larger files are listed by name only, in bytes",
        project: true,
    },
    Spec {
        key: "memory.projects_max",
        variable: "RTK_MEMORY_PROJECTS_MAX",
        default: "64",
        about: "projects kept; the least recently used is dropped",
        project: false,
    },
    Spec {
        key: "memory.verify_hours",
        variable: "RTK_MEMORY_VERIFY_HOURS",
        default: "24",
        about: "age after which a full walk is forced, in hours",
        project: false,
    },
    Spec {
        key: "daemon.ask",
        variable: "RTK_DAEMON_ASK",
        default: "true",
        about: "whether the hook asks a running daemon before it does the work itself",
        project: false,
    },
    Spec {
        key: "daemon.autostart",
        variable: "RTK_DAEMON_AUTOSTART",
        default: "false",
        about: "whether the beginning of a session starts the daemon",
        project: false,
    },
    Spec {
        key: "daemon.memory_mb",
        variable: "RTK_DAEMON_MEMORY_MB",
        default: "256",
        about: "memory beyond which the daemon lets go of projects, the least recently asked first, in MiB",
        project: false,
    },
    Spec {
        key: "daemon.cpu_percent",
        variable: "RTK_DAEMON_CPU_PERCENT",
        default: "25",
        about: "share of one processor that the daemon takes for changes that nobody has asked for yet, 1 to 100",
        project: false,
    },
    Spec {
        key: "daemon.watches_max",
        variable: "RTK_DAEMON_WATCHES_MAX",
        default: "400000",
        about: "folders that the daemon watches at most; beyond that it compares with the disk at each question",
        project: false,
    },
];

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether the hook acts at all.
    pub enabled: bool,
    /// Time for the whole hook process, in milliseconds.
    pub hook_deadline_ms: u64,
    /// Token budget of a slice.
    pub hook_token_budget: usize,
    /// Hard limit of a slice, in characters.
    pub hook_chars_max: usize,
    /// If not empty, only these agent types are served.
    pub hook_agents: Vec<String>,
    /// Agent types that are left alone.
    pub hook_agents_skip: Vec<String>,
    /// Policy for exploration agents.
    pub explore_policy: ExplorePolicy,
    /// Agent types that count as exploration.
    pub explore_agents: Vec<String>,
    /// Whether git commands of the shell tool may run through rtk.
    pub rewrite_enabled: bool,
    /// Git subcommands that are not rewritten.
    pub rewrite_exclude: Vec<String>,
    /// Whether commands that change something are rewritten too.
    pub rewrite_mutating: bool,
    /// Larger files are listed by name only, in bytes.
    pub memory_file_bytes_max: u64,
    /// Projects kept in the memory.
    pub memory_projects_max: usize,
    /// Age after which a full walk is forced, in hours.
    pub memory_verify_hours: u64,
    /// Whether the hook asks a running daemon before it does the work itself.
    pub daemon_ask: bool,
    /// Whether the beginning of a session starts the daemon.
    pub daemon_autostart: bool,
    /// Memory beyond which the daemon lets go of projects, in MiB.
    pub daemon_memory_mb: usize,
    /// Share of one processor for work of the daemon that nobody waits for, 1 to 100.
    pub daemon_cpu_percent: u64,
    /// Folders that the daemon watches at most.
    pub daemon_watches_max: usize,
    rows: Vec<(toml::Value, Origin)>,
}

impl Settings {
    /// The built-in values.
    pub fn defaults() -> Settings {
        Settings::load(&Env::default(), None, None).0
    }

    /// Reads the user's file, the project's `.rtk.toml` and the environment. A bad file or value is reported and skipped.
    pub fn load(env: &Env, user: Option<&Path>, project: Option<&Path>) -> (Settings, Vec<SettingsError>) {
        let mut errors = Vec::new();
        let mut rows: Vec<(toml::Value, Origin)> =
            SPECS.iter().map(|spec| (literal(spec.default), Origin::Default)).collect();
        let project_file = project.map(|root| root.join(".rtk.toml"));
        for (file, of_project) in [(user, false), (project_file.as_deref(), true)] {
            let Some(file) = file else { continue };
            match read_table(file) {
                Ok(Some(table)) => overlay(&mut rows, &table, file, of_project, &mut errors),
                Ok(None) => {}
                Err(reason) => errors.push(SettingsError { file: file.display().to_string(), reason }),
            }
        }
        for (spec, row) in SPECS.iter().zip(&mut rows) {
            let Some(text) = env.var(spec.variable) else { continue };
            match parse_variable(text, &row.0) {
                Some(value) if allowed(spec.key, &value) => *row = (value, Origin::Variable(spec.variable)),
                _ => errors.push(SettingsError {
                    file: spec.variable.into(),
                    reason: format!("{text:?} is not a value of {}", spec.key),
                }),
            }
        }
        legacy_variables(env, &mut rows);
        (Settings::of(rows), errors)
    }

    /// Every setting with its value and origin, in the order of the documentation.
    pub fn rows(&self) -> Vec<SettingRow> {
        let row = |(spec, (value, origin)): (&Spec, &(toml::Value, Origin))| SettingRow {
            key: spec.key,
            value: value.to_string(),
            origin: origin.clone(),
            about: spec.about,
        };
        SPECS.iter().zip(&self.rows).map(row).collect()
    }

    fn of(rows: Vec<(toml::Value, Origin)>) -> Settings {
        let at = |key: &str| {
            let index = SPECS.iter().position(|spec| spec.key == key);
            index.map_or(&toml::Value::Boolean(false), |index| &rows[index].0)
        };
        let int = |key: &str| at(key).as_integer().and_then(|value| u64::try_from(value).ok()).unwrap_or(0);
        let size = |key: &str| usize::try_from(int(key)).unwrap_or(usize::MAX);
        let list = |key: &str| {
            let items = at(key).as_array().map(Vec::as_slice).unwrap_or_default();
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        Settings {
            enabled: at("enabled").as_bool().unwrap_or(true),
            hook_deadline_ms: int("hook.deadline_ms"),
            hook_token_budget: size("hook.token_budget"),
            hook_chars_max: size("hook.chars_max"),
            hook_agents: list("hook.agents"),
            hook_agents_skip: list("hook.agents_skip"),
            explore_policy: match at("explore.policy").as_str() {
                Some("inject") => ExplorePolicy::Inject,
                Some("allow") => ExplorePolicy::Allow,
                _ => ExplorePolicy::Answer,
            },
            explore_agents: list("explore.agents"),
            rewrite_enabled: at("rewrite.enabled").as_bool().unwrap_or(true),
            rewrite_exclude: list("rewrite.exclude"),
            rewrite_mutating: at("rewrite.mutating").as_bool().unwrap_or(false),
            memory_file_bytes_max: int("memory.file_bytes_max"),
            memory_projects_max: size("memory.projects_max"),
            memory_verify_hours: int("memory.verify_hours"),
            daemon_ask: at("daemon.ask").as_bool().unwrap_or(true),
            daemon_autostart: at("daemon.autostart").as_bool().unwrap_or(false),
            daemon_memory_mb: size("daemon.memory_mb"),
            daemon_cpu_percent: int("daemon.cpu_percent"),
            daemon_watches_max: size("daemon.watches_max"),
            rows,
        }
    }
}

fn literal(text: &str) -> toml::Value {
    let table: Result<toml::Table, _> = toml::from_str(&format!("v = {text}"));
    table.ok().and_then(|mut table| table.remove("v")).unwrap_or(toml::Value::Boolean(false))
}

/// Reads a variable as the type of the value in force; a list is comma-separated.
fn parse_variable(text: &str, like: &toml::Value) -> Option<toml::Value> {
    match like {
        toml::Value::Boolean(_) => match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Some(true.into()),
            "0" | "false" | "no" | "off" => Some(false.into()),
            _ => None,
        },
        toml::Value::Integer(_) => text.trim().parse::<i64>().ok().map(Into::into),
        toml::Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(toml::Value::Array(items.map(|item| item.to_owned().into()).collect()))
        }
        _ => Some(text.to_owned().into()),
    }
}

/// Whether the value is in the range of its setting.
fn allowed(key: &str, value: &toml::Value) -> bool {
    match key {
        "explore.policy" => matches!(value.as_str(), Some("answer" | "inject" | "allow")),
        "hook.deadline_ms" => value.as_integer().is_some_and(|ms| (50..=60_000).contains(&ms)),
        "hook.token_budget" => value.as_integer().is_some_and(|tokens| (100..=50_000).contains(&tokens)),
        "hook.chars_max" => value.as_integer().is_some_and(|chars| (500..=200_000).contains(&chars)),
        "daemon.cpu_percent" => value.as_integer().is_some_and(|percent| (1..=100).contains(&percent)),
        _ => match value {
            toml::Value::Integer(number) => *number >= 0,
            toml::Value::Array(items) => items.iter().all(|item| item.as_str().is_some()),
            _ => true,
        },
    }
}

fn read_table(file: &Path) -> Result<Option<toml::Table>, String> {
    match std::fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
        Ok(meta) if !meta.is_file() || meta.len() > SETTINGS_BYTES_MAX => {
            return Err("not a regular file of at most 256 KiB".into());
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    toml::from_str(&text).map(Some).map_err(|error| error.to_string().trim_end().replace('\n', " "))
}

fn overlay(
    rows: &mut [(toml::Value, Origin)],
    table: &toml::Table,
    file: &Path,
    of_project: bool,
    errors: &mut Vec<SettingsError>,
) {
    for key in unknown_keys(table) {
        let reason = format!("there is no setting {key}");
        errors.push(SettingsError { file: file.display().to_string(), reason });
    }
    for (spec, row) in SPECS.iter().zip(rows) {
        let Some(value) = lookup(table, spec.key) else { continue };
        let problem = if of_project && !spec.project {
            Some(format!("{} may only be set by the user, not by a project", spec.key))
        } else if !value.same_type(&row.0) || !allowed(spec.key, value) {
            Some(format!("{value} is not a value of {}", spec.key))
        } else if of_project && LIMITS.contains(&spec.key) && value.as_integer() > row.0.as_integer() {
            Some(format!("{} may be lowered by a project, not raised to {value}", spec.key))
        } else {
            None
        };
        match problem {
            Some(reason) => errors.push(SettingsError { file: file.display().to_string(), reason }),
            None => *row = (value.clone(), Origin::File(file.display().to_string())),
        }
    }
}

/// Keys of the table, in its sections too, that name no setting: most are misspelt.
fn unknown_keys(table: &toml::Table) -> Vec<String> {
    let mut unknown = Vec::new();
    for (name, value) in table {
        let section = format!("{name}.");
        match value.as_table() {
            Some(inner) if SPECS.iter().any(|spec| spec.key.starts_with(&section)) => {
                unknown.extend(inner.keys().map(|key| format!("{section}{key}")));
            }
            _ => unknown.push(name.clone()),
        }
    }
    unknown.retain(|key| SPECS.iter().all(|spec| spec.key != key));
    unknown
}

fn lookup<'a>(table: &'a toml::Table, key: &str) -> Option<&'a toml::Value> {
    let mut parts = key.split('.');
    let mut value = table.get(parts.next()?)?;
    for part in parts {
        value = value.as_table()?.get(part)?;
    }
    Some(value)
}

/// `RTK_DISABLED=1`, `RTK_ALLOW_NATIVE_EXPLORE=1` and `RTK_BLOCK_NATIVE_EXPLORE=0` are short forms that beat the rest.
fn legacy_variables(env: &Env, rows: &mut [(toml::Value, Origin)]) {
    let mut set = |key: &str, value: toml::Value, variable: &'static str| {
        if let Some(index) = SPECS.iter().position(|spec| spec.key == key) {
            rows[index] = (value, Origin::Variable(variable));
        }
    };
    if env.var("RTK_DISABLED").is_some_and(|value| value != "0") {
        set("enabled", false.into(), "RTK_DISABLED");
    }
    if env.var("RTK_ALLOW_NATIVE_EXPLORE") == Some("1") {
        set("explore.policy", "allow".to_owned().into(), "RTK_ALLOW_NATIVE_EXPLORE");
    }
    if env.var("RTK_BLOCK_NATIVE_EXPLORE") == Some("0") {
        set("explore.policy", "allow".to_owned().into(), "RTK_BLOCK_NATIVE_EXPLORE");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(user: &str, project: &str, vars: &[(&str, &str)]) -> (Settings, Vec<SettingsError>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, user).unwrap();
        std::fs::write(folder.path().join(".rtk.toml"), project).unwrap();
        let env = Env::of(folder.path(), vars.iter().copied());
        Settings::load(&env, Some(&file), Some(folder.path()))
    }

    #[test]
    fn later_layers_win_and_say_where_they_came_from() {
        let (settings, errors) = load(
            "[hook]\ndeadline_ms = 900\ntoken_budget = 1800",
            "[hook]\ntoken_budget = 1500",
            &[("RTK_EXPLORE_AGENTS", "Explore, Scout")],
        );
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!((settings.hook_deadline_ms, settings.hook_token_budget), (900, 1500));
        assert_eq!(settings.explore_agents, ["Explore", "Scout"]);
        let rows = settings.rows();
        let row = rows.iter().find(|row| row.key == "explore.agents").unwrap();
        assert_eq!(row.origin, Origin::Variable("RTK_EXPLORE_AGENTS"));
    }

    #[test]
    fn bad_values_are_reported_and_leave_the_layer_below_in_force() {
        let (settings, errors) = load(
            "[hook]\ndeadline_ms = \"fast\"",
            "[hook]\ndeadline_ms = 100\n[explore]\npolicy = \"never\"",
            &[("RTK_HOOK_CHARS_MAX", "x")],
        );
        assert_eq!((settings.hook_deadline_ms, settings.hook_chars_max), (2000, 9000));
        assert_eq!(settings.explore_policy, ExplorePolicy::Answer);
        assert_eq!(errors.len(), 4, "{errors:?}");
        let (broken, errors) = load("[hook", "", &[]);
        assert_eq!(broken.hook_deadline_ms, 2000);
        assert_eq!(errors.len(), 1);
    }

    #[test]
    fn a_project_lowers_limits_and_never_raises_them() {
        let raised = "[hook]\ntoken_budget = 50000\nchars_max = 1001\n[memory]\nfile_bytes_max = 2000000";
        let (settings, errors) = load("[hook]\nchars_max = 1000", raised, &[]);
        assert_eq!((settings.hook_token_budget, settings.hook_chars_max), (2200, 1000));
        assert_eq!((settings.memory_file_bytes_max, errors.len()), (1_048_576, 3), "{errors:?}");
        let (settings, errors) = load("[hook]\nchars_max = 1000", "[hook]\nchars_max = 999", &[]);
        assert_eq!((settings.hook_chars_max, errors.len()), (999, 0), "{errors:?}");
    }

    #[test]
    fn a_setting_that_does_not_exist_is_reported() {
        let (settings, errors) = load(
            "speed = 1\nhook = 3\n[explor]\npolicy = \"allow\"",
            "[hook]\ndeadline = 100\ntoken_budget = 1500",
            &[],
        );
        let told: Vec<&str> = errors.iter().map(|error| error.reason.as_str()).collect();
        let missing =
            ["explor", "hook", "speed", "hook.deadline"].map(|key| format!("there is no setting {key}"));
        assert_eq!(told.len(), missing.len(), "{told:?}");
        assert!(missing.iter().all(|reason| told.contains(&reason.as_str())), "{told:?}");
        assert_eq!(settings.hook_token_budget, 1500);
    }

    #[test]
    fn short_switches_beat_everything() {
        let (settings, _) = load(
            "enabled = true\n[explore]\npolicy = \"answer\"",
            "",
            &[("RTK_DISABLED", "1"), ("RTK_BLOCK_NATIVE_EXPLORE", "0")],
        );
        assert!(!settings.enabled);
        assert_eq!(settings.explore_policy, ExplorePolicy::Allow);
    }
}
