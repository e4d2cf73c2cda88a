//! Tables of text cells, kept in one buffer and looked at through selections.
//!
//! * [`sheet`], [`row`], [`dictionary`]: how cells lie in memory, and the rows of a table
//! * [`blocks`], [`records`], [`pipeline`], [`reading`]: from CSV text to a sheet, on several threads
//! * [`value`]: what cells mean as numbers and in order; shared with the TypeScript half by rule, not by code
//! * [`condition`], [`ordering`], [`aggregate`], [`tally`], [`matching`], [`joining`]: the operations
//! * [`scan`], [`taking`]: files whose rows are read when they are needed, and what is made of them
//! * [`writing`]: from a table to JSON or CSV text
//! * [`workbook`]: sheets of workbooks, read to tables and written from them
//! * [`handle`], [`scan_handle`], [`join_handle`]: what JavaScript holds

mod aggregate;
mod blocks;
mod condition;
mod dictionary;
mod digits;
mod handle;
mod join_handle;
mod joining;
mod keys;
mod matching;
mod ordering;
mod pipeline;
mod reading;
mod records;
mod row;
mod scan;
mod scan_handle;
mod sheet;
mod sum;
mod taking;
mod tally;
mod value;
mod workbook;
mod writing;
