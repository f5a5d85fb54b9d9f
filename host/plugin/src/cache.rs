//! Compiled components, kept on disk by the digest of what they were compiled from.
//!
//! A file of the cache is native code that runs in the host's own process, outside of every sandbox. So each
//! carries a keyed BLAKE3 of itself, of the component's digest and of the compiler's settings. The key protects
//! the host from whoever can write to the directory but can't read the key (a shared volume, a restored
//! backup, another service's bug), and from files that were damaged or moved. It does not protect from whoever
//! has the key: keep it where the host's other secrets are, not in the directory.
//!
//! The bytes that are checked are the bytes that are loaded: the file is read once, into what nobody can write to.
//! What isn't exactly what was written is compiled anew.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use aftercall_core::id::Sha256Hex;
use wasmtime::Engine;

use crate::{engine, limits::CODE_BYTES_MAX, native::Native};

const MAC_BYTES: usize = 32;

/// Where compiled components are kept.
#[derive(Clone)]
pub struct CodeCache {
    directory: PathBuf,
    key: [u8; 32],
}

impl std::fmt::Debug for CodeCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeCache").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl CodeCache {
    /// A cache in a directory, which is made when it is first needed. `secret` may be of any length; files that
    /// were written under another one are not used.
    pub fn new(directory: impl Into<PathBuf>, secret: &[u8]) -> Self {
        Self { directory: directory.into(), key: blake3::derive_key("aftercall compiled component v1", secret) }
    }

    /// The code of a component, if it is there and is what this host put there.
    pub(crate) fn find(&self, engine: &Engine, digest: &Sha256Hex) -> Option<Native> {
        let name = file_name(engine, digest);
        match self.read(&self.directory.join(&name), &name) {
            Ok(Some(code)) => return Some(code),
            Ok(None) => tracing::warn!(%digest, "compiled code is damaged or not ours, and made anew"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%digest, "compiled code can't be read, and is made anew: {error}"),
        }
        None
    }

    /// Puts the code of a component there. That it can't be kept is a warning in the host's log.
    pub(crate) fn keep(&self, engine: &Engine, digest: &Sha256Hex, code: &Native) {
        let name = file_name(engine, digest);
        let written = code.bytes().and_then(|code| self.write(&self.directory.join(&name), &name, &code));
        if let Err(error) = written {
            tracing::warn!(%digest, "compiled code can't be kept in {}: {error}", self.directory.display());
        }
    }

    fn read(&self, path: &Path, name: &str) -> io::Result<Option<Native>> {
        let mut file = File::open(path)?;
        let mut mac = [0; MAC_BYTES];
        match file.read_exact(&mut mac) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut hasher = self.hasher(name);
        let code = Native::read(file.take(CODE_BYTES_MAX), |piece| {
            hasher.update(piece);
        })?;
        // The comparison of `blake3::Hash` takes constant time.
        Ok((hasher.finalize() == blake3::Hash::from_bytes(mac)).then_some(code))
    }

    fn write(&self, path: &Path, name: &str, code: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        // Readable by its owner alone, and renamed into place, so that nobody meets half a file.
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(self.hasher(name).update(code).finalize().as_bytes())?;
        file.write_all(code)?;
        file.persist(path)?;
        Ok(())
    }

    /// What makes the MAC of a file, once it has seen the code.
    fn hasher(&self, name: &str) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&u64::try_from(name.len()).expect("a length fits 64 bits").to_be_bytes());
        hasher.update(name.as_bytes());
        hasher
    }
}

fn file_name(engine: &Engine, digest: &Sha256Hex) -> String {
    format!("{digest}-{:016x}.code", engine::fingerprint(engine))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &[u8] = b"some code";

    fn code() -> Native {
        Native::Bytes(CODE.to_vec())
    }

    fn only_file(directory: &Path) -> PathBuf {
        let files: Vec<_> = fs::read_dir(directory).expect("a directory").map(|f| f.expect("a file").path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    #[test]
    fn only_untouched_code_of_this_host_is_loaded() {
        let directory = tempfile::tempdir().expect("a directory");
        let engine = Engine::default();
        let digest = Sha256Hex::of(b"some component");
        let cache = CodeCache::new(directory.path(), b"one");
        assert!(cache.find(&engine, &digest).is_none());
        cache.keep(&engine, &digest, &code());
        let found = cache.find(&engine, &digest).expect("is there");
        assert_eq!(*found.bytes().expect("reads"), *CODE);
        let path = only_file(directory.path());
        let name = path.file_name().expect("a name").to_str().expect("text").to_owned();
        let written = fs::read(&path).expect("reads");

        assert!(cache.read(&path, &name).expect("reads").is_some());
        assert!(cache.read(&path, "another name").expect("reads").is_none(), "moved to another component's place");
        assert!(CodeCache::new(directory.path(), b"two").read(&path, &name).expect("reads").is_none());
        let flipped = |at: usize| {
            let mut bytes = written.clone();
            bytes[at] ^= 1;
            bytes
        };
        for damaged in
            [flipped(0), flipped(MAC_BYTES), flipped(written.len() - 1), written[..MAC_BYTES].to_vec(), vec![]]
        {
            fs::write(&path, &damaged).expect("writes");
            assert!(cache.find(&engine, &digest).is_none());
            cache.keep(&engine, &digest, &code());
            assert_eq!(fs::read(&path).expect("reads"), written, "and is put right");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_no_obstacle() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let cache = CodeCache::new(file.path(), b"key");
        cache.keep(&Engine::default(), &Sha256Hex::of(b"some component"), &code());
        assert!(cache.find(&Engine::default(), &Sha256Hex::of(b"some component")).is_none());
    }
}
