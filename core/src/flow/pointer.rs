//! JSON pointers (RFC 6901): how a problem says where it is.

use std::fmt::Write;

/// Appends a key to a pointer.
#[inline(never)]
pub(crate) fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    for character in key.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// Appends the place in a list to a pointer.
#[inline(never)]
pub(crate) fn push_index(pointer: &mut String, index: usize) {
    // Writing to a string cannot fail.
    let _ = write!(pointer, "/{index}");
}
