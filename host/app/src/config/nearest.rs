//! What a mistyped name most likely means.

/// The known name that a mistyped one most likely means.
pub(crate) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let score = |name: &&str| strsim::jaro_winkler(unknown, name);
    let best = known.iter().max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(best) > 0.8).then_some(best)
}
