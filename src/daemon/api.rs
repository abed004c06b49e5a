//! What HTTP and MCP clients can ask of the memory: requests as they are written, answers as JSON, and why not.

use super::projects::Projects;
use crate::base::{Deadline, Env, Log, Paths, Settings};
use crate::memory::{
    self, Budget, Context, Detail, ExploreOptions, IndexError, QueryType, Question, RefreshOptions,
};
use crate::project::{Root, find_root};
use serde::Deserialize;
use serde_json::{Value, json};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Time for one question, in milliseconds.
const QUESTION_MS: u64 = 20_000;
/// Hard limit of a slice per token of its budget, in characters.
const CHARS_PER_TOKEN: usize = 6;
/// Largest budget of a slice, in tokens.
const TOKENS_MAX: usize = 50_000;
/// Candidates listed when nothing else is asked for, and at most.
const TOP: usize = 20;
const TOP_MAX: usize = 200;
/// Characters of the general text when nothing else is asked for, and at most.
const CONTEXT_CHARS: usize = 4_000;
const CONTEXT_CHARS_MAX: usize = 50_000;
/// Longest task that is taken, in bytes.
const TASK_BYTES_MAX: usize = 512 * 1024;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Kind, a stable word.
    pub kind: ErrorKind,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
}

/// Kinds of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request cannot be read.
    Malformed,
    /// It can be read and makes no sense.
    Invalid,
    /// There is nothing at the path.
    NotFound,
    /// It is somebody else's.
    Forbidden,
    /// The work failed.
    Failed,
}

impl ApiError {
    fn new(kind: ErrorKind, message: impl Into<String>, hint: &'static str) -> ApiError {
        ApiError { kind, message: message.into(), hint }
    }
}

impl From<IndexError> for ApiError {
    fn from(error: IndexError) -> ApiError {
        match &error {
            IndexError::Git(crate::git::GitError::BadRevision { .. }) => {
                ApiError::new(ErrorKind::Invalid, error.to_string(), "name a commit, branch or tag")
            }
            IndexError::Git(crate::git::GitError::NotARepository { .. }) => ApiError::new(
                ErrorKind::Invalid,
                error.to_string(),
                "leave `since` out where there is no git",
            ),
            _ => ApiError::new(ErrorKind::Failed, error.to_string(), "see the log in rtk's state folder"),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanRequest {
    project: Option<PathBuf>,
    task: String,
    token_budget: Option<usize>,
    top: Option<usize>,
    query_type: Option<QueryType>,
    #[serde(default)]
    detail: Detail,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExploreRequest {
    project: Option<PathBuf>,
    query_type: Option<QueryType>,
    #[serde(default)]
    detail: Detail,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeltaRequest {
    project: Option<PathBuf>,
    since: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SymbolRequest {
    project: Option<PathBuf>,
    name: String,
    top: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextRequest {
    project: Option<PathBuf>,
    chars: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectRequest {
    project: Option<PathBuf>,
}

/// The questions that can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// The ranked slice for a task.
    PlanContext,
    /// The project at a glance.
    Explore,
    /// What changed.
    Delta,
    /// Brings the index up to date.
    Refresh,
    /// A short general text.
    Context,
    /// Definitions and uses of a name.
    Symbol,
}

/// Answers questions to the memory.
pub struct Api {
    env: Env,
    paths: Paths,
    log: Log,
    /// Indexes in memory, if there are any.
    projects: Option<Arc<Projects>>,
}

/// A project with its settings.
struct Place {
    root: Root,
    settings: Settings,
}

impl Api {
    /// Answers with this environment's settings, from memory where `projects` has the index.
    pub fn new(env: &Env, paths: &Paths, log: &Log, projects: Option<Arc<Projects>>) -> Api {
        Api { env: env.clone(), paths: paths.clone(), log: log.clone(), projects }
    }

    /// Answers one question; `body` is a JSON object.
    pub fn answer(&self, operation: Operation, body: &[u8]) -> Result<Value, ApiError> {
        match operation {
            Operation::PlanContext => self.plan(parse(body)?),
            Operation::Explore => self.explore(parse(body)?),
            Operation::Delta => self.delta(parse(body)?),
            Operation::Refresh => self.refresh(parse(body)?),
            Operation::Context => self.context_text(parse(body)?),
            Operation::Symbol => self.symbol(parse(body)?),
        }
    }

    fn plan(&self, request: PlanRequest) -> Result<Value, ApiError> {
        let task = request.task.trim();
        if task.is_empty() || task.len() > TASK_BYTES_MAX {
            let hint = "say in `task` what is to be found or done, in at most 512 KiB";
            return Err(ApiError::new(ErrorKind::Invalid, "the task is empty or too long", hint));
        }
        let place = self.place(request.project)?;
        let tokens =
            within("token_budget", request.token_budget, place.settings.hook_token_budget, TOKENS_MAX)?;
        let top = within("top", request.top, TOP, TOP_MAX)?;
        let question = Question { task, query_type: request.query_type, top };
        let context = self.context(&place);
        let ranked = match &self.projects {
            Some(projects) => projects.search(&context, &place.root, &question)?,
            None => memory::search(&context, &place.root, &question)?,
        };
        let budget = Budget {
            tokens,
            chars: tokens.saturating_mul(CHARS_PER_TOKEN),
            detail: request.detail,
            given: &[],
        };
        let plan = memory::assemble(&ranked, &budget);
        Ok(with_schema(serde_json::to_value(plan).unwrap_or_default()))
    }

    fn explore(&self, request: ExploreRequest) -> Result<Value, ApiError> {
        let place = self.place(request.project)?;
        let query_type = request.query_type.unwrap_or(QueryType::General);
        let options = ExploreOptions { query_type, detail: request.detail };
        let (overview, text) = memory::explore(&self.context(&place), &place.root, options)?;
        Ok(json!({ "schema": 1, "text": text, "overview": overview }))
    }

    fn delta(&self, request: DeltaRequest) -> Result<Value, ApiError> {
        let place = self.place(request.project)?;
        let since = request.since.as_deref().filter(|since| !since.is_empty());
        let (delta, text) = memory::delta(&self.context(&place), &place.root, since)?;
        Ok(json!({ "schema": 1, "text": text, "delta": delta }))
    }

    fn refresh(&self, request: ProjectRequest) -> Result<Value, ApiError> {
        let place = self.place(request.project)?;
        let options = RefreshOptions { rebuild: false, background: false, threads: 2, progress: &|_, _| {} };
        let refreshed = memory::refresh(&self.context(&place), &place.root, &options)?;
        Ok(with_schema(serde_json::to_value(refreshed).unwrap_or_default()))
    }

    fn symbol(&self, request: SymbolRequest) -> Result<Value, ApiError> {
        if !request.name.contains(|ch: char| ch.is_alphanumeric() || ch == '_') {
            let hint = "give a name as it is written in code, such as RateLimiter or Pool.get";
            return Err(ApiError::new(ErrorKind::Invalid, "the name is empty", hint));
        }
        let top = within("top", request.top, TOP, TOP_MAX)?;
        let place = self.place(request.project)?;
        let found = memory::symbol(&self.context(&place), &place.root, &request.name, top)?;
        Ok(with_schema(serde_json::to_value(found).unwrap_or_default()))
    }

    fn context_text(&self, request: ContextRequest) -> Result<Value, ApiError> {
        let chars = within("chars", request.chars, CONTEXT_CHARS, CONTEXT_CHARS_MAX)?;
        let place = self.place(request.project)?;
        let context = self.context(&place);
        let text = match &self.projects {
            Some(projects) => projects.glance(&context, &place.root, chars)?,
            None => memory::glance(&context, &place.root, chars)?,
        };
        Ok(json!({ "schema": 1, "text": text }))
    }

    /// The project around a folder that is the user's own; the working folder's without one.
    fn place(&self, folder: Option<PathBuf>) -> Result<Place, ApiError> {
        let absolute = "name the project's folder in `project`, as an absolute path";
        let folder = folder.or_else(|| self.env.cwd().filter(|_| self.projects.is_none()).map(PathBuf::from));
        let folder =
            folder.ok_or_else(|| ApiError::new(ErrorKind::Invalid, "no project is named", absolute))?;
        if !folder.is_absolute() || folder.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(ApiError::new(ErrorKind::Invalid, "`project` is no absolute path", absolute));
        }
        let Ok(meta) = std::fs::metadata(&folder) else {
            return Err(ApiError::new(
                ErrorKind::NotFound,
                format!("there is no folder {}", folder.display()),
                absolute,
            ));
        };
        if !meta.is_dir() {
            return Err(ApiError::new(
                ErrorKind::Invalid,
                format!("{} is no folder", folder.display()),
                absolute,
            ));
        }
        let not_yours = || {
            let message = format!("{} belongs to another user", folder.display());
            ApiError::new(ErrorKind::Forbidden, message, "name a project of your own")
        };
        let user = rustix::process::geteuid().as_raw();
        if meta.uid() != user {
            return Err(not_yours());
        }
        let root = find_root(&folder, &self.env).map_err(|error| {
            ApiError::new(ErrorKind::Forbidden, error.to_string(), "name a folder that you may read")
        })?;
        let Some(root) = root else {
            let message = format!("{} is in no project", folder.display());
            return Err(ApiError::new(ErrorKind::NotFound, message, "/ and home folders are never indexed"));
        };
        if std::fs::metadata(&root.path).is_ok_and(|meta| meta.uid() != user) {
            return Err(not_yours());
        }
        let (settings, _) = Settings::load(&self.env, Some(&self.paths.settings()), Some(&root.path));
        Ok(Place { root, settings })
    }

    fn context<'a>(&'a self, place: &'a Place) -> Context<'a> {
        Context {
            env: &self.env,
            paths: &self.paths,
            settings: &place.settings,
            log: &self.log,
            deadline: Deadline::after_ms(QUESTION_MS),
        }
    }
}

fn parse<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        let kind = if error.is_data() { ErrorKind::Invalid } else { ErrorKind::Malformed };
        ApiError::new(
            kind,
            format!("the body: {error}"),
            "GET /v1/openapi.json describes what each route takes",
        )
    })
}

fn within(name: &str, asked: Option<usize>, otherwise: usize, most: usize) -> Result<usize, ApiError> {
    match asked {
        Some(number) if number == 0 || number > most => {
            let message = format!("`{name}` is {number}, and must be 1 to {most}");
            Err(ApiError::new(ErrorKind::Invalid, message, "choose a number in that range, or leave it out"))
        }
        Some(number) => Ok(number),
        None => Ok(otherwise),
    }
}

fn with_schema(mut value: Value) -> Value {
    value["schema"] = 1.into();
    value
}
