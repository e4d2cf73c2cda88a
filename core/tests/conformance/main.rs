//! The scenarios of `tests/conformance`, run on the engine itself: what is said must be what is written down there.
//!
//! The same scenarios run through both bindings; how they read is in `tests/conformance/README.md`.

#![cfg(feature = "yaml")]

mod host;
mod names;
mod script;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use conductor_core::bridge;
use serde_json::Value;

/// Scenarios that there are at least; fewer are a corpus that was not found.
const LEAST: usize = 60;

#[test]
fn every_scenario_goes_as_written_down() {
    let mut failures = Vec::new();
    let paths = scenarios();
    assert!(paths.len() >= LEAST, "{} scenarios", paths.len());
    for path in &paths {
        let name = path.file_stem().unwrap().to_string_lossy();
        let expected = corpus().join(format!("expected/v1/{name}.journal"));
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        let found = host::play(&read(path));
        if found != wanted {
            failures.push(format!("{name}, {}", first_difference(&found, &wanted)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_difference_is_shown_by_its_first_line() {
    assert_eq!(first_difference("a\nb\nc\n", "a\nx\ny\n"), "line 2:\n  expected  x\n  found     b");
    assert_eq!(first_difference("a\n", ""), "line 1:\n  expected  the end\n  found     a");
    assert_eq!(first_difference("a\n", "a\nb\n"), "line 2:\n  expected  b\n  found     the end");
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance")
}

fn scenarios() -> Vec<PathBuf> {
    let entries = fs::read_dir(corpus().join("flows")).expect("the corpus is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    let mut answer: Value = serde_json::from_str(&bridge::read_document(&text, "yaml")).unwrap();
    match answer.get_mut("value") {
        Some(value) => value.take(),
        None => panic!("{}: {answer}", path.display()),
    }
}

fn first_difference(found: &str, wanted: &str) -> String {
    let (mut found, mut wanted) = (found.lines(), wanted.lines());
    let mut line = 1;
    loop {
        match (found.next(), wanted.next()) {
            (None, None) => return "the ends of lines".to_owned(),
            (one, other) if one == other => line += 1,
            (one, other) => {
                let [one, other] = [one, other].map(|text| text.unwrap_or("the end"));
                return format!("line {line}:\n  expected  {other}\n  found     {one}");
            }
        }
    }
}
