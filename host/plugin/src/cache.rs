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
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use aftercall_core::id::Sha256Hex;
use wasmtime::{Engine, component::Component};

use crate::limits::CODE_BYTES_MAX;

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

    /// The component from the cache, or compiled and put there.
    ///
    /// # Errors
    /// The component can't be compiled. That it can't be kept is a warning in the host's log.
    pub(crate) fn load(&self, engine: &Engine, digest: &Sha256Hex, bytes: &[u8]) -> wasmtime::Result<Component> {
        let name = file_name(engine, digest);
        let path = self.directory.join(&name);
        match self.read(&path, &name) {
            Ok(Some(code)) => {
                // SAFETY: the MAC says that this host wrote these bytes, from `serialize`, under the same
                // compiler settings; they are in memory and nobody can change them any more.
                match unsafe { Component::deserialize(engine, &code) } {
                    Ok(component) => return Ok(component),
                    Err(error) => tracing::warn!(%digest, "compiled code is unusable and made anew: {error:#}"),
                }
            }
            Ok(None) => tracing::warn!(%digest, "compiled code is damaged or not ours, and made anew"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%digest, "compiled code can't be read, and is made anew: {error}"),
        }
        let component = Component::from_binary(engine, bytes)?;
        let kept = component
            .serialize()
            .map_err(|error| format!("{error:#}"))
            .and_then(|code| self.write(&path, &name, &code).map_err(|error| error.to_string()));
        if let Err(error) = kept {
            tracing::warn!(%digest, "compiled code can't be kept in {}: {error}", self.directory.display());
        }
        Ok(component)
    }

    fn read(&self, path: &Path, name: &str) -> io::Result<Option<Vec<u8>>> {
        let mut file = Vec::new();
        fs::File::open(path)?.take(CODE_BYTES_MAX).read_to_end(&mut file)?;
        let Some((mac, code)) = file.split_at_checked(MAC_BYTES) else { return Ok(None) };
        // The comparison of `blake3::Hash` takes constant time.
        let ours = self.mac(name, code) == blake3::Hash::from_bytes(mac.try_into().expect("split there"));
        Ok(ours.then(|| code.to_vec()))
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
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{digest}-{:016x}.code", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn only_file(directory: &Path) -> PathBuf {
        let files: Vec<_> = fs::read_dir(directory).expect("a directory").map(|f| f.expect("a file").path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    #[test]
    fn only_untouched_code_of_this_host_is_loaded() {
        let directory = tempfile::tempdir().expect("a directory");
        let engine = Engine::default();
        let digest = Sha256Hex::of(COMPONENT);
        let cache = CodeCache::new(directory.path(), b"one");
        cache.load(&engine, &digest, COMPONENT).expect("compiles");
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
        for damaged in [flipped(0), flipped(MAC_BYTES), flipped(written.len() - 1), written[..40].to_vec(), vec![]] {
            fs::write(&path, &damaged).expect("writes");
            assert!(cache.read(&path, &name).expect("reads").is_none());
            cache.load(&engine, &digest, COMPONENT).expect("compiles anew");
            assert_eq!(fs::read(&path).expect("reads"), written, "and is put right");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_no_obstacle() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let cache = CodeCache::new(file.path(), b"key");
        cache.load(&Engine::default(), &Sha256Hex::of(COMPONENT), COMPONENT).expect("compiles");
    }
}
