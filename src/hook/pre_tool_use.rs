//! PreToolUse: every launch of an agent is injected, answered or left alone.

use super::event::{Event, LaunchInput, is_one_of, normalised};
use super::reply::Reply;
use super::scene::Scene;
use super::siblings;
use super::similar::{self, Gist};
use super::slice::{self, Slice};
use crate::base::{ExplorePolicy, Settings, unix_ms};
use crate::memory::{Budget, Confidence, Detail, Plan, Question, Ranked};
use crate::project::Root;
use crate::state::{self, Action, CandidateRow, Launch, Mark, Session};
use crate::text::block;

/// An unsure slice has this part of the budget.
const UNSURE_PART: usize = 3;
/// Candidates that the record keeps of one launch.
const CANDIDATES_MAX: usize = 20;
/// Reasons that the record keeps of one candidate.
const REASONS_MAX: usize = 4;

/// How the policy sees a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Left alone, for this reason.
    Skip(&'static str),
    /// Gets the slice in its prompt.
    Agent,
    /// Is answered instead of launched, if the memory is sure and the question new.
    Question,
}

/// Answers one PreToolUse event.
pub(super) fn answer(scene: &Scene<'_>, event: &Event) -> Reply {
    if event.tool_name == "Bash" {
        return super::bash::answer(scene, event);
    }
    if !matches!(event.tool_name.as_str(), "Task" | "Agent") {
        return Reply::Nothing;
    }
    let Some(input) = event.launch_input() else {
        scene.log.line("warn", "hook PreToolUse: the tool input holds no prompt");
        return Reply::Nothing;
    };
    let root = scene.root(event);
    let settings = scene.settings(root.as_ref());
    if !settings.enabled {
        return Reply::Nothing;
    }
    let stripped = block::find(&input.prompt);
    let task = slice::task_text(&input.prompt, &stripped);
    let mut launch = describe(event, &input, &task);
    launch.project = root.as_ref().map(|root| root.path.display().to_string());
    let class = class_of(&settings, &input, &task, root.is_some());
    launch.class = match class {
        Class::Skip(_) => "left alone".into(),
        Class::Agent => "agent: inject".into(),
        Class::Question => "exploration: answer".into(),
    };
    let mut job = Job { scene, event, input: &input, settings: &settings, stripped, task, launch };
    match (class, root) {
        (Class::Skip(reason), _) => job.end(Action::Skipped, reason),
        (_, None) => job.end(Action::Skipped, "no project"),
        (class, Some(root)) => job.serve(class, &root),
    }
}

fn class_of(settings: &Settings, input: &LaunchInput<'_>, task: &str, has_project: bool) -> Class {
    let agent_type = input.agent_type.as_str();
    let exploration = is_one_of(agent_type, &settings.explore_agents);
    if normalised(agent_type) == "fork" {
        Class::Skip("a fork has the whole conversation already")
    } else if !settings.hook_agents.is_empty() && !is_one_of(agent_type, &settings.hook_agents) {
        Class::Skip("the agent type is not in hook.agents")
    } else if is_one_of(agent_type, &settings.hook_agents_skip) {
        Class::Skip("the agent type is in hook.agents_skip")
    } else if task.trim().is_empty() {
        Class::Skip("the prompt is empty")
    } else if !has_project {
        Class::Skip("no project")
    } else if exploration && settings.explore_policy == ExplorePolicy::Allow {
        Class::Skip("explore.policy is allow")
    } else if exploration && settings.explore_policy == ExplorePolicy::Answer {
        Class::Question
    } else {
        Class::Agent
    }
}

/// What the record says of the launch itself.
fn describe(event: &Event, input: &LaunchInput<'_>, task: &str) -> Launch {
    let gist = Gist::of(task);
    Launch {
        tool_use_id: event.tool_use_id.clone(),
        prompt_id: event.prompt_id.clone(),
        agent_id: event.agent_id.clone(),
        transcript: event.transcript.clone(),
        agent_type: input.agent_type.clone(),
        name: input.name.clone(),
        isolation: input.isolation.clone(),
        prompt_hash: gist.hash,
        sketch: gist.sketch,
        prompt_chars: input.prompt.chars().count(),
        prompt_head: state::head(task),
        ..Launch::new(&event.session_id, unix_ms())
    }
}

/// One launch on its way to a decision.
struct Job<'a> {
    scene: &'a Scene<'a>,
    event: &'a Event,
    input: &'a LaunchInput<'a>,
    settings: &'a Settings,
    /// Our own blocks in the prompt.
    stripped: Vec<std::ops::Range<usize>>,
    task: String,
    launch: Launch,
}

impl Job<'_> {
    /// Searches first, which may take long, and decides under the session's lock, which is short.
    fn serve(&mut self, class: Class, root: &Root) -> Reply {
        let question = Question { task: &self.task, query_type: None, top: CANDIDATES_MAX };
        let context = self.scene.context(self.settings);
        let ranked = match self.scene.knowledge.search(&context, root, &question) {
            Ok(ranked) => ranked,
            Err(error) => {
                // What is wrong with the project lasts longer than this launch; the record has each one.
                self.scene.log.line("warn", &format!("hook PreToolUse: {error}"));
                return self.end(Action::Failed, &error.to_string());
            }
        };
        self.note_search(&ranked);
        if ranked.confidence == Confidence::None {
            return self.end(Action::Abstained, "nothing confident to say");
        }
        let session = self.scene.session(self.event);
        let _lock = self.scene.lock(&session);
        let marks = session.marks();
        if let Err(error) = &marks {
            self.scene.log.line("warn", &format!("hook PreToolUse: {error}"));
        }
        if class == Class::Question && ranked.confidence == Confidence::High {
            match marks.as_deref().map(|marks| self.repeats(marks)) {
                Ok(None) => {
                    if let Some(reply) = self.answer_instead(&session, &ranked) {
                        return reply;
                    }
                }
                Ok(Some(reason)) => self.launch.class = format!("exploration: inject, {reason}"),
                // Without its record an answer could be given again and again; nobody is to be locked out.
                Err(_) => self.launch.class = "exploration: inject, the record cannot be read".into(),
            }
        }
        let given = siblings::given(marks.as_deref().unwrap_or_default(), self.event, self.launch.at_ms);
        self.inject(&session, &ranked, given)
    }

    /// Why the question is not to be answered a second time, if so.
    fn repeats(&self, marks: &[Mark]) -> Option<&'static str> {
        let gist = Gist { hash: self.launch.prompt_hash.clone(), sketch: self.launch.sketch.clone() };
        if similar::refers_to_answer(&self.input.prompt) {
            return Some("the prompt refers to an answer of rtk");
        }
        siblings::was_answered(marks, &gist).then_some("the question was answered before in this session")
    }

    /// Denies the launch with the answer; `None` if there is none to give or the record does not hold it.
    fn answer_instead(&mut self, session: &Session, ranked: &Ranked) -> Option<Reply> {
        let slice = Slice::answer(&self.task, self.settings.hook_chars_max);
        let plan = self.assemble(ranked, &slice, &[]);
        if plan.text.trim().is_empty() || self.scene.deadline.passed() {
            return None;
        }
        let reason = slice.fill(&plan.text)?;
        self.note_slice(&plan, &reason, Vec::new());
        self.launch.action = Action::Answered;
        self.launch.reason = "the memory is sure; the same question again passes".into();
        let row = state::Event::Launch(Box::new(self.launch.clone()));
        self.scene.record(session, &row).then_some(Reply::Answer(reason))
    }

    fn inject(&mut self, session: &Session, ranked: &Ranked, given: Vec<String>) -> Reply {
        let slice =
            Slice::injection(&self.task, self.settings.hook_chars_max, self.input.isolation.as_deref());
        let plan = self.assemble(ranked, &slice, &given);
        if plan.text.trim().is_empty() {
            return self.end_in(session, Action::Abstained, "nothing fits into the budget");
        }
        let Some(added) = slice.fill(&plan.text) else {
            return self.failed(session, "the slice is longer than hook.chars_max");
        };
        let Some(updated) = self.input.with_prompt(&self.stripped, &added) else {
            return self.failed(session, "the prompt could not be edited");
        };
        if self.scene.deadline.passed() {
            return self.failed(session, "the slice came too late");
        }
        self.note_slice(&plan, &added, given);
        let sure = ranked.confidence == Confidence::High;
        let reason =
            if sure { "the memory is sure" } else { "the memory is not sure: a short slice, marked as such" };
        self.end_in(session, Action::Injected, reason);
        Reply::UpdatedInput(updated)
    }

    fn assemble(&mut self, ranked: &Ranked, slice: &Slice, given: &[String]) -> Plan {
        let before_us = self.scene.deadline.elapsed_us();
        let sure = ranked.confidence == Confidence::High;
        let budget = Budget {
            // What may be chance is named, not quoted, and marked as such.
            tokens: self.settings.hook_token_budget / if sure { 1 } else { UNSURE_PART },
            chars: slice.chars_left(),
            detail: if sure { Detail::Normal } else { Detail::Compact },
            given,
        };
        let plan = self.scene.knowledge.assemble(ranked, &budget);
        let took_us = self.scene.deadline.elapsed_us().saturating_sub(before_us);
        self.launch.timings_us.push(("assemble".into(), took_us));
        plan
    }

    fn note_search(&mut self, ranked: &Ranked) {
        let timings = ranked.facts.timings_us.iter().map(|(step, us)| (format!("memory {step}"), *us));
        self.launch.timings_us.extend(timings);
        self.launch.timings_us.push(("searched after".into(), self.scene.deadline.elapsed_us()));
        self.launch.confidence = word(&ranked.confidence);
        self.launch.query_type = word(&ranked.query_type);
        self.launch.commit.clone_from(&ranked.facts.commit);
        self.launch.files = [ranked.facts.files_known, ranked.facts.files_indexed];
        self.launch.candidates = rows(&ranked.candidates);
    }

    fn note_slice(&mut self, plan: &Plan, text: &str, given: Vec<String>) {
        let shown = plan.candidates.iter().filter(|candidate| candidate.shown);
        self.launch.paths = shown.map(|candidate| candidate.path.clone()).collect();
        self.launch.candidates = rows(&plan.candidates);
        self.launch.slice_tokens = plan.tokens;
        self.launch.slice_chars = text.chars().count();
        self.launch.given = given;
    }

    fn end(&mut self, action: Action, reason: &str) -> Reply {
        self.end_in(&self.scene.session(self.event), action, reason)
    }

    fn failed(&mut self, session: &Session, reason: &str) -> Reply {
        self.scene.log.line("error", &format!("hook PreToolUse: {reason}"));
        self.end_in(session, Action::Failed, reason)
    }

    /// Writes the decision into the record and leaves the launch untouched.
    fn end_in(&mut self, session: &Session, action: Action, reason: &str) -> Reply {
        self.launch.action = action;
        self.launch.reason = reason.to_owned();
        self.launch.timings_us.push(("decided after".into(), self.scene.deadline.elapsed_us()));
        self.scene.record(session, &state::Event::Launch(Box::new(self.launch.clone())));
        Reply::Nothing
    }
}

fn rows(candidates: &[crate::memory::Candidate]) -> Vec<CandidateRow> {
    let row = |candidate: &crate::memory::Candidate| CandidateRow {
        path: candidate.path.clone(),
        score: candidate.score,
        reasons: candidate.reasons.iter().take(REASONS_MAX).cloned().collect(),
        shown: candidate.shown,
        tokens: candidate.tokens,
        cut: candidate.cut.clone(),
    };
    candidates.iter().take(CANDIDATES_MAX).map(row).collect()
}

/// The word that an enumeration is written as.
fn word(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

#[cfg(test)]
#[path = "pre_tool_use_tests.rs"]
mod tests;
