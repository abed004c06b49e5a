//! Fits the system's allocator to a process that lives for milliseconds.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::{AtomicBool, Ordering};

/// Memory that is asked of the system at a time, and below which nothing is given back, in bytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const STEP_BYTES: i32 = 8 * 1024 * 1024;

/// Size of a large page of this processor, in bytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE_PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Memory that a launch surely uses, in bytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const AHEAD_BYTES: usize = 2 * LARGE_PAGE_BYTES;

/// Where the large pages of the heap begin; null before they are asked for.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
static LARGE_PAGES: AtomicPtr<libc::c_void> = AtomicPtr::new(std::ptr::null_mut());

/// Whether the process ends as soon as it has said what it was asked.
static SHORT_LIFE: AtomicBool = AtomicBool::new(false);

/// Lets all threads share one heap that grows in large steps, lies in large pages and is not given back.
///
/// By default each thread has a heap of its own that grows page by page, and large buffers are mapped anew each time:
/// hundreds of system calls and page faults, a fifth of a hot launch. Nothing happens with other C libraries.
#[cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "mallopt has no safe face; called once, before any other thread exists")
)]
pub fn tune_for_short_life() {
    SHORT_LIFE.store(true, Ordering::Relaxed);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: mallopt may be called at any time and takes plain numbers.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, 1);
            libc::mallopt(libc::M_TOP_PAD, STEP_BYTES);
            libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
            libc::mallopt(libc::M_MMAP_THRESHOLD, STEP_BYTES);
        }
        ask_for_large_pages();
    }
}

/// Drops what is plain memory; where the process is about to end the system takes it back as a whole, which is quicker.
pub fn let_go<T>(value: T) {
    if SHORT_LIFE.load(Ordering::Relaxed) {
        std::mem::forget(value);
    }
}

/// Asks for large pages below the part of the heap that is used next: one fault in place of 512, a quarter of the time.
///
/// Systems without them, or with none left, give small ones.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "madvise has no safe face; it is advice on memory that nobody uses yet")]
fn ask_for_large_pages() {
    const MARK_BYTES: usize = 4096;
    let mark = Vec::<u8>::with_capacity(MARK_BYTES);
    let here = mark.as_ptr().addr();
    drop(mark);
    let next = here.next_multiple_of(LARGE_PAGE_BYTES);
    // Never touched, so it costs nothing: what is allocated from now on lies behind it.
    let mut gap = Vec::<u8>::with_capacity(next - here);
    let start = gap.as_mut_ptr().with_addr(next).cast();
    std::mem::forget(gap);
    // SAFETY: the advice changes no content, whatever lies there; a range without memory is refused.
    unsafe { libc::madvise(start, STEP_BYTES as usize - LARGE_PAGE_BYTES, libc::MADV_HUGEPAGE) };
    LARGE_PAGES.store(start, Ordering::Relaxed);
}

/// Has the system clear the memory that is used next, on a thread that only waits: whoever needs it finds it ready.
///
/// Systems that cannot do so (Linux before 5.14) clear it when it is touched.
#[cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "madvise has no safe face; it is advice that changes no content")
)]
pub fn prepare_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        let start = LARGE_PAGES.load(Ordering::Relaxed);
        if !start.is_null() {
            // SAFETY: the advice changes no content, whatever lies there; a range without memory is refused.
            unsafe { libc::madvise(start, AHEAD_BYTES, libc::MADV_POPULATE_WRITE) };
        }
    }
}

/// Memory beyond this at the top of a heap is given back at once, and larger buffers are mapped by themselves, in bytes:
/// less would be cleared by the system anew for each question, which takes longer than the question.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_BYTES: i32 = 32 * 1024 * 1024;

/// Gives back what is not in use; for moments in which there is nothing else to do.
#[cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "malloc_trim has no safe face; it may be called at any time by any thread")
)]
pub fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim takes the allocator's own locks and changes nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Memory that the process has now, in bytes; `None` where the system does not tell.
pub fn resident_bytes() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Lets a process that lives long have few heaps, and keep what the next question needs until [`give_back_memory`].
#[cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(
        unsafe_code,
        reason = "mallopt has no safe face; called once, before the threads that work exist"
    )
)]
pub fn tune_for_long_life() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt may be called at any time and takes plain numbers.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES);
        libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_BYTES);
    }
}
