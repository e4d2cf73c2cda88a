//! What JavaScript calls for pictures.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]

use std::path::PathBuf;

use image::RgbaImage;
use napi::bindgen_prelude::{AsyncTask, Buffer};
use napi_derive::napi;

use super::super::failure::{Code, Failure};
use super::super::work::{Cancel, CancelToken, Work, in_background};
use super::job::Job;
use super::reading::{From, Header, Source, Warning, open};
use super::{color, effects, layers, resizing, text, turning, writing};

/// A picture: a file, or bytes.
#[napi(object, object_to_js = false)]
pub struct ImageSource {
    /// What messages call it.
    pub name: String,
    /// The file; else `bytes`.
    pub path: Option<String>,
    /// A file's content.
    pub bytes: Option<Buffer>,
}

/// A picture that was made, or whose header was read.
#[napi(object, object_from_js = false)]
pub struct ImageAnswer {
    /// The file's content, unless only the header was asked for.
    pub bytes: Option<Buffer>,
    /// Pixels, of what was made or as the header says.
    pub width: u32,
    /// The same from top to bottom.
    pub height: u32,
    /// What the first source is.
    pub source: ImageHeader,
    /// What a flow's author should know.
    pub warnings: Vec<ImageWarning>,
}

/// What the header of a picture says.
#[napi(object, object_from_js = false)]
pub struct ImageHeader {
    /// `png`, `jpeg`, `webp`, `gif`, `tiff` or `bmp`.
    pub format: String,
    /// Pixels, after the turn that EXIF asks for.
    pub width: u32,
    /// The same from top to bottom.
    pub height: u32,
    /// Whether it may have transparent parts.
    pub has_alpha: bool,
    /// Bits of a channel.
    pub depth: u32,
    /// 1–8, as EXIF counts; 1 is upright.
    pub orientation: u32,
    /// Whether more pictures follow: frames, or pages.
    pub has_more: bool,
    /// Whether it brings a colour profile.
    pub has_profile: bool,
    /// Bytes of the file.
    pub size: f64,
}

/// A warning with the kebab-case name of its kind.
#[napi(object, object_from_js = false)]
pub struct ImageWarning {
    /// The kind.
    pub rule: String,
    /// In words.
    pub message: String,
}

/// Makes a picture of the first source as a job, given as JSON text, says; the others are laid over it. Without an output
/// in the job only the header is read. INVALID_PARAMETERS for a job that cannot be done, DESERIALIZATION_FAILED for what is
/// no picture, MEMORY_LIMIT_EXCEEDED for one with too many pixels.
#[napi(catch_unwind)]
pub fn process_image(
    sources: Vec<ImageSource>,
    job: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<AsyncTask<Work<ImageAnswer>>> {
    let cancel = Cancel::of(cancel);
    let job: Job = serde_json::from_str(&job)
        .map_err(|error| Code::InvalidParameters.because(format!("Not a job for pictures: {error}")))?;
    // The bytes are copied because JavaScript may change a buffer while they are read.
    let sources: Vec<Source> = sources
        .into_iter()
        .map(|ImageSource { name, path, bytes }| Source {
            name,
            from: match (path, bytes) {
                (Some(path), _) => From::Path(PathBuf::from(path)),
                (None, bytes) => From::Bytes(bytes.map(|bytes| bytes.to_vec()).unwrap_or_default()),
            },
        })
        .collect();
    Ok(in_background(move || run(&sources, &job, &cancel)))
}

fn run(sources: &[Source], job: &Job, cancel: &Cancel) -> Result<ImageAnswer, Failure> {
    let mut warnings = Vec::new();
    let opened = open(source(sources, 0)?, job.max_pixels, cancel)?;
    let header = opened.header.clone();
    let Some(output) = &job.output else {
        let (width, height) = header.size;
        return Ok(answer(None, (width, height), header, warnings));
    };
    cancel.check()?;
    let picture = opened.decode(&mut warnings)?;
    cancel.check()?;
    let picture = changed(picture, sources, job, cancel, &mut warnings)?;
    cancel.check()?;
    let size = picture.dimensions();
    let bytes = writing::write(picture, output, job.background, &mut warnings)?;
    cancel.check()?;
    Ok(answer(Some(bytes), size, header, warnings))
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

fn answer(
    bytes: Option<Vec<u8>>,
    (width, height): (u32, u32),
    header: Header,
    warnings: Vec<Warning>,
) -> ImageAnswer {
    ImageAnswer {
        bytes: bytes.map(Buffer::from),
        width,
        height,
        source: ImageHeader {
            format: header.format.to_owned(),
            width: header.size.0,
            height: header.size.1,
            has_alpha: header.has_alpha,
            depth: u32::from(header.depth),
            orientation: u32::from(header.orientation),
            has_more: header.has_more,
            has_profile: header.has_profile,
            size: header.bytes as f64,
        },
        warnings: warnings
            .into_iter()
            .map(|(rule, message)| ImageWarning { rule: rule.to_owned(), message })
            .collect(),
    }
}
