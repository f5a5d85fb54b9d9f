//! The program as its own compiler: `aftercall compile-component`, which the plugin host starts for each component.

use std::{io, path::PathBuf, process::ExitCode, sync::OnceLock};

use aftercall_plugin::{CompileLimits, Compiler, CompilerProcess};

use crate::cli;

/// The subcommand.
const COMMAND: &str = "compile-component";

/// Has the allocator take memory as it is needed. It takes a gigabyte ahead otherwise, all that a compiler may have.
const COMMITS_AHEAD: &str = "MIMALLOC_ARENA_EAGER_COMMIT";

/// The program, if it is one that compiles.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Says that this process runs the program that compiles. A test's process doesn't, and compiles by itself.
///
/// # Errors
/// The system doesn't say which program it runs.
pub fn is_this_program() -> io::Result<()> {
    let program = std::env::current_exe()?;
    PROGRAM.get_or_init(|| program);
    Ok(())
}

/// Who compiles components for this process.
pub(crate) fn compiler() -> Compiler {
    let process = |program: &PathBuf| CompilerProcess {
        program: program.clone(),
        arguments: vec![COMMAND.into()],
        environment: vec![(COMMITS_AHEAD.into(), "0".into())],
        limits: CompileLimits::default(),
    };
    PROGRAM.get().map_or(Compiler::ThisProcess, |program| Compiler::Process(process(program)))
}

/// Compiles one component, and is over then.
pub fn compile(arguments: &cli::CompileComponent) -> ExitCode {
    aftercall_plugin::compile_in_this_process_alone(arguments.memory_bytes_max, arguments.cpu_s_max)
}
