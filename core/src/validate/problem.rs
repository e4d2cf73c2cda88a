//! What was found, and the list of it.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::suggestion::{self, Budget};
use super::{Rule, Severity};
use crate::error::ErrorCode;
use crate::flow::FlowError;

/// How many problems are listed; a last one says how many more there are.
pub const LISTED_PROBLEMS: usize = 1000;

/// How many names are listed as allowed.
const LISTED_NAMES: usize = 12;

/// One thing that is wrong with a flow, or probably is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem it is.
    pub code: ErrorCode,
    /// Whether it keeps the flow from running.
    pub severity: Severity,
    /// The rule that is broken; none for a text that could not be read.
    pub rule: Option<Rule>,
    /// Where in the document, as JSON pointer such as `/nodes/3/edges/1/source`; empty for the
    /// document itself. A field that is missing is named as if it were there.
    pub path: String,
    /// What is wrong, for a person. Values of parameters are not repeated.
    pub message: String,
    /// The id of the node that has the problem, or of the group whose edge has it.
    pub node_id: Option<String>,
    /// The name that stands there, where it is the name that is wrong.
    pub found: Option<String>,
    /// The name that was probably meant.
    pub suggestion: Option<String>,
    /// What may stand there, as far as it is known; the first twelve of it.
    pub allowed: Vec<String>,
    /// The line in the text, from 1, when the flow could not be read from it.
    pub line: Option<u32>,
    /// The column in that line, from 1.
    pub column: Option<u32>,
}

/// By way of plain values: that is a third of the code that deriving it is.
impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields().serialize(serializer)
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Problem {
        Problem {
            path: error.path,
            line: error.line,
            column: error.column,
            ..Problem::new(error.code, Severity::Error, error.message)
        }
    }
}

impl Problem {
    /// Its fields in camel case; those that have no value are left out.
    #[inline(never)]
    fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                fields.insert(name.to_owned(), value);
            }
        };
        let text = |text: Option<&str>| text.map_or(Value::Null, |text| Value::String(text.to_owned()));
        put("code", text(Some(self.code.name())));
        put("severity", text(Some(self.severity.name())));
        put("rule", text(self.rule.map(Rule::name)));
        put("path", text(Some(&self.path)));
        put("message", text(Some(&self.message)));
        put("nodeId", text(self.node_id.as_deref()));
        put("found", text(self.found.as_deref()));
        put("suggestion", text(self.suggestion.as_deref()));
        if !self.allowed.is_empty() {
            put("allowed", Value::Array(self.allowed.iter().map(|name| text(Some(name))).collect()));
        }
        put("line", self.line.map_or(Value::Null, Value::from));
        put("column", self.column.map_or(Value::Null, Value::from));
        fields
    }

    #[inline(never)]
    fn new(code: ErrorCode, severity: Severity, message: String) -> Problem {
        Problem {
            code,
            severity,
            rule: None,
            path: String::new(),
            message,
            node_id: None,
            found: None,
            suggestion: None,
            allowed: Vec::new(),
            line: None,
            column: None,
        }
    }
}

/// What is wrong, before it is known where and in which node.
pub(super) struct Finding {
    message: String,
    found: Option<String>,
    suggestion: Option<String>,
    allowed: Vec<String>,
    /// Whether an example would tell what is right.
    lacks_example: bool,
}

impl Finding {
    pub(super) fn new(message: String) -> Finding {
        Finding { message, found: None, suggestion: None, allowed: Vec::new(), lacks_example: false }
    }

    /// What has another form than it should have.
    pub(super) fn of_form(message: String) -> Finding {
        Finding { lacks_example: true, ..Finding::new(message) }
    }

    /// Adds the name that was probably meant. The message has said what is allowed, and what was found is a value that
    /// is not repeated.
    #[inline(never)]
    pub(super) fn with_suggestion(mut self, found: &str, allowed: &[&str], budget: &mut Budget) -> Finding {
        self.suggest(suggestion::closest(found, allowed, budget));
        self.allow(allowed);
        self
    }

    /// Adds the name that was probably meant, and all that is allowed where that is little.
    #[inline(never)]
    pub(super) fn among(self, found: &str, allowed: &[&str], budget: &mut Budget) -> Finding {
        let meant = suggestion::closest(found, allowed, budget);
        self.instead_of(found, meant, allowed)
    }

    /// The same where it is known what was `meant`.
    #[inline(never)]
    pub(super) fn instead_of(mut self, found: &str, meant: Option<&str>, allowed: &[&str]) -> Finding {
        self.suggest(meant);
        let is_short = allowed.len() <= LISTED_NAMES;
        if !allowed.is_empty() && (is_short || meant.is_none()) {
            self.message.push_str(if meant.is_some() { " Allowed: " } else { ". Allowed: " });
            let listed = &allowed[..allowed.len().min(LISTED_NAMES)];
            for (index, name) in listed.iter().enumerate() {
                self.message.push_str(if index == 0 { "`" } else { ", `" });
                self.message.push_str(name);
                self.message.push('`');
            }
            if !is_short {
                self.message.push_str(", …");
            }
        }
        self.found = (!found.is_empty()).then(|| found.to_owned());
        self.allow(allowed);
        self
    }

    /// Says what was meant, where the message has told it already.
    pub(super) fn meaning(mut self, found: &str, meant: &str) -> Finding {
        self.found = Some(found.to_owned());
        self.suggestion = Some(meant.to_owned());
        self
    }

    /// Shows a parameter as it may be, where its form is wrong; only the innermost one around what is.
    #[inline(never)]
    pub(super) fn with_example(mut self, name: &str, example: &str) -> Finding {
        if self.lacks_example {
            self.message.push_str(&format!("; for example `{name}: {example}`"));
        }
        self.lacks_example = false;
        self
    }

    #[inline(never)]
    fn suggest(&mut self, meant: Option<&str>) {
        if let Some(meant) = meant {
            self.message.push_str(". Did you mean `");
            self.message.push_str(meant);
            self.message.push_str("`?");
        }
        self.suggestion = meant.map(str::to_owned);
    }

    #[inline(never)]
    fn allow(&mut self, allowed: &[&str]) {
        self.allowed = allowed.iter().take(LISTED_NAMES).map(|&name| name.to_owned()).collect();
    }
}

/// What was found, as far as it is listed: errors first.
pub(super) struct Problems {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    /// Errors and warnings that are not listed.
    others: [usize; 2],
    /// Whether unknown keys are errors.
    pub(super) is_file: bool,
    pub(super) budget: Budget,
}

impl Problems {
    /// `others`: errors that the host knows of beside these.
    pub(super) fn new(is_file: bool, others: usize) -> Problems {
        Problems {
            errors: Vec::new(),
            warnings: Vec::new(),
            others: [others, 0],
            is_file,
            budget: Budget::default(),
        }
    }

    /// Adds a problem. Its message is made only where it is listed: a flow may have millions of them.
    #[inline(never)]
    pub(super) fn add(
        &mut self,
        rule: Rule,
        path: &str,
        owner: Option<&str>,
        finding: &mut dyn FnMut(&mut Budget) -> Finding,
    ) {
        let severity = if self.is_file && matches!(rule, Rule::UnknownKey | Rule::NothingInside) {
            Severity::Error
        } else {
            rule.severity()
        };
        let is_error = severity == Severity::Error;
        let listed = if is_error { &mut self.errors } else { &mut self.warnings };
        if listed.len() >= LISTED_PROBLEMS {
            self.others[usize::from(!is_error)] += 1;
            return;
        }
        let Finding { message, found, suggestion, allowed, .. } = finding(&mut self.budget);
        listed.push(Problem {
            rule: Some(rule),
            path: path.to_owned(),
            node_id: owner.map(str::to_owned),
            found,
            suggestion,
            allowed,
            ..Problem::new(rule.code(), severity, message)
        });
    }

    pub(super) fn into_list(self) -> Vec<Problem> {
        let Problems { errors: mut listed, mut warnings, others, .. } = self;
        let room = LISTED_PROBLEMS - listed.len();
        let left_out = others[0] + others[1] + warnings.len().saturating_sub(room);
        warnings.truncate(room);
        listed.append(&mut warnings);
        if left_out > 0 {
            let message = format!("There are {left_out} more problems, which are not listed");
            let severity = if others[0] > 0 { Severity::Error } else { Severity::Warning };
            listed.push(Problem::new(ErrorCode::ValidationFailed, severity, message));
        }
        listed
    }
}
