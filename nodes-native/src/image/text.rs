//! Words on a picture: lines broken at words, glyph by glyph from left to right.

use ab_glyph::{Font, FontVec, Glyph, PxScale, PxScaleFont, ScaleFont, point};
use image::{Rgba, RgbaImage};

use super::blending::Blend;
use super::fonts::font;
use super::job::Text;
use super::layers::cover;
use super::reading::Warning;
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// Characters of a text.
const LONGEST: usize = 10_000;
/// Lines of a text, in heights of a line that a font asks for.
const LINE: f32 = 1.2;
/// Characters that a message shows.
const FEW: usize = 5;

/// Writes a text on a picture. INVALID_PARAMETERS for one that is too long, or without a font.
pub(super) fn write(
    picture: &mut RgbaImage,
    text: &Text,
    cancel: &Cancel,
    warnings: &mut Vec<Warning>,
) -> Result<(), Failure> {
    let count = text.text.chars().count();
    if count > LONGEST {
        return Err(Code::InvalidParameters
            .because(format!("The text has {count} characters, more than the {LONGEST} that are drawn")));
    }
    let font = font(text.font.as_deref())?;
    warn_of_characters(&text.text, &font, warnings);
    let room = picture.width().saturating_sub(2 * text.spot.margin) as f32;
    // The size is that of an em, as elsewhere; the library counts from the ascender to the descender.
    let scale = font.units_per_em().map_or(text.size, |em| text.size * font.height_unscaled() / em);
    let font = font.as_scaled(PxScale::from(scale));
    let lines = lines(&text.text, &font, room);
    let height = text.size * LINE;
    let widest = lines.iter().map(|line| line.width).fold(0.0, f32::max);
    let size = (widest.ceil() as u32, (height * lines.len() as f32).ceil() as u32);
    if size.0 > picture.width() || size.1 > picture.height() {
        warnings.push((
            "text-cut",
            format!(
                "The text takes {} × {} pixels and the picture has {} × {}; what stands out is cut off",
                size.0,
                size.1,
                picture.width(),
                picture.height()
            ),
        ));
    }
    let (left, top) = text.spot.corner(size, picture.dimensions());
    let (across, _) = text.spot.position.parts();
    let [r, g, b, a] = text.color;
    let alpha = f32::from(a) * text.opacity;
    // Glyphs may overlap; together they cover no pixel twice.
    let mut words = RgbaImage::new(picture.width(), picture.height());
    for (number, line) in lines.into_iter().enumerate() {
        cancel.check()?;
        let indent = (widest - line.width) * across as f32;
        let ascent = (height - font.height()) / 2.0 + font.ascent();
        let base = point(left as f32 + indent, top as f32 + number as f32 * height + ascent);
        for mut glyph in line.glyphs {
            glyph.position += base;
            draw(&mut words, &font, glyph, [r, g, b], alpha);
        }
    }
    cover(picture, &words, (0, 0), Blend::Over, 1.0, cancel)
}

struct Line {
    /// Placed from the start of the line, on its base.
    glyphs: Vec<Glyph>,
    width: f32,
}

fn lines(text: &str, font: &PxScaleFont<&FontVec>, room: f32) -> Vec<Line> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut current = String::new();
        for word in paragraph.trim_end_matches('\r').split(' ') {
            let longer = if current.is_empty() { word.to_owned() } else { format!("{current} {word}") };
            if !current.is_empty() && line(&longer, font).width > room {
                lines.push(line(&current, font));
                current = word.to_owned();
            } else {
                current = longer;
            }
        }
        lines.push(line(&current, font));
    }
    lines
}

fn line(text: &str, font: &PxScaleFont<&FontVec>) -> Line {
    let mut glyphs: Vec<Glyph> = Vec::new();
    let mut at = 0.0;
    for character in text.chars().filter(|character| !character.is_control()) {
        let mut glyph = font.scaled_glyph(character);
        if let Some(before) = glyphs.last() {
            at += font.kern(before.id, glyph.id);
        }
        glyph.position = point(at, 0.0);
        at += font.h_advance(glyph.id);
        glyphs.push(glyph);
    }
    Line { glyphs, width: at }
}

fn draw(words: &mut RgbaImage, font: &PxScaleFont<&FontVec>, glyph: Glyph, [r, g, b]: [u8; 3], alpha: f32) {
    let Some(outline) = font.outline_glyph(glyph) else { return };
    let bounds = outline.px_bounds();
    let (width, height) = (words.width() as f32, words.height() as f32);
    let is_outside =
        bounds.max.x < 0.0 || bounds.max.y < 0.0 || bounds.min.x > width || bounds.min.y > height;
    // A font may claim any size for a glyph; what is far larger than the picture shows nothing of itself.
    if is_outside || bounds.width() > 4.0 * width + 4096.0 || bounds.height() > 4.0 * height + 4096.0 {
        return;
    }
    outline.draw(|x, y, coverage| {
        let (x, y) = (bounds.min.x as i64 + i64::from(x), bounds.min.y as i64 + i64::from(y));
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        if x >= words.width() || y >= words.height() {
            return;
        }
        let opacity = (alpha * coverage.min(1.0)).round() as u8;
        let pixel = words.get_pixel_mut(x, y);
        *pixel = Rgba([r, g, b, opacity.max(pixel[3])]);
    });
}

fn warn_of_characters(text: &str, font: &FontVec, warnings: &mut Vec<Warning>) {
    let mut missing: Vec<char> = Vec::new();
    for character in text.chars().filter(|character| !character.is_control() && !character.is_whitespace()) {
        if font.glyph_id(character).0 == 0 && !missing.contains(&character) {
            missing.push(character);
        }
    }
    if !missing.is_empty() {
        let shown: Vec<String> = missing.iter().take(FEW).map(|character| format!("`{character}`")).collect();
        let more =
            if missing.len() > FEW { format!(" and {} more", missing.len() - FEW) } else { String::new() };
        warnings.push((
            "missing-glyph",
            format!("The font has no {}{more}; choose another `font`", shown.join(", ")),
        ));
    }
    if text.chars().any(needs_shaping) {
        warnings.push((
            "unshaped-text",
            "The text has letters that join or run from right to left, which are drawn one by one from left to right"
                .to_owned(),
        ));
    }
}

/// Hebrew, Arabic and their kin, and the scripts of India and South-East Asia.
fn needs_shaping(character: char) -> bool {
    matches!(character, '\u{0590}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}
