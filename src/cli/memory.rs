//! `rtk memory`: the slice for a task, the project at a glance, what changed, and looking after the index.

use super::args::{
    ClearArgs, DetailArg, MemoryArgs, MemoryCommand, PlanArgs, PlanFormat, ProjectArgs, QueryTypeArg,
    RefreshArgs,
};
use super::error::CliError;
use super::{Session, explore, lookup, output, serve};
use crate::base::{Deadline, Settings};
use crate::memory::{self, Budget, Context, Detail, IndexError, Plan, QueryType, Question, RefreshOptions};
use crate::project::{self, Root};
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// A person waits longer than a hook: time for one question, in milliseconds.
const QUESTION_MS: u64 = 600_000;
/// A task text beyond this is cut, in bytes.
const TASK_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Hard limit of a slice per token of its budget, in characters.
const CHARS_PER_TOKEN: usize = 6;

pub(super) fn run(session: &Session, args: MemoryArgs) -> Result<ExitCode, CliError> {
    match args.what {
        MemoryCommand::Plan(args) => plan(session, &args),
        MemoryCommand::Symbol(args) => lookup::symbol(session, &args),
        MemoryCommand::Related(args) => lookup::related(session, &args),
        MemoryCommand::Explore(args) => explore::explore(session, &args),
        MemoryCommand::Delta(args) => explore::delta(session, &args),
        MemoryCommand::Refresh(args) => refresh(session, &args),
        MemoryCommand::Status(args) => status(session, &args),
        MemoryCommand::Clear(args) => clear(session, &args),
        MemoryCommand::Serve(args) => serve::serve(session, &args),
        MemoryCommand::Watch(args) => serve::watch(session, &args),
    }
}

/// The project that was named, or the one around the working folder, with its settings.
pub(super) struct Place {
    pub(super) root: Root,
    pub(super) settings: Settings,
}

pub(super) fn place(session: &Session, at: &ProjectArgs) -> Result<Place, CliError> {
    let start = match (&at.project, session.env.cwd()) {
        (Some(named), Some(cwd)) => cwd.join(named),
        (Some(named), None) => named.clone(),
        (None, Some(cwd)) => cwd.to_path_buf(),
        (None, None) => PathBuf::from("."),
    };
    let found = project::find_root(&start, &session.env).map_err(|error| CliError::Room {
        message: error.to_string(),
        hint: Some("name an existing folder that you may read".into()),
    })?;
    let root = found.ok_or_else(|| CliError::NoProject(start.display().to_string()))?;
    let user = session.paths.as_ref().map(crate::base::Paths::settings);
    let (settings, errors) = Settings::load(&session.env, user.as_deref(), Some(&root.path));
    for error in errors {
        session.out.warn(&error.to_string());
    }
    Ok(Place { root, settings })
}

pub(super) fn context<'a>(session: &'a Session, place: &'a Place) -> Result<Context<'a>, CliError> {
    Ok(Context {
        env: &session.env,
        paths: session.paths()?,
        settings: &place.settings,
        log: &session.log,
        deadline: Deadline::after_ms(QUESTION_MS),
    })
}

impl From<IndexError> for CliError {
    fn from(error: IndexError) -> CliError {
        let hint = match &error {
            IndexError::Store(crate::store::StoreError::Newer { .. }) => {
                "update rtk, or run `rtk memory clear`"
            }
            IndexError::Git(crate::git::GitError::BadRevision { .. }) => {
                "name a commit, branch or tag of this repository; `git log --oneline` lists some"
            }
            IndexError::Git(crate::git::GitError::NotARepository { .. }) => {
                "without git, `rtk memory delta` without --since compares with the last delta"
            }
            IndexError::Git(crate::git::GitError::NotTrusted { .. }) => {
                "if you trust it: git config --global --add safe.directory DIR, with the folder named above"
            }
            IndexError::Store(_) => {
                "run it again; if it stays, `rtk memory clear` deletes the index, which is then rebuilt"
            }
            _ => "see the log file named by `rtk memory status`",
        };
        CliError::Room { message: error.to_string(), hint: Some(hint.into()) }
    }
}

fn read_task(session: &Session, args: &PlanArgs) -> Result<String, CliError> {
    let read = |what: String, input: &mut dyn std::io::Read| {
        let mut bytes = Vec::new();
        let done = input.take(TASK_BYTES_MAX).read_to_end(&mut bytes);
        done.map_err(|source| CliError::Read { what, source })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    if let Some(file) = args.task_file.as_ref().filter(|file| file.as_os_str() != "-") {
        let path = session.env.cwd().map_or_else(|| file.clone(), |cwd| cwd.join(file));
        let opened = std::fs::File::open(&path);
        let mut opened =
            opened.map_err(|source| CliError::Read { what: path.display().to_string(), source })?;
        return read(path.display().to_string(), &mut opened);
    }
    match args.task.as_deref() {
        None | Some("-") => read("stdin".into(), &mut std::io::stdin().lock()),
        Some(task) => Ok(task.to_owned()),
    }
}

pub(super) fn query_type(arg: QueryTypeArg) -> QueryType {
    match arg {
        QueryTypeArg::General => QueryType::General,
        QueryTypeArg::Bugfix => QueryType::Bugfix,
        QueryTypeArg::Feature => QueryType::Feature,
        QueryTypeArg::Refactor => QueryType::Refactor,
        QueryTypeArg::Incident => QueryType::Incident,
        QueryTypeArg::Test => QueryType::Test,
        QueryTypeArg::Docs => QueryType::Docs,
    }
}

pub(super) fn detail(arg: DetailArg) -> Detail {
    match arg {
        DetailArg::Compact => Detail::Compact,
        DetailArg::Normal => Detail::Normal,
        DetailArg::Verbose => Detail::Verbose,
    }
}

fn plan(session: &Session, args: &PlanArgs) -> Result<ExitCode, CliError> {
    let task = read_task(session, args)?;
    if task.trim().is_empty() {
        return Err(CliError::Usage {
            message: "the task is empty",
            hint: "say what is to be found or done, as in: rtk memory plan \"why does login lose the session?\"",
        });
    }
    let place = place(session, &args.at)?;
    let context = context(session, &place)?;
    warm_up(session, &context, &place.root)?;
    let question = Question { task: &task, query_type: args.query_type.map(query_type), top: args.top };
    let ranked = memory::search(&context, &place.root, &question)?;
    let tokens = args.token_budget.unwrap_or(place.settings.hook_token_budget);
    let budget = Budget {
        tokens,
        chars: tokens.saturating_mul(CHARS_PER_TOKEN),
        detail: detail(args.detail),
        given: &[],
    };
    let plan = memory::assemble(&ranked, &budget);
    let format = if session.out.is_json() { PlanFormat::Json } else { args.format };
    match format {
        PlanFormat::Json => session.out.json(&plan_json(&plan, tokens))?,
        PlanFormat::Paths => {
            for candidate in &plan.candidates {
                session.out.line(&candidate.path)?;
            }
        }
        PlanFormat::Text => print_plan(session, &plan, tokens, args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn plan_json(plan: &Plan, budget: usize) -> serde_json::Value {
    let shown = plan.candidates.iter().filter(|candidate| candidate.shown).count();
    let mut value = serde_json::to_value(plan).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("schema".into(), 1.into());
        object
            .insert("files".into(), plan.candidates.iter().map(|candidate| candidate.path.clone()).collect());
        let report = serde_json::json!({ "budget": budget, "used": plan.tokens, "files_shown": shown, "files_ranked": plan.candidates.len() });
        object.insert("budget_report".into(), report);
    }
    value
}

fn print_plan(session: &Session, plan: &Plan, tokens: usize, args: &PlanArgs) -> Result<(), CliError> {
    if plan.candidates.is_empty() {
        session.out.line("Nothing in this project meets the words of the task.")?;
    } else if plan.text.is_empty() {
        let count = plan.candidates.len();
        session.out.line(&format!(
            "{count} candidate files, none of which fits into {tokens} tokens: give more with --token-budget."
        ))?;
    } else {
        session.out.raw(plan.text.as_bytes())?;
    }
    if args.explain || session.out.is_verbose() {
        explain(session, plan)?;
    }
    if args.trace {
        trace(session, plan)?;
    }
    Ok(())
}

/// What raises a score by less is not told.
const SHARE_TOLD_MIN: f32 = 0.15;
/// Reasons told per file.
const SHARES_TOLD: usize = 4;

/// Says in words how sure the answer is and why each file is where it is.
fn explain(session: &Session, plan: &Plan) -> Result<(), CliError> {
    let out = &session.out;
    let sure = match plan.confidence {
        memory::Confidence::High => "the words of the task are at home in these files",
        memory::Confidence::Low => "these files may fit by chance",
        memory::Confidence::None => "the task seems to be about something else",
    };
    let kind = serde_json::to_value(plan.query_type).unwrap_or_default();
    out.line(&format!(
        "\nConfidence {:?}: {sure}. Taken for: {}.",
        plan.confidence,
        kind.as_str().unwrap_or("general")
    ))?;
    out.line(&format!(
        "Scores compare the files of this answer with each other and mean nothing beyond it. Each is a sum of what speaks \
         for a file and what against it; {} of {} that have words of the task are listed.",
        plan.candidates.len(),
        plan.facts.candidates
    ))?;
    for (number, candidate) in plan.candidates.iter().enumerate() {
        let fate = match (&candidate.cut, candidate.shown) {
            (Some(cut), true) => format!("shown in {} tokens, {cut}", candidate.tokens),
            (None, true) => format!("shown in {} tokens", candidate.tokens),
            (cut, false) => format!("not shown: {}", cut.as_deref().unwrap_or("no room")),
        };
        out.line(&format!("{:>3}. {} — {fate}", number + 1, candidate.path))?;
        out.line(&format!("     {:.1} = {}", candidate.score, sums(candidate)))?;
        let most = most_telling(candidate);
        if !most.is_empty() {
            out.line(&format!("     above all: {}", most.join("; ")))?;
        }
    }
    Ok(())
}

/// What each group of signals adds to a score.
fn sums(candidate: &memory::Candidate) -> String {
    let of_group = |group: memory::SignalGroup| {
        let signals = candidate
            .signals
            .iter()
            .filter(|signal| memory::signal_meaning(signal.name).is_some_and(|(other, _)| other == group));
        signals.map(|signal| signal.share).sum::<f32>()
    };
    let sums = memory::SignalGroup::ALL.map(|(group, title)| format!("{title} {:+.1}", of_group(group)));
    sums.join(", ")
}

/// What raises a score most, and what the kind of the file takes from it.
fn most_telling(candidate: &memory::Candidate) -> Vec<String> {
    let told = candidate.signals.iter().filter_map(|signal| {
        let (group, meaning) = memory::signal_meaning(signal.name)?;
        // The others below zero only take back what their like have said too often.
        let told = signal.share >= SHARE_TOLD_MIN
            || group == memory::SignalGroup::Kind && signal.share <= -SHARE_TOLD_MIN;
        told.then(|| format!("{meaning} {:+.1}", signal.share))
    });
    told.take(SHARES_TOLD).collect()
}

/// Shows the numbers behind an answer.
fn trace(session: &Session, plan: &Plan) -> Result<(), CliError> {
    let out = &session.out;
    let grounds = plan.facts.grounds.iter().map(|(name, value)| format!("{name} {value:.2}"));
    let grounds: Vec<String> = grounds.collect();
    out.line(&format!("\ncertainty {:.2} from {}", plan.facts.certainty, grounds.join(", ")))?;
    for (name, micros) in &plan.facts.timings_us {
        out.line(&format!("  until {name} was done: {:.1} ms", *micros as f64 / 1000.0))?;
    }
    for (number, candidate) in plan.candidates.iter().enumerate() {
        out.line(&format!("{:>3}. {:.3} {}", number + 1, candidate.score, candidate.path))?;
        let shares = candidate.signals.iter().filter(|signal| signal.value != 0.0);
        let shares: Vec<String> = shares
            .map(|signal| format!("{}={:.3} {:+.3}", signal.name, signal.value, signal.share))
            .collect();
        out.line(&format!("     {}", shares.join(", ")))?;
    }
    Ok(())
}

/// A first index is built with progress before the question is answered, so that the answer is complete.
pub(super) fn warm_up(session: &Session, context: &Context<'_>, root: &Root) -> Result<(), CliError> {
    // Where nothing can be saved the question itself finds out, and is answered from memory.
    if !memory::is_indexed(context, root) {
        let progress = output::Progress::new(&session.out, "indexing");
        let options = RefreshOptions {
            rebuild: false,
            background: false,
            threads: 2,
            progress: &|done, of| progress.set(done, of),
        };
        match memory::refresh(context, root, &options) {
            Ok(_) => {}
            Err(error @ (IndexError::Store(_) | IndexError::Fs(_) | IndexError::NotSaved { .. })) => {
                session.log.line("warn", &format!("first index: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn refresh(session: &Session, args: &RefreshArgs) -> Result<ExitCode, CliError> {
    let place = place(session, &args.at)?;
    if args.background {
        return refresh_in_background(session, args, &place);
    }
    let context = context(session, &place)?;
    let progress = output::Progress::new(&session.out, "indexing");
    let report = |done: usize, of: usize| progress.set(done, of);
    let done = memory::refresh(&context, &place.root, &refresh_options(args, &report))?;
    drop(progress);
    if session.out.is_json() {
        let mut value = serde_json::to_value(&done).unwrap_or_default();
        value["schema"] = 1.into();
        session.out.json(&value)?;
    } else if done.busy {
        session.out.line("another refresh of this project is under way")?;
    } else if !session.out.is_quiet() {
        session.out.line(&format!(
            "{} files in the project, {} looked at, {} new or changed, {} ms",
            done.files, done.looked_at, done.changed, done.elapsed_ms
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn refresh_options<'a>(
    args: &RefreshArgs,
    progress: &'a (dyn Fn(usize, usize) + Sync),
) -> RefreshOptions<'a> {
    let threads = args.threads.clamp(1, 64);
    RefreshOptions { rebuild: args.rebuild, background: args.background, threads, progress }
}

/// What a hook leaves to be done after it: nobody watches, so that the log has one line of it at most.
fn refresh_in_background(session: &Session, args: &RefreshArgs, place: &Place) -> Result<ExitCode, CliError> {
    crate::base::lower_priority();
    let log = session.log.clone().gathering();
    let context = Context { log: &log, ..context(session, place)? };
    let done = memory::refresh(&context, &place.root, &refresh_options(args, &|_, _| {}));
    if let Err(error) = &done {
        log.line("warn", &format!("refresh: {error}"));
    }
    log.flush();
    done?;
    Ok(ExitCode::SUCCESS)
}

fn status(session: &Session, args: &ProjectArgs) -> Result<ExitCode, CliError> {
    let place = place(session, args)?;
    let context = context(session, &place)?;
    let status = memory::status(&context, &place.root)?;
    if session.out.is_json() {
        let mut value = serde_json::to_value(&status).unwrap_or_default();
        value["schema"] = 1.into();
        value["log"] = session.paths()?.log().display().to_string().into();
        session.out.json(&value)?;
        return Ok(ExitCode::SUCCESS);
    }
    let out = &session.out;
    out.line(&format!("project   {}", status.root))?;
    out.line(&format!(
        "database  {} ({:.1} MiB)",
        status.database,
        status.database_bytes as f64 / 1048576.0
    ))?;
    out.line(&format!("log       {}", session.paths()?.log().display()))?;
    if status.scanned_ms == 0 {
        out.line("index     none yet; it is built at the first question, or by `rtk memory refresh`")?;
        return Ok(ExitCode::SUCCESS);
    }
    out.line(&format!(
        "index     {} of {} files, {} segments, {} loose documents",
        status.files_indexed, status.files_known, status.segments, status.loose
    ))?;
    let age = (crate::base::unix_ms() - status.verified_ms).max(0) / 1000;
    out.line(&format!("verified  {age} s ago; every question compares it with the disk again"))?;
    let languages: Vec<String> =
        status.languages.iter().take(8).map(|(name, count)| format!("{name} {count}")).collect();
    out.line(&format!("languages {}", languages.join(", ")))?;
    Ok(ExitCode::SUCCESS)
}

fn clear(session: &Session, args: &ClearArgs) -> Result<ExitCode, CliError> {
    let place = if args.all { None } else { Some(place(session, &args.at)?) };
    let user = session.paths()?.settings();
    let settings = Settings::load(&session.env, Some(&user), None).0;
    let context = Context {
        env: &session.env,
        paths: session.paths()?,
        settings: &settings,
        log: &session.log,
        deadline: Deadline::after_ms(QUESTION_MS),
    };
    let cleared = memory::clear(&context, place.as_ref().map(|place| &place.root))?;
    if session.out.is_json() {
        session.out.json(&serde_json::json!({ "schema": 1, "projects": cleared.projects }))?;
    } else if !session.out.is_quiet() {
        session.out.line(&format!("{} index(es) deleted", cleared.projects))?;
    }
    Ok(ExitCode::SUCCESS)
}
