//! What a misspelt name was probably meant to be.

/// Longer names are not compared: nobody misspells them by a letter or two.
const LONGEST: usize = 48;

/// What people write who know the same thing by another name, as keys of flows, as parameters, or as types of other tools. One
/// name may mean several: which of them there is decides.
const SYNONYMS: [(&[&str], &str); 58] = [
    (&["from"], "source"),
    (&["to"], "target"),
    (&["with", "config", "args", "options", "inputs"], "parameters"),
    (&["steps", "tasks", "children"], "nodes"),
    (&["links", "connections", "wires"], "edges"),
    (&["vars", "env"], "variables"),
    (&["kind", "uses"], "type"),
    (&["yes", "then"], "true"),
    (&["no", "else"], "false"),
    (&["retry"], "retries"),
    (&["file", "filename", "filePath"], "path"),
    (&["query", "statement"], "sql"),
    (&["command", "cmd"], "program"),
    (&["command", "cmd"], "command"),
    (&["items", "list", "rows"], "array"),
    (&["items", "list", "rows"], "data"),
    (&["headerRow", "skipRows", "skipLines", "startRow", "fromRow"], "firstRow"),
    (&["header", "headers", "firstRowIsHeader", "includeHeaders"], "hasHeaders"),
    (&["separator", "sep"], "delimiter"),
    (&["sheet", "worksheet", "tab"], "sheetName"),
    (&["endpoint", "uri", "href"], "url"),
    (&["payload"], "body"),
    (&["query", "queryParams", "qs"], "params"),
    (&["sortBy", "orderBy"], "by"),
    (&["average", "mean"], "avg"),
    (&["distinct", "unique", "countUnique", "uniqueCount"], "countDistinct"),
    (&["quantile", "p50", "p90", "p95", "p99"], "percentile"),
    (&["seconds", "ms", "wait", "time", "amount"], "duration"),
    (&["httpMethod", "verb"], "method"),
    (&["httpMethod", "method"], "methods"),
    (&["responseMode"], "answer"),
    (&["body", "message", "content"], "text"),
    (&["condition", "if", "when"], "expression"),
    (&["values", "set", "fields", "assignments"], "values"),
    (&["function", "fn", "callback", "mapper"], "transformFunction"),
    (&["op", "comparison"], "operator"),
    (&["op", "action", "mode"], "operation"),
    (&["script", "source", "js", "jsCode", "functionCode"], "code"),
    (&[">"], "gt"),
    (&[">="], "gte"),
    (&["<"], "lt"),
    (&["<="], "lte"),
    (&["==", "=", "===", "equals", "is"], "eq"),
    (&["!=", "<>", "!=="], "ne"),
    (&["set", "editFields", "assign", "setFields"], "edit-fields"),
    (&["function", "functionItem", "javascript", "js", "script", "typescript"], "code"),
    (&["if", "ifElse", "branch"], "condition"),
    (&["filter", "map", "itemLists", "aggregate", "reduce"], "transform"),
    (&["slack", "discord", "teams", "mattermost", "notify"], "message"),
    (&["gmail", "smtp", "mail", "sendEmail", "emailSend", "sendMail"], "email"),
    (&["http", "fetch", "request", "api", "curl", "rest"], "http-request"),
    (&["splitInBatches", "splitOut", "forEach", "foreach", "for", "each", "iterate", "while"], "loop"),
    (&["wait", "sleep", "pause", "timer"], "delay"),
    (
        &[
            "readFile",
            "writeFile",
            "readBinaryFile",
            "writeBinaryFile",
            "readWriteFile",
            "file",
            "files",
            "fs",
        ],
        "file-system",
    ),
    (&["googleSheets", "excel", "csv", "xlsx", "spreadsheetFile"], "spreadsheet"),
    (&["cron", "scheduleTrigger", "interval", "timerTrigger"], "schedule"),
    (&["openai", "openAi", "chatgpt", "gpt", "claude", "anthropic", "ai", "agent"], "llm"),
    (&["postgres", "postgresql", "mysql", "sqlite"], "database"),
];

/// How many names may still be compared, so that a flow with many mistakes is told of them in time.
pub(super) struct Budget(u32);

impl Default for Budget {
    fn default() -> Budget {
        Budget(200_000)
    }
}

impl Budget {
    pub(super) fn left(&self) -> usize {
        self.0 as usize
    }
}

/// The name among `known` that is closest to `found`, if one is close enough.
#[inline(never)]
pub(super) fn closest<'k>(found: &str, known: &[&'k str], budget: &mut Budget) -> Option<&'k str> {
    if found.is_empty() || found.len() > LONGEST {
        return None;
    }
    let synonyms =
        SYNONYMS.iter().filter(|(others, _)| others.iter().any(|other| other.eq_ignore_ascii_case(found)));
    let limit = match found.len() {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    let mut best = None;
    let mut least = usize::MAX;
    for &name in known {
        if budget.0 == 0 {
            break;
        }
        budget.0 -= 1;
        if synonyms.clone().any(|(_, meant)| *meant == name) {
            return Some(name);
        }
        let apart = distance(found.as_bytes(), name.as_bytes(), limit)
            .unwrap_or_else(|| if is_part(found, name) { limit + 1 } else { usize::MAX });
        if apart < least {
            (best, least) = (Some(name), apart);
        }
    }
    best
}

/// Whether one name begins with the other, as `parameters` does with `params` but for its last letter.
#[inline(never)]
fn is_part(found: &str, name: &str) -> bool {
    let stem = found.strip_suffix('s').unwrap_or(found);
    let (short, long) = if stem.len() < name.len() { (stem, name) } else { (name, found) };
    short.len() > 2
        && long
            .as_bytes()
            .get(..short.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(short.as_bytes()))
}

/// How many letters have to be put in, left out, replaced or swapped with the next one, if no more than `limit`: the
/// optimal string alignment distance. Capitals count as small letters.
#[inline(never)]
fn distance(a: &[u8], b: &[u8], limit: usize) -> Option<usize> {
    if b.len() > LONGEST || a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut rows = [[0_usize; LONGEST + 1]; 3];
    for (column, cell) in rows[0].iter_mut().enumerate() {
        *cell = column;
    }
    for row in 1..=a.len() {
        let [before, above, now] = [(row + 1) % 3, (row + 2) % 3, row % 3];
        let mut least = row;
        rows[now][0] = row;
        for column in 1..=b.len() {
            let same = |i: usize, j: usize| a[i - 1].eq_ignore_ascii_case(&b[j - 1]);
            let replaced = rows[above][column - 1] + usize::from(!same(row, column));
            let mut cell = replaced.min(rows[above][column] + 1).min(rows[now][column - 1] + 1);
            if row > 1 && column > 1 && same(row, column - 1) && same(row - 1, column) {
                cell = cell.min(rows[before][column - 2] + 1);
            }
            rows[now][column] = cell;
            least = least.min(cell);
        }
        // A swap may reach two rows back, so that one row beyond the limit does not end it.
        if least > limit + 1 {
            return None;
        }
    }
    Some(rows[a.len() % 3][b.len()]).filter(|&apart| apart <= limit)
}

#[cfg(test)]
mod tests {
    use super::{Budget, closest};

    #[test]
    fn a_name_that_is_close_is_suggested() {
        let known =
            ["path", "parameters", "spreadsheet", "http-request", "edges", "large", "true", "false", "a"];
        for (found, meant) in [
            ("pth", "path"),
            ("ptah", "path"),
            ("Path", "path"),
            ("params", "parameters"),
            ("parameter", "parameters"),
            ("spreadshet", "spreadsheet"),
            ("httpRequest", "http-request"),
            ("edge", "edges"),
            ("larg", "large"),
            ("yes", "true"),
            ("else", "false"),
            ("A", "a"),
            ("googlesheets", "spreadsheet"),
        ] {
            assert_eq!(closest(found, &known, &mut Budget::default()), Some(meant), "{found}");
        }
    }

    #[test]
    fn what_a_name_means_elsewhere_depends_on_what_there_is() {
        let types = ["edit-fields", "condition", "transform", "code", "delay", "wait-for-input"];
        let parameters = ["expression", "sql", "duration", "transformFunction", "hasHeaders", "firstRow"];
        for (found, type_name, parameter) in [
            ("if", Some("condition"), Some("expression")),
            ("function", Some("code"), Some("transformFunction")),
            ("wait", Some("delay"), Some("duration")),
            ("query", None, Some("sql")),
            ("headerRow", None, Some("firstRow")),
            ("set", Some("edit-fields"), None),
        ] {
            assert_eq!(closest(found, &types, &mut Budget::default()), type_name, "{found}");
            assert_eq!(closest(found, &parameters, &mut Budget::default()), parameter, "{found}");
        }
    }

    #[test]
    fn one_that_is_not_is_none() {
        let known = ["path", "parameters", "spreadsheet", "a"];
        let long = "parameters".repeat(10);
        for found in ["", "b", "xy", "transform", "é", "日本語", &long] {
            assert_eq!(closest(found, &known, &mut Budget::default()), None, "{found}");
        }
    }

    #[test]
    fn the_budget_ends_the_search() {
        let mut budget = Budget(1);
        assert_eq!(closest("pth", &["other", "path"], &mut budget), None);
        assert_eq!(budget.0, 0);
    }
}
