//! What the statements of flows may do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// Pragmas that tell something of the database; with a value they name a table or an index.
const TELLING: &[&str] = &[
    "application_id",
    "collation_list",
    "compile_options",
    "data_version",
    "encoding",
    "foreign_key_check",
    "foreign_key_list",
    "freelist_count",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "module_list",
    "page_count",
    "page_size",
    "pragma_list",
    "quick_check",
    "schema_version",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
    "journal_mode",
];
/// Pragmas that may be set where the database may be changed: what stays in its file.
const SETTABLE: &[&str] = &["application_id", "user_version"];
/// Of these the value is the name of a table or an index.
const OF_A_NAME: &[&str] = &[
    "foreign_key_check",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];
/// Pragmas that do something to the file.
const DOING: &[&str] = &["incremental_vacuum", "optimize", "wal_checkpoint"];
/// How a file may keep its journal; others lose the database when the process dies.
const JOURNALS: &[&str] = &["delete", "wal"];
/// Kinds of virtual tables that keep all they have in the database.
const MODULES: &[&str] = &["fts3", "fts4", "fts5", "fts5vocab", "rtree", "rtree_i32"];

/// What may be done now, shared with the function that SQLite asks.
#[derive(Clone, Default)]
pub(super) struct Rights(Arc<State>);

#[derive(Default)]
struct State {
    may_change: AtomicBool,
    /// Whether the statement is one of the node itself.
    is_own: AtomicBool,
    /// Whether it is VACUUM, which attaches a temporary file.
    is_vacuum: AtomicBool,
    creates: AtomicBool,
    refused: Mutex<Option<String>>,
}

impl Rights {
    /// Rights for the next statement; nothing was refused or created so far.
    pub(super) fn set(&self, may_change: bool, is_own: bool, is_vacuum: bool) {
        self.0.may_change.store(may_change, Ordering::Relaxed);
        self.0.is_own.store(is_own, Ordering::Relaxed);
        self.0.is_vacuum.store(is_vacuum, Ordering::Relaxed);
        self.0.creates.store(false, Ordering::Relaxed);
        self.take_refused();
    }

    /// Whether a statement was prepared that makes a table, a view, an index or a trigger.
    pub(super) fn creates(&self) -> bool {
        self.0.creates.load(Ordering::Relaxed)
    }

    /// What was refused of the statement that was prepared last.
    pub(super) fn take_refused(&self) -> Option<String> {
        self.0.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What SQLite is told of an action.
    pub(super) fn answer(&self, context: &AuthContext<'_>) -> Authorization {
        use AuthAction as Do;
        if self.0.is_own.load(Ordering::Relaxed) {
            return Authorization::Allow;
        }
        let is_vacuum = self.0.is_vacuum.load(Ordering::Relaxed);
        match context.action {
            Do::CreateTable { .. }
            | Do::CreateView { .. }
            | Do::CreateIndex { .. }
            | Do::CreateTrigger { .. } => self.0.creates.store(true, Ordering::Relaxed),
            Do::CreateVtable { module_name, .. } => {
                if !is_one_of(module_name, MODULES) {
                    return self.refuse(format!("virtual tables of the module {module_name}"));
                }
                self.0.creates.store(true, Ordering::Relaxed);
            }
            Do::CreateTempTable { .. }
            | Do::CreateTempView { .. }
            | Do::CreateTempIndex { .. }
            | Do::CreateTempTrigger { .. } => {
                return self.refuse("temporary tables, views and triggers, which end with the node");
            }
            // Statements that VACUUM is made of.
            Do::Attach { filename: "" } | Do::Detach { .. } | Do::Transaction { .. } if is_vacuum => {}
            Do::Attach { .. } if is_vacuum => {
                return self.refuse("VACUUM INTO, which writes another file");
            }
            Do::Attach { .. } | Do::Detach { .. } => {
                return self.refuse("ATTACH and DETACH, which lead to other files");
            }
            Do::Transaction { .. } | Do::Savepoint { .. } => {
                return self.refuse(
                    "BEGIN, COMMIT, ROLLBACK and SAVEPOINT, since the node has a transaction of its own",
                );
            }
            Do::Function { function_name }
                if is_one_of(function_name, &["load_extension", "fts3_tokenizer"]) =>
            {
                return self.refuse(format!("the function {function_name}"));
            }
            Do::Pragma { pragma_name, pragma_value } if !self.may_pragma(pragma_name, pragma_value) => {
                let value = pragma_value.map(|value| format!(" = {value}")).unwrap_or_default();
                return self.refuse(format!("PRAGMA {pragma_name}{value}"));
            }
            Do::Unknown { code, .. } => return self.refuse(format!("an action {code}")),
            _ => {}
        }
        Authorization::Allow
    }

    fn may_pragma(&self, name: &str, value: Option<&str>) -> bool {
        let may_change = self.0.may_change.load(Ordering::Relaxed);
        if is_one_of(name, DOING) {
            return may_change;
        }
        match value {
            None => is_one_of(name, TELLING),
            Some(_) if is_one_of(name, OF_A_NAME) => true,
            Some(value) if name.eq_ignore_ascii_case("journal_mode") => {
                may_change && is_one_of(value, JOURNALS)
            }
            Some(_) => may_change && is_one_of(name, SETTABLE),
        }
    }

    fn refuse(&self, what: impl Into<String>) -> Authorization {
        *self.0.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(what.into());
        Authorization::Deny
    }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}
