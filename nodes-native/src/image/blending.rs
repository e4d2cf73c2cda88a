//! How the pixels of two pictures become one: the operators of Porter and Duff, and the blend modes of PDF.

use serde::Deserialize;

/// A way to blend. `dest` is what is below, `source` what is laid on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Blend {
    Clear,
    Source,
    Over,
    In,
    Out,
    Atop,
    Dest,
    DestOver,
    DestIn,
    DestOut,
    DestAtop,
    Xor,
    Add,
    Saturate,
    Multiply,
    Screen,
    Overlay,
    Darken,
    Lighten,
    #[serde(alias = "colour-dodge")]
    ColorDodge,
    #[serde(alias = "colour-burn")]
    ColorBurn,
    HardLight,
    SoftLight,
    Difference,
    Exclusion,
}

/// Red, green, blue and opacity, 0–1 each; colours are not multiplied by the opacity.
type Pixel = [f32; 4];

impl Blend {
    /// Whether what is below changes also where nothing is laid on it.
    pub(super) fn reaches_outside(self) -> bool {
        matches!(self, Self::Clear | Self::Source | Self::In | Self::Out | Self::DestIn | Self::DestAtop)
    }

    /// One pixel of both.
    pub(super) fn blend(self, below: [u8; 4], above: [u8; 4], opacity: f32) -> [u8; 4] {
        let below = below.map(|channel| f32::from(channel) / 255.0);
        let mut above = above.map(|channel| f32::from(channel) / 255.0);
        above[3] *= opacity;
        let pixel = match self.parts(below[3], above[3]) {
            Some((of_above, of_below)) => composed(below, above, of_below, of_above),
            None => self.mixed(below, above),
        };
        pixel.map(|channel| (channel.clamp(0.0, 1.0) * 255.0).round() as u8)
    }

    /// The parts of source and destination, for those that know no more of them than their opacity.
    fn parts(self, below: f32, above: f32) -> Option<(f32, f32)> {
        Some(match self {
            Self::Clear => (0.0, 0.0),
            Self::Source => (1.0, 0.0),
            Self::Over => (1.0, 1.0 - above),
            Self::In => (below, 0.0),
            Self::Out => (1.0 - below, 0.0),
            Self::Atop => (below, 1.0 - above),
            Self::Dest => (0.0, 1.0),
            Self::DestOver => (1.0 - below, 1.0),
            Self::DestIn => (0.0, above),
            Self::DestOut => (0.0, 1.0 - above),
            Self::DestAtop => (1.0 - below, above),
            Self::Xor => (1.0 - below, 1.0 - above),
            Self::Add => (1.0, 1.0),
            Self::Saturate => (if above > 0.0 { ((1.0 - below) / above).min(1.0) } else { 1.0 }, 1.0),
            _ => return None,
        })
    }

    fn mixed(self, below: Pixel, above: Pixel) -> Pixel {
        let (alpha_below, alpha_above) = (below[3], above[3]);
        let alpha = alpha_below + alpha_above - alpha_below * alpha_above;
        if alpha <= 0.0 {
            return [0.0; 4];
        }
        let mut pixel = [0.0, 0.0, 0.0, alpha];
        for (channel, value) in pixel.iter_mut().take(3).enumerate() {
            let (b, s) = (below[channel], above[channel]);
            let both = self.function(b, s).clamp(0.0, 1.0);
            *value = ((1.0 - alpha_below) * alpha_above * s
                + (1.0 - alpha_above) * alpha_below * b
                + alpha_above * alpha_below * both)
                / alpha;
        }
        pixel
    }

    /// The blend functions of PDF, of what is below and what is laid on it.
    fn function(self, below: f32, above: f32) -> f32 {
        match self {
            Self::Multiply => below * above,
            Self::Screen => screen(below, above),
            Self::Overlay => hard_light(above, below),
            Self::Darken => below.min(above),
            Self::Lighten => below.max(above),
            Self::ColorDodge if below <= 0.0 => 0.0,
            Self::ColorDodge if above >= 1.0 => 1.0,
            Self::ColorDodge => below / (1.0 - above),
            Self::ColorBurn if below >= 1.0 => 1.0,
            Self::ColorBurn if above <= 0.0 => 0.0,
            Self::ColorBurn => 1.0 - (1.0 - below) / above,
            Self::HardLight => hard_light(below, above),
            Self::SoftLight => soft_light(below, above),
            Self::Difference => (below - above).abs(),
            Self::Exclusion => below + above - 2.0 * below * above,
            _ => above,
        }
    }
}

fn composed(below: Pixel, above: Pixel, of_below: f32, of_above: f32) -> Pixel {
    let (weight_below, weight_above) = (below[3] * of_below, above[3] * of_above);
    let weight = weight_below + weight_above;
    if weight <= 0.0 {
        return [0.0; 4];
    }
    let alpha = weight.min(1.0);
    let mut pixel = [0.0, 0.0, 0.0, alpha];
    for (channel, value) in pixel.iter_mut().take(3).enumerate() {
        // Beyond full opacity, as `add` gets there, light adds up.
        *value = (below[channel] * weight_below + above[channel] * weight_above) / alpha;
    }
    pixel
}

fn screen(below: f32, above: f32) -> f32 {
    below + above - below * above
}

fn hard_light(below: f32, above: f32) -> f32 {
    if above <= 0.5 { below * 2.0 * above } else { screen(below, 2.0 * above - 1.0) }
}

fn soft_light(below: f32, above: f32) -> f32 {
    if above <= 0.5 {
        return below - (1.0 - 2.0 * above) * below * (1.0 - below);
    }
    let light = if below <= 0.25 { ((16.0 * below - 12.0) * below + 4.0) * below } else { below.sqrt() };
    below + (2.0 * above - 1.0) * (light - below)
}
