//! Compiled code on its way into the engine, where nobody else can change it any more.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read, Seek as _, Write as _},
};

use wasmtime::{Engine, component::Component};

/// How much is read at once, in bytes: what a core's own cache still holds when it is copied, after it was looked at.
const PIECE_BYTES: usize = 256 << 10;

/// A component's native code.
#[derive(Debug)]
pub(crate) enum Native {
    /// In the host's memory.
    Bytes(Vec<u8>),
    /// In a file that is in memory alone, and sealed: the engine maps it as it is, page by page as it runs, and copies
    /// nothing.
    Sealed(File),
}

impl Native {
    /// Reads code to its end, and shows each piece of it: what `see` sees is what is loaded.
    pub(crate) fn read(mut from: impl Read, mut see: impl FnMut(&[u8])) -> io::Result<Self> {
        let mut native = memory_file().map_or_else(|| Self::Bytes(Vec::new()), Self::Sealed);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = match from.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => &piece[..read],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            see(read);
            match &mut native {
                Self::Bytes(bytes) => bytes.extend_from_slice(read),
                Self::Sealed(file) => file.write_all(read)?,
            }
        }
        if let Self::Sealed(file) = &native {
            seal(file)?;
        }
        Ok(native)
    }

    /// Loads it.
    ///
    /// # Safety
    /// It was compiled by wasmtime, and nobody has changed it since.
    pub(crate) unsafe fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        if let Some(path) = self.path() {
            // SAFETY: as above; it is sealed.
            if let Ok(component) = unsafe { Component::deserialize_file(engine, path) } {
                return Ok(component);
            }
            // A system may keep its processes' files from them, or from being run.
        }
        // SAFETY: as above.
        unsafe { Component::deserialize(engine, self.bytes()?) }
    }

    /// All of it.
    pub(crate) fn bytes(&self) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.into()),
            Self::Sealed(file) => {
                let (mut file, mut bytes) = (file, Vec::new());
                file.rewind()?;
                file.read_to_end(&mut bytes)?;
                Ok(bytes.into())
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn path(&self) -> Option<String> {
        use std::os::fd::AsRawFd as _;

        match self {
            Self::Bytes(_) => None,
            Self::Sealed(file) => Some(format!("/proc/self/fd/{}", file.as_raw_fd())),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn path(&self) -> Option<String> {
        None
    }
}

/// An empty file in memory that can be sealed, where the system has such.
#[cfg(target_os = "linux")]
fn memory_file() -> Option<File> {
    use rustix::fs::{MemfdFlags, memfd_create};

    memfd_create("aftercall-code", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).ok().map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn memory_file() -> Option<File> {
    None
}

/// From here on nobody can change it, not by another handle of it either.
#[cfg(target_os = "linux")]
fn seal(file: &File) -> io::Result<()> {
    use rustix::fs::{SealFlags, fcntl_add_seals};

    Ok(fcntl_add_seals(file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?)
}

#[cfg(not(target_os = "linux"))]
fn seal(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_what_is_there() {
        let code: Vec<u8> = (0..PIECE_BYTES * 2 + 1).map(|byte| byte.to_le_bytes()[0]).collect();
        let mut seen = Vec::new();
        let native = Native::read(&code[..], |piece| seen.extend_from_slice(piece)).expect("reads");
        assert!(seen == code && *native.bytes().expect("reads") == code);
        assert!(*native.bytes().expect("reads again") == code);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nobody_can_change_it() {
        let native = Native::read(&b"some code"[..], |_| {}).expect("reads");
        let Native::Sealed(mut file) = native else { panic!("a system without files in memory: {native:?}") };
        file.rewind().expect("rewinds");
        for error in [file.write_all(b"other").expect_err("sealed"), file.set_len(1).expect_err("sealed")] {
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        }
        assert_eq!(*Native::Sealed(file).bytes().expect("reads"), *b"some code");
    }

    #[test]
    fn code_is_loaded_wherever_it_is() {
        let engine = Engine::default();
        let code = engine.precompile_component(b"\0asm\x0d\0\x01\0").expect("compiles");
        let sealed = Native::read(&code[..], |_| {}).expect("reads");
        for native in [sealed, Native::Bytes(code)] {
            // SAFETY: it was compiled above.
            unsafe { native.load(&engine) }.expect("loads");
        }
        let native = Native::read(&b"no code"[..], |_| {}).expect("reads");
        // SAFETY: what has no head of wasmtime's is refused before anything of it is mapped.
        unsafe { native.load(&engine) }.expect_err("is no code");
    }
}
