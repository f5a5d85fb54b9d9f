//! The key under which compiled components are kept: made on first use, readable by its owner alone.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::Context as _;

const KEY_BYTES: usize = 32;

/// Reads the key, or makes one.
///
/// # Errors
/// The file can be neither read nor made.
pub fn read_or_make(path: &Path) -> anyhow::Result<[u8; KEY_BYTES]> {
    let place = || format!("the code cache's key {}", path.display());
    let mut key = [0; KEY_BYTES];
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness for {}: {error}", place()))?;
            file.write_all(&key).with_context(|| format!("{} can't be written", place()))?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let read = File::open(path).and_then(|mut file| file.read_exact(&mut key));
            read.with_context(|| format!("{} can't be read; remove it to have a new one made", place()))?;
        }
        Err(error) => return Err(error).with_context(|| format!("{} can't be made", place())),
    }
    Ok(key)
}
