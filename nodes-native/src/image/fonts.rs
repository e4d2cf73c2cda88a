//! Fonts: a file, or a family of the machine.

use std::path::Path;
use std::sync::OnceLock;

use ab_glyph::FontVec;
use fontdb::{Database, Family, Query, Source};

use crate::failure::{Code, Failure};

/// Bytes of a font file; fonts of all characters of Chinese have 30 MB.
const LARGEST_FONT: u64 = 64 * 1024 * 1024;
/// Families that stand for "a usual one without serifs", by what systems have.
const USUAL: [&str; 8] =
    ["DejaVu Sans", "Noto Sans", "Liberation Sans", "Arial", "Helvetica", "Segoe UI", "Roboto", "Ubuntu"];

/// Finds a font: by the path of a `.ttf`, `.otf` or `.ttc` file, by the name of a family, or a usual one without serifs.
/// INVALID_PARAMETERS for a font that is not installed.
pub(super) fn font(asked: Option<&str>) -> Result<FontVec, Failure> {
    let Some(asked) = asked else {
        return of_family(&USUAL.map(Family::Name), true).ok_or_else(|| {
            Code::InvalidParameters
                .because("This machine has no fonts; give the path of a .ttf or .otf file as `font`")
        })?;
    };
    let ending = Path::new(asked).extension().map(|ending| ending.to_ascii_lowercase());
    if ending.is_some_and(|ending| ["ttf", "otf", "ttc", "otc"].iter().any(|known| ending == *known)) {
        return from_file(Path::new(asked), 0);
    }
    of_family(&[Family::Name(asked)], false).ok_or_else(|| {
        Code::InvalidParameters.because(format!(
            "This machine has no font family `{asked}`; give one that it has, or the path of a .ttf or .otf file"
        ))
    })?
}

fn of_family(families: &[Family<'_>], or_any: bool) -> Option<Result<FontVec, Failure>> {
    static FONTS: OnceLock<Database> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        let mut fonts = Database::new();
        fonts.load_system_fonts();
        fonts
    });
    let found = fonts.query(&Query { families, ..Query::default() });
    let id = found.or_else(|| or_any.then(|| fonts.faces().next().map(|face| face.id)).flatten())?;
    let (source, index) = fonts.face_source(id)?;
    Some(match source {
        Source::File(path) | Source::SharedFile(path, _) => from_file(&path, index),
        Source::Binary(bytes) => parsed((*bytes).as_ref().to_vec(), index, "The font"),
    })
}

fn from_file(path: &Path, index: u32) -> Result<FontVec, Failure> {
    let name = format!("The font `{}`", path.display());
    let failed =
        |error: std::io::Error| Code::InvalidParameters.because(format!("{name} cannot be read: {error}"));
    let facts = std::fs::metadata(path).map_err(failed)?;
    if !facts.is_file() || facts.len() > LARGEST_FONT {
        return Err(
            Code::InvalidParameters.because(format!("{name} is no file of at most {LARGEST_FONT} bytes"))
        );
    }
    parsed(std::fs::read(path).map_err(failed)?, index, &name)
}

fn parsed(bytes: Vec<u8>, index: u32, name: &str) -> Result<FontVec, Failure> {
    FontVec::try_from_vec_and_index(bytes, index)
        .map_err(|_| Code::InvalidParameters.because(format!("{name} is no TrueType or OpenType font")))
}
