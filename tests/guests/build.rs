//! Makes a component of each guest: of its few lines and what they name of `prelude.wat`, against `world.wit`.

mod forms;

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let contract = here.join("../../wit/next");
    println!("cargo::rerun-if-changed={}", here.display());
    println!("cargo::rerun-if-changed={}", contract.display());

    let mut resolve = Resolve::default();
    resolve.push_path(&contract)?;
    let package = resolve.push_file(here.join("world.wit"))?;
    let world = resolve.select_world(&[package], Some("guest"))?;
    let prelude = fs::read_to_string(here.join("prelude.wat"))?;

    let mut list = String::new();
    for theme in sorted(&here.join("guests"))? {
        for file in sorted(&theme)? {
            let (theme, name) = (name_of(&theme)?, name_of(&file)?);
            let component = component(&prelude, &fs::read_to_string(&file)?, &resolve, world)
                .map_err(|error| format!("{}: {error}", file.display()))?;
            let path = out.join(format!("{name}.wasm"));
            fs::write(&path, component)?;
            writeln!(list, "Guest {{ theme: {theme:?}, name: {name:?}, component: include_bytes!({path:?}) }},")?;
        }
    }
    fs::write(out.join("guests.rs"), format!("&[{list}]"))?;
    Ok(())
}

fn component(prelude: &str, guest: &str, resolve: &Resolve, world: WorldId) -> Result<Vec<u8>, Box<dyn Error>> {
    let forms = forms::read(guest)?;
    // A guest that is not one module, but a component of its own making.
    if let [only] = &forms[..]
        && only.keyword == "component"
    {
        return Ok(wat::parse_str(guest)?);
    }
    let (module, encoding) = forms::link(forms, forms::read(prelude)?)?;
    let mut module = wat::parse_str(&module)?;
    let encoding = if encoding == "utf16" { StringEncoding::UTF16 } else { StringEncoding::UTF8 };
    embed_component_metadata(&mut module, resolve, world, encoding)?;
    Ok(ComponentEncoder::default().module(&module)?.validate(true).encode()?)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?.map(|file| Ok(file?.path())).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

fn name_of(path: &Path) -> Result<&str, &'static str> {
    path.file_stem().and_then(|stem| stem.to_str()).ok_or("a guest's name is text")
}
