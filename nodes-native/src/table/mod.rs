//! Tables of text cells, kept in one buffer and looked at through selections.
//!
//! * `sheet`, `row`, `dictionary`: how cells lie in memory, and the rows of a table
//! * `blocks`, `records`, `pipeline`, `reading`: from CSV text to a sheet, on several threads
//! * `value`: what cells mean as numbers and in order; shared with the TypeScript half by rule, not by code
//! * `condition`, `ordering`, `aggregate`, `tally`, `join`, `matching`, `joining`: the operations
//! * `scan`, `taking`: files whose rows are read when they are needed, and what is made of them
//! * `writing`: from a table to JSON or CSV text
//! * `workbook`: sheets of workbooks, read to tables and written from them

pub mod aggregate;
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
