//! From bytes to pixels. How many pixels a picture has is looked at before any of them is decoded.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::PathBuf;

use image::codecs::{png, webp};
use image::metadata::Orientation;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbaImage,
};

use super::geometry::Size;
use super::{color, turning};
use crate::cancel::Cancel;
use crate::failure::{Code, Failure};

/// Bytes of a file that are read.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;
/// Bytes read before the next look at the cancel token.
const PIECE: usize = 1024 * 1024;
/// Bytes that decoding may take beside the pixels.
const DECODER_ROOM: u64 = 64 * 1024 * 1024;
/// The most bytes of a pixel in any format: four channels of 32 bits.
const WIDEST_PIXEL: u64 = 16;

/// Where a picture comes from, and what messages call it.
pub struct Source {
    name: String,
    from: From,
}

impl Source {
    /// A file.
    pub fn file(name: String, path: PathBuf) -> Self {
        Self { name, from: From::Path(path) }
    }

    /// A file's content.
    pub fn content(name: String, bytes: Vec<u8>) -> Self {
        Self { name, from: From::Bytes(bytes) }
    }
}

enum From {
    Path(PathBuf),
    Bytes(Vec<u8>),
}

/// Something that a flow's author should know, by the kebab-case name of its kind.
pub type Warning = (&'static str, String);

/// What the header of a picture says.
#[derive(Debug, Clone)]
pub struct Header {
    /// `png`, `jpeg`, `webp`, `gif`, `tiff` or `bmp`.
    pub format: &'static str,
    /// As it is shown: after the turn that EXIF asks for.
    pub size: Size,
    /// Whether it may have transparent parts.
    pub has_alpha: bool,
    /// Bits of a channel.
    pub depth: u16,
    /// 1–8, as EXIF counts.
    pub orientation: u8,
    /// Whether more pictures follow: frames of an animation, or pages.
    pub has_more: bool,
    /// Whether it brings a colour profile.
    pub has_profile: bool,
    /// Bytes of the file.
    pub bytes: usize,
}

/// A picture that is open but not decoded.
pub(super) struct Opened<'a> {
    pub(super) header: Header,
    name: &'a str,
    bytes: Vec<u8>,
    format: ImageFormat,
    limits: Limits,
}

/// Reads a source and its header. DESERIALIZATION_FAILED for what is no picture that can be read, MEMORY_LIMIT_EXCEEDED
/// for one of more than `max_pixels`.
pub(super) fn open<'a>(source: &'a Source, max_pixels: u64, cancel: &Cancel) -> Result<Opened<'a>, Failure> {
    let bytes = bytes_of(source, cancel)?;
    let name = &source.name;
    let format = format_of(&bytes, name)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(max_pixels.saturating_mul(WIDEST_PIXEL).saturating_add(DECODER_ROOM));
    let mut opened = Opened {
        header: Header {
            format: format_name(format),
            size: (0, 0),
            has_alpha: false,
            depth: 8,
            orientation: 1,
            has_more: false,
            has_profile: false,
            bytes: bytes.len(),
        },
        name,
        bytes,
        format,
        limits,
    };
    // Decoders refuse some sizes in words of their own.
    if let Some(size) = declared_size(&opened.bytes, format) {
        check_pixels(name, size, max_pixels)?;
    }
    let mut decoder = opened.decoder()?;
    let (width, height) = decoder.dimensions();
    let pixels = check_pixels(name, (width, height), max_pixels)?;
    if pixels == 0 {
        return Err(unreadable(name, format, "it has no pixels"));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let color = decoder.original_color_type();
    let header = Header {
        size: if is_turned(orientation) { (height, width) } else { (width, height) },
        has_alpha: decoder.color_type().has_alpha(),
        depth: depth_of(color),
        orientation: orientation.to_exif(),
        has_profile: decoder.icc_profile().ok().flatten().is_some(),
        has_more: false,
        ..opened.header
    };
    drop(decoder);
    opened.header = header;
    opened.header.has_more = opened.has_more();
    Ok(opened)
}

impl Opened<'_> {
    /// The pixels, upright and with 8 bits a channel. DESERIALIZATION_FAILED where they are damaged or cut short.
    pub(super) fn decode(self, warnings: &mut Vec<Warning>) -> Result<RgbaImage, Failure> {
        let name = self.name;
        if self.format == ImageFormat::Jpeg && !is_whole_jpeg(&self.bytes) {
            return Err(unreadable(name, self.format, "it ends before the picture does"));
        }
        if self.header.has_more {
            warnings.push((
                "first-frame-only",
                format!("{name} is animated or has several pages; only the first is used"),
            ));
        }
        if self.header.depth > 8 {
            warnings.push((
                "reduced-depth",
                format!("{name} has {} bits a channel; it is worked on with 8", self.header.depth),
            ));
        }
        let mut decoder = self.decoder()?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let profile = decoder.icc_profile().ok().flatten();
        if profile.is_some_and(|profile| !color::is_srgb(&profile)) {
            warnings.push((
                "color-profile-ignored",
                format!("{name} has a colour profile other than sRGB; its colours are taken for sRGB"),
            ));
        }
        match DynamicImage::from_decoder(decoder) {
            Ok(decoded) => turning::upright(color::to_rgba(decoded), orientation)
                .ok_or_else(|| unreadable(name, self.format, "its pixels have an unknown form")),
            Err(error) => Err(self.failure(error)),
        }
    }

    fn decoder(&self) -> Result<Box<dyn ImageDecoder + '_>, Failure> {
        let mut reader = ImageReader::with_format(Cursor::new(self.bytes.as_slice()), self.format);
        reader.limits(self.limits.clone());
        match reader.into_decoder() {
            Ok(decoder) => Ok(Box::new(decoder)),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// A picture whose further parts cannot be read has none that count.
    fn has_more(&self) -> bool {
        let bytes = || Cursor::new(self.bytes.as_slice());
        match self.format {
            ImageFormat::Gif => gif_has_more(&self.bytes),
            ImageFormat::WebP => webp::WebPDecoder::new(bytes()).is_ok_and(|decoder| decoder.has_animation()),
            ImageFormat::Png => {
                png::PngDecoder::new(bytes()).is_ok_and(|decoder| decoder.is_apng().unwrap_or(false))
            }
            ImageFormat::Tiff => {
                tiff::decoder::Decoder::new(bytes()).is_ok_and(|decoder| decoder.more_images())
            }
            _ => false,
        }
    }

    fn failure(&self, error: ImageError) -> Failure {
        match error {
            ImageError::Limits(limit) => Code::MemoryLimitExceeded
                .because(format!("{} takes more memory than pictures may: {limit}", self.name)),
            other => unreadable(self.name, self.format, &other.to_string()),
        }
    }
}

/// How many pixels there are, if they are not too many.
fn check_pixels(name: &str, (width, height): Size, max_pixels: u64) -> Result<u64, Failure> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > max_pixels {
        return Err(Code::MemoryLimitExceeded.because(format!(
            "{name} has {width} × {height} pixels, more than the {max_pixels} that `maxPixels` allows"
        )));
    }
    Ok(pixels)
}

/// The size at its fixed place in the headers of PNG, GIF and BMP; `None` elsewhere.
fn declared_size(bytes: &[u8], format: ImageFormat) -> Option<Size> {
    let four = |at: usize| bytes.get(at..at + 4)?.try_into().ok();
    let two = |at: usize| bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes).map(u32::from);
    match format {
        ImageFormat::Png => Some((u32::from_be_bytes(four(16)?), u32::from_be_bytes(four(20)?))),
        ImageFormat::Gif => Some((two(6)?, two(8)?)),
        // The oldest header, of 12 bytes, has sides of two bytes. A height below zero says that the first row is on top.
        ImageFormat::Bmp if four(14)? == [12, 0, 0, 0] => Some((two(18)?, two(20)?)),
        ImageFormat::Bmp => {
            Some((i32::from_le_bytes(four(18)?).unsigned_abs(), i32::from_le_bytes(four(22)?).unsigned_abs()))
        }
        _ => None,
    }
}

fn unreadable(name: &str, format: ImageFormat, why: &str) -> Failure {
    Code::DeserializationFailed
        .because(format!("{name} cannot be read as a {} picture: {why}", format_name(format)))
}

fn bytes_of(source: &Source, cancel: &Cancel) -> Result<Vec<u8>, Failure> {
    let name = &source.name;
    let too_large = |size: u64| {
        Code::MemoryLimitExceeded
            .because(format!("{name} has {size} bytes, more than the {LARGEST_FILE} of the largest picture"))
    };
    let path = match &source.from {
        From::Bytes(bytes) if bytes.len() as u64 > LARGEST_FILE => return Err(too_large(bytes.len() as u64)),
        From::Bytes(bytes) => return Ok(bytes.clone()),
        From::Path(path) => path,
    };
    let failed =
        |error: std::io::Error| Code::ExecutionFailed.because(format!("{name} cannot be read: {error}"));
    let facts = std::fs::metadata(path).map_err(failed)?;
    if !facts.is_file() {
        return Err(Code::ExecutionFailed.because(format!("{name} is not a file")));
    }
    if facts.len() > LARGEST_FILE {
        return Err(too_large(facts.len()));
    }
    let mut file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::with_capacity(facts.len() as usize);
    loop {
        cancel.check()?;
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(too_large(bytes.len() as u64));
        }
        if read < PIECE {
            return Ok(bytes);
        }
    }
}

/// The format by how the bytes begin; the name of a file counts for nothing.
fn format_of(bytes: &[u8], name: &str) -> Result<ImageFormat, Failure> {
    let found = match image::guess_format(bytes) {
        Ok(
            format @ (ImageFormat::Png
            | ImageFormat::Jpeg
            | ImageFormat::WebP
            | ImageFormat::Gif
            | ImageFormat::Tiff
            | ImageFormat::Bmp),
        ) => return Ok(format),
        Ok(other) => format!("a picture in the format {}", format_name(other)),
        Err(_) => looks_like(bytes).to_owned(),
    };
    Err(Code::DeserializationFailed
        .because(format!("{name} is {found}; PNG, JPEG, WebP, GIF (first frame), TIFF and BMP can be read")))
}

fn looks_like(bytes: &[u8]) -> &'static str {
    let start = bytes.get(..bytes.len().min(512)).unwrap_or_default();
    let text = String::from_utf8_lossy(start);
    match bytes {
        [] => "empty",
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', ..] => "a HEIC picture",
        [b'%', b'P', b'D', b'F', ..] => "a PDF",
        _ if text.contains("<svg") => "an SVG drawing",
        _ if text.trim_start().starts_with('<') => "HTML or XML",
        _ => "no picture",
    }
}

fn format_name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "png",
        ImageFormat::Jpeg => "jpeg",
        ImageFormat::WebP => "webp",
        ImageFormat::Gif => "gif",
        ImageFormat::Tiff => "tiff",
        ImageFormat::Bmp => "bmp",
        other => other.extensions_str().first().copied().unwrap_or("unknown"),
    }
}

/// Decoders fill what is missing with grey. A whole file has its end after the last scan; those of a thumbnail come before.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    match (last(0xd9), last(0xda)) {
        (Some(end), Some(scan)) => end > scan,
        _ => false,
    }
}

fn gif_has_more(bytes: &[u8]) -> bool {
    let mut options = gif::DecodeOptions::new();
    options.skip_frame_decoding(true);
    let Ok(mut decoder) = options.read_info(Cursor::new(bytes)) else { return false };
    let mut next = || decoder.next_frame_info().is_ok_and(|frame| frame.is_some());
    next() && next()
}

fn is_turned(orientation: Orientation) -> bool {
    orientation.to_exif() >= 5
}

fn depth_of(color: ExtendedColorType) -> u16 {
    match color {
        ExtendedColorType::Unknown(_) => 8,
        known => known.bits_per_pixel() / u16::from(known.channel_count()).max(1),
    }
}
