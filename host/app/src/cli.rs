//! What can be said on the command line.

use std::path::PathBuf;

use aftercall_core::{
    conversation::Dialect,
    id::{AssistantName, Platform, PluginName, Tenant},
    time::Timestamp,
};
use clap::{
    ArgGroup, Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};

use crate::command::forget::instant;

/// The work after a call, done by the model that took the call, with tools nobody has to trust.
#[derive(Debug, Parser)]
#[command(name = "aftercall", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the main job on this machine alone: a played model, played vendors, the real server and plugins
    Demo(Demo),
    /// Take calls as webhooks, do the work after each, and show it in a browser
    Serve(Serve),
    /// Do the work after one call: a native envelope, or a Vapi end-of-call-report as it is
    Run(Run),
    /// Do the work after one call with every write kept back, and show what would have been sent
    Rehearse(Rehearse),
    /// List runs, newest first; or say how one goes on that waits for a person
    Runs(Runs),
    /// List calls that wait for their run, or what else platforms sent
    Inbox(Inbox),
    /// Fold a run's journal again, entry by entry, and compare where it arrives with what the records say
    Replay(Replay),
    /// Tell what happened in a run: every turn, tool call, refusal and receipt
    Logs(Logs),
    /// List what tenants have used of models, by the day: turns, tokens and what they cost
    Usage(Usage),
    /// Delete a conversation, those that ended before a date, or all that is kept of a tenant, beside a running server too
    Forget(Forget),
    /// Make, build and look at plugins
    #[command(subcommand)]
    Plugin(Plugin),
    /// Compile the component on standard input: how the plugin host keeps the compiler out of its own process
    #[command(hide = true)]
    CompileComponent(CompileComponent),
}

/// `aftercall compile-component`
#[derive(Debug, Args)]
pub struct CompileComponent {
    /// Memory that it may take, in bytes
    #[arg(long, value_name = "N")]
    pub memory_bytes_max: u64,
    /// Time that it may compute for, in seconds
    #[arg(long, value_name = "N")]
    pub cpu_s_max: u64,
}

/// How results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// `aftercall demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Play the scenarios of tenants with other vendors too: Salesforce, Telnyx, Jira, Google. They have a server of their
    /// own
    #[arg(long)]
    pub variants: bool,
    /// How results are shown
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Keep the records in this file, for `aftercall logs RUN --store FILE` afterwards; those of variants beside it, in a
    /// file that ends in .2.db
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Go on serving afterwards, so that the runs can be looked at in a browser; Ctrl-C ends it
    #[arg(long)]
    pub keep: bool,
}

/// `aftercall serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "aftercall.toml")]
    pub config: PathBuf,
    /// Listen here instead of at the configuration's `server.listen`
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
}

/// One call, and who took it.
#[derive(Debug, Args)]
pub struct OneCall {
    /// The call's record (JSON)
    #[arg(value_name = "CALL.json")]
    pub call: PathBuf,
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "aftercall.toml")]
    pub config: PathBuf,
    /// Whose call it is; needed where the configuration has several tenants and the record names none
    #[arg(long)]
    pub tenant: Option<Tenant>,
    /// Which assistant took it; needed where the tenant has several and the record's isn't among their `platform_ids`
    #[arg(long)]
    pub assistant: Option<AssistantName>,
    /// Go on with this model instead of the call's; its key comes from OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY
    #[arg(long, value_name = "NAME", requires = "base_url")]
    pub model: Option<String>,
    /// Where that model's API begins, such as `https://api.openai.com/v1`
    #[arg(long, value_name = "URL", requires = "model")]
    pub base_url: Option<String>,
    /// What that API speaks
    #[arg(long, value_parser = dialects(), default_value = "openai-chat", requires = "model")]
    pub dialect: Dialect,
    /// How results are shown
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

fn dialects() -> impl TypedValueParser<Value = Dialect> {
    let names = PossibleValuesParser::new(Dialect::ALL.map(Dialect::as_str));
    names.map(|name| Dialect::ALL.into_iter().find(|dialect| dialect.as_str() == name).expect("it is one of them"))
}

/// `aftercall run`
#[derive(Debug, Args)]
pub struct Run {
    /// The call
    #[command(flatten)]
    pub call: OneCall,
    /// Look at the same call again; what was done before is not done twice
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub revision: u32,
}

/// `aftercall rehearse`
#[derive(Debug, Args)]
pub struct Rehearse {
    /// The call
    #[command(flatten)]
    pub call: OneCall,
}

/// Where the records are.
#[derive(Debug, Args)]
pub struct Store {
    /// The configuration that says where the records are
    #[arg(long, value_name = "FILE", default_value = "aftercall.toml")]
    pub config: PathBuf,
    /// The records themselves
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub store: Option<PathBuf>,
}

/// What a list of the records shows, and how.
#[derive(Debug, Args)]
pub struct List {
    /// Where the records are
    #[command(flatten)]
    pub store: Store,
    /// Only this tenant's
    #[arg(long)]
    pub tenant: Option<Tenant>,
    /// At most that many
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub most: u32,
    /// How results are shown
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `aftercall runs`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Runs {
    /// What somebody wants of a run
    #[command(subcommand)]
    pub intervention: Option<Intervene>,
    /// What is listed, and how
    #[command(flatten)]
    pub list: List,
    /// All that wait for a person, oldest first, instead
    #[arg(long)]
    pub waiting: bool,
}

/// `aftercall inbox`
#[derive(Debug, Args)]
pub struct Inbox {
    /// What is listed, and how
    #[command(flatten)]
    pub list: List,
    /// Events that are of no call that waits, newest first, instead: they are kept for a week
    #[arg(long)]
    pub others: bool,
}

/// What somebody wants of a run.
#[derive(Debug, Subcommand)]
pub enum Intervene {
    /// Say what became of an effect that no program can tell of
    Resolve {
        /// Which run and call
        #[command(flatten)]
        of: OfCall,
        /// What became of it
        #[command(flatten)]
        what: What,
        /// What the vendor's receipt is for; with --done
        #[arg(long, value_name = "KIND", default_value = "confirmed by a person", requires = "done")]
        kind: String,
    },
    /// Allow a call that waits for it
    Approve {
        /// Which run and call
        #[command(flatten)]
        of: OfCall,
    },
    /// Refuse a call that waits for approval
    Refuse {
        /// Which run and call
        #[command(flatten)]
        of: OfCall,
        /// Why, for the model and the timeline
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// End a run: what is in flight is awaited or settled first
    Cancel {
        /// The run's identifier, or enough of its beginning
        run: String,
        /// Where the records are
        #[command(flatten)]
        store: Store,
        /// Why, for the timeline
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Which call of which run, and who speaks.
#[derive(Debug, Args)]
pub struct OfCall {
    /// The run's identifier, or enough of its beginning
    pub run: String,
    /// The call, as `aftercall logs` tells it: its turn and its place in it; needed where several wait
    #[arg(long, value_name = "TURN/call/PLACE")]
    pub call: Option<String>,
    /// Who says it, for the timeline; default: the user of this machine
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Where the records are
    #[command(flatten)]
    pub store: Store,
}

/// What became of an effect.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct What {
    /// It happened: the vendor's identifier of it
    #[arg(long, value_name = "RECEIPT")]
    pub done: Option<String>,
    /// It did not happen, and is to be tried again
    #[arg(long)]
    pub redo: bool,
    /// It stays as it is: nobody knows, and nobody tries again
    #[arg(long)]
    pub drop: bool,
}

/// `aftercall replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// The run's identifier, or enough of its beginning
    pub run: String,
    /// Where the records are
    #[command(flatten)]
    pub store: Store,
    /// How results are shown
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `aftercall logs`
#[derive(Debug, Args)]
pub struct Logs {
    /// The run's identifier, or enough of its beginning
    pub run: String,
    /// Where the records are
    #[command(flatten)]
    pub store: Store,
    /// How results are shown
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Also tell how near each tool call came to each of its limits; JSON always does
    #[arg(long)]
    pub limits: bool,
    /// Print what was to be known of the call and nothing else, as a JSON object
    #[arg(long, conflicts_with = "limits")]
    pub insights: bool,
}

/// `aftercall usage`
#[derive(Debug, Args)]
pub struct Usage {
    /// Only this tenant's
    #[arg(long)]
    pub tenant: Option<Tenant>,
    /// From this day (UTC) on; default: from the first one on
    #[arg(long, value_name = "DATE", value_parser = instant)]
    pub since: Option<Timestamp>,
    /// Up to this day (UTC), which is among them; default: up to today
    #[arg(long, value_name = "DATE", value_parser = instant)]
    pub until: Option<Timestamp>,
    /// Where the records are
    #[command(flatten)]
    pub store: Store,
    /// How results are shown
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `aftercall forget`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true)))]
pub struct Forget {
    /// Delete the conversation of this run, with all its revisions: the run's identifier, or enough of its beginning
    #[arg(value_name = "RUN", group = "what", conflicts_with = "tenant")]
    pub run: Option<String>,
    /// Whose
    #[arg(long, requires = "what")]
    pub tenant: Option<Tenant>,
    /// Delete this conversation of the tenant: the platform's identifier of it
    #[arg(long, value_name = "ID", group = "what", requires = "tenant")]
    pub conversation: Option<String>,
    /// Which platform named it so; needed where several did
    #[arg(long, requires = "conversation")]
    pub platform: Option<Platform>,
    /// Delete the tenant's conversations whose last run ended before this day (UTC), or before this instant (RFC 3339)
    #[arg(long, value_name = "DATE", group = "what", requires = "tenant", value_parser = instant)]
    pub ended_before: Option<Timestamp>,
    /// Delete all that is kept of the tenant: conversations, what plugins keep, consents, refresh tokens, what it used of
    /// models. Take it out of the configuration first: its next call begins anew
    #[arg(long, group = "what", requires = "tenant")]
    pub everything: bool,
    /// Write the records anew, so that nothing deleted is left in gaps of the file; no server may be running
    #[arg(long, group = "what", conflicts_with = "tenant")]
    pub compact: bool,
    /// Do it. Without, it is only said what would be deleted; it can't be undone
    #[arg(long, conflicts_with = "compact")]
    pub yes: bool,
    /// Where the records are
    #[command(flatten)]
    pub store: Store,
}

/// `aftercall plugin`
#[derive(Debug, Subcommand)]
pub enum Plugin {
    /// Make a folder with a tool that works, and its test
    New {
        /// The plugin's name, and the folder's: small letters, digits, `-` and `_`, a letter first
        #[arg(value_name = "NAME")]
        name: PluginName,
        /// Where the folder is made
        #[arg(long = "in", value_name = "DIR", default_value = ".")]
        parent: PathBuf,
    },
    /// Build the plugin in a folder to a component with its manifest inside
    Build(Build),
    /// Show what a component asks for more, or less, than another, or than a tenant has consented to; ends with 1 if it is more
    Diff(Diff),
    /// Consent to what a plugin's component asks for, so that it runs for a tenant from the next start on
    Consent(Consent),
    /// Show what a component is, requests, takes as settings and offers, without running it for anybody
    Inspect {
        /// The component
        #[arg(value_name = "FILE")]
        component: PathBuf,
        /// The settings with which its tools are listed (JSON)
        #[arg(long, value_name = "JSON", default_value = "{}")]
        settings: String,
    },
}

/// `aftercall plugin build`
#[derive(Debug, Args)]
pub struct Build {
    /// The folder with Cargo.toml and plugin.toml
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Where the component goes; default: aftercall/NAME.wasm in cargo's target folder
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The settings under which its tools are checked (JSON); default: each of the `examples` that plugin.toml has of them
    #[arg(long, value_name = "JSON")]
    pub settings: Option<String>,
}

/// `aftercall plugin diff`
#[derive(Debug, Args)]
pub struct Diff {
    /// The component from before; with --tenant, the name of an installed plugin
    #[arg(value_name = "OLD.wasm|PLUGIN")]
    pub old: String,
    /// The component that is to take its place
    #[arg(value_name = "NEW.wasm", required_unless_present = "tenant", conflicts_with = "tenant")]
    pub new: Option<PathBuf>,
    /// Compare the installed component with what this tenant has consented to
    #[arg(long)]
    pub tenant: Option<Tenant>,
    /// The configuration that says what is installed and where the records are
    #[arg(long, value_name = "FILE", default_value = "aftercall.toml")]
    pub config: PathBuf,
    /// The settings with which tools are listed (JSON); with --tenant, the tenant's are used
    #[arg(long, value_name = "JSON", default_value = "{}", conflicts_with = "tenant")]
    pub settings: String,
    /// How results are shown
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `aftercall plugin consent`
#[derive(Debug, Args)]
pub struct Consent {
    /// The installed plugin
    #[arg(value_name = "PLUGIN")]
    pub plugin: PluginName,
    /// Who consents
    #[arg(long)]
    pub tenant: Tenant,
    /// The configuration that says what is installed and where the records are
    #[arg(long, value_name = "FILE", default_value = "aftercall.toml")]
    pub config: PathBuf,
}
