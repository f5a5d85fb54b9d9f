//! Compiled components, kept on disk by the digest of what they were compiled from.
//!
//! A file of the cache is native code that runs in the host's own process, outside of every sandbox. So each
//! carries a keyed BLAKE3 of itself, of the component's digest and of the compiler's settings. The key protects
//! the host from whoever can write to the directory but can't read the key (a shared volume, a restored
//! backup, another service's bug), and from files that were damaged or moved. It does not protect from whoever
//! has the key: keep it where the host's other secrets are, not in the directory.
//!
//! The bytes that are checked are the bytes that are loaded: the file is read once, into the host's own memory.
//! What isn't exactly what was written is compiled anew.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use aftercall_core::id::Sha256Hex;
use wasmtime::Engine;

use crate::{arena::Arena, engine, limits::CODE_BYTES_MAX, native::Native};

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

    /// The code of a component, if it is there and is what this host put there: where it will run, if there is an arena.
    pub(crate) fn find(&self, engine: &Engine, arena: Option<&Arc<Arena>>, digest: &Sha256Hex) -> Option<Native> {
        let name = file_name(engine, digest);
        match self.read(&self.directory.join(&name), &name, arena) {
            Ok(Some(code)) => return Some(code),
            Ok(None) => tracing::warn!(%digest, "compiled code is damaged or not ours, and made anew"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%digest, "compiled code can't be read, and is made anew: {error}"),
        }
        None
    }

    /// Puts the code of a component there. That it can't be kept is a warning in the host's log.
    pub(crate) fn keep(&self, engine: &Engine, digest: &Sha256Hex, code: &[u8]) {
        let name = file_name(engine, digest);
        if let Err(error) = self.write(&self.directory.join(&name), &name, code) {
            tracing::warn!(%digest, "compiled code can't be kept in {}: {error}", self.directory.display());
        }
    }

    fn read(&self, path: &Path, name: &str, arena: Option<&Arc<Arena>>) -> io::Result<Option<Native>> {
        let mut file = File::open(path)?;
        let len = file.metadata()?.len().saturating_sub(MAC_BYTES as u64);
        let Some(len) = usize::try_from(len).ok().filter(|_| (1..=CODE_BYTES_MAX).contains(&len)) else {
            return Ok(None);
        };
        let mut mac = [0; MAC_BYTES];
        file.read_exact(&mut mac)?;
        let mut hasher = self.hasher(name);
        let code = Native::read(file, len, arena, |piece| {
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

    fn found(native: Option<Native>) -> Option<Vec<u8>> {
        native.map(|native| match native {
            Native::Bytes(bytes) => bytes.into(),
            Native::Placed(mut place) => place.bytes_mut().to_vec(),
        })
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
        assert!(cache.find(&engine, None, &digest).is_none());
        cache.keep(&engine, &digest, CODE);
        let arena = crate::arena::for_an_engine(&mut wasmtime::Config::new());
        for arena in [arena.as_ref(), None] {
            assert_eq!(found(cache.find(&engine, arena, &digest)).as_deref(), Some(CODE));
        }
        let path = only_file(directory.path());
        let name = path.file_name().expect("a name").to_str().expect("text").to_owned();
        let written = fs::read(&path).expect("reads");

        assert!(cache.read(&path, &name, None).expect("reads").is_some());
        assert!(
            cache.read(&path, "another name", None).expect("reads").is_none(),
            "moved to another component's place"
        );
        assert!(CodeCache::new(directory.path(), b"two").read(&path, &name, None).expect("reads").is_none());
        let flipped = |at: usize| {
            let mut bytes = written.clone();
            bytes[at] ^= 1;
            bytes
        };
        for damaged in
            [flipped(0), flipped(MAC_BYTES), flipped(written.len() - 1), written[..MAC_BYTES].to_vec(), vec![]]
        {
            fs::write(&path, &damaged).expect("writes");
            assert!(cache.find(&engine, None, &digest).is_none());
            cache.keep(&engine, &digest, CODE);
            assert_eq!(fs::read(&path).expect("reads"), written, "and is put right");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_no_obstacle() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let cache = CodeCache::new(file.path(), b"key");
        cache.keep(&Engine::default(), &Sha256Hex::of(b"some component"), CODE);
        assert!(cache.find(&Engine::default(), None, &Sha256Hex::of(b"some component")).is_none());
    }
}
