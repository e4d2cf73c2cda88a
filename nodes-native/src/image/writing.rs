//! From pixels to bytes.

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbaImage};
use jpeg_encoder::{ColorType, Encoder};
use tiff::encoder::{Compression, DeflateLevel, Predictor, TiffEncoder, colortype};

use super::color::is_opaque;
use super::geometry::Size;
use super::job::{Color, Format, Output};
use super::reading::Warning;
use crate::failure::{Code, Failure};

const WHITE: Color = [255, 255, 255, 255];

/// Writes a picture in a format. What is transparent gets the background where the format has no transparency.
/// INVALID_PARAMETERS for a picture that is too large for the format.
pub(super) fn write(
    mut picture: RgbaImage,
    output: &Output,
    background: Option<Color>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<u8>, Failure> {
    let (width, height) = picture.dimensions();
    let most = match output.format {
        Format::Jpeg => 65_535,
        Format::Webp => 16_383,
        Format::Png | Format::Tiff => i32::MAX as u32,
    };
    if width > most || height > most {
        return Err(Code::InvalidParameters.because(format!(
            "The picture has {width} × {height} pixels, and this format takes {most} on a side; write png or tiff, or make it smaller"
        )));
    }
    let mut is_opaque = is_opaque(&picture);
    if output.format == Format::Jpeg && !is_opaque {
        if background.is_none() {
            warnings.push((
                "transparency-lost",
                "JPEG has no transparency: what was transparent is white; `background` says otherwise"
                    .to_owned(),
            ));
        }
        lay_on(&mut picture, background.unwrap_or(WHITE));
        is_opaque = true;
    }
    match output.format {
        Format::Png if is_opaque => png(&without_opacity(&picture), (width, height), ExtendedColorType::Rgb8),
        Format::Png => png(&picture, (width, height), ExtendedColorType::Rgba8),
        Format::Jpeg => jpeg(&picture, output.quality),
        Format::Webp => webp(&picture, output),
        Format::Tiff => tiff(&picture, is_opaque),
    }
}

fn png(pixels: &[u8], (width, height): Size, color: ExtendedColorType) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(pixels, width, height, color)
        .map_err(|error| failed(&error))?;
    Ok(bytes)
}

fn jpeg(picture: &RgbaImage, quality: u8) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // Both sides were checked to be less.
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    let encoder = Encoder::new(&mut bytes, quality);
    encoder.encode(picture, width, height, ColorType::Rgba).map_err(|error| failed(&error))?;
    Ok(bytes)
}

fn webp(picture: &RgbaImage, output: &Output) -> Result<Vec<u8>, Failure> {
    let encoded = webp::Encoder::from_rgba(picture, picture.width(), picture.height())
        .encode_simple(output.lossless, f32::from(output.quality))
        .map_err(|error| {
            Code::ExecutionFailed.because(format!("The picture cannot be written as WebP: {error:?}"))
        })?;
    Ok(encoded.to_vec())
}

fn tiff(picture: &RgbaImage, is_opaque: bool) -> Result<Vec<u8>, Failure> {
    let mut bytes = Cursor::new(Vec::new());
    let (width, height) = picture.dimensions();
    let mut encoder = TiffEncoder::new(&mut bytes)
        .map_err(|error| failed(&error))?
        .with_compression(Compression::Deflate(DeflateLevel::Balanced))
        .with_predictor(Predictor::Horizontal);
    if is_opaque {
        encoder.write_image::<colortype::RGB8>(width, height, &without_opacity(picture))
    } else {
        encoder.write_image::<colortype::RGBA8>(width, height, picture)
    }
    .map_err(|error| failed(&error))?;
    Ok(bytes.into_inner())
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Code::ExecutionFailed.because(format!("The picture cannot be written: {error}"))
}

fn without_opacity(picture: &RgbaImage) -> Vec<u8> {
    picture.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}

/// Puts a colour behind a picture.
fn lay_on(picture: &mut RgbaImage, ground: Color) {
    for pixel in picture.pixels_mut() {
        let alpha = u32::from(pixel[3]);
        for (channel, ground) in pixel.0[..3].iter_mut().zip(ground) {
            *channel = ((u32::from(*channel) * alpha + u32::from(ground) * (255 - alpha) + 127) / 255) as u8;
        }
        pixel[3] = 255;
    }
}
