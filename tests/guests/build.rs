//! Makes a component of each `*.wat` here: a core module in text, against the contract in `wit/next`.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

fn main() -> Result<(), Box<dyn Error>> {
    let here = env::var("CARGO_MANIFEST_DIR")?;
    let out = env::var("OUT_DIR")?;
    let wit = Path::new(&here).join("../../wit/next");
    println!("cargo::rerun-if-changed={here}");
    println!("cargo::rerun-if-changed={}", wit.display());

    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(&wit)?;
    let world = resolve.select_world(&[package], Some("plugin"))?;

    let mut files: Vec<_> = fs::read_dir(&here)?.map(|file| Ok(file?.path())).collect::<Result<_, std::io::Error>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "wat"));
    files.sort();
    let mut list = String::new();
    for file in files {
        let name = file.file_stem().and_then(|stem| stem.to_str()).ok_or("a guest's name is text")?;
        let mut module = wat::parse_file(&file)?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
        let component = ComponentEncoder::default().module(&module)?.validate(true).encode()?;
        let path = Path::new(&out).join(format!("{name}.wasm"));
        fs::write(&path, component)?;
        writeln!(list, "({name:?}, include_bytes!({path:?})),")?;
    }
    fs::write(Path::new(&out).join("guests.rs"), format!("&[{list}]"))?;
    Ok(())
}
