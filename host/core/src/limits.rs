//! The limits that core itself holds to. Each names its unit and says whom it protects.

/// Longest history that a run is made of, in items: protects the host's memory and the model's bill.
pub const CONVERSATION_ITEMS_MAX: usize = 20_000;

/// Longest text of arguments that a model may send to one tool, in bytes: protects the plugin.
pub const ARGUMENTS_BYTES_MAX: usize = 256 * 1024;

/// Most tool calls that one model reply may make: protects vendors from a model in a loop.
pub const CALLS_PER_TURN_MAX: usize = 64;

/// Longest insights of one call, in bytes: protects the records and the page from a model that goes on and on.
pub const INSIGHTS_BYTES_MAX: usize = 64 * 1024;

/// How often a model is asked for the insights of a call: once, and once more with what was wrong.
pub const INSIGHTS_TURNS_MAX: usize = 2;

/// Furthest ahead that a tool call waits for its time, in milliseconds (400 days): protects the records from runs that
/// never end.
pub const LATER_MS_MAX: u64 = 400 * 24 * 60 * 60 * 1000;

/// Most tools that one assistant may offer: providers refuse more than 128.
pub const TOOLS_MAX: usize = 128;

/// Largest schema of a tool's arguments, in bytes: protects the host from a schema that is a bomb.
pub const SCHEMA_BYTES_MAX: usize = 64 * 1024;

/// Most parts of a schema once its references are followed: protects the host from one that is small and endless.
pub const SCHEMA_NODES_MAX: usize = 20_000;

/// Most patterns of one schema: each is compiled, in time that nobody else counts.
pub const SCHEMA_PATTERNS_MAX: usize = 64;

/// Largest pattern of a schema once it is compiled, in bytes: each repetition of a repetition multiplies.
pub const PATTERN_BYTES_MAX: usize = 128 * 1024;

/// Most complaints about one set of arguments that the model is told of at once.
pub const SCHEMA_COMPLAINTS_MAX: usize = 8;

/// Most tools of a live call that are offered again after it: protects the model's attention.
pub const LIVE_DEFINITIONS_MAX: usize = 64;

/// Most that is kept of their definitions, in bytes: protects the records, in which the run of each call has them.
pub const LIVE_DEFINITIONS_BYTES_MAX: usize = 256 * 1024;
