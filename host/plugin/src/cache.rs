//! Compiled components, kept on disk by the digest of what they were compiled from.
//!
//! A file of the cache is native code that runs in the host's own process, outside of every sandbox. So each
//! carries a keyed BLAKE3 of itself, of the component's digest and of the compiler's settings. The key protects
//! the host from whoever can write to the directory but can't read the key (a shared volume, a restored
//! backup, another service's bug), and from files that were damaged or moved. It does not protect from whoever
//! has the key: keep it where the host's other secrets are, not in the directory.
//!
//! The bytes that are checked are the bytes that are loaded: the file is read once. What isn't exactly what was written
//! is compiled anew.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use aftercall_core::id::Sha256Hex;
use bytes::Bytes;
use wasmtime::Engine;

use crate::{engine, limits::CODE_BYTES_MAX};

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
    pub(crate) fn find(&self, engine: &Engine, digest: &Sha256Hex) -> Option<Bytes> {
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
    pub(crate) fn keep(&self, engine: &Engine, digest: &Sha256Hex, code: &[u8]) {
        let name = file_name(engine, digest);
        if let Err(error) = self.write(&self.directory.join(&name), &name, code) {
            tracing::warn!(%digest, "compiled code can't be kept in {}: {error}", self.directory.display());
        }
    }

    fn read(&self, path: &Path, name: &str) -> io::Result<Option<Bytes>> {
        let file = fs::File::open(path)?;
        let size = file.metadata()?.len().min(CODE_BYTES_MAX);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.take(CODE_BYTES_MAX).read_to_end(&mut bytes)?;
        let Some((mac, code)) = bytes.split_at_checked(MAC_BYTES) else { return Ok(None) };
        // The comparison of `blake3::Hash` takes constant time.
        let ours = self.mac(name, code) == blake3::Hash::from_bytes(mac.try_into().expect("split there"));
        Ok(ours.then(|| Bytes::from(bytes).slice(MAC_BYTES..)))
    }

    fn write(&self, path: &Path, name: &str, code: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        // Readable by its owner alone, and renamed into place, so that nobody meets half a file.
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(self.mac(name, code).as_bytes())?;
        file.write_all(code)?;
        file.persist(path)?;
        Ok(())
    }

    fn mac(&self, name: &str, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&u64::try_from(name.len()).expect("a length fits 64 bits").to_be_bytes());
        hasher.update(name.as_bytes());
        hasher.update(code);
        hasher.finalize()
    }
}

fn file_name(engine: &Engine, digest: &Sha256Hex) -> String {
    format!("{digest}-{:016x}.code", engine::fingerprint(engine))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &[u8] = b"some code";

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
        assert_eq!(cache.find(&engine, &digest), None);
        cache.keep(&engine, &digest, CODE);
        assert_eq!(cache.find(&engine, &digest).as_deref(), Some(CODE));
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
            assert_eq!(cache.find(&engine, &digest), None);
            cache.keep(&engine, &digest, CODE);
            assert_eq!(fs::read(&path).expect("reads"), written, "and is put right");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_no_obstacle() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let cache = CodeCache::new(file.path(), b"key");
        cache.keep(&Engine::default(), &Sha256Hex::of(b"some component"), CODE);
        assert_eq!(cache.find(&Engine::default(), &Sha256Hex::of(b"some component")), None);
    }
}
