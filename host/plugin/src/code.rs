//! Installed components and their code, which is loaded when it is first run: compiled, or taken from the cache.
//!
//! A host may have a thousand components and use ten. So nothing of a component stays in memory but what it says of
//! itself; its code comes when a call or a question for its tools needs it, once however many need it at once, and
//! the code that wasn't run for longest goes when there is too much of it.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read as _},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use aftercall_core::{
    id::Sha256Hex,
    tool::{Blame, Tool},
};
use bytes::Bytes;
use tokio::sync::{OnceCell, Semaphore};
use wasmtime::{Engine, component::Linker};

use crate::{
    arena::Arena,
    artifact::Artifact,
    bindings::PluginPre,
    cache::CodeCache,
    capabilities::{self, CONTRACT_VERSION, State},
    compile::{CompileLimits, Compiler},
    limits::{COMPONENT_BYTES_MAX, MEMORIES_MAX, TABLES_MAX},
    native::Native,
    text::clip_line,
};

/// Longest reason that is passed on, in bytes.
const REASON_BYTES_MAX: usize = 400;

/// Why a component can't be run by this host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It asks for what isn't there.
    #[error("the component imports {0}, which this host does not provide: build it without")]
    NotProvided(String),
    /// It isn't a plugin.
    #[error("the component does not export `{0}`: write it with `#[aftercall::plugin]`, or against wit/next")]
    NotAPlugin(String),
    /// It is made of more than the pool has room for.
    #[error(
        "the component has {memories} memories and {tables} tables, more than {MEMORIES_MAX} and {TABLES_MAX}: \
         link it into one module"
    )]
    TooManyParts {
        /// Linear memories.
        memories: u32,
        /// Tables.
        tables: u32,
    },
    /// The compiler or the linker refuses it.
    #[error("the component is not usable: {0}")]
    Unusable(String),
    /// Compiling it takes more memory than it may.
    #[error(
        "compiling the component takes more than {bytes_max} bytes of memory: build it without huge functions, or \
         for less of it"
    )]
    CompileMemory {
        /// How much it may take.
        bytes_max: u64,
    },
    /// Compiling it takes longer than it may.
    #[error(
        "compiling the component takes more than {cpu_s_max} s of computing or {wall_ms_max} ms in all: build it \
         without huge functions, or for less of it"
    )]
    CompileTime {
        /// Computing, in seconds.
        cpu_s_max: u64,
        /// In all, in milliseconds.
        wall_ms_max: u64,
    },
    /// The compiler failed where it should have refused.
    #[error("the compiler crashed on the component ({0}): build it with another version of its tools")]
    CompilerCrashed(String),
    /// There is no compiler.
    #[error("no compiler can be started: {0}")]
    NoCompiler(String),
    /// The component was there when the host began.
    #[error("the component's file can't be read again: {0}; put it back, or start the host anew")]
    Unreadable(String),
    /// It was another one.
    #[error("the component's file is not the one that was installed: put that one back, or start the host anew")]
    Changed,
}

impl Error {
    /// Whose doing it is.
    pub const fn blame(&self) -> Blame {
        match self {
            Self::NoCompiler(_) | Self::Unreadable(_) | Self::Changed => Blame::Operator,
            _ => Blame::Guest,
        }
    }

    pub(crate) fn unusable(error: wasmtime::Error) -> Self {
        Self::Unusable(clip_line(&format!("{error:#}"), REASON_BYTES_MAX))
    }

    pub(crate) const fn compile_memory(limits: CompileLimits) -> Self {
        Self::CompileMemory { bytes_max: limits.memory_bytes_max }
    }

    pub(crate) const fn compile_time(limits: CompileLimits) -> Self {
        Self::CompileTime { cpu_s_max: limits.cpu_s_max, wall_ms_max: limits.wall_ms_max }
    }
}

/// Where a component's bytes are when they are needed.
#[derive(Debug)]
pub(crate) enum Source {
    Bytes(Bytes),
    File(PathBuf),
}

impl Source {
    /// All bytes, or one more than any component may have.
    pub(crate) fn read(&self) -> io::Result<Bytes> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.clone()),
            Self::File(path) => {
                let file = File::open(path)?;
                let most = COMPONENT_BYTES_MAX.saturating_add(1);
                let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX).min(most);
                let mut bytes = Vec::with_capacity(size);
                file.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
                Ok(bytes.into())
            }
        }
    }

    fn read_again(&self, digest: &Sha256Hex) -> Result<Bytes, Error> {
        let bytes = self.read().map_err(|error| Error::Unreadable(error.to_string()))?;
        match self {
            Self::File(_) if Sha256Hex::of(&bytes) != *digest => Err(Error::Changed),
            _ => Ok(bytes),
        }
    }
}

/// What all components' code is loaded with, and how much of it is.
pub(crate) struct Shelf {
    engine: Engine,
    /// Where code from the cache is put. None: where the engine wants it.
    arena: Option<Arc<Arena>>,
    linker: Linker<State>,
    cache: Option<CodeCache>,
    compiler: Compiler,
    compiling: Semaphore,
    bytes_max: usize,
    /// Rises with each use of any code.
    uses: AtomicU64,
    loaded: Mutex<Vec<Weak<Ready>>>,
}

impl Shelf {
    /// Keeps so many bytes of code in memory, beside what calls are running.
    pub(crate) fn new(
        (engine, arena): (Engine, Option<Arc<Arena>>),
        cache: Option<CodeCache>,
        compiler: Compiler,
        bytes_max: usize,
    ) -> wasmtime::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            linker: capabilities::linker(&engine)?,
            engine,
            arena,
            cache,
            compiler,
            compiling: Semaphore::new(cores),
            bytes_max,
            uses: AtomicU64::default(),
            loaded: Mutex::default(),
        })
    }

    /// What all code is made for.
    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Gives code up until what is left is within the limit. The newest stays in any case.
    fn make_room(&self, newest: &Arc<Ready>) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = loaded.iter().filter_map(Weak::upgrade).filter(|one| !Arc::ptr_eq(one, newest)).collect();
        all.retain(|one| one.bytes() > 0);
        all.sort_by_key(|one| std::cmp::Reverse(one.last_used.load(Ordering::Relaxed)));
        let mut bytes = newest.bytes();
        let kept = all.iter().take_while(|one| {
            bytes = bytes.saturating_add(one.bytes());
            bytes <= self.bytes_max
        });
        let given_up = all.split_off(kept.count());
        *loaded = all.iter().chain([newest]).map(Arc::downgrade).collect();
        drop(loaded);
        for one in given_up {
            *one.slot() = Slot::Empty;
        }
    }
}

/// An installed component: what it says of itself, and its code once that is needed.
pub(crate) struct Ready {
    pub(crate) artifact: Artifact,
    source: Source,
    shelf: Arc<Shelf>,
    slot: Mutex<Slot>,
    /// Held by whoever loads.
    loading: tokio::sync::Mutex<()>,
    last_used: AtomicU64,
    described: Mutex<HashMap<Arc<str>, Weak<Description>>>,
}

/// What `list-tools` answered, once it was asked: a pure function of digest and settings.
pub(crate) type Description = OnceCell<Vec<Tool>>;

enum Slot {
    Empty,
    Loaded(Arc<Code>),
    /// The component's own fault, which no second attempt would change.
    Refused(Error),
}

/// A component's code, linked: what its calls share.
pub(crate) struct Code {
    pub(crate) pre: PluginPre<State>,
    bytes: usize,
}

impl Ready {
    /// Looks at what a component asks for and offers. Nothing is compiled yet.
    pub(crate) fn new(artifact: Artifact, source: Source, shelf: Arc<Shelf>) -> Result<Self, Error> {
        let missing: Vec<_> = artifact.imports.iter().filter(|import| !capabilities::provides(import)).collect();
        if !missing.is_empty() {
            let list: Vec<_> = missing.into_iter().map(|import| format!("`{}`", clip_line(import, 120))).collect();
            return Err(Error::NotProvided(list.join(", ")));
        }
        let tools = format!("aftercall:tool/tools@{CONTRACT_VERSION}");
        if !artifact.exports.contains(&tools) {
            return Err(Error::NotAPlugin(tools));
        }
        let (slot, loading) = (Mutex::new(Slot::Empty), tokio::sync::Mutex::default());
        let (last_used, described) = (AtomicU64::default(), Mutex::default());
        Ok(Self { artifact, source, shelf, slot, loading, last_used, described })
    }

    /// Its description under these settings, which all who have the same settings share.
    pub(crate) fn described(&self, settings: &Arc<str>) -> Arc<Description> {
        let mut described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = described.get(settings).and_then(Weak::upgrade) {
            return there;
        }
        described.retain(|_, one| one.strong_count() > 0);
        let new = Arc::default();
        described.insert(Arc::clone(settings), Arc::downgrade(&new));
        new
    }

    /// The code, if it is there.
    pub(crate) fn code_at_once(&self) -> Option<Result<Arc<Code>, Error>> {
        match &*self.slot() {
            Slot::Empty => None,
            Slot::Loaded(code) => {
                self.last_used.store(self.shelf.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
                Some(Ok(Arc::clone(code)))
            }
            Slot::Refused(error) => Some(Err(error.clone())),
        }
    }

    /// The code, which is loaded if it isn't there. Whoever gives up waiting for it does not stop the loading.
    pub(crate) async fn code(self: &Arc<Self>) -> Result<Arc<Code>, Error> {
        if let Some(code) = self.code_at_once() {
            return code;
        }
        match tokio::spawn(Arc::clone(self).load_once()).await {
            Ok(code) => code,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Error::NoCompiler("the host is shutting down".to_owned())),
            },
        }
    }

    async fn load_once(self: Arc<Self>) -> Result<Arc<Code>, Error> {
        let _one = self.loading.lock().await;
        // Another one may have loaded it while this one waited.
        if let Some(code) = self.code_at_once() {
            return code;
        }
        let loaded = Arc::clone(&self).load().await;
        match &loaded {
            Ok(code) => {
                *self.slot() = Slot::Loaded(Arc::clone(code));
                self.shelf.make_room(&self);
            }
            Err(error) if error.blame() == Blame::Guest => *self.slot() = Slot::Refused(error.clone()),
            Err(_) => {}
        }
        self.code_at_once().unwrap_or(loaded)
    }

    /// From the cache, else from the compiler. What takes long is done beside the runtime's workers.
    pub(crate) async fn load(self: Arc<Self>) -> Result<Arc<Code>, Error> {
        let this = Arc::clone(&self);
        if let Some(code) = off_the_workers(move || this.cached()).await? {
            return Ok(code);
        }
        let shelf = Arc::clone(&self.shelf);
        let _compiler = shelf.compiling.acquire().await.expect("it is never closed");
        let this = Arc::clone(&self);
        let component = off_the_workers(move || this.source.read_again(&this.artifact.digest)).await?;
        let native = Bytes::from(shelf.compiler.compile(&shelf.engine, component).await?);
        off_the_workers(move || {
            let code = self.link(Native::Bytes(native.clone()))?;
            if let Some(cache) = &self.shelf.cache {
                cache.keep(&self.shelf.engine, &self.artifact.digest, &native);
            }
            Ok(code)
        })
        .await
    }

    fn cached(&self) -> Result<Option<Arc<Code>>, Error> {
        let (digest, shelf) = (&self.artifact.digest, &self.shelf);
        let found = shelf.cache.as_ref().and_then(|cache| cache.find(&shelf.engine, shelf.arena.as_ref(), digest));
        let Some(native) = found else { return Ok(None) };
        match self.link(native) {
            Ok(code) => Ok(Some(code)),
            Err(error) => {
                tracing::warn!(%digest, "compiled code is unusable and made anew: {error}");
                Ok(None)
            }
        }
    }

    /// Links code that this host has compiled, and has had in its memory since or found with its own MAC.
    fn link(&self, native: Native) -> Result<Arc<Code>, Error> {
        // SAFETY: see above; nobody else can change it.
        let component = unsafe { native.load(&self.shelf.engine) }.map_err(Error::unusable)?;
        if let Some(parts) = component.resources_required()
            && (parts.num_memories > MEMORIES_MAX || parts.num_tables > TABLES_MAX)
        {
            return Err(Error::TooManyParts { memories: parts.num_memories, tables: parts.num_tables });
        }
        let image = component.image_range();
        let bytes = (image.end as usize).saturating_sub(image.start as usize);
        let pre = self.shelf.linker.instantiate_pre(&component).and_then(PluginPre::new).map_err(Error::unusable)?;
        Ok(Arc::new(Code { pre, bytes }))
    }

    /// How much of its code is in memory.
    pub(crate) fn bytes(&self) -> usize {
        match &*self.slot() {
            Slot::Loaded(code) => code.bytes,
            _ => 0,
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what takes long where it keeps nobody else from going on.
async fn off_the_workers<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::NoCompiler("the host is shutting down".to_owned())),
        },
    }
}
