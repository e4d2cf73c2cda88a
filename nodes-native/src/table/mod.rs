//! Tables of text cells, kept in one buffer and looked at through selections.
//!
//! * `sheet`, `row`, `dictionary`: how cells lie in memory, and the rows of a table
//! * `blocks`, `records`, `pipeline`, `reading`: from CSV text to a sheet, on several threads
//! * `value`: what cells mean as numbers and in order; shared with the TypeScript half by rule, not by code
//! * `condition`, `ordering`, `aggregate`, `tally`, `join`, `matching`, `joining`: the operations
//! * `scan`, `probing`, `taking`: files whose rows are read when they are needed, joins on their way, and what is made of them
//! * `batches`: the rows of such a file as text, for one who asks for them piece by piece
//! * `writing`: from a table to JSON or CSV text
//! * `workbook`: sheets of workbooks, read to tables and written from them

pub mod aggregate;
pub mod batches;
mod blocks;
pub mod condition;
mod dictionary;
mod digits;
pub mod join;
pub mod joining;
mod keys;
mod matching;
pub mod ordering;
mod pipeline;
pub mod probing;
pub mod reading;
mod records;
mod row;
pub mod scan;
pub mod sheet;
mod sum;
mod taking;
mod tally;
mod value;
pub mod workbook;
pub mod writing;
