//! One run of one user function.
//!
//! The engine is made for the run and dropped with it. It holds the built-ins of the language: no I/O, no timers, no
//! modules. Three limits hold: memory (the engine's allocator refuses), time and cancellation (an interrupt looks every
//! few thousand steps), stack (recursion throws).

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rquickjs::context::EvalOptions;
use rquickjs::{Array, CatchResultExt, CaughtError, Context, Ctx, Function, Object, Runtime, Type, Value};
use serde::Deserialize;

use super::super::failure::{Code, Failure};
use super::super::work::Cancel;

const HARNESS: &str = include_str!("harness.js");
/// Well inside the 1 MiB that the smallest stack of a worker thread has.
const STACK_BYTES: usize = 512 * 1024;
/// Answers of all batches together, unless the engine's own memory may be larger: each of them fits that memory, but
/// they are kept until the last.
const MOST_ANSWERS: usize = 256 * 1024 * 1024;

/// A user function and the limits it runs under.
pub(crate) struct Script {
    /// What errors call it, for instance `transformFunction`.
    pub(crate) name: String,
    /// An expression that yields a function.
    pub(crate) code: String,
    /// The key under which values cross that JSON has no word for; not guessable by the data.
    pub(crate) tag: String,
    pub(crate) timeout: Duration,
    pub(crate) memory_bytes: usize,
}

/// What a function does with items.
pub(crate) struct ItemWork {
    /// `map`, `filter` or `reduce`.
    pub(crate) kind: &'static str,
    /// The first accumulator of a reduce, as JSON text.
    pub(crate) initial: Option<String>,
    /// Whether a reduce calls its function with one object `{acc, item, index}`.
    pub(crate) named: bool,
    /// Whether the function wants to see all items at once; then there is one batch.
    pub(crate) whole: bool,
}

impl Script {
    /// Runs over batches, each the JSON text of an array. The answers of map and filter are one text per batch (filter's
    /// hold positions over all batches), that of reduce one text in all.
    pub(crate) fn run_items(
        &self,
        work: &ItemWork,
        batches: impl Iterator<Item = (String, usize)>,
        cancel: &Cancel,
    ) -> Result<Vec<String>, Failure> {
        self.run(cancel, |session| {
            let options = Object::new(session.ctx.clone()).map_err(|_| session.out_of_memory())?;
            session.set(&options, "initial", work.initial.clone())?;
            session.set(&options, "named", work.named)?;
            let start: Function<'_> = session.harness("items")?;
            let mut batches = batches.peekable();
            let whole = if work.whole { batches.peek().map(|(text, _)| text.clone()) } else { None };
            let runner: Object<'_> = session.call(|| {
                start.call((session.function.clone(), work.kind, self.tag.as_str(), options.clone(), whole))
            })?;
            let step: Function<'_> = session.call(|| runner.get("step"))?;
            let finish: Function<'_> = session.call(|| runner.get("finish"))?;
            let mut answers = Vec::new();
            let (mut position, mut answered) = (0, 0);
            for (text, items) in batches {
                let text = if work.whole { String::new() } else { text };
                let answer = session.call(|| step.call::<_, String>((text, position as f64)))?;
                answered += answer.len();
                if answered > MOST_ANSWERS.max(self.memory_bytes) {
                    return Err(Code::MemoryLimitExceeded
                        .because(format!("{} answered more than can be held", self.name)));
                }
                answers.push(answer);
                position += items;
            }
            if work.kind == "reduce" {
                answers = vec![session.call(|| finish.call(()))?];
            }
            Ok(answers)
        })
    }

    /// Calls the function with `input`, `item` and `variables` of one JSON object and gives its answer as JSON text.
    /// `tables` are paths into that object whose `records` come from `fetch` when they are read.
    pub(crate) fn evaluate(
        &self,
        values: String,
        tables: Vec<Vec<String>>,
        fetch: impl Fn(usize) -> String + 'static,
        cancel: &Cancel,
    ) -> Result<String, Failure> {
        self.run(cancel, |session| {
            let evaluate: Function<'_> = session.harness("evaluate")?;
            let paths = Array::new(session.ctx.clone()).map_err(|_| session.out_of_memory())?;
            for (position, path) in tables.iter().enumerate() {
                session.call(|| paths.set(position, path.clone()))?;
            }
            let fetch =
                session.call(|| Function::new(session.ctx.clone(), move |table: usize| fetch(table)))?;
            session.call(|| {
                evaluate.call((
                    session.function.clone(),
                    self.tag.as_str(),
                    values,
                    paths.clone(),
                    fetch.clone(),
                ))
            })
        })
    }

    fn run<T>(
        &self,
        cancel: &Cancel,
        body: impl FnOnce(&Session<'_, '_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let unavailable = |_| Code::ExecutionFailed.because("No JavaScript engine could be started");
        let runtime = Runtime::new().map_err(unavailable)?;
        runtime.set_memory_limit(self.memory_bytes);
        runtime.set_max_stack_size(STACK_BYTES);
        let stopped = Rc::new(Cell::new(None));
        runtime.set_interrupt_handler(Some(self.interrupt(cancel, Rc::clone(&stopped))));
        let context = Context::full(&runtime).map_err(unavailable)?;
        context.with(|ctx| {
            let mut session = Session {
                script: self,
                harness: None,
                function: Value::new_undefined(ctx.clone()),
                stopped: &stopped,
                ctx,
            };
            session.start()?;
            body(&session)
        })
    }

    fn interrupt(&self, cancel: &Cancel, stopped: Rc<Cell<Option<Stop>>>) -> Box<dyn FnMut() -> bool> {
        let (cancel, deadline) = (cancel.clone(), Instant::now() + self.timeout);
        Box::new(move || {
            let stop = if cancel.is_cancelled() {
                Some(Stop::Cancelled)
            } else if Instant::now() >= deadline {
                Some(Stop::Deadline)
            } else {
                None
            };
            stopped.set(stopped.get().or(stop));
            stopped.get().is_some()
        })
    }
}

#[derive(Clone, Copy)]
enum Stop {
    Deadline,
    Cancelled,
}

/// A script in its engine.
struct Session<'a, 'js> {
    script: &'a Script,
    ctx: Ctx<'js>,
    harness: Option<Object<'js>>,
    function: Value<'js>,
    stopped: &'a Cell<Option<Stop>>,
}

/// What the harness tells of a thrown value.
#[derive(Deserialize)]
struct Thrown {
    item: i64,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    stack: String,
    #[serde(default)]
    refused: bool,
}

impl<'js> Session<'_, 'js> {
    /// Evaluates the harness, then the user's code, which therefore cannot reach what the harness keeps for itself.
    fn start(&mut self) -> Result<(), Failure> {
        self.harness = Some(self.call(|| self.ctx.eval(HARNESS))?);
        let mut options = EvalOptions::default();
        options.strict = false;
        options.filename = Some(self.script.name.clone());
        let code = self.script.code.trim().trim_end_matches(';');
        self.function = self.call(|| self.ctx.eval_with_options(format!("({code}\n)"), options))?;
        if !self.function.is_function() {
            return Err(Code::InvalidParameters.because(format!("{} is not a function", self.script.name)));
        }
        Ok(())
    }

    fn harness(&self, name: &str) -> Result<Function<'js>, Failure> {
        let harness = self.harness.as_ref().ok_or_else(|| self.out_of_memory())?;
        self.call(|| harness.get(name))
    }

    fn set<'a>(
        &self,
        object: &Object<'js>,
        key: &'a str,
        value: impl rquickjs::IntoJs<'js>,
    ) -> Result<(), Failure>
    where
        'js: 'a,
    {
        self.call(|| object.set(key, value))
    }

    fn call<T>(&self, step: impl FnOnce() -> rquickjs::Result<T>) -> Result<T, Failure> {
        let result = step().catch(&self.ctx);
        // An interrupt that user code swallowed still counts.
        if let Some(stop) = self.stopped.get() {
            return Err(self.stop(stop));
        }
        result.map_err(|error| self.failure(error))
    }

    fn stop(&self, stop: Stop) -> Failure {
        let name = &self.script.name;
        match stop {
            Stop::Cancelled => Code::Cancelled.because(format!("{name} was cancelled")),
            Stop::Deadline => {
                let limit = self.script.timeout.as_millis();
                Code::Timeout.because(format!("{name} was stopped after {limit} ms"))
            }
        }
    }

    fn out_of_memory(&self) -> Failure {
        let (name, limit) = (&self.script.name, self.script.memory_bytes / (1024 * 1024));
        Code::MemoryLimitExceeded.because(format!("{name} needed more than its {limit} MiB of memory"))
    }

    fn failure(&self, error: CaughtError<'js>) -> Failure {
        let name = &self.script.name;
        let thrown = match error {
            CaughtError::Exception(exception) => exception.into_value(),
            // Without room for an error the engine throws what no code can.
            CaughtError::Value(value) if value.type_of() == Type::Uninitialized => {
                return self.out_of_memory();
            }
            CaughtError::Value(value) => value,
            CaughtError::Error(error) => {
                return Code::ExecutionFailed.because(format!("{name} failed: {error}"));
            }
        };
        // Without room to describe the error there was none to make it either.
        let Some(thrown) = self.describe(thrown) else {
            return self.stopped.get().map_or_else(|| self.out_of_memory(), |stop| self.stop(stop));
        };
        let kind = thrown.name.as_deref().unwrap_or_default();
        if kind == "InternalError" && matches!(thrown.message.as_str(), "out of memory" | "string too long") {
            return self.out_of_memory();
        }
        let code = if thrown.refused {
            Code::TypeMismatch
        } else if kind == "SyntaxError" && self.function.is_undefined() {
            Code::InvalidParameters
        } else {
            Code::ExecutionFailed
        };
        let mut place = String::new();
        if thrown.item >= 0 {
            place.push_str(&format!(" at item {}", thrown.item));
        }
        if let Some(line) = line_of(&thrown.stack, name) {
            place.push_str(&format!(", line {line}"));
        }
        let kind = if thrown.refused || kind.is_empty() { String::new() } else { format!("{kind}: ") };
        code.because(format!("{name} failed{place}: {kind}{}", thrown.message))
    }

    fn describe(&self, thrown: Value<'js>) -> Option<Thrown> {
        let describe: Function<'js> = self.harness.as_ref()?.get("describe").ok()?;
        let text: String = describe.call((thrown,)).ok()?;
        serde_json::from_str(&text).ok()
    }
}

/// The line in the user's code that a stack of the engine names first.
fn line_of(stack: &str, name: &str) -> Option<u32> {
    let rest = &stack[stack.find(&format!("{name}:"))? + name.len() + 1..];
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(code: &str) -> Script {
        Script {
            name: "transformFunction".into(),
            code: code.into(),
            tag: "@test".into(),
            timeout: Duration::from_secs(60),
            memory_bytes: 32 * 1024 * 1024,
        }
    }

    fn run(script: &Script, kind: &'static str, batches: &[(&str, usize)]) -> Result<Vec<String>, Failure> {
        let work = ItemWork { kind, initial: None, named: false, whole: false };
        script.run_items(
            &work,
            batches.iter().map(|(text, items)| ((*text).to_owned(), *items)),
            &Cancel::default(),
        )
    }

    #[test]
    fn batches_are_numbered_through() {
        let answers = run(&script("(x, i) => x * 10 + i"), "map", &[("[1,2]", 2), ("[3]", 1)]).unwrap();
        assert_eq!(answers, ["[10,21]", "[32]"]);
        let kept =
            run(&script("function (x) { return x % 2 }"), "filter", &[("[1,2]", 2), ("[3]", 1)]).unwrap();
        assert_eq!(kept, ["[0]", "[2]"]);
        assert_eq!(run(&script("(a, x) => a + x;"), "reduce", &[("[1,2]", 2), ("[3]", 1)]).unwrap(), ["6"]);
    }

    #[test]
    fn an_endless_loop_ends_at_its_deadline_even_when_it_catches_everything() {
        for code in
            ["() => { while (true) {} }", "() => { while (true) { try { while (true) {} } catch {} } }"]
        {
            let script = Script { timeout: Duration::from_millis(50), ..script(code) };
            assert_eq!(run(&script, "map", &[("[1]", 1)]).unwrap_err().code, Code::Timeout);
        }
    }

    #[test]
    fn a_cancelled_run_ends() {
        let token = super::super::super::work::CancelToken::new();
        token.cancel();
        let work = ItemWork { kind: "map", initial: None, named: false, whole: false };
        let batches = [("[1]".to_owned(), 1)].into_iter();
        let failure = script("() => { while (true) {} }")
            .run_items(&work, batches, &Cancel::of(Some(&token)))
            .unwrap_err();
        assert_eq!(failure.code, Code::Cancelled);
    }

    #[test]
    fn memory_is_capped_however_it_is_taken() {
        for code in [
            "() => { const a = []; while (true) a.push({ a }) }",
            "() => new Array(1e8).fill(0)",
            "() => { let s = 'x'; while (true) s += s + Math.random() }",
            "() => { const a = []; for (;;) { try { a.push(new ArrayBuffer(1e6)) } catch (e) { throw e } } }",
        ] {
            let failure = run(&script(code), "map", &[("[1]", 1)]).unwrap_err();
            assert_eq!(failure.code, Code::MemoryLimitExceeded, "{code}: {failure}");
        }
    }

    #[test]
    fn answers_that_fit_one_by_one_are_bounded_together() {
        let work = ItemWork { kind: "map", initial: None, named: false, whole: false };
        let endless = std::iter::repeat_with(|| ("[1]".to_owned(), 1));
        let script =
            Script { timeout: Duration::from_secs(60), ..script("() => globalThis.big ??= 'x'.repeat(4e6)") };
        let failure = script.run_items(&work, endless, &Cancel::default()).unwrap_err();
        assert_eq!(failure.code, Code::MemoryLimitExceeded, "{failure}");
    }

    #[test]
    fn errors_tell_message_line_and_item_only() {
        let failure = run(
            &script("(x) => {\n  return x.a.b;\n}"),
            "map",
            &[(r#"[{"a":{}}]"#, 1), (r#"[{"secret":"s3"}]"#, 1)],
        )
        .unwrap_err();
        assert_eq!(failure.code, Code::ExecutionFailed);
        assert!(
            failure.message.starts_with("transformFunction failed at item 1, line 2: TypeError: "),
            "{failure}"
        );
        assert!(!failure.message.contains("s3"));
        let failure = run(&script("() => { throw 'no' }"), "map", &[("[1]", 1)]).unwrap_err();
        assert_eq!(failure.message, "transformFunction failed at item 0: no");
        assert_eq!(run(&script("x => x +"), "map", &[("[1]", 1)]).unwrap_err().code, Code::InvalidParameters);
        assert_eq!(run(&script("42"), "map", &[("[1]", 1)]).unwrap_err().code, Code::InvalidParameters);
        let recursion = run(&script("function f() { return f() + 1 }"), "map", &[("[1]", 1)]).unwrap_err();
        assert_eq!(recursion.code, Code::ExecutionFailed);
    }

    #[test]
    fn values_that_are_no_data_are_refused_on_their_way_out() {
        for code in ["() => ({ f() {} })", "() => 1n", "() => new Map()", "async () => 1", "() => Symbol()"] {
            let failure = run(&script(code), "map", &[("[1]", 1)]).unwrap_err();
            assert_eq!(failure.code, Code::TypeMismatch, "{code}: {failure}");
        }
    }

    #[test]
    fn records_of_a_table_are_fetched_only_when_read() {
        let fetched = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let evaluate = |code: &str| {
            let fetched = fetched.clone();
            let fetch = move |_| {
                fetched.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                "[{\"a\":1}]".to_owned()
            };
            let values = r#"{"input":{"data":{"rowCount":7}}}"#.to_owned();
            script(code)
                .evaluate(values, vec![vec!["input".into(), "data".into()]], fetch, &Cancel::default())
                .unwrap()
        };
        assert_eq!(evaluate("(input) => input.data.rowCount > 5"), "true");
        assert_eq!(fetched.load(std::sync::atomic::Ordering::SeqCst), 0);
        assert_eq!(evaluate("(input) => input.data.records[0].a + input.data.records.length"), "2");
        assert_eq!(fetched.load(std::sync::atomic::Ordering::SeqCst), 1);
    }
}
