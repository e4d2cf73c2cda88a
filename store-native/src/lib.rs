//! The SQLite store of executions.
//!
//! One thread per open store writes, with all batches that came in during the last commit in one transaction; others read
//! beside it. What a change, a filter or an owner means is said in `npm/storage/src/executions/store.ts`.
//! Changes, filters and answers are packed bytes or JSON text, which what calls it need not look into.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `store` | what others hold, and ask |
//! | `writer` | the thread that writes, and its transactions |
//! | `change` | a batch of changes, unpacked |
//! | `apply` | refusing and writing changes |
//! | `owner` | owners and their lock files, claims |
//! | `removal` | deletion, retention and vacuum in small steps |
//! | `document` | flows as JSON, shared by executions and versions of flows |
//! | `flows` | flows and their versions |
//! | `outputs` | the cache of outputs of nodes |
//! | `entries` | small texts of an installation, in collections |
//! | `search` | the index for text in lists |
//! | `backup` | copies of a database while others write, and putting them back |
//! | `reader` | the threads that read |
//! | `list` | filters as SQL |
//! | `row` | a row of a list, as JSON |
//! | `status` | statuses as numbers |
//! | `schema` | tables, migrations, opening a file |
//! | `failure` | what SQLite refuses, in the words of storage errors |

mod apply;
mod backup;
mod change;
mod document;
mod entries;
mod failure;
mod flows;
mod list;
mod outputs;
mod owner;
mod reader;
mod removal;
mod row;
mod schema;
mod search;
mod status;
mod store;
mod writer;

pub use backup::{Copied, back_up, restore};
pub use entries::EntryChange;
pub use failure::{Code, Failure};
pub use flows::{FlowChange, FlowQuestion};
pub use outputs::{FoundOutput, NewOutputs, OutputFilter};
pub use reader::{Answer, Begun, Figures, Reader};
pub use removal::{Removal, Retention};
pub use store::{Store, parsed};
pub use writer::{Counts, Job, Tell};
