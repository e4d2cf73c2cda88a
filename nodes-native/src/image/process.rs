//! All steps of a job, in their order.

use image::RgbaImage;

use super::geometry::Size;
use super::job::Job;
use super::reading::{Header, Source, Warning, open};
use super::{color, effects, layers, resizing, text, turning, writing};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// A picture that was made, or whose header was read.
pub struct Processed {
    /// The file's content, unless only the header was asked for.
    pub bytes: Option<Vec<u8>>,
    /// Pixels, of what was made or as the header says.
    pub size: Size,
    /// What the first source is.
    pub source: Header,
    /// What a flow's author should know.
    pub warnings: Vec<Warning>,
}

/// Makes a picture of the first source as the job says; the others are laid over it. Without an output in the job only the header
/// is read. INVALID_PARAMETERS for a job that cannot be done, DESERIALIZATION_FAILED for what is no picture, MEMORY_LIMIT_EXCEEDED
/// for one with too many pixels, CANCELLED.
pub fn process(sources: &[Source], job: &Job, cancel: &Cancel) -> Result<Processed, Failure> {
    let mut warnings = Vec::new();
    let opened = open(source(sources, 0)?, job.max_pixels, cancel)?;
    let header = opened.header.clone();
    let Some(output) = &job.output else {
        return Ok(Processed { bytes: None, size: header.size, source: header, warnings });
    };
    cancel.check()?;
    let picture = opened.decode(&mut warnings)?;
    cancel.check()?;
    let picture = changed(picture, sources, job, cancel, &mut warnings)?;
    cancel.check()?;
    let size = picture.dimensions();
    let bytes = writing::write(picture, output, job.background, &mut warnings)?;
    cancel.check()?;
    Ok(Processed { bytes: Some(bytes), size, source: header, warnings })
}

/// All steps of a job but the first and the last.
fn changed(
    mut picture: RgbaImage,
    sources: &[Source],
    job: &Job,
    cancel: &Cancel,
    warnings: &mut Vec<Warning>,
) -> Result<RgbaImage, Failure> {
    let &Job { max_pixels, background, .. } = job;
    if let Some(crop) = &job.crop {
        picture = resizing::crop(&picture, crop)?;
    }
    if let Some(resize) = &job.resize {
        picture = resizing::resize(picture, resize, background, max_pixels)?;
        cancel.check()?;
    }
    if let Some(turn) = &job.turn {
        picture = turning::turn(picture, turn, background, max_pixels, cancel)?;
    }
    for layer in &job.layers {
        let above = open(source(sources, layer.source)?, max_pixels, cancel)?.decode(warnings)?;
        layers::lay(&mut picture, above, layer, max_pixels, cancel)?;
    }
    if let Some(words) = &job.text {
        text::write(&mut picture, words, cancel, warnings)?;
    }
    if let Some(sigma) = job.blur {
        picture = effects::blur(picture, sigma);
        cancel.check()?;
    }
    if let Some(sigma) = job.sharpen {
        picture = effects::sharpen(picture, sigma);
        cancel.check()?;
    }
    if job.grayscale {
        color::gray(&mut picture);
    }
    if let Some(opacity) = job.opacity {
        effects::fade(&mut picture, opacity);
    }
    Ok(picture)
}

fn source(sources: &[Source], index: usize) -> Result<&Source, Failure> {
    sources.get(index).ok_or_else(|| Code::InvalidParameters.because(format!("There is no picture {index}")))
}
