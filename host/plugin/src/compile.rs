//! Compiling a component, which is the one thing that a component makes the host do before it runs.
//!
//! A compiler can't be stopped from within its process, and what it takes of memory and time is the component's
//! choice. So it has a process of its own, with limits that it sets itself before it reads its first byte: nothing
//! of the environment, no file, no network of ours, a place to stand where nothing is. The component goes in through
//! its standard input, and the code comes out. That the code is believed is because the program is our own.

use std::{
    ffi::OsString,
    io::{self, Read as _, Write as _},
    path::PathBuf,
    process::{ExitCode, ExitStatus, Stdio},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
    time::timeout,
};
use wasmtime::Engine;

use crate::{
    code::Error,
    engine,
    limits::{CODE_BYTES_MAX, COMPILE_CPU_S_MAX, COMPILE_MEMORY_BYTES_MAX, COMPILE_MS_MAX, COMPONENT_BYTES_MAX},
    text::clip_line,
};

/// How the compiler's process ends when it refuses the component, with the reason on its standard error.
const REFUSED: u8 = 3;
/// How it ends when it can't begin.
const CANNOT_BEGIN: u8 = 4;

/// Longest reason that is passed on, in bytes.
const REASON_BYTES_MAX: usize = 400;
/// Most of its standard error that is read, in bytes.
const STDERR_BYTES_MAX: u64 = 16 << 10;

/// Who compiles components.
#[derive(Debug, Clone, Default)]
pub enum Compiler {
    /// This process. A component can take all the memory and time that it has: for tests, and for hosts that
    /// install nothing but their own components.
    #[default]
    ThisProcess,
    /// A process for each component. As many run at once as the machine has cores.
    Process(CompilerProcess),
}

/// A program that ends in [`compile_in_this_process_alone`].
#[derive(Debug, Clone)]
pub struct CompilerProcess {
    /// The program: the host's own.
    pub program: PathBuf,
    /// Its arguments. `--memory-bytes-max` and `--cpu-s-max` with their numbers come behind them.
    pub arguments: Vec<OsString>,
    /// All of its environment: nothing of this process's.
    pub environment: Vec<(OsString, OsString)>,
    /// What it may use.
    pub limits: CompileLimits,
}

/// What compiling one component may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Memory, in bytes. Protects the machine.
    pub memory_bytes_max: u64,
    /// Time spent computing, in seconds. Protects whoever waits for a compiler.
    pub cpu_s_max: u64,
    /// Time from beginning to end, in milliseconds.
    pub wall_ms_max: u64,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self { memory_bytes_max: COMPILE_MEMORY_BYTES_MAX, cpu_s_max: COMPILE_CPU_S_MAX, wall_ms_max: COMPILE_MS_MAX }
    }
}

/// The whole of a compiler's process: reads a component from standard input and writes its code to standard output.
///
/// The memory and time that it may use, in bytes and seconds, hold for the process from here on.
pub fn compile_in_this_process_alone(memory_bytes_max: u64, cpu_s_max: u64) -> ExitCode {
    if let Err(error) = set_limits(memory_bytes_max, cpu_s_max) {
        return end(CANNOT_BEGIN, &format!("its limits can't be set: {error}"));
    }
    let engine = match engine::for_compiling() {
        Ok(engine) => engine,
        Err(error) => return end(CANNOT_BEGIN, &format!("{error:#}")),
    };
    let mut component = Vec::new();
    let most = u64::try_from(COMPONENT_BYTES_MAX).unwrap_or(u64::MAX);
    if let Err(error) = io::stdin().lock().take(most).read_to_end(&mut component) {
        return end(CANNOT_BEGIN, &format!("the component can't be read: {error}"));
    }
    let code = match engine.precompile_component(&component) {
        Ok(code) => code,
        Err(error) => return end(REFUSED, &format!("{error:#}")),
    };
    let mut out = io::stdout().lock();
    let written = out.write_all(&engine::fingerprint(&engine).to_be_bytes()).and_then(|()| out.write_all(&code));
    match written.and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever asked has gone.
        Err(_) => ExitCode::FAILURE,
    }
}

fn end(status: u8, why: &str) -> ExitCode {
    drop(io::stderr().write_all(why.as_bytes()));
    ExitCode::from(status)
}

#[cfg(unix)]
fn set_limits(memory_bytes_max: u64, cpu_s_max: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let exactly = |most| Rlimit { current: Some(most), maximum: Some(most) };
    // The one counts what is used, the other what is reserved too; not every system knows both.
    setrlimit(Resource::Data, exactly(memory_bytes_max))?;
    setrlimit(Resource::As, exactly(memory_bytes_max.saturating_mul(2)))?;
    // At the one it is told, which ends it; at the other it is killed.
    setrlimit(Resource::Cpu, Rlimit { current: Some(cpu_s_max), maximum: Some(cpu_s_max.saturating_add(1)) })?;
    // What a crash would leave behind is a stranger's.
    setrlimit(Resource::Core, exactly(0))?;
    setrlimit(Resource::Fsize, exactly(0))?;
    Ok(())
}

#[cfg(not(unix))]
fn set_limits(_: u64, _: u64) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no limits for a process"))
}

impl Compiler {
    /// The code of a component.
    pub(crate) async fn compile(&self, engine: &Engine, component: Bytes) -> Result<Vec<u8>, Error> {
        match self {
            Self::ThisProcess => {
                let engine = engine.clone();
                let compile = move || engine.precompile_component(&component);
                let compiled = tokio::task::spawn_blocking(compile).await;
                compiled.map_err(|error| Error::CompilerCrashed(error.to_string()))?.map_err(Error::unusable)
            }
            Self::Process(process) => process.compile(engine, &component).await,
        }
    }
}

impl CompilerProcess {
    async fn compile(&self, engine: &Engine, component: &[u8]) -> Result<Vec<u8>, Error> {
        let limits = self.limits;
        let said = timeout(Duration::from_millis(limits.wall_ms_max), self.run(component));
        let Said { status, mut code, words } = match said.await {
            Ok(said) => said.map_err(|error| Error::NoCompiler(format!("{}: {error}", self.program.display())))?,
            Err(_) => return Err(Error::compile_time(limits)),
        };
        if !status.success() {
            return Err(self.failure(status, &words));
        }
        if u64::try_from(code.len()).unwrap_or(u64::MAX) > CODE_BYTES_MAX {
            return Err(Error::Unusable(format!("its code has more than {CODE_BYTES_MAX} bytes")));
        }
        if !code.starts_with(&engine::fingerprint(engine).to_be_bytes()) {
            let why = format!("{} is of another version than this host: start the host anew", self.program.display());
            return Err(Error::NoCompiler(why));
        }
        Ok(code.split_off(size_of::<u64>()))
    }

    /// Runs it to its end. It is killed if this is dropped before.
    async fn run(&self, component: &[u8]) -> io::Result<Said> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command.args(["--memory-bytes-max", &self.limits.memory_bytes_max.to_string()]);
        command.args(["--cpu-s-max", &self.limits.cpu_s_max.to_string()]);
        command.env_clear().envs(self.environment.iter().cloned()).current_dir("/").kill_on_drop(true);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut input = child.stdin.take().expect("it is piped");
        let (output, words) = (child.stdout.take().expect("it is piped"), child.stderr.take().expect("it is piped"));
        let feed = async move {
            // If it ends before it has read all, its status says why.
            drop(input.write_all(component).await);
        };
        let ((), code, words) = tokio::join!(
            feed,
            read(output, CODE_BYTES_MAX.saturating_add(u64::from(u64::BITS / 8)).saturating_add(1)),
            read(words, STDERR_BYTES_MAX),
        );
        Ok(Said { code: code?, words: String::from_utf8_lossy(&words?).into_owned(), status: child.wait().await? })
    }

    fn failure(&self, status: ExitStatus, words: &str) -> Error {
        let words = clip_line(words.trim(), REASON_BYTES_MAX);
        match (status.code(), signal(status)) {
            (Some(code), _) if code == i32::from(REFUSED) => Error::Unusable(words),
            (Some(code), _) if code == i32::from(CANNOT_BEGIN) => Error::NoCompiler(words),
            (_, Some(Signal::CpuTime)) => Error::compile_time(self.limits),
            // The machine's memory can end before the limit.
            (_, Some(Signal::Killed)) => Error::compile_memory(self.limits),
            // The standard library's words when an allocation fails, before it aborts.
            _ if words.contains("memory allocation of") => Error::compile_memory(self.limits),
            _ => Error::CompilerCrashed(format!("{status}: {words}")),
        }
    }
}

/// What a compiler's process said.
struct Said {
    status: ExitStatus,
    code: Vec<u8>,
    words: String,
}

/// Reads to the end, or so far. What is left unread breaks the pipe.
async fn read(from: impl AsyncRead + Unpin, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Signals that say what a process died of.
enum Signal {
    CpuTime,
    Killed,
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<Signal> {
    use std::os::unix::process::ExitStatusExt as _;
    let signal = status.signal()?;
    if signal == rustix::process::Signal::XCPU.as_raw() {
        return Some(Signal::CpuTime);
    }
    (signal == rustix::process::Signal::KILL.as_raw()).then_some(Signal::Killed)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<Signal> {
    None
}
