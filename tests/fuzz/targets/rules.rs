//! Two rules and a request, a line each: a rule says what it was read from, matches nothing that can be read in two
//! ways, and covers another only where it matches all that the other matches.
#![no_main]

use aftercall_core::egress::{Access, MarkedRule, Policy, Rule, Scheme, Sends, Target};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let mut next = || lines.next().unwrap_or_default();
    let (Ok(one), Ok(other)) = (next().parse::<Rule>(), next().parse::<Rule>()) else { return };
    for rule in [&one, &other] {
        assert_eq!(rule.to_string().parse::<Rule>().as_ref(), Ok(rule));
        assert!(rule.covers(rule) && rule.meets(rule));
    }
    let Some(target) = target(next()) else { return };
    let (by_one, by_other) = (one.matches(&target), other.matches(&target));
    if one.covers(&other) {
        assert!(by_one || !by_other, "{one} covers {other}, and not {target}");
    }
    if by_one && by_other {
        assert!(one.meets(&other), "{one} meets {other} at {target}");
    }
    if by_one || by_other {
        assert!(!target.path.contains("/../") && !target.path.contains('\\') && !target.path.contains("%2e"));
    }
    decisions_agree(&one, &other, &target, by_one && by_other);
});

fn target(line: &str) -> Option<Target> {
    let (method, address) = line.split_once(' ')?;
    let (scheme, rest) = address.split_once("://")?;
    let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
    let (host, path) = rest.split_at(rest.find('/')?);
    Some(Target { method: method.into(), scheme, host: host.into(), port: scheme.port(), path: path.into() })
}

/// A request leaves only where both parties' rules allow it, and never as a write from a read.
fn decisions_agree(author: &Rule, tenant: &Rule, target: &Target, both: bool) {
    for (by_author, by_tenant) in
        [(Access::Read, Access::Read), (Access::Read, Access::Write), (Access::Write, Access::Read)]
    {
        let marked = |rule: &Rule, access| vec![MarkedRule { rule: rule.clone(), access }];
        let policy = Policy { author: marked(author, by_author), operator: None, tenant: marked(tenant, by_tenant) };
        let write = by_author.max(by_tenant) == Access::Write;
        let anything = policy.decide(target, Sends::Anything);
        let reads = policy.decide(target, Sends::ReadsOf("a read tool"));
        // A rule of a write also speaks of the path with a slash behind it.
        assert!(anything.is_ok() || !both);
        if let Ok(allowed) = anything {
            assert_eq!(allowed.access == Access::Write, write);
        }
        assert_eq!(reads.is_ok(), anything.is_ok() && !write);
    }
}
