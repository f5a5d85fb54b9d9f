//! How two rules relate: whether one says all that another says, and whether a request can fall under both.

use super::{Host, Rule};

impl Rule {
    /// Whether each request that the other rule speaks of is one that this rule speaks of.
    pub fn covers(&self, other: &Rule) -> bool {
        other.methods.iter().all(|method| self.methods.contains(method))
            && self.scheme == other.scheme
            && self.port == other.port
            && self.host.covers(&other.host)
            && self.path.covers(&other.path)
    }

    /// Whether some request falls under both. A path with a slash behind it counts as the one without, since most
    /// servers take it so.
    pub fn meets(&self, other: &Rule) -> bool {
        other.methods.iter().any(|method| self.methods.contains(method))
            && self.scheme == other.scheme
            && self.port == other.port
            && self.host.meets(&other.host)
            && self.path.meets(&other.path)
    }

    /// The same rule for each of its methods.
    pub fn each_method(&self) -> impl Iterator<Item = Rule> {
        self.methods.iter().map(|method| self.with_methods(vec![method.clone()]))
    }

    /// Adds the methods of a rule that differs in them alone.
    #[must_use]
    pub(crate) fn joined(&self, other: &Rule) -> Rule {
        let mut methods = self.methods.clone();
        methods.extend(other.methods.iter().filter(|method| !self.methods.contains(method)).cloned());
        self.with_methods(methods)
    }

    fn with_methods(&self, methods: Vec<String>) -> Rule {
        let (_, address) = self.text.split_once(' ').expect("a rule has a method and an address");
        Rule { text: format!("{} {address}", methods.join(",")), methods, ..self.clone() }
    }
}

impl Host {
    fn covers(&self, other: &Host) -> bool {
        match (self, other) {
            (Host::Any, _) => true,
            (_, Host::Any) => false,
            (_, Host::Exactly(name)) => self.matches(name),
            (Host::Below(ending), Host::Below(other)) => other.ends_with(ending.as_str()),
            (Host::Exactly(_), Host::Below(_)) => false,
        }
    }

    fn meets(&self, other: &Host) -> bool {
        match (self, other) {
            (Host::Any, _) | (_, Host::Any) => true,
            (host, Host::Exactly(name)) | (Host::Exactly(name), host) => host.matches(name),
            (Host::Below(one), Host::Below(other)) => one.ends_with(other.as_str()) || other.ends_with(one.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::{Scheme, Target};

    fn rule(text: &str) -> Rule {
        text.parse().expect("a rule")
    }

    #[test]
    fn a_rule_covers_what_it_says_as_well() {
        for (one, other, covers, meets) in [
            ("GET https://a.com/x", "GET https://a.com/x", true, true),
            ("GET,POST https://a.com/x", "POST https://a.com/x", true, true),
            ("POST https://a.com/x", "GET,POST https://a.com/x", false, true),
            ("GET https://a.com/x", "POST https://a.com/x", false, false),
            ("GET https://a.com/x", "GET http://a.com/x", false, false),
            ("GET https://a.com/x", "GET https://a.com:443/x", true, true),
            ("GET https://a.com/x", "GET https://a.com:8443/x", false, false),
            ("GET http://a.com:443/x", "GET https://a.com/x", false, false),
            ("GET https://*/x", "GET https://a.com/x", true, true),
            ("GET https://a.com/x", "GET https://*/x", false, true),
            ("GET https://*.a.com/x", "GET https://b.a.com/x", true, true),
            ("GET https://*.a.com/x", "GET https://a.com/x", false, false),
            ("GET https://*.a.com/x", "GET https://*.b.a.com/x", true, true),
            ("GET https://*.b.a.com/x", "GET https://*.a.com/x", false, true),
            ("GET https://*.a.com/x", "GET https://*.b.com/x", false, false),
            ("GET https://*.a.com/x", "GET https://*/x", false, true),
            ("GET https://a.com/*", "GET https://a.com/x", true, true),
            ("GET https://a.com/*", "GET https://a.com/", false, false),
            ("GET https://a.com/*", "GET https://a.com/**", false, true),
            ("GET https://a.com/**", "GET https://a.com/", true, true),
            ("GET https://a.com/**", "GET https://a.com/x/*/y", true, true),
            ("GET https://a.com/x/**", "GET https://a.com/x", true, true),
            ("GET https://a.com/x/**", "GET https://a.com/*/y", false, true),
            ("GET https://a.com/x", "GET https://a.com/x/", false, true),
            ("GET https://a.com/*", "GET https://a.com/x/", false, true),
            ("GET https://*/**", "GET https://*/**/x", true, true),
            ("GET https://*/**/x", "GET https://*/**", false, true),
            ("GET https://*/**/x", "GET https://a.com/r4/x", true, true),
            ("GET https://*/**/x", "GET https://a.com/r4/y", false, false),
            ("GET https://*/**/x", "GET https://a.com/x/", false, true),
            ("GET https://*/**/x", "GET https://a.com/**/x/*", false, true),
            ("GET https://*/**/x/*", "GET https://a.com/**/y", false, true),
            ("GET https://*/**/x/*", "GET https://a.com/**/y/7", false, false),
            ("GET https://a.com/**/x/y", "GET https://a.com/y", false, false),
        ] {
            assert_eq!(rule(one).covers(&rule(other)), covers, "{one} covers {other}");
            assert_eq!(rule(one).meets(&rule(other)), meets, "{one} meets {other}");
            assert_eq!(rule(other).meets(&rule(one)), meets, "{other} meets {one}");
        }
    }

    #[test]
    fn methods_come_apart_and_together() {
        let both = rule("GET,POST https://a.com:8443/x/*");
        let each: Vec<Rule> = both.each_method().collect();
        assert_eq!(each, [rule("GET https://a.com:8443/x/*"), rule("POST https://a.com:8443/x/*")]);
        assert_eq!(each[0].joined(&each[1]), both);
        assert_eq!(both.joined(&each[1]), both);
    }

    const HOSTS: [&str; 5] = ["a.com", "x.a.com", "*.a.com", "*.x.a.com", "*"];
    /// One beside those that rules name, at each level that they tell apart.
    const HOSTS_ASKED: [&str; 6] = ["a.com", "x.a.com", "z.a.com", "y.x.a.com", "b.com", "com"];

    /// All paths of up to that many parts.
    fn paths(parts: &[&str], last: &[&str], most: usize) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let mut begun = vec![String::new()];
        for _ in 0..most {
            all.extend(
                begun.iter().flat_map(|begun| parts.iter().chain(last).map(move |part| format!("{begun}/{part}"))),
            );
            begun = begun.iter().flat_map(|begun| parts.iter().map(move |part| format!("{begun}/{part}"))).collect();
        }
        all
    }

    /// Every rule of a small world against every other, over every request in it. The world has a host and a segment
    /// that no rule names, and paths longer than any rule's: what a rule doesn't cover shows there. They meet where servers
    /// may take one request for one of both, with a slash behind it or without.
    #[test]
    fn a_rule_covers_another_where_it_matches_whatever_that_matches() {
        let mut targets = Vec::new();
        for path in paths(&["a", "z"], &[""], 4) {
            for (method, host) in ["GET", "POST"].into_iter().flat_map(|method| HOSTS_ASKED.map(|host| (method, host)))
            {
                let (method, host, path) = (method.to_owned(), host.to_owned(), path.clone());
                targets.push(Target { method, scheme: Scheme::Https, host, port: 443, path });
            }
        }
        let mut rules = Vec::new();
        let has_one_gap = |path: &String| path.matches("**").count() <= 1;
        for path in paths(&["a", "*", "**"], &[""], 3).into_iter().filter(has_one_gap) {
            for (methods, host) in ["GET", "GET,POST"].into_iter().flat_map(|m| HOSTS.map(|host| (m, host))) {
                rules.push(rule(&format!("{methods} https://{host}{path}")));
            }
        }
        let matched = |rule: &Rule| -> Vec<bool> { targets.iter().map(|target| rule.matches(target)).collect() };
        let taken = |rule: &Rule| -> Vec<bool> {
            let slashed = |target: &Target| Target { path: format!("{}/", target.path), ..target.clone() };
            let bare = targets.iter().filter(|target| target.path == "/" || !target.path.ends_with('/'));
            bare.map(|target| rule.matches(target) || rule.matches(&slashed(target))).collect()
        };
        let seen: Vec<_> = rules.iter().map(|rule| (rule, matched(rule), taken(rule))).collect();
        for (one, ones, ones_taken) in &seen {
            for (other, others, others_taken) in &seen {
                let holds = ones.iter().zip(others).all(|(one, other)| *one || !other);
                assert_eq!(one.covers(other), holds, "{one} covers {other}");
                let shares = ones_taken.iter().zip(others_taken).any(|(one, other)| *one && *other);
                assert_eq!(one.meets(other), shares, "{one} meets {other}");
            }
        }
    }
}
