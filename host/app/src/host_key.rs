//! The host's key, from which those are derived that compiled components are kept under and refresh tokens sealed with:
//! made on first use, readable by its owner alone.

use std::{
    fs::File,
    io::{ErrorKind, Read as _, Write as _},
    path::Path,
};

use anyhow::Context as _;
use tempfile::NamedTempFile;

const KEY_BYTES: usize = 32;

/// Reads the key, or makes one. Of several processes that want it made at once, one makes it.
///
/// # Errors
/// The file can be neither read nor made.
pub fn read_or_make(path: &Path) -> anyhow::Result<[u8; KEY_BYTES]> {
    let place = || format!("the host's key {}", path.display());
    if !path.exists() {
        make(path).with_context(|| format!("{} can't be made", place()))?;
    }
    let mut key = [0; KEY_BYTES];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut key));
    read.with_context(|| format!("{} can't be read. Without it, refresh tokens that vendors have renewed are lost; if it is, remove what is there, and \
         grant them anew", place()))?;
    Ok(key)
}

/// Whole or not at all, and never over one that is there.
fn make(path: &Path) -> std::io::Result<()> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(std::io::Error::other)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(&key)?;
    // On the disk before anything is sealed with it.
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => return Err(error.error),
        _ => {}
    }
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn all_who_want_it_get_the_same_key() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("host.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let readers: Vec<_> = (0..8).map(|_| scope.spawn(|| read_or_make(&path).expect("a key"))).collect();
            readers.into_iter().map(|reader| reader.join().expect("no panic")).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0] && *key != [0; KEY_BYTES]), "{keys:?}");
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "short").expect("it can be written");
        assert!(read_or_make(&path).is_err());
    }
}
