//! How many effects a tenant lets a plugin have: of one run, and on one contact in a day.
//!
//! What counts are effects, not attempts: one that is tried again under its key counts once, one that failed for
//! certain does not count, one in doubt does. The ledger counts in the same transaction in which it lets an attempt
//! begin, so that no two runs get the last one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    conversation::Conversation,
    id::{PluginName, RunIdentity, Sha256Hex},
};

/// What a day is: any 24 hours, in milliseconds, so that no time zone matters.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// In a grant, the name that stands for all tools of the plugin together.
pub const ALL_TOOLS: &str = "*";

/// How many effects a grant allows of one tool, or of all of the plugin's together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Caps {
    /// In one run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_run_max: Option<u32>,
    /// On one contact in any 24 hours. A call without a contact counts for its conversation alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_contact_and_day_max: Option<u32>,
}

/// One number that effects are counted against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cap {
    /// Which effects count.
    pub of: Of,
    /// Among which they are counted.
    pub per: Per,
    /// Most that there may be.
    pub most: u32,
}

/// Which effects count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Of {
    /// Those of the tool.
    Tool,
    /// Those of all of the plugin's tools.
    Plugin,
}

/// Among which effects are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Per {
    /// Those of the run.
    Run,
    /// Those on the contact, in the 24 hours before.
    ContactAndDay,
}

impl Caps {
    /// The numbers that it consists of.
    pub fn caps(self, of: Of) -> impl Iterator<Item = Cap> {
        let cap = move |per, most: Option<u32>| most.map(|most| Cap { of, per, most });
        [cap(Per::Run, self.per_run_max), cap(Per::ContactAndDay, self.per_contact_and_day_max)].into_iter().flatten()
    }
}

impl Per {
    /// Its name in a grant.
    pub const fn setting(self) -> &'static str {
        match self {
            Per::Run => "per_run_max",
            Per::ContactAndDay => "per_contact_and_day_max",
        }
    }
}

impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Per::Run => "in one run",
            Per::ContactAndDay => "on one contact in 24 hours",
        })
    }
}

impl Cap {
    /// That it is used up: for the model what to do about it, for people what would allow more.
    pub fn used_up(&self, plugin: &PluginName, tool: &str) -> String {
        let (what, key) = match self.of {
            Of::Tool => (format!("of {tool}"), tool.to_owned()),
            Of::Plugin => (format!("of the plugin {plugin}"), format!("\"{ALL_TOOLS}\"")),
        };
        let effects = if self.most == 1 { "effect" } else { "effects" };
        format!(
            "the tenant allows {} {effects} {what} {}, and there is no room for another: nothing was done, and asking \
             again does not help; to allow more, raise `effects.{key}.{}` in the grant of {plugin}",
            self.most,
            self.per,
            self.per.setting(),
        )
    }
}

/// On whom effects are counted: a digest, since a contact is personal data, and of its tenant alone, since nothing is
/// shared between two. Where the platform didn't say who was on the line, it is the conversation.
pub fn contact(call: &RunIdentity, conversation: &Conversation) -> Sha256Hex {
    match conversation.contact() {
        Some(contact) => Sha256Hex::of_parts(["contact/1", call.tenant.as_str(), contact]),
        None => {
            Sha256Hex::of_parts(["conversation/1", call.tenant.as_str(), call.platform.as_str(), &call.conversation])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Direction;

    #[test]
    fn an_allowance_is_its_numbers() {
        let caps = |per_run_max, per_contact_and_day_max| {
            let caps = Caps { per_run_max, per_contact_and_day_max }.caps(Of::Tool);
            caps.map(|cap| (cap.per, cap.most)).collect::<Vec<_>>()
        };
        assert_eq!(caps(None, None), []);
        assert_eq!(caps(Some(1), None), [(Per::Run, 1)]);
        assert_eq!(caps(Some(1), Some(2)), [(Per::Run, 1), (Per::ContactAndDay, 2)]);
    }

    #[test]
    fn a_cap_that_is_used_up_names_its_setting() {
        let plugin = "sms".parse().expect("a name");
        for (of, per, most, words) in [
            (Of::Tool, Per::Run, 1, "1 effect of send_sms in one run"),
            (Of::Tool, Per::Run, 1, "raise `effects.send_sms.per_run_max` in the grant of sms"),
            (Of::Plugin, Per::ContactAndDay, 3, "3 effects of the plugin sms on one contact in 24 hours"),
            (Of::Plugin, Per::ContactAndDay, 3, "raise `effects.\"*\".per_contact_and_day_max` in the grant of sms"),
        ] {
            let said = Cap { of, per, most }.used_up(&plugin, "send_sms");
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn a_contact_is_its_tenants_and_shows_nothing() {
        let call = |tenant: &str, conversation: &str| RunIdentity {
            tenant: tenant.parse().expect("a name"),
            platform: "vapi".parse().expect("a name"),
            conversation: conversation.to_owned(),
            revision: 0,
        };
        let of = |from: Option<&str>| Conversation {
            direction: Some(Direction::Inbound),
            from: from.map(str::to_owned),
            ..Conversation::new("vapi".parse().expect("a name"), "c")
        };
        let known = contact(&call("acme", "c1"), &of(Some("+15550100")));
        assert_eq!(known, contact(&call("acme", "c2"), &of(Some("+15550100"))), "in every conversation");
        assert_ne!(known, contact(&call("acme", "c1"), &of(Some("+15550101"))));
        assert_ne!(known, contact(&call("beta", "c1"), &of(Some("+15550100"))));
        let unknown = contact(&call("acme", "c1"), &of(None));
        assert_eq!(unknown, contact(&RunIdentity { revision: 1, ..call("acme", "c1") }, &of(None)));
        assert_ne!(unknown, contact(&call("acme", "c2"), &of(None)));
        assert_ne!(unknown, known);
    }
}
