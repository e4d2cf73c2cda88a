//! What the host of a scenario does, and when: answers to ops, and acts of its own.

use std::collections::HashMap;

use conductor_core::error::ErrorCode;
use conductor_core::flow::Name;
use conductor_core::ids::TaskId;
use conductor_core::run::Event;
use serde_json::Value;

use super::names::Names;

/// How long a node takes of which nothing else is said, in ms.
const USUAL_MS: f64 = 10.0;
/// Items of a scope of which nothing is said.
const USUAL_ITEMS: u32 = 2;

/// What is due at a moment.
enum Letter {
    /// Something that the host does by itself.
    Act(Value),
    /// What an attempt says; whoever is deaf says it even after it was stopped.
    Answer { task: TaskId, attempt: u32, deaf: bool, events: Vec<Event> },
}

pub(crate) struct Script {
    host: Value,
    handles: Vec<String>,
    /// In the order in which they are to be told.
    letters: Vec<(f64, Letter)>,
    /// How often a task of this name was asked.
    asked: HashMap<String, usize>,
    /// The latest attempt at a task.
    attempts: HashMap<TaskId, u32>,
    /// Acts before the start.
    pub(crate) before: Vec<Value>,
}

impl Script {
    pub(crate) fn of(host: Value, handles: Vec<String>) -> Script {
        let start = host["start"].as_f64().unwrap_or(0.0);
        let acts = host["acts"].as_array().cloned().unwrap_or_default();
        let (later, before): (Vec<Value>, Vec<Value>) =
            acts.into_iter().partition(|act| act.get("at").is_some());
        let mut script = Script {
            host,
            handles,
            letters: Vec::new(),
            asked: HashMap::new(),
            attempts: HashMap::new(),
            before,
        };
        for act in later {
            script.send(start + act["at"].as_f64().expect("a time"), Letter::Act(act));
        }
        script
    }

    /// When something is to be told next.
    pub(crate) fn next(&self) -> Option<f64> {
        self.letters.first().map(|(at, _)| *at)
    }

    /// The next letter's act, if it is one that is no event.
    pub(crate) fn take_act(&mut self) -> Option<Value> {
        match self.letters.first() {
            Some((_, Letter::Act(act))) if !is_event(act) => {}
            _ => return None,
        }
        match self.letters.remove(0).1 {
            Letter::Act(act) => Some(act),
            Letter::Answer { .. } => None,
        }
    }

    /// The events of the next letters of one moment, or of the first alone.
    pub(crate) fn take_events(&mut self, at: f64, single: bool, names: &Names) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            match self.letters.remove(0).1 {
                Letter::Act(act) => events.push(self.event(&act, names)),
                Letter::Answer { events: answer, .. } => events.extend(answer),
            }
            let follows = match self.letters.first() {
                Some((time, Letter::Act(act))) => *time == at && is_event(act),
                Some((time, Letter::Answer { .. })) => *time == at,
                None => false,
            };
            if single || !follows {
                return events;
            }
        }
    }

    /// The event that an act is.
    pub(crate) fn event(&self, act: &Value, names: &Names) -> Event {
        let number = |key: &str| act[key].as_u64().map(|number| number as u32);
        let task = || number("task").map(TaskId).unwrap_or_else(|| names.task(text(act, "node")));
        let attempt = |task: TaskId| number("attempt").or(self.attempts.get(&task).copied()).unwrap_or(1);
        match text(act, "do") {
            "cancel" => Event::Cancel,
            "pause" => Event::Pause,
            "resume" => Event::Resume,
            "take-over" => Event::TakenOver,
            "done" => Event::Done { task: task(), attempt: attempt(task()), routed: false },
            "fail" => Event::Failed { task: task(), attempt: attempt(task()), code: code(text(act, "code")) },
            "progress" => Event::Progress {
                task: task(),
                attempt: attempt(task()),
                percent: number("percent").unwrap_or(0),
            },
            other => panic!("no act {other}"),
        }
    }

    /// A task begins: plans the answer.
    pub(crate) fn started(&mut self, task: TaskId, attempt: u32, now: f64, names: &Names) {
        let behaviour = self.behaviour(task, attempt, now, names);
        let mut events = Vec::new();
        if let Some(failed) = behaviour["fails"].as_str() {
            events.push(Event::Failed { task, attempt, code: code(failed) });
        } else {
            for route in behaviour["routes"].as_array().into_iter().flatten() {
                let handle = self.handles.iter().position(|handle| Some(handle.as_str()) == route.as_str());
                events.extend(handle.map(|name| Event::Route { task, attempt, handle: Name(name as u32) }));
            }
            events.push(match behaviour["ends"].as_bool() {
                Some(true) => Event::End { task, attempt },
                _ => Event::Done { task, attempt, routed: behaviour.get("routes").is_some() },
            });
        }
        self.answer(&behaviour, task, attempt, now, events);
    }

    /// A scope is asked for its items: plans the answer.
    pub(crate) fn asked(&mut self, task: TaskId, attempt: u32, now: f64, names: &Names) {
        let behaviour = self.behaviour(task, attempt, now, names);
        let event = match behaviour["fails"].as_str() {
            Some(failed) => Event::Failed { task, attempt, code: code(failed) },
            None => Event::Items {
                task,
                attempt,
                count: behaviour["items"].as_u64().map_or(USUAL_ITEMS, |count| count as u32),
                open_ended: behaviour["more"].as_bool() == Some(true),
            },
        };
        self.answer(&behaviour, task, attempt, now, vec![event]);
    }

    /// An attempt is over by the engine's decision: what it would have said is not said, unless it does not listen.
    pub(crate) fn aborted(&mut self, stopped: TaskId, last: u32) {
        self.letters.retain(|(_, letter)| match letter {
            Letter::Answer { task, attempt, deaf, .. } => *deaf || (*task, *attempt) != (stopped, last),
            Letter::Act(_) => true,
        });
    }

    /// Whoever would have answered is gone.
    pub(crate) fn forget_answers(&mut self) {
        self.letters.retain(|(_, letter)| matches!(letter, Letter::Act(_)));
    }

    /// How a task behaves this time: by its name, by that of its node, or as all do. What it says of its progress is
    /// sent at once.
    fn behaviour(&mut self, task: TaskId, attempt: u32, now: f64, names: &Names) -> Value {
        self.attempts.insert(task, attempt);
        let name = names.of(task);
        let nodes = &self.host["nodes"];
        let found =
            nodes.get(&name).or_else(|| nodes.get(names.path_of(task))).unwrap_or(&self.host["default"]);
        let times = self.asked.entry(name).or_default();
        let behaviour = match found.as_array() {
            Some(each) => each[(*times).min(each.len() - 1)].clone(),
            None => found.clone(),
        };
        *times += 1;
        let deaf = is_deaf(&behaviour);
        for report in behaviour["progress"].as_array().into_iter().flatten() {
            let percent = report[1].as_u64().expect("a percent") as u32;
            let events = vec![Event::Progress { task, attempt, percent }];
            let at = now + report[0].as_f64().expect("a time");
            self.send(at, Letter::Answer { task, attempt, deaf, events });
        }
        behaviour
    }

    fn answer(&mut self, behaviour: &Value, task: TaskId, attempt: u32, now: f64, events: Vec<Event>) {
        if behaviour["never"].as_bool() == Some(true) {
            return;
        }
        let deaf = is_deaf(behaviour);
        let at = now + behaviour["after"].as_f64().unwrap_or(USUAL_MS);
        self.send(at, Letter::Answer { task, attempt, deaf, events: events.clone() });
        if let Some(again) = behaviour["again"].as_f64() {
            self.send(at + again, Letter::Answer { task, attempt, deaf, events });
        }
    }

    /// Letters of one moment stay in the order in which they were sent.
    fn send(&mut self, at: f64, letter: Letter) {
        let place = self.letters.partition_point(|(time, _)| *time <= at);
        self.letters.insert(place, (at, letter));
    }
}

pub(crate) fn text<'a>(act: &'a Value, key: &str) -> &'a str {
    act[key].as_str().unwrap_or_else(|| panic!("{act} names no {key}"))
}

fn is_deaf(behaviour: &Value) -> bool {
    behaviour["deaf"].as_bool() == Some(true)
}

fn is_event(act: &Value) -> bool {
    ["cancel", "pause", "resume", "take-over", "done", "fail", "progress"].contains(&text(act, "do"))
}

fn code(name: &str) -> ErrorCode {
    let found = ErrorCode::ALL.iter().find(|code| code.name() == name);
    *found.unwrap_or_else(|| panic!("no code {name}"))
}
