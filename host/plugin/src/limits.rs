//! What one call may use. All of it is on by default, and counted over the whole call.

use aftercall_core::usage::Limit;
use serde::{Deserialize, Serialize};

/// Largest component that is read, in bytes: protects the host from compiling without end.
pub const COMPONENT_BYTES_MAX: usize = 32 << 20;

/// Largest manifest in a component, in bytes: protects whoever parses it.
pub const MANIFEST_BYTES_MAX: usize = 256 << 10;

/// Largest compiled component, in bytes: protects the host's memory from the compiler and from the code cache.
pub const CODE_BYTES_MAX: u64 = 256 << 20;
/// Most compiled code that is kept in memory unless the operator says otherwise, in bytes: some two hundred components.
pub const LOADED_CODE_BYTES_MAX: usize = 256 << 20;
/// Memory for compiling one component, in bytes. Protects the machine.
pub const COMPILE_MEMORY_BYTES_MAX: u64 = 1 << 30;
/// Time for computing while one component is compiled, in seconds.
pub const COMPILE_CPU_S_MAX: u64 = 60;
/// Time for compiling one component, in milliseconds. Protects whoever waits for a compiler.
pub const COMPILE_MS_MAX: u64 = 120_000;

/// Failures in a row after which a tenant's vendor is left alone for a while: protects a vendor that is down from those
/// who ask, and calls from waiting for it.
pub const BREAKER_FAILURES_MAX: u32 = 5;
/// The first time for which it is left alone, in milliseconds. It doubles for each request that then fails again.
pub const BREAKER_PAUSE_MS_MIN: u64 = 5_000;
/// The longest, in milliseconds.
pub const BREAKER_PAUSE_MS_MAX: u64 = 2 * 60 * 1000;
/// Most requests to one vendor that are under way at once for one tenant, unless the operator says otherwise: protects
/// the vendor, and the tenant from being refused there.
pub const VENDOR_REQUESTS_MAX: u32 = 16;
/// Most vendors that the door remembers for one tenant, beside those that are being asked. Protects the host's memory.
pub const VENDORS_MAX: usize = 64;

/// Most calls that run at once, unless the operator says otherwise. Each may take its memory limit and a stack.
pub const RUNNING_MAX: u32 = 64;

/// Most core instances, and most linear memories and tables, that one component may be made of: protects the
/// pool that all calls share. A component of one Rust program has four, one and two.
pub const CORE_INSTANCES_MAX: u32 = 16;
/// See [`CORE_INSTANCES_MAX`].
pub const MEMORIES_MAX: u32 = 2;
/// See [`CORE_INSTANCES_MAX`].
pub const TABLES_MAX: u32 = 8;
/// Largest table, in elements. A table holds the functions that a program calls indirectly.
pub const TABLE_ELEMENTS_MAX: usize = 100_000;

/// Most tools that one plugin may offer: protects the model's attention.
pub const TOOLS_PER_PLUGIN_MAX: usize = 64;
/// Longest title of a tool, in bytes.
pub const TITLE_BYTES_MAX: usize = 200;
/// Longest description of a tool, in bytes: it is in every request to the model.
pub const DESCRIPTION_BYTES_MAX: usize = 8 << 10;

/// Most receipts that one call may return.
pub const RECEIPTS_MAX: usize = 32;
/// Longest part of a receipt, in bytes. It is not cut: a cut identifier names something else.
pub const RECEIPT_PART_BYTES_MAX: usize = 2048;
/// Longest message of a failure that the model is shown, in bytes; what is over it is cut.
pub const MESSAGE_BYTES_MAX: usize = 4 << 10;
/// Longest vendor's code, in bytes; what is over it is cut.
pub const CODE_TEXT_BYTES_MAX: usize = 200;
/// Longest pause that a component can ask for, in milliseconds: a day.
pub const RETRY_AFTER_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// Longest line of a component's log, in bytes; what is over it is cut.
pub const LOG_LINE_BYTES_MAX: usize = 4 << 10;
/// Most lines that the host itself writes into one call's log.
pub const HOST_LINES_MAX: usize = 32;

/// Longest settings of a tenant, in bytes.
pub const SETTINGS_BYTES_MAX: usize = 64 << 10;
/// Shortest credential, in bytes: a shorter one could not be told from ordinary text in a response.
pub const CREDENTIAL_BYTES_MIN: usize = 4;
/// Longest credential, in bytes: it has to fit a header.
pub const CREDENTIAL_BYTES_MAX: usize = 4 << 10;
/// Longest token that a vendor may give, in bytes: it has to fit a header, and some carry whole lists of groups.
pub const TOKEN_BYTES_MAX: usize = 16 << 10;
/// Largest answer to a request for a token, in bytes: protects the host's memory.
pub const TOKEN_ANSWER_BYTES_MAX: usize = 64 << 10;
/// Longest time to obtain a token, in milliseconds: protects the calls that wait for it.
pub const TOKEN_MS_MAX: u64 = 15_000;

/// Largest headers of one request or response, in bytes as they are held in memory.
pub const HEADER_BYTES_MAX: usize = 64 << 10;
/// Longest time to find and connect a vendor, in milliseconds.
pub const CONNECT_MS_MAX: u64 = 10_000;
/// Longest address of a request, in bytes. Most servers take no longer one.
pub const URL_BYTES_MAX: usize = 8 << 10;
/// Most redirects that are followed for one request. Each counts as a request of its own.
pub const REDIRECTS_MAX: usize = 5;
/// Most addresses of one name that a connection is tried to. All are checked.
pub const ADDRESSES_MAX: usize = 16;
/// Most connections to one vendor that are kept for the next call of the same grant.
pub const KEPT_CONNECTIONS_MAX: usize = 8;
/// Most of a request's body that a component can hand over before the door has taken it, in bytes.
pub const REQUEST_CHUNK_BYTES_MAX: usize = 16 << 10;

/// The limits of one call. What stands here by default holds for every plugin of every tenant; a tenant may say
/// otherwise, as far as the operator's ceiling goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Linear memories and tables together, in bytes. Protects the host's memory.
    pub memory_bytes_max: usize,
    /// Time spent computing, in milliseconds; waiting for a vendor isn't counted. Protects the other calls.
    pub cpu_ms_max: u64,
    /// Time from beginning to end, in milliseconds. Protects the run from a component that waits.
    pub wall_ms_max: u64,
    /// Time of one request from beginning to end, in milliseconds.
    pub request_ms_max: u64,
    /// Requests, refused ones too. Protects vendors, and the tenant's bill.
    pub requests_max: u32,
    /// Bodies of all requests together, in bytes.
    pub request_bytes_max: usize,
    /// Bodies of all responses together, in bytes. Protects the host's memory.
    pub response_bytes_max: usize,
    /// Lines for the timeline.
    pub log_lines_max: usize,
    /// Lines for the timeline, in bytes.
    pub log_bytes_max: usize,
    /// What the component returns, in bytes. Protects the model's context.
    pub result_bytes_max: usize,
    /// What the component hands to the host in one call of a capability, in bytes.
    pub hostcall_bytes_max: usize,
    /// Handles of the host's resources that are held at once.
    pub handles_max: usize,
    /// Bodies that the host holds at once for the component, in bytes: of requests until they are answered, of
    /// responses until the component takes them. Protects the host's memory.
    pub host_bytes_max: usize,
    /// Signatures with the tenant's keys, refused ones too. Protects the tenant from a component that has a store of
    /// them made.
    pub signatures_max: u32,
    /// What is asked of the component's state, in its records: values, keys, writes. Protects the disk that all tenants
    /// wait for.
    pub state_operations_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 64 << 20,
            cpu_ms_max: 2_000,
            wall_ms_max: 60_000,
            request_ms_max: 30_000,
            requests_max: 32,
            request_bytes_max: 1 << 20,
            response_bytes_max: 8 << 20,
            log_lines_max: 200,
            log_bytes_max: 64 << 10,
            result_bytes_max: 256 << 10,
            hostcall_bytes_max: 2 << 20,
            handles_max: 1_000,
            signatures_max: 32,
            state_operations_max: 200,
            host_bytes_max: 4 << 20,
        }
    }
}

impl Limits {
    /// Each by its name.
    pub fn each(&self) -> [(Limit, u64); 15] {
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        [
            (Limit::Memory, number(self.memory_bytes_max)),
            (Limit::CpuTime, self.cpu_ms_max),
            (Limit::WallTime, self.wall_ms_max),
            (Limit::RequestTime, self.request_ms_max),
            (Limit::Requests, u64::from(self.requests_max)),
            (Limit::RequestBytes, number(self.request_bytes_max)),
            (Limit::ResponseBytes, number(self.response_bytes_max)),
            (Limit::LogLines, number(self.log_lines_max)),
            (Limit::LogBytes, number(self.log_bytes_max)),
            (Limit::ResultBytes, number(self.result_bytes_max)),
            (Limit::HostcallBytes, number(self.hostcall_bytes_max)),
            (Limit::HostBytes, number(self.host_bytes_max)),
            (Limit::Handles, number(self.handles_max)),
            (Limit::Signatures, u64::from(self.signatures_max)),
            (Limit::StateOperations, u64::from(self.state_operations_max)),
        ]
    }

    /// These limits, below a ceiling. What was left at its default is lowered without a word.
    ///
    /// # Errors
    /// One was set, and is over the ceiling: its name, the value and the ceiling.
    pub fn within(self, ceiling: Limits) -> Result<Self, (Limit, u64, u64)> {
        let all = self.each().into_iter().zip(ceiling.each()).zip(Self::default().each());
        for (((limit, asked), (_, most)), (_, default)) in all {
            if asked > most && asked != default {
                return Err((limit, asked, most));
            }
        }
        Ok(self.below(ceiling))
    }

    /// The lower of each.
    #[must_use]
    fn below(self, ceiling: Limits) -> Self {
        Self {
            memory_bytes_max: self.memory_bytes_max.min(ceiling.memory_bytes_max),
            cpu_ms_max: self.cpu_ms_max.min(ceiling.cpu_ms_max),
            wall_ms_max: self.wall_ms_max.min(ceiling.wall_ms_max),
            request_ms_max: self.request_ms_max.min(ceiling.request_ms_max),
            requests_max: self.requests_max.min(ceiling.requests_max),
            request_bytes_max: self.request_bytes_max.min(ceiling.request_bytes_max),
            response_bytes_max: self.response_bytes_max.min(ceiling.response_bytes_max),
            log_lines_max: self.log_lines_max.min(ceiling.log_lines_max),
            log_bytes_max: self.log_bytes_max.min(ceiling.log_bytes_max),
            result_bytes_max: self.result_bytes_max.min(ceiling.result_bytes_max),
            hostcall_bytes_max: self.hostcall_bytes_max.min(ceiling.hostcall_bytes_max),
            handles_max: self.handles_max.min(ceiling.handles_max),
            signatures_max: self.signatures_max.min(ceiling.signatures_max),
            state_operations_max: self.state_operations_max.min(ceiling.state_operations_max),
            host_bytes_max: self.host_bytes_max.min(ceiling.host_bytes_max),
        }
    }
}

/// A call reached one of its limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the call reached {} = {max}", limit.setting())]
pub struct Reached {
    /// Which limit.
    pub limit: Limit,
    /// How much it allows.
    pub max: u64,
}

impl Reached {
    pub(crate) fn new(limit: Limit, max: impl TryInto<u64>) -> Self {
        Self { limit, max: max.try_into().unwrap_or(u64::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_says_what_it_wants_below_the_ceiling() {
        let default = Limits::default();
        let ceiling = Limits { cpu_ms_max: 100, requests_max: 64, ..default };
        for (asked, expected) in [
            (default, Ok(Limits { cpu_ms_max: 100, ..default })),
            (Limits { requests_max: 2, ..default }, Ok(Limits { cpu_ms_max: 100, requests_max: 2, ..default })),
            (Limits { requests_max: 50, ..default }, Ok(Limits { cpu_ms_max: 100, requests_max: 50, ..default })),
            (Limits { requests_max: 65, ..default }, Err((Limit::Requests, 65, 64))),
            (Limits { cpu_ms_max: 101, ..default }, Err((Limit::CpuTime, 101, 100))),
            (Limits { memory_bytes_max: 65 << 20, ..default }, Err((Limit::Memory, 65 << 20, 64 << 20))),
        ] {
            assert_eq!(asked.within(ceiling), expected);
        }
    }

    #[test]
    fn an_unknown_limit_is_an_error() {
        let read = |text| serde_json::from_str::<Limits>(text);
        assert_eq!(read(r#"{"wall_ms_max": 5}"#).expect("limits").wall_ms_max, 5);
        assert!(read(r#"{"wall_seconds": 5}"#).is_err());
    }
}
