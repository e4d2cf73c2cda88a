//! Text cut into blocks of whole records, so that each can be read by itself.

use std::io::Read;

use memchr::{memchr, memrchr2};

use super::records::is_break;
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// Bytes of a row. Without a bound, a quote that is never closed takes the rest of a file into one cell.
const LARGEST_ROW: usize = 128 * 1024 * 1024;
/// Bytes that are asked of a source at once, so that a cancelled read soon stops.
const PIECE: usize = 256 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Takes blocks of about `size` bytes from a stream, larger ones where a record is. The byte order mark is left out.
pub(super) struct Blocks<'a, R> {
    source: R,
    delimiter: u8,
    size: usize,
    rest: Vec<u8>,
    taken: u64,
    is_over: bool,
    cancel: &'a Cancel,
}

impl<'a, R: Read> Blocks<'a, R> {
    pub(super) fn new(source: R, delimiter: u8, size: usize, cancel: &'a Cancel) -> Self {
        let size = size.max(BYTE_ORDER_MARK.len());
        Self { source, delimiter, size, rest: Vec::new(), taken: 0, is_over: false, cancel }
    }

    /// Bytes taken from the source so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// The next block; nothing at the end.
    ///
    /// CANCELLED once the token has fired; DESERIALIZATION_FAILED for a row without an end.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut block = Vec::with_capacity(self.size.max(self.rest.len()));
        block.append(&mut self.rest);
        let mut wanted = self.size.max(block.len() + 1);
        loop {
            self.fill(&mut block, wanted)?;
            if self.is_over {
                return Ok(if block.is_empty() { None } else { Some(block) });
            }
            if let Some(end) = last_end(&block, self.delimiter) {
                self.rest = block.split_off(end);
                return Ok(Some(block));
            }
            if block.len() > LARGEST_ROW {
                return Err(Code::DeserializationFailed.because(format!(
                    "A row takes more than {LARGEST_ROW} bytes; there may be a quote that is not closed"
                )));
            }
            wanted = block.len() * 2;
        }
    }

    fn fill(&mut self, block: &mut Vec<u8>, wanted: usize) -> Result<(), Failure> {
        while block.len() < wanted && !self.is_over {
            self.cancel.check()?;
            let piece = PIECE.min(wanted - block.len()) as u64;
            let length = (&mut self.source).take(piece).read_to_end(block)? as u64;
            self.is_over = length < piece;
            let before = self.taken;
            self.taken += length;
            // The mark is in the first piece, which is larger than it.
            if before == 0 && block.starts_with(BYTE_ORDER_MARK) {
                block.drain(..BYTE_ORDER_MARK.len());
            }
        }
        Ok(())
    }
}

/// The end of the last record that certainly ends in the text, which begins with a record.
fn last_end(text: &[u8], delimiter: u8) -> Option<usize> {
    // Parts outside of quoted cells.
    let mut open = Vec::from([(0, text.len())]);
    let mut at = 0;
    while let Some(quote) = memchr(b'"', &text[at..]).map(|found| at + found) {
        let begins = quote == 0 || text[quote - 1] == delimiter || is_break(text[quote - 1]);
        // Right behind a closing quote a further one would have been a part of the cell.
        if !begins {
            at = quote + 1;
            continue;
        }
        if let Some(part) = open.last_mut() {
            part.1 = quote;
        }
        let Some(close) = closing(text, quote + 1) else { break };
        at = close + 1;
        open.push((at, text.len()));
    }
    open.iter().rev().find_map(|&(start, end)| {
        let mut part = &text[start..end];
        loop {
            let last = memrchr2(b'\n', b'\r', part)?;
            // A return at the very end may have its line feed behind it.
            if text[start + last] == b'\n' || start + last + 1 < text.len() {
                return Some(start + last + 1);
            }
            part = &part[..last];
        }
    })
}

/// The quote that certainly closes a cell; none where the text ends before, or with it.
fn closing(text: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let quote = from + memchr(b'"', text.get(from..)?)?;
        match text.get(quote + 1)? {
            b'"' => from = quote + 2,
            _ => return Some(quote),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_where_records_do() {
        let cases: [(&str, Option<usize>); 9] = [
            ("a,b\n1,2", Some(4)),
            ("a,b", None),
            ("a\r\nb\r", Some(3)),
            ("a\rb", Some(2)),
            ("\"a\nb\"\nc\"\n", Some(9)),
            ("a\n\"b\nc", Some(2)),
            ("a\n\"b\"\"\nc", Some(2)),
            ("a\n\"b\"", Some(2)),
            ("5\" pipe\n\"x\n\"y\"\n", Some(15)),
        ];
        for (text, expected) in cases {
            assert_eq!(last_end(text.as_bytes(), b','), expected, "{text:?}");
        }
    }

    #[test]
    fn blocks_make_up_the_text_without_its_mark() {
        let text = "\u{feff}a,b\n\"x\n\ny\",2\r\n\r\n3,4\n5,\"6\"\"\n\"\n";
        for size in 0..50 {
            let cancel = Cancel::default();
            let mut blocks = Blocks::new(text.as_bytes(), b',', size, &cancel);
            let mut all = Vec::new();
            while let Some(block) = blocks.next().unwrap() {
                all.extend(block);
            }
            assert_eq!(String::from_utf8(all).unwrap(), &text[3..], "{size}");
        }
    }
}
