//! Pictures laid over a picture.

use image::RgbaImage;

use super::blending::Blend;
use super::geometry::{Size, scaled};
use super::job::{Layer, Spot};
use super::resizing::{stretch, to_fit};
use crate::cancel::Cancel;
use crate::failure::Failure;

impl Spot {
    /// Where something begins over a picture.
    pub(super) fn corner(&self, inner: Size, outer: Size) -> (i64, i64) {
        let (x, y) = self.position.place(inner, outer, self.margin);
        (self.left.unwrap_or(x), self.top.unwrap_or(y))
    }
}

/// Lays a picture over another as the layer says.
pub(super) fn lay(
    below: &mut RgbaImage,
    above: RgbaImage,
    layer: &Layer,
    max_pixels: u64,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let outer = below.dimensions();
    let mut above = above;
    if let Some(scale) = layer.scale {
        let width = ((f64::from(outer.0) * scale).round() as u32).max(1);
        let size = scaled(above.dimensions(), (width, u32::MAX), false);
        above = stretch(above, size, max_pixels)?;
    }
    if let Some(fit) = layer.fit {
        above = to_fit(above, outer, fit, layer.spot.position, max_pixels)?;
    }
    cancel.check()?;
    let (left, top) = layer.spot.corner(above.dimensions(), outer);
    if layer.tile {
        return blend(below, layer.blend, layer.opacity, cancel, |x, y| {
            let x = (i64::from(x) - left).rem_euclid(i64::from(above.width())) as u32;
            let y = (i64::from(y) - top).rem_euclid(i64::from(above.height())) as u32;
            Some(above.get_pixel(x, y).0)
        });
    }
    cover(below, &above, (left, top), layer.blend, layer.opacity, cancel)
}

/// Blends a picture into another from a place on; either may stand out of the other.
pub(super) fn cover(
    below: &mut RgbaImage,
    above: &RgbaImage,
    (left, top): (i64, i64),
    mode: Blend,
    opacity: f32,
    cancel: &Cancel,
) -> Result<(), Failure> {
    let outside = mode.reaches_outside().then_some([0; 4]);
    blend(below, mode, opacity, cancel, |x, y| {
        let x = u32::try_from(i64::from(x) - left).ok().filter(|x| *x < above.width());
        let y = u32::try_from(i64::from(y) - top).ok().filter(|y| *y < above.height());
        match (x, y) {
            (Some(x), Some(y)) => Some(above.get_pixel(x, y).0),
            _ => outside,
        }
    })
}

fn blend(
    below: &mut RgbaImage,
    mode: Blend,
    opacity: f32,
    cancel: &Cancel,
    above: impl Fn(u32, u32) -> Option<[u8; 4]>,
) -> Result<(), Failure> {
    for (y, row) in below.rows_mut().enumerate() {
        cancel.check()?;
        for (x, pixel) in row.enumerate() {
            let Some(above) = above(x as u32, y as u32) else { continue };
            // The usual case: what shows nothing changes nothing.
            if above[3] == 0 && !mode.reaches_outside() {
                continue;
            }
            pixel.0 = mode.blend(pixel.0, above, opacity);
        }
    }
    Ok(())
}
