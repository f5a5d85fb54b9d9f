//! The server: where it listens, how much it takes, and where platforms send calls.

use aftercall_core::id::{AssistantName, Platform};
use serde::{Deserialize, Serialize};

use super::{SecretRef, Verify};

/// Runs of one tenant side by side, where its configuration doesn't say: one tenant's rush leaves room for others.
pub const TENANT_RUNS_MAX: u32 = 32;

/// Calls of one tenant that may wait, where its configuration doesn't say.
pub const TENANT_WAITING_MAX: u32 = 10_000;

/// Most that a tenant may weigh.
pub const TENANT_WEIGHT_MAX: u32 = 1_000;

/// How seldom lost calls are looked for at least, in milliseconds: protects platforms' APIs.
pub(super) const LOST_CALLS_EVERY_MS_MIN: u64 = 60_000;

/// How far back lost calls are looked for at most, in milliseconds.
pub(super) const LOST_CALLS_BACK_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;

/// The user that sees all tenants' runs. No tenant can be called so.
pub const OPERATOR: &str = "operator";

/// What `aftercall serve` runs.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port. Port 0 takes a free one. TLS is the business of a proxy in front.
    pub listen: String,
    /// Connections at once; others wait in the kernel. Protects descriptors and memory.
    pub connections_max: u32,
    /// Largest body of one request, in bytes.
    pub body_bytes_max: u32,
    /// Bodies that are held in memory at once, in bytes, all requests together. More are answered 503.
    pub bodies_bytes_max: u32,
    /// How long a client may take for the head of a request, and again for its body, in milliseconds.
    pub client_ms_max: u64,
    /// Runs side by side, of all tenants together. A run that waits for a model or a vendor counts: give several times
    /// what one tenant may have.
    pub runs_max: u32,
    /// Calls that may wait for their run, of all tenants together. More are answered 503.
    pub waiting_max: u32,
    /// How long the server waits for runs under way when it is asked to stop, in milliseconds. They go on after the
    /// next start from where they were.
    pub drain_ms_max: u64,
    /// The password with which the user `operator` sees all runs and `/metrics`. Absent: nobody does.
    pub operator_password: Option<SecretRef>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            connections_max: 512,
            body_bytes_max: 8 << 20,
            bodies_bytes_max: 64 << 20,
            client_ms_max: 15_000,
            runs_max: 256,
            waiting_max: 100_000,
            drain_ms_max: 20_000,
            operator_password: None,
        }
    }
}

/// Where a platform sends a tenant's calls.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Which platform: `native`, `vapi`…
    pub platform: Platform,
    /// The assistant whose calls come here. Absent: the record says.
    #[serde(default)]
    pub assistant: Option<AssistantName>,
    /// How a webhook proves that it is the platform's.
    pub verify: Verify,
    /// How the platform's API is asked for what its webhooks lack. Absent: not at all.
    #[serde(default)]
    pub api: Option<ApiConfig>,
    /// How calls are looked for whose webhook was lost: `{}` for what is usual. Absent: not at all. It needs `api`.
    #[serde(default)]
    pub lost_calls: Option<LostCalls>,
}

/// How a platform's API is reached.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    /// The tenant's key to it.
    pub key: SecretRef,
    /// Where it begins. Absent: at the platform's own address.
    #[serde(default)]
    pub base_url: Option<String>,
}

/// How calls are looked for whose webhook was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LostCalls {
    /// How often, in milliseconds.
    pub every_ms: u64,
    /// How far back, in milliseconds.
    pub back_ms: u64,
}

impl Default for LostCalls {
    fn default() -> Self {
        Self { every_ms: 15 * 60 * 1000, back_ms: 24 * 60 * 60 * 1000 }
    }
}
