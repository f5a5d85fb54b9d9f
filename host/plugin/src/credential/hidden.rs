//! The secrets of one grant that must not come back to its component, and the scrubber that finds them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use aftercall_core::secret::Secret;

use crate::door::Scrubber;

/// How many secrets that were obtained for one slot are remembered: those in use, and those that they replaced, which
/// may hold on for a while and be in answers that are still on their way. One request for a token brings four at most.
const OBTAINED_MAX: usize = 12;

/// What a grant's scrubber looks for.
#[derive(Default)]
pub(crate) struct Hidden(Mutex<Secrets>);

#[derive(Default)]
struct Secrets {
    granted: Vec<Secret>,
    /// By slot, the oldest first.
    obtained: BTreeMap<String, VecDeque<Secret>>,
    /// Made when it is first needed after a change.
    scrubber: Option<Scrubber>,
}

impl Hidden {
    /// Hides what the tenant granted, for as long as the grant holds.
    pub(super) fn hold<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.granted.extend(secrets.into_iter().map(|secret| Secret::new(secret.to_owned())));
        all.scrubber = None;
    }

    /// Hides what was obtained for a slot, whose oldest secrets are forgotten in the end.
    pub(super) fn add<'a>(&self, slot: &str, secrets: impl IntoIterator<Item = &'a Secret>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Secrets { granted, obtained, scrubber } = &mut *all;
        let obtained = obtained.entry(slot.to_owned()).or_default();
        for secret in secrets.into_iter().filter(|secret| !granted.contains(secret)) {
            let known = obtained.iter().position(|known| known == secret);
            if known.and_then(|known| obtained.remove(known)).is_none() {
                *scrubber = None;
            }
            obtained.push_back(secret.clone());
        }
        while obtained.len() > OBTAINED_MAX {
            obtained.pop_front();
        }
    }

    /// One that finds all that is hidden now.
    pub(crate) fn scrubber(&self) -> Scrubber {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Secrets { granted, obtained, scrubber } = &mut *all;
        let secrets = granted.iter().chain(obtained.values().flatten()).map(Secret::expose);
        scrubber.get_or_insert_with(|| Scrubber::new(secrets)).clone()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn what_was_obtained_is_hidden_too_and_the_oldest_forgotten() {
        let secret = |text: String| Secret::new(text);
        let hidden = Hidden::default();
        hidden.hold(["granted-1"]);
        let check = |text: &str, expected: bool| {
            let scrubbed = hidden.scrubber().bytes(Bytes::from(text.to_owned()));
            assert_eq!(scrubbed != text, expected, "{text}");
        };
        check("granted-1", true);
        check("obtained-00", false);
        hidden.add("other", &[secret("other-1".into())]);
        for number in 0..=OBTAINED_MAX {
            hidden.add("api", &[secret(format!("obtained-{number:02}")), secret("granted-1".into())]);
        }
        check("other-1", true);
        check("granted-1", true);
        check("obtained-00", false);
        check("obtained-01", true);
        check(&format!("obtained-{OBTAINED_MAX:02}"), true);
    }
}
