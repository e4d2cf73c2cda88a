//! Every flow in `tests/flows/bad` has exactly the problems that its `.problems.json` lists.
//!
//! The other languages read the same files, with the node types of `tests/flows/node-types.json`. `UPDATE=1` writes the
//! lists anew; then read each of them.

#![cfg(feature = "yaml")]

use std::fs;
use std::path::{Path, PathBuf};

use conductor_core::flow::{Limits, from_json, from_yaml};
use conductor_core::validate::{Declaration, NodeTypes, Problem, validate};
use serde_json::Value;

fn flows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/flows")
}

fn read_json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn node_types() -> NodeTypes {
    let told = read_json(&flows().join("node-types.json"));
    let names = |value: &Value| {
        let list = value.as_array()?;
        Some(list.iter().map(|name| name.as_str().unwrap().to_owned()).collect())
    };
    let types = told["schemas"]
        .as_object()
        .unwrap()
        .iter()
        .fold(NodeTypes::new(), |types, (name, schema)| types.with(name, &schema.to_string()).unwrap());
    let types = told["declared"].as_object().unwrap().iter().fold(types, |types, (name, told)| {
        let declaration = Declaration {
            inputs: names(&told["inputs"]),
            outputs: names(&told["outputs"]),
            routed: told["routed"] == true,
            complete: told["complete"] == true,
            container: told["container"] == true,
        };
        types.declared(name, declaration)
    });
    types.closed().for_file()
}

fn problems(path: &Path, types: &NodeTypes) -> Vec<Problem> {
    let limits = Limits::default();
    let text = fs::read_to_string(path).unwrap();
    let flow = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => from_json(&text, &limits),
        _ => from_yaml(&text, &limits),
    };
    match flow {
        Ok(mut flow) => {
            flow.fill_defaults();
            validate(&flow, types, &limits)
        }
        Err(error) => vec![Problem::from(error)],
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the engine does no I/O, its test may")]
fn bad_flows_have_the_problems_that_are_listed() {
    let types = node_types();
    let mut paths: Vec<PathBuf> = fs::read_dir(flows().join("bad"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.to_string_lossy().ends_with(".problems.json"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let found = serde_json::to_value(problems(&path, &types)).unwrap();
        let listed =
            path.with_file_name(format!("{}.problems.json", path.file_name().unwrap().to_string_lossy()));
        assert_ne!(found, Value::Array(Vec::new()), "{}", path.display());
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&listed, format!("{found:#}\n")).unwrap();
        }
        assert_eq!(found, read_json(&listed), "{}", path.display());
    }
}
