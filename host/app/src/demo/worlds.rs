//! Which scenarios share a world, and what is kept of each world.

use std::path::{Path, PathBuf};

use super::{Played, Plugins, SCENARIOS, Scenario, Stage, together};

/// A world after its calls, while its server serves.
pub struct World {
    /// Its server.
    pub stage: Stage,
    /// Where its records are.
    pub store: PathBuf,
    /// What came of its scenarios.
    pub played: Vec<Played>,
}

impl World {
    /// Plays scenarios side by side. Of the first world, the records are in `store`; of others, in a file beside it.
    ///
    /// # Errors
    /// They could not be played.
    pub async fn play(scenarios: Vec<Scenario>, plugins: &Plugins, store: &Path, index: usize) -> anyhow::Result<Self> {
        let store = match index {
            0 => store.to_owned(),
            _ => store.with_extension(format!("{}.db", index + 1)),
        };
        let mut stage = Stage::boot(scenarios, plugins, &store).await?;
        let played = stage.play().await?;
        Ok(Self { stage, store, played })
    }
}

/// The demo's scenarios, and after them their variants, if they are wanted: each in the first world that hasn't had its call,
/// and whose tenants and vendors it changes nothing of.
///
/// # Errors
/// A scenario can't be read.
pub fn worlds(cases: &Path, variants: bool) -> anyhow::Result<Vec<Vec<Scenario>>> {
    let load = |name: &&str| Scenario::load(&cases.join(name));
    let mut worlds = vec![SCENARIOS.iter().map(load).collect::<Result<Vec<_>, _>>()?];
    for name in SCENARIOS.iter().filter(|_| variants) {
        for folder in Scenario::variants(&cases.join(name))? {
            let variant = Scenario::load(&folder)?;
            let fits = |world: &&mut Vec<Scenario>| {
                let with: Vec<Scenario> = world.iter().chain([&variant]).cloned().collect();
                world.iter().all(|other| other.call != variant.call) && together(&with).is_ok()
            };
            match worlds.iter_mut().find(fits) {
                Some(world) => world.push(variant),
                None => worlds.push(vec![variant]),
            }
        }
    }
    Ok(worlds)
}
