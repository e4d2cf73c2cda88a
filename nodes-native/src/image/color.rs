//! Colours: every form of pixels as 8-bit RGBA, and grey.

use image::{DynamicImage, RgbaImage};

/// Pixels with 8 bits a channel and opacity. `None` for a form that is not known.
///
/// Written out, because the general conversion brings along all colour spaces.
pub(super) fn to_rgba(picture: DynamicImage) -> Option<RgbaImage> {
    let (width, height) = (picture.width(), picture.height());
    let pixels = match picture {
        DynamicImage::ImageRgba8(pixels) => return Some(pixels),
        DynamicImage::ImageLuma8(pixels) => spread::<u8, 1>(&pixels, |value| value),
        DynamicImage::ImageLumaA8(pixels) => spread::<u8, 2>(&pixels, |value| value),
        DynamicImage::ImageRgb8(pixels) => spread::<u8, 3>(&pixels, |value| value),
        DynamicImage::ImageLuma16(pixels) => spread::<u16, 1>(&pixels, of_16),
        DynamicImage::ImageLumaA16(pixels) => spread::<u16, 2>(&pixels, of_16),
        DynamicImage::ImageRgb16(pixels) => spread::<u16, 3>(&pixels, of_16),
        DynamicImage::ImageRgba16(pixels) => spread::<u16, 4>(&pixels, of_16),
        DynamicImage::ImageRgb32F(pixels) => spread::<f32, 3>(&pixels, of_float),
        DynamicImage::ImageRgba32F(pixels) => spread::<f32, 4>(&pixels, of_float),
        _ => return None,
    };
    RgbaImage::from_raw(width, height, pixels)
}

fn spread<T: Copy, const CHANNELS: usize>(samples: &[T], to_8: impl Fn(T) -> u8) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(samples.len() / CHANNELS * 4);
    for sample in samples.chunks_exact(CHANNELS) {
        let first = to_8(sample[0]);
        pixels.extend_from_slice(&match CHANNELS {
            1 => [first, first, first, 255],
            2 => [first, first, first, to_8(sample[1])],
            3 => [first, to_8(sample[1]), to_8(sample[2]), 255],
            _ => [first, to_8(sample[1]), to_8(sample[2]), to_8(sample[3])],
        });
    }
    pixels
}

fn of_16(value: u16) -> u8 {
    ((u32::from(value) + 128) / 257) as u8
}

fn of_float(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// Whether a colour profile names itself sRGB, or describes grey, whose shades are much the same.
pub(super) fn is_srgb(profile: &[u8]) -> bool {
    let names = [b"sRGB".as_slice(), b"s\0R\0G\0B".as_slice()];
    let is_gray = profile.get(16..20) == Some(b"GRAY");
    is_gray || names.iter().any(|name| profile.windows(name.len()).any(|part| part == *name))
}

/// Takes the colours out of a picture, with the weights of Rec. 601.
pub(super) fn gray(picture: &mut RgbaImage) {
    for pixel in picture.pixels_mut() {
        let [r, g, b, _] = pixel.0.map(u32::from);
        let sum = 19_595 * r + 38_470 * g + 7_471 * b;
        pixel.0[..3].fill(((sum + 0x8000) >> 16) as u8);
    }
}

/// Whether nothing shines through a picture.
pub(super) fn is_opaque(picture: &RgbaImage) -> bool {
    picture.pixels().all(|pixel| pixel[3] == 255)
}
