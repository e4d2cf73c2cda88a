//! Tables of text cells, kept in one buffer and looked at through selections.
//!
//! * [`sheet`], [`dictionary`]: how cells lie in memory, and the rows of a table
//! * [`reading`]: from CSV text to a sheet
//! * [`value`]: what cells mean as numbers and in order; shared with the TypeScript half by rule, not by code
//! * [`condition`], [`ordering`], [`aggregate`]: the operations
//! * [`writing`]: from a table to JSON or CSV text
//! * [`workbook`]: sheets of workbooks, read to tables and written from them
//! * [`handle`]: what JavaScript holds

mod aggregate;
mod condition;
mod dictionary;
mod digits;
mod handle;
mod ordering;
mod reading;
mod records;
mod sheet;
mod sum;
mod value;
mod workbook;
mod writing;
