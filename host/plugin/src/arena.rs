//! Where compiled code lies: in few large pages, where the system has such.
//!
//! Code of one component is some two hundred pages of the usual size. To find each of them and clear it takes the system
//! longer than it takes us to read what comes into them and to make its MAC. A page of two megabytes is there nearly as
//! soon as one of four kilobytes, and the code of several components fits into it.
//!
//! A place in here is written to by one owner, then read-only but for its text, which can be executed and is never
//! writable at that time, and free again when wasmtime says that nothing runs there any more.

use std::{
    collections::BTreeMap,
    ffi::c_void,
    io,
    mem::ManuallyDrop,
    ops::Range,
    ptr::{self, NonNull},
    slice,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use range_alloc::RangeAllocator;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect, munmap};
use wasmtime::{Config, CustomCodeMemory, Engine, component::Component};

/// The usual page of the processors that this is for, in bytes.
const PAGE_BYTES: usize = 4 << 10;
/// Their large page, in bytes.
const LARGE_PAGE_BYTES: usize = 2 << 20;

/// The memory for the compiled code of one engine.
#[derive(Debug, Default)]
pub(crate) struct Arena(Mutex<Chunks>);

#[derive(Debug, Default)]
struct Chunks {
    all: Vec<Chunk>,
    /// The places that wasmtime has, by their first address.
    handed_over: BTreeMap<usize, HandedOver>,
    handed_over_ever: u64,
}

#[derive(Debug)]
struct HandedOver {
    place: Range<usize>,
    /// The same address is handed over again and again: which time this is.
    ordinal: u64,
}

/// An arena for the code of an engine that will be made.
pub(crate) fn for_an_engine(config: &mut Config) -> Option<Arc<Arena>> {
    let arena = Arc::new(Arena::default());
    // Such information would point into a place that is free already when it is taken back.
    config.native_unwind_info(false);
    config.with_custom_code_memory(Some(Arc::clone(&arena) as Arc<dyn CustomCodeMemory>));
    Some(arena)
}

impl Arena {
    /// A place for so many bytes, which are anything until they are written.
    pub(crate) fn place(self: &Arc<Self>, len: usize) -> io::Result<Place> {
        let size = len.max(1).checked_next_multiple_of(PAGE_BYTES).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut chunks = self.chunks();
        // What is larger than a large page has its own, which go with it.
        let shared = chunks.all.iter_mut().filter(|chunk| size <= LARGE_PAGE_BYTES && chunk.is_shared());
        let found = shared.filter_map(|chunk| chunk.free.allocate_range(size).ok()).next();
        let range = match found {
            Some(range) => range,
            None => {
                let mut chunk = Chunk::of(size)?;
                let range = chunk.free.allocate_range(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
                chunks.all.push(chunk);
                range
            }
        };
        drop(chunks);
        Ok(Place { arena: Arc::clone(self), range, len })
    }

    fn hand_over(&self, place: Range<usize>) -> u64 {
        let mut chunks = self.chunks();
        let ordinal = chunks.handed_over_ever;
        chunks.handed_over_ever += 1;
        chunks.handed_over.insert(place.start, HandedOver { place, ordinal });
        ordinal
    }

    /// Takes back the place that an address is in, if wasmtime has it.
    fn take_back(&self, address: usize, is_meant: impl Fn(&HandedOver) -> bool) -> bool {
        let mut chunks = self.chunks();
        let before = chunks.handed_over.range(..=address).next_back();
        let found = before.filter(|(_, there)| address < there.place.end && is_meant(there));
        let Some(start) = found.map(|(start, _)| *start) else { return false };
        let there = chunks.handed_over.remove(&start).expect("it was there above");
        chunks.free(there.place);
        true
    }

    fn chunks(&self) -> MutexGuard<'_, Chunks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Chunks {
    /// Makes a place writable and free again. One large page stays for the next code, what is free beside it goes.
    fn free(&mut self, place: Range<usize>) {
        let chunk = self.all.iter_mut().find(|chunk| chunk.range.contains(&place.start));
        let chunk = chunk.expect("a place is in its chunk");
        // SAFETY: whoever had the place has no use for it any more.
        match unsafe { protect(&place, MprotectFlags::READ | MprotectFlags::WRITE) } {
            Ok(()) => chunk.free.free_range(place),
            // It is never used again: better than a place that can't be written to.
            Err(error) => tracing::warn!("a place for compiled code is lost: {error}"),
        }
        let mut spare = false;
        self.all.retain(|chunk| !chunk.free.is_empty() || chunk.is_shared() && !std::mem::replace(&mut spare, true));
    }
}

/// Some large pages.
#[derive(Debug)]
struct Chunk {
    range: Range<usize>,
    free: RangeAllocator<usize>,
}

impl Chunk {
    /// One in which a place of that size fits.
    fn of(size: usize) -> io::Result<Self> {
        let size = size.checked_next_multiple_of(LARGE_PAGE_BYTES).ok_or(io::ErrorKind::OutOfMemory)?;
        let reserved = size.checked_add(LARGE_PAGE_BYTES).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: it is new memory, which nobody else knows of.
        let map = unsafe {
            mmap_anonymous(ptr::null_mut(), reserved, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        }?;
        let map = map.expose_provenance();
        let start = map.next_multiple_of(LARGE_PAGE_BYTES);
        let range = start..start + size;
        for beside in [map..range.start, range.end..map + reserved] {
            if !beside.is_empty() {
                // SAFETY: a part of the above that nobody uses.
                unsafe { munmap(pointer(beside.start), beside.len()) }?;
            }
        }
        // Where it has none, usual ones do.
        // SAFETY: it changes nothing of what is in there.
        let _ = unsafe { madvise(pointer(range.start), range.len(), Advice::LinuxHugepage) };
        Ok(Self { free: RangeAllocator::new(range.clone()), range })
    }

    /// Whether it is for the code of several components.
    fn is_shared(&self) -> bool {
        self.range.len() == LARGE_PAGE_BYTES
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: each place in it keeps the arena, or is wasmtime's, whose engine keeps it.
        if let Err(error) = unsafe { munmap(pointer(self.range.start), self.range.len()) } {
            tracing::warn!("memory for compiled code can't be given back: {error}");
        }
    }
}

/// A place for code that is being written.
#[derive(Debug)]
pub(crate) struct Place {
    arena: Arc<Arena>,
    /// Whole pages.
    range: Range<usize>,
    len: usize,
}

impl Place {
    /// What is written there.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the memory is there, initialised since it was mapped, and this owner's alone.
        unsafe { slice::from_raw_parts_mut(pointer(self.range.start).cast(), self.len) }
    }

    /// Loads the code that was written there, and leaves it where it is.
    ///
    /// # Safety
    /// It was compiled by wasmtime. The engine's code memory is this place's arena.
    pub(crate) unsafe fn load(self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: it is this owner's alone.
        unsafe { protect(&self.range, MprotectFlags::READ) }?;
        let place = ManuallyDrop::new(self);
        // SAFETY: its arena is read once, and nothing else of it is used or dropped.
        let arena = unsafe { ptr::read(&place.arena) };
        let start = place.range.start;
        let memory = NonNull::new(pointer(start).cast()).expect("memory isn't at 0");
        let ordinal = arena.hand_over(place.range.clone());
        // SAFETY: the memory stays as it is until wasmtime says that it has no use for it, and the rest is the caller's word.
        let loaded = unsafe { Component::deserialize_raw(engine, NonNull::slice_from_raw_parts(memory, place.len)) };
        if loaded.is_err() {
            // wasmtime says nothing of what it never made executable.
            arena.take_back(start, |there| there.ordinal == ordinal);
        }
        loaded
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.arena.chunks().free(self.range.clone());
    }
}

impl CustomCodeMemory for Arena {
    fn required_alignment(&self) -> usize {
        PAGE_BYTES
    }

    fn publish_executable(&self, start: *const u8, len: usize) -> wasmtime::Result<()> {
        let start = start.addr();
        // SAFETY: wasmtime asks for it, whose memory or place this is.
        Ok(unsafe { protect(&(start..start + len), MprotectFlags::READ | MprotectFlags::EXEC) }?)
    }

    fn unpublish_executable(&self, start: *const u8, _: usize) -> wasmtime::Result<()> {
        // Memory of wasmtime's own is given back to the system next.
        self.take_back(start.addr(), |_| true);
        Ok(())
    }
}

/// # Safety
/// Whoever uses that memory expects it.
unsafe fn protect(range: &Range<usize>, flags: MprotectFlags) -> rustix::io::Result<()> {
    // SAFETY: as above.
    unsafe { mprotect(pointer(range.start), range.len(), flags) }
}

/// Of an address that came from a pointer whose provenance is exposed.
fn pointer(address: usize) -> *mut c_void {
    ptr::with_exposed_provenance_mut(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(arena: &Arena) -> usize {
        arena.chunks().all.len()
    }

    #[test]
    fn places_share_large_pages_and_are_used_again() {
        let arena = Arc::new(Arena::default());
        let mut one = arena.place(700_000).expect("a place");
        one.bytes_mut().fill(1);
        let two = arena.place(700_000).expect("a place");
        assert_eq!((chunks(&arena), one.range.start % LARGE_PAGE_BYTES), (1, 0));
        let large = arena.place(5 << 20).expect("a place");
        assert_eq!(chunks(&arena), 2, "it has its own");
        assert!(one.range.end <= two.range.start && one.bytes_mut().iter().all(|byte| *byte == 1));
        let start = one.range.start;
        drop(one);
        assert_eq!(arena.place(700_000).expect("a place").range.start, start);
        drop(large);
        assert_eq!(chunks(&arena), 1, "it is gone with what was in it");
        drop(two);
        assert_eq!(chunks(&arena), 1, "one is kept for what comes");
        let error = arena.place(usize::MAX).expect_err("so much there is not");
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
    }

    #[test]
    fn code_leaves_its_place_when_nobody_has_it_any_more() {
        let mut config = Config::new();
        let arena = for_an_engine(&mut config).expect("an arena");
        let engine = Engine::new(&config).expect("an engine");
        let module = r#"(component
            (core module $m (func (export "f") (result i32) i32.const 7))
            (core instance $i (instantiate $m))
            (func (export "f") (result u32) (canon lift (core func $i "f"))))"#;
        let code = engine.precompile_component(&wat::parse_str(module).expect("text")).expect("compiles");
        let written = |bytes: &[u8]| {
            let mut place = arena.place(bytes.len()).expect("a place");
            place.bytes_mut().copy_from_slice(bytes);
            place
        };
        let handed_over = || arena.chunks().handed_over.len();
        for _ in 0..3 {
            // SAFETY: it was compiled above, for this engine.
            let component = unsafe { written(&code).load(&engine) }.expect("loads");
            let mut store = wasmtime::Store::new(&engine, ());
            let linker = wasmtime::component::Linker::new(&engine);
            let instance = linker.instantiate(&mut store, &component).expect("is there");
            drop(component);
            assert_eq!(handed_over(), 1, "the instance has it");
            let f = instance.get_typed_func::<(), (u32,)>(&mut store, "f").expect("is exported");
            assert_eq!(f.call(&mut store, ()).expect("runs"), (7,));
            drop(store);
            assert_eq!(handed_over(), 0);
        }
        // What isn't code, and code that was cut off: SAFETY: wasmtime finds that out before it runs anything.
        for bad in [&b"no code"[..], &code[..code.len() / 2]] {
            unsafe { written(bad).load(&engine) }.expect_err("is no code");
        }
        // Memory of wasmtime's own comes by as well.
        // SAFETY: it was compiled above.
        drop(unsafe { Component::deserialize(&engine, &code) }.expect("loads"));
        assert_eq!((handed_over(), chunks(&arena)), (0, 1));
    }
}
