//! The limits of one call of a tool, by name, and how near a call came to them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the limits that a call runs within. Each counts over the whole call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Linear memories and tables together.
    Memory,
    /// Time spent computing.
    CpuTime,
    /// Time from beginning to end.
    WallTime,
    /// Time of one request.
    RequestTime,
    /// Requests, refused ones too.
    Requests,
    /// Bodies of all requests.
    RequestBytes,
    /// Bodies of all responses.
    ResponseBytes,
    /// Headers of one request or response.
    HeaderBytes,
    /// Lines for the timeline.
    LogLines,
    /// The same in bytes.
    LogBytes,
    /// What the component returns.
    ResultBytes,
    /// What the component hands to the host in one call of a capability.
    HostcallBytes,
    /// What the host holds on the component's behalf: bodies on their way, values that it asked for.
    HostBytes,
    /// Handles of the host's resources that are held at once.
    Handles,
    /// Signatures made with the tenant's keys.
    Signatures,
    /// What was asked of the component's state.
    StateOperations,
    /// A limit that an older journal didn't name.
    Unnamed,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
    /// Things.
    Count,
}

impl Limit {
    /// All that can be reached, in the order in which they are told.
    pub const ALL: [Limit; 16] = [
        Limit::Memory,
        Limit::CpuTime,
        Limit::WallTime,
        Limit::RequestTime,
        Limit::Requests,
        Limit::RequestBytes,
        Limit::ResponseBytes,
        Limit::HeaderBytes,
        Limit::LogLines,
        Limit::LogBytes,
        Limit::ResultBytes,
        Limit::HostcallBytes,
        Limit::HostBytes,
        Limit::Handles,
        Limit::Signatures,
        Limit::StateOperations,
    ];

    /// Its name in the configuration, unit last.
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Memory => "memory_bytes_max",
            Self::CpuTime => "cpu_ms_max",
            Self::WallTime => "wall_ms_max",
            Self::RequestTime => "request_ms_max",
            Self::Requests => "requests_max",
            Self::RequestBytes => "request_bytes_max",
            Self::ResponseBytes => "response_bytes_max",
            Self::HeaderBytes => "header_bytes_max",
            Self::LogLines => "log_lines_max",
            Self::LogBytes => "log_bytes_max",
            Self::ResultBytes => "result_bytes_max",
            Self::HostcallBytes => "hostcall_bytes_max",
            Self::HostBytes => "host_bytes_max",
            Self::Handles => "handles_max",
            Self::Signatures => "signatures_max",
            Self::StateOperations => "state_operations_max",
            Self::Unnamed => "a limit",
        }
    }

    /// The kind of failure of a call that reached it: the word that the journal, the timeline and the model see.
    pub const fn failure(self) -> &'static str {
        match self {
            Self::Memory => "memory-limit-reached",
            Self::CpuTime => "cpu-time-limit-reached",
            Self::WallTime => "wall-time-limit-reached",
            Self::RequestTime => "request-time-limit-reached",
            Self::Requests => "requests-limit-reached",
            Self::RequestBytes => "request-bytes-limit-reached",
            Self::ResponseBytes => "response-bytes-limit-reached",
            Self::HeaderBytes => "header-bytes-limit-reached",
            Self::LogLines => "log-lines-limit-reached",
            Self::LogBytes => "log-bytes-limit-reached",
            Self::ResultBytes => "result-bytes-limit-reached",
            Self::HostcallBytes => "hostcall-bytes-limit-reached",
            Self::HostBytes => "host-bytes-limit-reached",
            Self::Handles => "handles-limit-reached",
            Self::Signatures => "signatures-limit-reached",
            Self::StateOperations => "state-operations-limit-reached",
            Self::Unnamed => "limit-reached",
        }
    }

    /// In words: `memory`, `computing`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::CpuTime => "computing",
            Self::WallTime => "time in all",
            Self::RequestTime => "longest request",
            Self::Requests => "requests",
            Self::RequestBytes => "sent",
            Self::ResponseBytes => "received",
            Self::HeaderBytes => "headers",
            Self::LogLines => "log lines",
            Self::LogBytes => "log",
            Self::ResultBytes => "result",
            Self::HostcallBytes => "handed to the host at once",
            Self::HostBytes => "held by the host",
            Self::Handles => "handles",
            Self::Signatures => "signatures",
            Self::StateOperations => "state",
            Self::Unnamed => "unnamed",
        }
    }

    /// What it counts.
    pub const fn unit(self) -> Unit {
        match self {
            Self::CpuTime | Self::WallTime | Self::RequestTime => Unit::Milliseconds,
            Self::Requests
            | Self::LogLines
            | Self::Handles
            | Self::Signatures
            | Self::StateOperations
            | Self::Unnamed => Unit::Count,
            Self::Memory
            | Self::RequestBytes
            | Self::ResponseBytes
            | Self::HeaderBytes
            | Self::LogBytes
            | Self::ResultBytes
            | Self::HostcallBytes
            | Self::HostBytes => Unit::Bytes,
        }
    }
}

/// How near one call came to one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Used {
    /// Which limit.
    pub limit: Limit,
    /// How much of it the call used, at most at once where it goes up and down.
    pub used: u64,
    /// How much it could have used.
    pub max: u64,
}

impl Used {
    /// A call's use of a limit.
    pub fn new(limit: Limit, used: impl TryInto<u64>, max: impl TryInto<u64>) -> Self {
        Self { limit, used: used.try_into().unwrap_or(u64::MAX), max: max.try_into().unwrap_or(u64::MAX) }
    }

    /// How near it came, in percent, rounded up: what was used at all is never 0.
    pub fn percent(&self) -> u64 {
        let percent = u128::from(self.used).saturating_mul(100).div_ceil(u128::from(self.max.max(1)));
        u64::try_from(percent).unwrap_or(u64::MAX)
    }
}

/// `memory 1.1 of 64.0 MiB`, `requests 2 of 32`, `computing 4 of 2000 ms`.
impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, used, max } = self;
        write!(f, "{} ", limit.words())?;
        match limit.unit() {
            Unit::Count => write!(f, "{used} of {max}"),
            Unit::Milliseconds => write!(f, "{used} of {max} ms"),
            Unit::Bytes => {
                let (size, unit) = [(1 << 20, "MiB"), (1 << 10, "KiB")]
                    .into_iter()
                    .find(|(size, _)| max >= size)
                    .unwrap_or((1, "bytes"));
                match size {
                    1 => write!(f, "{used} of {max} bytes"),
                    size => write!(f, "{} of {} {unit}", Tenths(*used, size), Tenths(*max, size)),
                }
            }
        }
    }
}

/// A number in a larger unit, with one digit behind the point.
struct Tenths(u64, u64);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, unit) = *self;
        let tenths = u128::from(number).saturating_mul(10).div_ceil(u128::from(unit));
        match (tenths / 10, tenths % 10) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, tenth) => write!(f, "{whole}.{tenth}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_reads_well() {
        for (limit, used, max, words, percent) in [
            (Limit::Memory, 1_179_648_u64, 64 << 20, "memory 1.2 of 64 MiB", 2),
            (Limit::RequestBytes, 0, 1 << 20, "sent 0 of 1 MiB", 0),
            (Limit::LogBytes, 100, 64 << 10, "log 0.1 of 64 KiB", 1),
            (Limit::ResultBytes, 7, 100, "result 7 of 100 bytes", 7),
            (Limit::CpuTime, 4, 2000, "computing 4 of 2000 ms", 1),
            (Limit::Requests, 33, 32, "requests 33 of 32", 104),
            (Limit::Requests, 1, 0, "requests 1 of 0", 100),
        ] {
            let used = Used::new(limit, used, max);
            assert_eq!((used.to_string().as_str(), used.percent()), (words, percent));
        }
    }

    #[test]
    fn every_limit_has_names_of_its_own() {
        for names in [Limit::setting, Limit::failure, Limit::words] {
            let all: std::collections::BTreeSet<_> = Limit::ALL.into_iter().map(names).collect();
            assert_eq!(all.len(), Limit::ALL.len());
        }
    }
}
