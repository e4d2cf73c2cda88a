//! Turns and mirrors.

use image::imageops::{flip_horizontal, flip_vertical, rotate90, rotate180, rotate270};
use image::metadata::Orientation;
use image::{Rgba, RgbaImage};

use super::geometry::Size;
use super::job::{Color, Turn};
use super::resizing::check_size;
use crate::cancel::Cancel;
use crate::failure::Failure;

/// Turns a picture clockwise, then mirrors it. Quarter turns move pixels; others make new ones, in a larger picture.
pub(super) fn turn(
    picture: RgbaImage,
    turn: &Turn,
    background: Option<Color>,
    max_pixels: u64,
    cancel: &Cancel,
) -> Result<RgbaImage, Failure> {
    let angle = turn.angle.rem_euclid(360.0);
    let turned = if angle == 0.0 {
        picture
    } else if angle == 90.0 {
        rotate90(&picture)
    } else if angle == 180.0 {
        rotate180(&picture)
    } else if angle == 270.0 {
        rotate270(&picture)
    } else {
        let size = turned_size(picture.dimensions(), angle);
        check_size(size, max_pixels)?;
        askew(&picture, size, angle, background.unwrap_or([0, 0, 0, 0]), cancel)?
    };
    let turned = if turn.flip { flip_vertical(&turned) } else { turned };
    Ok(if turn.flop { flip_horizontal(&turned) } else { turned })
}

/// A picture the way EXIF says that it is shown.
pub(super) fn upright(picture: Option<RgbaImage>, orientation: Orientation) -> Option<RgbaImage> {
    let picture = picture?;
    Some(match orientation {
        Orientation::NoTransforms => picture,
        Orientation::Rotate90 => rotate90(&picture),
        Orientation::Rotate180 => rotate180(&picture),
        Orientation::Rotate270 => rotate270(&picture),
        Orientation::FlipHorizontal => flip_horizontal(&picture),
        Orientation::FlipVertical => flip_vertical(&picture),
        Orientation::Rotate90FlipH => flip_horizontal(&rotate90(&picture)),
        Orientation::Rotate270FlipH => flip_horizontal(&rotate270(&picture)),
    })
}

/// The smallest size that holds the turned picture.
fn turned_size((width, height): Size, angle: f64) -> Size {
    let (sin, cos) = angle.to_radians().sin_cos();
    let (width, height) = (f64::from(width), f64::from(height));
    // What rounding adds is no pixel.
    let along = |length: f64| (length - 1e-6).ceil().max(1.0) as u32;
    (along(width * cos.abs() + height * sin.abs()), along(width * sin.abs() + height * cos.abs()))
}

fn askew(
    from: &RgbaImage,
    (width, height): Size,
    angle: f64,
    background: Color,
    cancel: &Cancel,
) -> Result<RgbaImage, Failure> {
    let (sin, cos) = angle.to_radians().sin_cos();
    let (middle_x, middle_y) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
    let (from_x, from_y) = (f64::from(from.width()) / 2.0, f64::from(from.height()) / 2.0);
    let mut target = RgbaImage::new(width, height);
    for (y, row) in target.rows_mut().enumerate() {
        cancel.check()?;
        let down = y as f64 + 0.5 - middle_y;
        for (x, pixel) in row.enumerate() {
            let across = x as f64 + 0.5 - middle_x;
            let source_x = across * cos + down * sin + from_x - 0.5;
            let source_y = down * cos - across * sin + from_y - 0.5;
            *pixel = between(from, source_x, source_y, background);
        }
    }
    Ok(target)
}

/// The colour between four pixels; those outside are background.
fn between(from: &RgbaImage, x: f64, y: f64, background: Color) -> Rgba<u8> {
    let (left, top) = (x.floor(), y.floor());
    let (part_x, part_y) = ((x - left) as f32, (y - top) as f32);
    let mut sum = [0f32; 4];
    for (dx, dy, weight) in [
        (0.0, 0.0, (1.0 - part_x) * (1.0 - part_y)),
        (1.0, 0.0, part_x * (1.0 - part_y)),
        (0.0, 1.0, (1.0 - part_x) * part_y),
        (1.0, 1.0, part_x * part_y),
    ] {
        let (x, y) = (left + dx, top + dy);
        let inside = x >= 0.0 && y >= 0.0 && x < f64::from(from.width()) && y < f64::from(from.height());
        let [r, g, b, a] = if inside { from.get_pixel(x as u32, y as u32).0 } else { background };
        let alpha = f32::from(a) * weight;
        for (sum, channel) in sum.iter_mut().zip([r, g, b]) {
            *sum += f32::from(channel) * alpha;
        }
        sum[3] += alpha;
    }
    let alpha = sum[3];
    if alpha <= 0.0 {
        return Rgba([0, 0, 0, 0]);
    }
    let [r, g, b, _] = sum.map(|channel| (channel / alpha).round() as u8);
    Rgba([r, g, b, alpha.round() as u8])
}
