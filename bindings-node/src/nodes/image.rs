//! What JavaScript calls for pictures.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]

use std::path::PathBuf;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use nodes_native::image::job::Job;
use nodes_native::image::process::{Processed, process};
use nodes_native::image::reading::Source;

use super::work::{CancelToken, Promise, cancel_of, in_background};
use crate::failure::OrThrow;

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
    /// What kind of picture it is.
    #[napi(ts_type = "'png' | 'jpeg' | 'webp' | 'gif' | 'tiff' | 'bmp'")]
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
    #[napi(ts_arg_type = "readonly ImageSource[]")] sources: Vec<ImageSource>,
    job: String,
    cancel: Option<&CancelToken>,
) -> napi::Result<Promise<ImageAnswer>> {
    let (job, cancel) = (Job::from_json(&job).or_throw()?, cancel_of(cancel));
    // The bytes are copied because JavaScript may change a buffer while they are read.
    let sources: Vec<Source> = sources
        .into_iter()
        .map(|ImageSource { name, path, bytes }| match path {
            Some(path) => Source::file(name, PathBuf::from(path)),
            None => Source::content(name, bytes.map(|bytes| bytes.to_vec()).unwrap_or_default()),
        })
        .collect();
    Ok(in_background(move || process(&sources, &job, &cancel).map(answer)))
}

fn answer(Processed { bytes, size: (width, height), source: header, warnings }: Processed) -> ImageAnswer {
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
