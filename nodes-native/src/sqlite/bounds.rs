//! What a connection may take of the machine, whatever its statements and its file say: memory up to a bound of its own, and
//! no file but its own and those that SQLite keeps beside it.
//!
//! SQLite's own limit of memory counts a whole process, so that one statement could take what all others need. Here its
//! allocator counts for the connection that works on this thread. Files are opened through a layer over the one of the
//! platform: what a statement, a schema or a forged journal names is not opened and not deleted.
#![allow(unsafe_code, reason = "SQLite takes its allocator and its layer over files as C functions")]

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::OnceLock;

use rusqlite::ffi;

use crate::failure::{Code, Failure};

/// The layer over files, by the name that connections open it with.
pub(super) const LAYER: &CStr = c"conductor";

/// What goes before each piece of memory: its size. As wide as the alignment that SQLite expects.
const HEADER: usize = 16;

thread_local! {
    /// Bytes of the connection that works on this thread, and the most they may be.
    static TAKEN: Cell<i64> = const { Cell::new(0) };
    static MOST: Cell<i64> = const { Cell::new(i64::MAX) };
    /// The file of that connection, as the layer is asked for it.
    static FILE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What one connection may take, and what it has taken.
pub(super) struct Bounds {
    taken: i64,
    most: i64,
    file: Vec<u8>,
}

impl Bounds {
    /// For the connection of a file, by the path it will be opened with.
    pub(super) fn of(file: &Path, most: i64) -> Result<Self, Failure> {
        set_up()?;
        Ok(Self { taken: 0, most, file: full_name(file)? })
    }

    /// Runs what works on the connection; all that SQLite takes meanwhile on this thread counts for it.
    pub(super) fn within<T>(&mut self, work: impl FnOnce() -> T) -> T {
        struct Leave<'a>(&'a mut Bounds);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.taken = TAKEN.replace(0);
                MOST.set(i64::MAX);
                FILE.with_borrow_mut(|file| std::mem::swap(file, &mut self.0.file));
            }
        }
        TAKEN.set(self.taken);
        MOST.set(self.most);
        FILE.with_borrow_mut(|file| std::mem::swap(file, &mut self.file));
        let _leave = Leave(self);
        work()
    }
}

/// Whether bytes more may be taken; if so, they are.
fn take(bytes: i64) -> bool {
    let taken = TAKEN.get() + bytes;
    let fits = bytes <= 0 || taken <= MOST.get();
    if fits {
        TAKEN.set(taken);
    }
    fits
}

unsafe extern "C" fn allocate(bytes: c_int) -> *mut c_void {
    let Some(whole) = usize::try_from(bytes).ok().map(|bytes| bytes + HEADER) else { return null_mut() };
    let Ok(layout) = Layout::from_size_align(whole, HEADER) else { return null_mut() };
    if !take(whole as i64) {
        return null_mut();
    }
    // SAFETY: the layout is not empty, and the header lies within it.
    unsafe { with_header(alloc(layout), whole, whole as i64) }
}

/// What lies behind the header of a new piece of memory; where the allocation failed, what was counted for it is given back.
unsafe fn with_header(start: *mut u8, whole: usize, counted: i64) -> *mut c_void {
    if start.is_null() {
        take(-counted);
        return null_mut();
    }
    // SAFETY: the caller made room for the header and what follows it.
    unsafe {
        start.cast::<usize>().write(whole);
        start.add(HEADER).cast()
    }
}

/// The start of a piece of memory, and its layout.
unsafe fn piece(place: *mut c_void) -> (*mut u8, Layout) {
    // SAFETY: SQLite hands back what `with_header` gave it.
    unsafe {
        let start = place.cast::<u8>().sub(HEADER);
        (start, Layout::from_size_align_unchecked(start.cast::<usize>().read(), HEADER))
    }
}

unsafe extern "C" fn free(place: *mut c_void) {
    if place.is_null() {
        return;
    }
    // SAFETY: as in `piece`.
    unsafe {
        let (start, layout) = piece(place);
        take(-(layout.size() as i64));
        dealloc(start, layout);
    }
}

unsafe extern "C" fn reallocate(place: *mut c_void, bytes: c_int) -> *mut c_void {
    // SAFETY: as in `piece`; the new size is one that a layout can have.
    unsafe {
        let (start, layout) = piece(place);
        let Some(whole) = usize::try_from(bytes).ok().map(|bytes| bytes + HEADER) else { return null_mut() };
        let more = whole as i64 - layout.size() as i64;
        if !take(more) {
            return null_mut();
        }
        with_header(realloc(start, layout, whole), whole, more)
    }
}

unsafe extern "C" fn size(place: *mut c_void) -> c_int {
    if place.is_null() {
        return 0;
    }
    // SAFETY: as in `piece`.
    unsafe { (piece(place).1.size() - HEADER) as c_int }
}

extern "C" fn round_up(bytes: c_int) -> c_int {
    (bytes + 7) & !7
}

extern "C" fn begin(_: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

extern "C" fn end(_: *mut c_void) {}

/// The layer of the platform, under ours.
struct Platform(*mut ffi::sqlite3_vfs);
// SAFETY: SQLite registers it once and calls it from any thread.
unsafe impl Send for Platform {}
// SAFETY: the same.
unsafe impl Sync for Platform {}

static PLATFORM: OnceLock<Result<Platform, c_int>> = OnceLock::new();

/// Sets SQLite up before its first use in this process. All that opens a database in the process calls it. EXECUTION_FAILED.
pub fn prepare() -> Result<(), Failure> {
    set_up().map(|_| ())
}

fn set_up() -> Result<&'static Platform, Failure> {
    // SAFETY: nothing else in this library has used SQLite yet, and what it is given lives on.
    let done = PLATFORM.get_or_init(|| unsafe {
        let methods = ffi::sqlite3_mem_methods {
            xMalloc: Some(allocate),
            xFree: Some(free),
            xRealloc: Some(reallocate),
            xSize: Some(size),
            xRoundup: Some(round_up),
            xInit: Some(begin),
            xShutdown: Some(end),
            pAppData: null_mut(),
        };
        checked(ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const methods))?;
        // Sums of all connections, over one lock.
        checked(ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, 0 as c_int))?;
        checked(ffi::sqlite3_initialize())?;
        let platform = ffi::sqlite3_vfs_find(null_mut());
        let layer = Box::leak(Box::new(ffi::sqlite3_vfs {
            pNext: null_mut(),
            zName: LAYER.as_ptr(),
            xOpen: Some(open),
            xDelete: Some(delete),
            ..*platform
        }));
        checked(ffi::sqlite3_vfs_register(layer, 0))?;
        Ok(Platform(platform))
    });
    done.as_ref().map_err(|code| Code::ExecutionFailed.because(format!("SQLite cannot be set up ({code})")))
}

fn checked(code: c_int) -> Result<(), c_int> {
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(code) }
}

fn platform() -> Option<*mut ffi::sqlite3_vfs> {
    PLATFORM.get()?.as_ref().ok().map(|platform| platform.0)
}

/// The name under which the layer will be asked for a file.
fn full_name(file: &Path) -> Result<Vec<u8>, Failure> {
    let strange = || Code::InvalidParameters.because("The path of the database cannot be used");
    let platform = set_up()?.0;
    let name = std::ffi::CString::new(file.to_str().ok_or_else(strange)?).map_err(|_| strange())?;
    // SAFETY: the buffer has the size that the platform asks for, and an end.
    unsafe {
        let room = (*platform).mxPathname as usize + 1;
        let mut full = vec![0_u8; room];
        let find = (*platform).xFullPathname.ok_or_else(strange)?;
        match find(platform, name.as_ptr(), room as c_int, full.as_mut_ptr().cast()) & 0xff {
            ffi::SQLITE_OK => {
                Ok(CStr::from_bytes_until_nul(&full).map_err(|_| strange())?.to_bytes().to_vec())
            }
            _ => Err(strange()),
        }
    }
}

/// Whether a name is that of the file at work with one of these endings.
unsafe fn is_own(name: *const c_char, endings: &[&[u8]]) -> bool {
    // SAFETY: SQLite gives names that end.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    FILE.with_borrow(|file| name.strip_prefix(file.as_slice()).is_some_and(|rest| endings.contains(&rest)))
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: the arguments are handed on to the layer that they are meant for.
    unsafe {
        // A file without a name is a temporary one, which the platform deletes.
        if (name.is_null() || is_own(name, &[b"", b"-journal", b"-wal"]))
            && let Some(platform) = platform()
            && let Some(open) = (*platform).xOpen
        {
            return open(platform, name, file, flags, out);
        }
        (*file).pMethods = std::ptr::null();
    }
    ffi::SQLITE_CANTOPEN
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: as in `open`.
    unsafe {
        if is_own(name, &[b"-journal", b"-wal"])
            && let Some(platform) = platform()
            && let Some(delete) = (*platform).xDelete
        {
            return delete(platform, name, sync);
        }
    }
    ffi::SQLITE_IOERR_DELETE
}
