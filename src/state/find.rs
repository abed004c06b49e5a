//! Finds a launch in the records of all sessions, for `rtk hook why`.

use super::event::{Event, Launch, Started};
use super::session::StateError;
use crate::base::Paths;
use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::time::SystemTime;

/// Sessions that are read for the latest launches.
const SESSIONS_MAX: usize = 200;

/// A launch with the agent start that it led to.
#[derive(Debug)]
pub struct Found {
    /// The record file.
    pub file: PathBuf,
    /// The launch.
    pub launch: Launch,
    /// The agent that the launch announced, once it has started.
    pub started: Option<Started>,
}

/// A launch with the agent that it led to.
#[derive(Debug)]
pub struct Latest {
    /// The launch.
    pub launch: Launch,
    /// The agent that the launch is taken to have announced.
    pub agent_id: Option<String>,
}

/// Finds the launch with this `tool_use_id`, or the latest of all; sessions are searched from the newest back.
pub fn find(paths: &Paths, tool_use_id: Option<&str>) -> Result<Option<Found>, StateError> {
    for file in newest_first(paths)? {
        let Ok(events) = read(&file) else { continue };
        let wanted = |launch: &Launch| tool_use_id.is_none_or(|id| launch.tool_use_id.as_deref() == Some(id));
        let position =
            events.iter().rposition(|event| matches!(event, Event::Launch(launch) if wanted(launch)));
        let Some(position) = position else { continue };
        let started = events.get(position..).unwrap_or_default().iter().find_map(|event| {
            match (event, &events[position]) {
                (Event::SubagentStart(started), Event::Launch(launch)) if started.consumed.is_some() => {
                    (started.consumed == launch.tool_use_id).then(|| started.clone())
                }
                _ => None,
            }
        });
        let Some(Event::Launch(launch)) = events.into_iter().nth(position) else { continue };
        return Ok(Some(Found { file, launch: *launch, started }));
    }
    Ok(None)
}

/// The latest launches of all sessions, newest first, at most `count`. Of several rows about one launch the last counts:
/// a daemon that was killed between its row and its reply has left one, and the hook has done the work itself.
pub fn latest(paths: &Paths, count: usize) -> Result<Vec<Latest>, StateError> {
    let mut launches: Vec<Latest> = Vec::new();
    for file in newest_first(paths)?.into_iter().take(SESSIONS_MAX) {
        if launches.len() >= count.saturating_mul(2) {
            break;
        }
        let mut seen = HashSet::new();
        let mut agents: HashMap<String, String> = HashMap::new();
        for event in read(&file).unwrap_or_default().into_iter().rev() {
            match event {
                Event::SubagentStart(Started { agent_id: Some(agent), consumed: Some(id), .. }) => {
                    agents.insert(id, agent);
                }
                Event::Launch(launch) => {
                    let id = launch.tool_use_id.clone();
                    if id.clone().is_none_or(|id| seen.insert(id)) {
                        let agent_id = id.and_then(|id| agents.remove(&id));
                        launches.push(Latest { launch: *launch, agent_id });
                    }
                }
                _ => {}
            }
        }
    }
    launches.sort_by_key(|latest| std::cmp::Reverse(latest.launch.at_ms));
    launches.truncate(count);
    Ok(launches)
}

fn newest_first(paths: &Paths) -> Result<Vec<PathBuf>, StateError> {
    let folder = paths.sessions();
    let entries = match std::fs::read_dir(&folder) {
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|source| StateError::Read { path: folder.display().to_string(), source })?,
    };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .filter_map(|path| Some((std::fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    files.sort_by(|a, b| b.cmp(a));
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

fn read(file: &std::path::Path) -> std::io::Result<Vec<Event>> {
    let mut reader = BufReader::new(std::fs::File::open(file)?);
    let mut events = Vec::new();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        events.extend(serde_json::from_slice(&line).ok());
        line.clear();
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::super::session::Session;
    use super::*;
    use crate::base::Env;

    #[test]
    fn a_launch_is_found_in_any_session_and_the_latest_without_an_id() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::of(&Env::of(folder.path(), [("RTK_HOME", folder.path())])).unwrap();
        assert!(find(&paths, None).unwrap().is_none());
        for (session, id) in [("s1", "t1"), ("s1", "t2"), ("s2", "t3")] {
            let mut launch = Launch::new(session, 1);
            launch.tool_use_id = Some(id.into());
            Session::of(&paths, session).append(&Event::Launch(Box::new(launch))).unwrap();
        }
        let mut started = Started::new(2, Some("a".into()), "Plan".into());
        started.consumed = Some("t1".into());
        Session::of(&paths, "s1").append(&Event::SubagentStart(started)).unwrap();
        let found = find(&paths, Some("t1")).unwrap().unwrap();
        assert_eq!(found.launch.session_id, "s1");
        assert_eq!(found.started.unwrap().agent_id.as_deref(), Some("a"));
        assert!(find(&paths, Some("t2")).unwrap().unwrap().started.is_none());
        assert!(find(&paths, Some("t9")).unwrap().is_none());
        // The row of a daemon that was killed before its reply was out, and the hook's own.
        let mut again = Launch::new("s1", 5);
        again.tool_use_id = Some("t2".into());
        Session::of(&paths, "s1").append(&Event::Launch(Box::new(again))).unwrap();
        let row = |row: Latest| (row.launch.tool_use_id.unwrap(), row.launch.at_ms, row.agent_id);
        let mut rows: Vec<_> = latest(&paths, 9).unwrap().into_iter().map(row).collect();
        assert_eq!(rows[0], ("t2".into(), 5, None));
        rows.sort();
        assert_eq!(rows[0], ("t1".into(), 1, Some("a".into())), "with the agent that it led to");
        assert_eq!(rows.len(), 3, "{rows:?}");
        let s2 = find(&paths, Some("t3")).unwrap().unwrap().file;
        let later = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1 << 33);
        std::fs::File::options().append(true).open(s2).unwrap().set_modified(later).unwrap();
        assert_eq!(find(&paths, None).unwrap().unwrap().launch.tool_use_id.as_deref(), Some("t3"));
    }
}
