//! Blur, sharpness and opacity.

use image::RgbaImage;
use image::imageops::{GaussianBlurParameters, blur_advanced, fast_blur};

use super::color::is_opaque;

/// From here on three averages in a row stand for the bell curve, whose cost would grow with the radius.
const WIDE_BLUR: f32 = 4.0;

/// Blurs a picture; `sigma` in pixels.
pub(super) fn blur(mut picture: RgbaImage, sigma: f32) -> RgbaImage {
    let is_opaque = is_opaque(&picture);
    // What is transparent has no colour to spread.
    if !is_opaque {
        multiply(&mut picture);
    }
    let mut blurred = if sigma >= WIDE_BLUR {
        fast_blur(&picture, sigma)
    } else {
        blur_advanced(&picture, GaussianBlurParameters::new_from_sigma(sigma))
    };
    if !is_opaque {
        divide(&mut blurred);
    }
    blurred
}

/// Unsharp mask: adds what a blur of `sigma` pixels would take away. Opacity stays.
pub(super) fn sharpen(mut picture: RgbaImage, sigma: f32) -> RgbaImage {
    let blurred = blur(picture.clone(), sigma);
    for (pixel, blurred) in picture.pixels_mut().zip(blurred.pixels()) {
        for (channel, blurred) in pixel.0[..3].iter_mut().zip(blurred.0) {
            let sharper = 2 * i16::from(*channel) - i16::from(blurred);
            *channel = sharper.clamp(0, 255) as u8;
        }
    }
    picture
}

/// Makes a picture more transparent; `opacity` 0–1.
pub(super) fn fade(picture: &mut RgbaImage, opacity: f32) {
    for pixel in picture.pixels_mut() {
        pixel[3] = (f32::from(pixel[3]) * opacity).round() as u8;
    }
}

fn multiply(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let alpha = u16::from(pixel[3]);
        for channel in &mut pixel.0[..3] {
            *channel = ((u16::from(*channel) * alpha + 127) / 255) as u8;
        }
    }
}

fn divide(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let alpha = u32::from(pixel[3]);
        if alpha == 0 {
            continue;
        }
        for channel in &mut pixel.0[..3] {
            *channel = ((u32::from(*channel) * 255 + alpha / 2) / alpha).min(255) as u8;
        }
    }
}
