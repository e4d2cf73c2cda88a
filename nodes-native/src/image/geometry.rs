//! Sizes and places, in whole pixels.

use serde::Deserialize;

/// Width and height.
pub type Size = (u32, u32);

/// How a picture gets a size of another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fit {
    /// Fills the size; what stands out is cut off.
    Cover,
    /// Whole within the size, with borders.
    Contain,
    /// Stretched.
    Fill,
    /// Whole, as large as the size allows.
    Inside,
    /// Whole, as small as covers the size.
    Outside,
}

/// One of nine places. Compass names are the same places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Position {
    #[serde(alias = "centre")]
    Center,
    #[serde(alias = "north")]
    Top,
    #[serde(alias = "northeast")]
    TopRight,
    #[serde(alias = "east")]
    Right,
    #[serde(alias = "southeast")]
    BottomRight,
    #[serde(alias = "south")]
    Bottom,
    #[serde(alias = "southwest")]
    BottomLeft,
    #[serde(alias = "west")]
    Left,
    #[serde(alias = "northwest")]
    TopLeft,
}

impl Position {
    /// How far from the left and from the top, 0–1.
    pub(super) fn parts(self) -> (f64, f64) {
        match self {
            Self::Center => (0.5, 0.5),
            Self::Top => (0.5, 0.0),
            Self::TopRight => (1.0, 0.0),
            Self::Right => (1.0, 0.5),
            Self::BottomRight => (1.0, 1.0),
            Self::Bottom => (0.5, 1.0),
            Self::BottomLeft => (0.0, 1.0),
            Self::Left => (0.0, 0.5),
            Self::TopLeft => (0.0, 0.0),
        }
    }

    /// Where something of one size begins in or over another; negative where it is larger.
    pub(super) fn place(self, inner: Size, outer: Size, margin: u32) -> (i64, i64) {
        let along = |part: f64, inner: u32, outer: u32| {
            let margin = i64::from(margin);
            let free = i64::from(outer) - i64::from(inner) - 2 * margin;
            margin + (part * free as f64).floor() as i64
        };
        let (x, y) = self.parts();
        (along(x, inner.0, outer.0), along(y, inner.1, outer.1))
    }
}

/// The size of a picture that keeps its shape and touches a frame from inside, or from outside.
pub(super) fn scaled(from: Size, frame: Size, outside: bool) -> Size {
    let (across, down) = (f64::from(frame.0) / f64::from(from.0), f64::from(frame.1) / f64::from(from.1));
    let scale = if outside { across.max(down) } else { across.min(down) };
    let along = |length: u32, exact: bool, wanted: u32| {
        if exact { wanted } else { ((f64::from(length) * scale).round() as u32).max(1) }
    };
    (along(from.0, scale == across, frame.0), along(from.1, scale == down, frame.1))
}

/// The frame that a width, a height or both ask for; a side that is not given follows from the shape.
pub(super) fn frame(from: Size, width: Option<u32>, height: Option<u32>) -> Size {
    let follow = |given: u32, side: u32, other: u32| {
        ((f64::from(other) * f64::from(given) / f64::from(side)).round() as u32).max(1)
    };
    match (width, height) {
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => (width, follow(width, from.0, from.1)),
        (None, Some(height)) => (follow(height, from.1, from.0), height),
        (None, None) => from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_touched_from_inside_and_from_outside() {
        assert_eq!(scaled((400, 200), (100, 100), false), (100, 50));
        assert_eq!(scaled((400, 200), (100, 100), true), (200, 100));
        assert_eq!(scaled((10_000, 1), (100, 100), false), (100, 1));
    }

    #[test]
    fn a_missing_side_follows_from_the_shape() {
        assert_eq!(frame((400, 200), Some(100), None), (100, 50));
        assert_eq!(frame((400, 200), None, Some(100)), (200, 100));
        assert_eq!(frame((400, 200), None, None), (400, 200));
    }

    #[test]
    fn places_keep_their_margin() {
        assert_eq!(Position::BottomRight.place((10, 10), (100, 50), 5), (85, 35));
        assert_eq!(Position::TopLeft.place((10, 10), (100, 50), 5), (5, 5));
        assert_eq!(Position::Center.place((200, 10), (100, 50), 0), (-50, 20));
    }
}
