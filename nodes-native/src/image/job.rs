//! A job: one picture, what is done to it in order, and how it is written.

use serde::Deserialize;

use super::blending::Blend;
use super::geometry::{Fit, Position};
use crate::failure::{Code, Failure};

/// A colour: red, green, blue and opacity, 0–255 each.
pub(super) type Color = [u8; 4];

/// What to do with the first source, in the order of the fields. Without `output` only its header is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Job {
    /// The most pixels that a picture may have: each source, and whatever is made of them.
    pub(super) max_pixels: u64,
    pub(super) crop: Option<Crop>,
    pub(super) resize: Option<Resize>,
    pub(super) turn: Option<Turn>,
    #[serde(default)]
    pub(super) layers: Vec<Layer>,
    pub(super) text: Option<Text>,
    /// Radius of a Gaussian blur in pixels, as its standard deviation.
    pub(super) blur: Option<f32>,
    /// The same of the blur that an unsharp mask compares with.
    pub(super) sharpen: Option<f32>,
    #[serde(default)]
    pub(super) grayscale: bool,
    /// 0–1, of the whole picture.
    pub(super) opacity: Option<f32>,
    /// What shows where there is no picture; `None` for nothing, or white where the format has no transparency.
    pub(super) background: Option<Color>,
    pub(super) output: Option<Output>,
}

impl Job {
    /// Reads the JSON form. INVALID_PARAMETERS.
    pub fn from_json(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text)
            .map_err(|error| Code::InvalidParameters.because(format!("Not a job for pictures: {error}")))
    }
}

/// The part that stays. Without `left` and `top` the position says where it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Crop {
    pub(super) left: Option<i64>,
    pub(super) top: Option<i64>,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) position: Position,
}

/// A size, and how a picture of another shape gets it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Resize {
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    pub(super) fit: Fit,
    pub(super) position: Position,
    pub(super) enlarge: bool,
}

/// A turn clockwise in degrees, then mirroring.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Turn {
    pub(super) angle: f64,
    /// Upside down.
    pub(super) flip: bool,
    /// Left to right.
    pub(super) flop: bool,
}

/// A picture on top.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Layer {
    /// Which source it is.
    pub(super) source: usize,
    /// Brings it to the size of what is below.
    pub(super) fit: Option<Fit>,
    /// Its width as a part of the width of what is below, 0–1.
    pub(super) scale: Option<f64>,
    /// Whether it is repeated over the whole picture.
    #[serde(default)]
    pub(super) tile: bool,
    pub(super) blend: Blend,
    pub(super) opacity: f32,
    #[serde(flatten)]
    pub(super) spot: Spot,
}

/// Where something is laid: by a position and a distance from the edges, or exactly.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Spot {
    pub(super) position: Position,
    #[serde(default)]
    pub(super) margin: u32,
    pub(super) left: Option<i64>,
    pub(super) top: Option<i64>,
}

/// Words on the picture.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Text {
    pub(super) text: String,
    /// A font file, or the name of a family of the machine; `None` for a usual one without serifs.
    pub(super) font: Option<String>,
    /// Pixels per em.
    pub(super) size: f32,
    pub(super) color: Color,
    pub(super) opacity: f32,
    #[serde(flatten)]
    pub(super) spot: Spot,
}

/// How the picture is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Output {
    pub(super) format: Format,
    /// 1–100, for formats that leave something out.
    pub(super) quality: u8,
    /// WebP: without loss.
    pub(super) lossless: bool,
}

/// The formats that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    Png,
    Jpeg,
    Webp,
    Tiff,
}
