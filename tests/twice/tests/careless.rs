//! What finds out a host that isn't careful, and a plugin that believes a vendor's lists at once: each leaves effects twice, or
//! fails, in just those cases of which the sets say so.

use std::collections::{BTreeMap, BTreeSet};

use aftercall_sandbox::{Fault, When};
use aftercall_twice::set::{self, Case, Set};
use aftercall_twice::settle::Host;
use aftercall_twice::stage::{Disturbance, LAG_MS, WRITES_MAX, play};
use serde_json::Value;
use tokio::runtime::Runtime;

const LAG: Fault = Fault::Lag { ms: LAG_MS };
const DROP: Fault = Fault::Drop { when: When::After };
const ONCE: &str = "once";
const TWICE: &str = "twice";

/// A way of being careless.
struct Careless {
    /// What the sets call it.
    name: &'static str,
    host: Host,
    /// What the plugin's setting says that the vendor lags, where there is one.
    lag_ms: u64,
    fault: Fault,
}

const ALL: [Careless; 4] = [
    Careless { name: "repeats-blindly", host: Host::RepeatsBlindly, lag_ms: LAG_MS, fault: DROP },
    Careless { name: "forgets-its-key", host: Host::ForgetsItsKey, lag_ms: LAG_MS, fault: DROP },
    Careless { name: "wont-wait", host: Host::WontWait, lag_ms: LAG_MS, fault: LAG },
    // The plugin: the first search that finds nothing is its answer.
    Careless { name: "believes-at-once", host: Host::Careful, lag_ms: 0, fault: LAG },
];

#[test]
fn careless_ones_are_found_out() {
    let runtime = Runtime::new().expect("a runtime");
    let (mut wrong, mut twice) = (Vec::new(), BTreeSet::new());
    for set in set::all() {
        for case in &set.cases {
            let may_lag = |careless: &&Careless| careless.fault != LAG || !set.lag.is_empty();
            let comes_of =
                |careless: &Careless| (careless.name.to_owned(), careless.comes_of(&set, case, &runtime).to_owned());
            let found: BTreeMap<String, String> = ALL.iter().filter(may_lag).map(comes_of).collect();
            if found != case.careless {
                wrong.push(format!("{}: {} {}\n    {found:?}", set.name, case.tool, case.arguments));
            }
            twice.extend(found.into_iter().filter(|(_, came)| came == TWICE).map(|(name, _)| name));
        }
    }
    assert!(wrong.is_empty(), "the sets say otherwise:\n{}", wrong.join("\n"));
    assert_eq!(twice.len(), ALL.len(), "each leaves some effect twice");
}

impl Careless {
    /// The worst that comes of a case, with the answer to one of its writes lost: the first of several may be one that
    /// anybody can repeat.
    fn comes_of(&self, set: &Set, case: &Case, runtime: &Runtime) -> &'static str {
        let set = set.clone().with_lag(self.lag_ms);
        let plain = play(&set, case, None, self.host, runtime).unwrap_or_else(|stuck| panic!("{}: {stuck}", set.name));
        let mut worst = ONCE;
        for skip in 0..WRITES_MAX {
            let disturbance = Disturbance { fault: self.fault, skip };
            let came = match play(&set, case, Some(disturbance), self.host, runtime) {
                Ok(ended) if !ended.disturbed => break,
                Ok(ended) => compared(&set, case, &plain.records, &ended.records),
                Err(stuck) => stuck.kind(),
            };
            if came == TWICE || worst == ONCE {
                worst = came;
            }
        }
        worst
    }
}

/// What vendors hold beside what they held without a disturbance.
fn compared(set: &Set, case: &Case, plain: &Value, records: &Value) -> &'static str {
    let (plain, found) = (set.counts(plain), set.counts(records));
    if found.iter().any(|(list, count)| *count > plain[list]) {
        return TWICE;
    }
    let is_missed = case.effect.iter().any(|held| held.missed(records).is_some());
    if is_missed { "otherwise" } else { ONCE }
}
