//! What `rtk memory plan` takes from past commits, on small projects whose files do not tell.

use crate::sandbox::Sandbox;
use serde_json::Value;

/// Two folders of equal files, of which only the first was changed again and again.
fn project(message: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    for folder in ["busy", "quiet"] {
        for name in ["one", "two"] {
            sandbox.write(format!("{folder}/{name}.py"), "def total(items):\n    return sum(items)\n");
        }
    }
    sandbox.git(&["init", "-q", "-b", "main"]);
    commit(&sandbox, "Begin");
    for number in 0..4 {
        sandbox
            .write("busy/one.py", format!("def total(items):\n    return sum(items)\n\n\nSTEP = {number}\n"));
        commit(&sandbox, message);
    }
    sandbox
}

fn commit(sandbox: &Sandbox, message: &str) {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "-m", message]);
}

fn plan(sandbox: &Sandbox, task: &str) -> Value {
    sandbox.rtk(&["memory", "refresh"]).success();
    sandbox.rtk(&["memory", "plan", "--json", task]).success().json()
}

fn ground(answer: &Value, name: &str) -> f64 {
    let grounds = answer["facts"]["grounds"].as_array().unwrap();
    grounds.iter().find(|ground| ground[0] == name).unwrap()[1].as_f64().unwrap()
}

fn signal(answer: &Value, path: &str, name: &str) -> f64 {
    let candidates = answer["candidates"].as_array().unwrap();
    let candidate = candidates.iter().find(|candidate| candidate["path"] == path).unwrap();
    let signals = candidate["signals"].as_array().unwrap();
    signals.iter().find(|signal| signal["name"] == name).unwrap()["value"].as_f64().unwrap()
}

#[test]
fn neighbouring_words_of_messages_make_an_answer_surer() {
    let task = "total of ledger rounding is wrong";
    let known = plan(&project("Ledger rounding keeps cents"), task);
    // The same words that are no neighbours say less, and a history of other things says nothing.
    let apart = plan(&project("Ledger keeps cents when rounding"), task);
    let other = plan(&project("Faster start"), task);
    for name in ["past_pairs", "past_pair_share"] {
        assert!(ground(&known, name) > ground(&apart, name), "{name}: {known}");
        assert_eq!(ground(&apart, name), ground(&other, name));
    }
    assert!(ground(&apart, "past_near") > ground(&other, "past_near"));
    let sure = |answer: &Value| answer["facts"]["certainty"].as_f64().unwrap();
    assert!(sure(&known) > sure(&apart) && sure(&apart) > sure(&other));
}

#[test]
fn a_folder_where_work_goes_on_stands_out() {
    let answer = plan(&project("Count steps"), "total is wrong");
    let rate = |path: &str| signal(&answer, path, "folder_rate");
    assert!(rate("busy/two.py") > rate("quiet/two.py"), "{answer}");
    assert_eq!(rate("busy/one.py"), rate("busy/two.py"));
}
