//! Work off the main thread: one closure, run once, whose panic becomes an error instead of the end of the process.
#![allow(unreachable_pub, reason = "exported to JavaScript, which the lint does not see")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::bindgen_prelude::{AsyncTask, PromiseRaw, ToNapiValue, TypeName};
use napi::{Env, JsValue, Task};
use napi_derive::napi;
use nodes_native::{Cancel, Code, Failure};

use crate::failure::OrThrow;

/// A flag that stops native work from JavaScript, for instance when a node's signal fires.
///
/// Work that sees it ends with code CANCELLED at the next of its regular looks.
#[napi]
pub struct CancelToken {
    flag: Cancel,
}

#[napi]
impl CancelToken {
    /// A token that has not fired.
    #[napi(constructor)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { flag: Cancel::default() }
    }

    /// Fires the token. Firing twice is the same as once.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.flag.fire();
    }

    /// How far the work is, 0–100; 0 for work that does not say.
    #[napi(getter, catch_unwind)]
    pub fn progress(&self) -> u32 {
        self.flag.percent()
    }
}

/// What work looks at for a token; without a token it never fires.
pub(crate) fn cancel_of(token: Option<&CancelToken>) -> Cancel {
    token.map(|token| token.flag.clone()).unwrap_or_default()
}

type Step<T> = Box<dyn FnOnce() -> Result<T, Failure> + Send>;

/// A closure on Node's worker pool.
pub struct Work<T: Send + 'static> {
    step: Option<Step<T>>,
}

/// What such work promises. The derive of TypeScript goes by names, and so takes it for a promise of `T`.
pub type Promise<T> = AsyncTask<Work<T>>;

/// Runs `step` on the worker pool and settles a promise with its result.
pub(crate) fn in_background<T>(step: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Promise<T>
where
    T: ToNapiValue + TypeName + Send + 'static,
{
    AsyncTask::new(Work { step: Some(Box::new(step)) })
}

/// Bytes of the stack of a thread of its own.
const STACK: usize = 8 * 1024 * 1024;

/// Runs `step` on a thread of its own and settles a promise with its result: for work that may wait or take long. On the worker
/// pool, which has four threads, a few of it would hold up all files and names that the process asks for.
pub(crate) fn on_own_thread<T>(
    env: &Env,
    step: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> napi::Result<PromiseRaw<'_, T>>
where
    T: ToNapiValue + Send + 'static,
{
    let (deferred, promise) = env.create_deferred::<T, Box<dyn FnOnce(Env) -> napi::Result<T>>>()?;
    std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || match caught(step) {
            Ok(value) => deferred.resolve(Box::new(|_| Ok(value))),
            Err(error) => deferred.reject(error),
        })
        .map_err(|error| Code::ExecutionFailed.because(format!("No thread can be started: {error}")))
        .or_throw()?;
    Ok(PromiseRaw::new(env.raw(), promise.raw()))
}

/// What a step gives; a panic becomes an error.
fn caught<T>(step: impl FnOnce() -> Result<T, Failure>) -> napi::Result<T> {
    catch_unwind(AssertUnwindSafe(step))
        .unwrap_or_else(|_| Err(Code::ExecutionFailed.because("The native node library failed unexpectedly")))
        .or_throw()
}

impl<T: ToNapiValue + TypeName + Send + 'static> Task for Work<T> {
    type Output = T;
    type JsValue = T;

    fn compute(&mut self) -> napi::Result<T> {
        let again = || Code::ExecutionFailed.because("The operation has already run");
        caught(self.step.take().ok_or_else(again).or_throw()?)
    }

    fn resolve(&mut self, _env: Env, output: T) -> napi::Result<T> {
        Ok(output)
    }
}
