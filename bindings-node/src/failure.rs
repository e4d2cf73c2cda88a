//! Failures of the native libraries as errors of JavaScript.

/// A result whose failure JavaScript sees as an error with the message `[CODE] message`, which the loader takes apart.
pub(crate) trait OrThrow<T> {
    /// The value; else the failure as an error of JavaScript.
    fn or_throw(self) -> napi::Result<T>;
}

impl<T> OrThrow<T> for Result<T, nodes_native::Failure> {
    fn or_throw(self) -> napi::Result<T> {
        self.map_err(|failure| napi::Error::from_reason(failure.to_string()))
    }
}

impl<T> OrThrow<T> for Result<T, store_native::Failure> {
    fn or_throw(self) -> napi::Result<T> {
        self.map_err(|failure| napi::Error::from_reason(failure.to_string()))
    }
}
