//! The vendors' documents, which are no part of this repository.

use std::{
    env, fs,
    io::{Write as _, stderr},
    path::{Path, PathBuf},
};

use crate::{
    errata::{self, Erratum},
    openapi::Contract,
};

/// Names the folder that has them, from the repository's root.
const DOCUMENTS: &str = "AFTERCALL_CONTRACTS";

/// The documents as they should be. None: no folder has them, and it is told what is left out.
///
/// # Panics
/// Where the folder has none, or a document or an erratum can't be used or is of no document.
pub fn read(left_out: &str) -> Option<Vec<Contract>> {
    let Some(folder) = env::var_os(DOCUMENTS) else {
        writeln!(stderr(), "LEFT OUT: {left_out}, since {DOCUMENTS} names no folder that has them")
            .expect("it is told");
        return None;
    };
    let errata = errata::read(include_str!("../errata.toml")).expect("they are errata");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let listed = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = listed.map(|entry| entry.expect("it can be read").path()).collect();
    files.retain(|file| file.extension().is_some_and(|is| is == "json"));
    files.sort();
    assert!(!files.is_empty(), "{DOCUMENTS} names a folder without documents");
    let contracts: Vec<_> = files.iter().map(|file| Contract::read(file, &errata).expect("it is a document")).collect();
    let of_none = errata.iter().filter(|erratum| !contracts.iter().any(|contract| erratum.is_of(&contract.name)));
    let of_none: Vec<String> = of_none.map(Erratum::to_string).collect();
    assert!(of_none.is_empty(), "no document's name begins so:\n{}", of_none.join("\n"));
    Some(contracts)
}
