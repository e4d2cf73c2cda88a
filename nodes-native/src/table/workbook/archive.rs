//! What kind of workbook a file is, and what it may unpack to. A workbook other than XLS is a ZIP archive, whose entries say how large they are and may
//! lie; what is read into memory as a whole has to be counted before it is.

use std::io::{BufRead, BufReader, Read, Seek};

use quick_xml::Reader;
use quick_xml::events::Event;
use zip::ZipArchive;

use super::ods;
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// How an XLS file begins.
const COMPOUND_FILE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// Entries of an archive.
const MOST_ENTRIES: usize = 10_000;
/// Bytes of a sheet, which is read in pieces.
const LARGEST_SHEET: u64 = 8 << 30;
/// Bytes of everything else together, which is in memory while the workbook is read.
const LARGEST_REST: u64 = 1 << 30;
/// Texts that cells share.
const MOST_STRINGS: u64 = 50_000_000;
/// How much deflate can make of one byte at most.
const HIGHEST_RATIO: u64 = 1032;

/// The forms of workbooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Xls,
    Xlsx,
    Xlsb,
    Ods,
}

/// What a workbook is by its content. DESERIALIZATION_FAILED for other bytes; MEMORY_LIMIT_EXCEEDED for an archive that
/// unpacks to more than a workbook may take.
pub(super) fn kind_of(mut source: impl Read + Seek, cancel: &Cancel) -> Result<Kind, Failure> {
    let mut magic = [0; 8];
    let length = source.read(&mut magic)?;
    if magic[..length].starts_with(&COMPOUND_FILE) {
        return Ok(Kind::Xls);
    }
    source.rewind()?;
    let mut archive = ZipArchive::new(source).map_err(|error| {
        Code::DeserializationFailed
            .because(format!("This is no workbook (XLSX, XLSB, XLS or ODS), or a damaged one: {error}"))
    })?;
    check(&mut archive, &Limits { sheet: LARGEST_SHEET, rest: LARGEST_REST }, cancel)?;
    if archive.index_for_name("xl/workbook.bin").is_some() {
        return Ok(Kind::Xlsb);
    }
    if archive.index_for_name("content.xml").is_some() {
        ods::check(&mut archive, cancel)?;
        return Ok(Kind::Ods);
    }
    // XLSX names its parts where it likes; its reader finds them, or says what is missing.
    check_strings(&mut archive)?;
    Ok(Kind::Xlsx)
}

/// The reader of XLSX takes memory for as many shared texts as the file says that there are.
fn check_strings(archive: &mut ZipArchive<impl Read + Seek>) -> Result<(), Failure> {
    for number in 0..archive.len() {
        let Ok(entry) = archive.by_index(number) else { continue };
        if !entry.name().is_ok_and(|name| name.to_ascii_lowercase().ends_with("sharedstrings.xml")) {
            continue;
        }
        let count = said_count(BufReader::new(entry));
        if count > MOST_STRINGS {
            return Err(Code::MemoryLimitExceeded.because(format!(
                "The workbook says that it has {count} texts; at most {MOST_STRINGS} are read"
            )));
        }
    }
    Ok(())
}

fn said_count(strings: impl BufRead) -> u64 {
    let mut reader = Reader::from_reader(strings);
    reader.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element) | Event::Empty(element)) if element.local_name().as_ref() == "sst" => {
                let count = element.try_get_attribute("uniqueCount").ok().flatten();
                return count.map_or(0, |count| count.value.parse().unwrap_or(u64::MAX));
            }
            Ok(Event::Eof) | Err(_) => return 0,
            Ok(_) => {}
        }
    }
}

/// What an archive may unpack to, in bytes.
struct Limits {
    sheet: u64,
    rest: u64,
}

fn check(
    archive: &mut ZipArchive<impl Read + Seek>,
    limits: &Limits,
    cancel: &Cancel,
) -> Result<(), Failure> {
    if archive.len() > MOST_ENTRIES {
        let found = archive.len();
        return Err(Code::MemoryLimitExceeded
            .because(format!("The workbook has {found} entries; at most {MOST_ENTRIES} are read")));
    }
    let mut rest = 0;
    for number in 0..archive.len() {
        let Ok(mut entry) = archive.by_index(number) else { continue };
        let name = entry.name().map(|name| name.into_owned()).unwrap_or_default();
        let is_sheet = name.starts_with("xl/worksheets/");
        let most = if is_sheet { limits.sheet } else { limits.rest - rest };
        let bound = entry.compressed_size().saturating_mul(HIGHEST_RATIO);
        let size = if bound <= most { bound.min(entry.size()) } else { count(&mut entry, most, cancel)? };
        if size > most {
            return Err(Code::MemoryLimitExceeded.because(format!(
                "{name} unpacks to more than {most} bytes, which is more than a workbook may take"
            )));
        }
        if !is_sheet {
            rest += size;
        }
    }
    Ok(())
}

/// How many bytes a reader gives; stops soon after `most`. An error of the archive is left to its reader.
fn count(source: &mut impl Read, most: u64, cancel: &Cancel) -> Result<u64, Failure> {
    let (mut buffer, mut total) = (vec![0; 256 * 1024], 0);
    while total <= most {
        cancel.check()?;
        match source.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(length) => total += length as u64,
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(entries: &[(&str, usize)]) -> ZipArchive<Cursor<Vec<u8>>> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, size) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(&vec![b' '; *size]).unwrap();
        }
        ZipArchive::new(writer.finish().unwrap()).unwrap()
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let limits = Limits { sheet: 1_000_000, rest: 100_000 };
        let fits =
            |entries: &[(&str, usize)]| check(&mut archive(entries), &limits, &Cancel::default()).is_ok();
        assert!(fits(&[("xl/worksheets/sheet1.xml", 1_000_000), ("xl/styles.xml", 100_000)]));
        assert!(!fits(&[("xl/worksheets/sheet1.xml", 1_000_001)]));
        assert!(!fits(&[("xl/styles.xml", 60_000), ("xl/sharedStrings.xml", 60_000)]));
    }

    #[test]
    fn the_count_of_texts_is_read_as_their_reader_reads_it() {
        let count = |text: &str| said_count(text.as_bytes());
        assert_eq!(
            count("<?xml version=\"1.0\"?><!-- a --><sst count=\"9\" uniqueCount=\"5\"><si/></sst>"),
            5
        );
        assert_eq!(count("<x:sst uniqueCount='99999999999'/>"), 99_999_999_999);
        assert_eq!(count("<sst uniqueCount='9999999999999999999999'/>"), u64::MAX);
        assert_eq!(count("<sst/>"), 0);
    }
}
