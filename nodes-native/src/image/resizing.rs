//! Sizes: cut out, made larger or smaller, framed.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};
use image::imageops::{crop_imm, replace};
use image::{Rgba, RgbaImage};

use super::color::is_opaque;
use super::geometry::{Fit, Position, Size, frame, scaled};
use super::job::{Color, Crop, Resize};
use crate::failure::{Code, Failure};

/// Cuts out a part. INVALID_PARAMETERS where it stands out of the picture.
pub(super) fn crop(picture: &RgbaImage, crop: &Crop) -> Result<RgbaImage, Failure> {
    let (width, height) = picture.dimensions();
    let (x, y) = crop.position.place((crop.width, crop.height), (width, height), 0);
    let left = crop.left.unwrap_or(x);
    let top = crop.top.unwrap_or(y);
    let fits = |start: i64, length: u32, whole: u32| {
        length > 0 && start >= 0 && start + i64::from(length) <= i64::from(whole)
    };
    if !fits(left, crop.width, width) || !fits(top, crop.height, height) {
        let place = if crop.left.is_some() || crop.top.is_some() {
            format!(" from {left}, {top}")
        } else {
            String::new()
        };
        return Err(Code::InvalidParameters.because(format!(
            "A part of {} × {} pixels{place} is not within the picture, which has {width} × {height}",
            crop.width, crop.height
        )));
    }
    Ok(crop_imm(picture, left as u32, top as u32, crop.width, crop.height).to_image())
}

/// Brings a picture to a size. MEMORY_LIMIT_EXCEEDED for one of more than `max_pixels`.
pub(super) fn resize(
    picture: RgbaImage,
    resize: &Resize,
    background: Option<Color>,
    max_pixels: u64,
) -> Result<RgbaImage, Failure> {
    let from = picture.dimensions();
    let mut wanted = frame(from, resize.width, resize.height);
    let mut content = match resize.fit {
        Fit::Inside | Fit::Contain => scaled(from, wanted, false),
        Fit::Outside => scaled(from, wanted, true),
        Fit::Cover | Fit::Fill => wanted,
    };
    if !resize.enlarge {
        // A picture that is to be smaller than asked for keeps its own pixels.
        match resize.fit {
            Fit::Cover | Fit::Fill => content = (content.0.min(from.0), content.1.min(from.1)),
            _ if content.0 > from.0 || content.1 > from.1 => content = from,
            _ => {}
        }
        if resize.fit != Fit::Contain {
            wanted = content;
        }
    }
    check_size(if resize.fit == Fit::Contain { wanted } else { content }, max_pixels)?;
    let options = match resize.fit {
        Fit::Cover => ResizeOptions::new().fit_into_destination(Some(resize.position.parts())),
        _ => ResizeOptions::new(),
    };
    let content = to_size(picture, content, &options)?;
    if resize.fit != Fit::Contain || content.dimensions() == wanted {
        return Ok(content);
    }
    let (x, y) = resize.position.place(content.dimensions(), wanted, 0);
    let mut framed = RgbaImage::from_pixel(wanted.0, wanted.1, Rgba(background.unwrap_or([0, 0, 0, 0])));
    // Borders are around the picture, never below its transparent parts.
    replace(&mut framed, &content, x, y);
    Ok(framed)
}

/// Brings a picture to a size; what a frame would have beside it is transparent.
pub(super) fn to_fit(
    picture: RgbaImage,
    (width, height): Size,
    fit: Fit,
    position: Position,
    max_pixels: u64,
) -> Result<RgbaImage, Failure> {
    let wanted = Resize { width: Some(width), height: Some(height), fit, position, enlarge: true };
    resize(picture, &wanted, None, max_pixels)
}

/// Stretches a picture to a size.
pub(super) fn stretch(picture: RgbaImage, size: Size, max_pixels: u64) -> Result<RgbaImage, Failure> {
    check_size(size, max_pixels)?;
    to_size(picture, size, &ResizeOptions::new())
}

/// MEMORY_LIMIT_EXCEEDED for a size of more than `max_pixels`.
pub(super) fn check_size((width, height): Size, max_pixels: u64) -> Result<(), Failure> {
    if u64::from(width) * u64::from(height) <= max_pixels {
        return Ok(());
    }
    Err(Code::MemoryLimitExceeded.because(format!(
        "The picture would have {width} × {height} pixels, more than the {max_pixels} that `maxPixels` allows"
    )))
}

fn to_size(picture: RgbaImage, size: Size, options: &ResizeOptions) -> Result<RgbaImage, Failure> {
    let from = picture.dimensions();
    if from == size {
        return Ok(picture);
    }
    let options = options.use_alpha(!is_opaque(&picture));
    let mut target = RgbaImage::new(size.0, size.1);
    ImageRef::new(from.0, from.1, &picture, PixelType::U8x4).map_err(|error| failed(&error)).and_then(
        |source| {
            let mut target = Image::from_slice_u8(size.0, size.1, &mut target, PixelType::U8x4)
                .map_err(|error| failed(&error))?;
            Resizer::new().resize(&source, &mut target, &options).map_err(|error| failed(&error))
        },
    )?;
    Ok(target)
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Code::ExecutionFailed.because(format!("The picture cannot be resized: {error}"))
}
