//! Workbooks: XLSX, XLSM, XLSB, XLS and ODS are read, XLSX is written.
//!
//! * `archive`: what a workbook may unpack to, looked at before it is opened
//! * `xls`, `ods`: what these two say of themselves, looked at before it is believed
//! * `range`: cells chosen as people write them, `A2:D10`
//! * `cell`: what a cell is as text, and as JSON
//! * `number_column`, `date_column`: which columns of text a sheet can count with
//! * `reading`: one sheet, to a table of text or to JSON records with types
//! * `writing`: records to a sheet

mod archive;
mod cell;
mod date_column;
mod number_column;
mod ods;
pub mod range;
pub mod reading;
pub mod writing;
mod xls;
