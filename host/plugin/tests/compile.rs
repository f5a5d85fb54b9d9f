//! Compiling in a process of its own: what compiles runs, and what is made to keep a compiler busy ends it and nothing
//! else. This program is its own compiler, which is why it has no harness.

use std::{
    io::{Write as _, stdout},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use aftercall_core::{ports::Clock, time::Timestamp, tool::Blame};
use aftercall_plugin::{
    CompileLimits, Compiler, CompilerProcess, ComponentError, Error, HostConfig, Installed, PluginHost, artifact,
    compile_in_this_process_alone,
};
use serde_json::{Value, json};
use wasm_encoder::{CodeSection, ComponentSection as _, FunctionSection, Module, ModuleSection, TypeSection};

const COMMAND: &str = "compile-component";

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [COMMAND, _, memory, _, cpu] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        let number = |text: &str| text.parse().expect("a number");
        return compile_in_this_process_alone(number(memory), number(cpu));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for (name, test) in [
        ("what_compiles_runs", runtime.block_on(what_compiles_runs())),
        ("what_is_refused_is_refused", runtime.block_on(what_is_refused_is_refused())),
        ("a_bomb_ends_its_compiler_alone", runtime.block_on(a_bomb_ends_its_compiler_alone())),
        ("without_a_compiler_the_operator_is_told", runtime.block_on(without_a_compiler_the_operator_is_told())),
    ] {
        let () = test;
        writeln!(stdout(), "test {name} ... ok").expect("is written");
    }
    ExitCode::SUCCESS
}

fn host(limits: CompileLimits) -> PluginHost {
    let program = std::env::current_exe().expect("the system says");
    let process = CompilerProcess { program, arguments: vec![COMMAND.into()], environment: Vec::new(), limits };
    host_with(Compiler::Process(process))
}

fn host_with(compiler: Compiler) -> PluginHost {
    PluginHost::new(HostConfig { compiler, ..HostConfig::new(Arc::new(Stopped)) }).expect("a host")
}

fn install(host: &PluginHost, component: &[u8]) -> Installed {
    let manifest = json!({"name": "guest", "version": "1.0.0", "description": "A guest."});
    let manifest = serde_json::from_value(manifest).expect("a manifest");
    host.install(&artifact::embed(component, &manifest).expect("embeds")).expect("installs")
}

async fn refusal(host: &PluginHost, plugin: &Installed) -> ComponentError {
    match host.inspect(plugin, &Value::Null).await {
        Err(Error::Component { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

async fn what_compiles_runs() {
    let host = host(CompileLimits::default());
    let plugin = install(&host, aftercall_guests::component("behaves"));
    assert_eq!(host.inspect(&plugin, &Value::Null).await.expect("tools").len(), 1);
}

/// A component that has a module of these functions beside what a plugin has.
fn with_module(functions: &[Vec<u8>]) -> Vec<u8> {
    let (mut types, mut all, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([], []);
    for body in functions {
        all.function(0);
        code.raw(body);
    }
    let mut module = Module::new();
    module.section(&types).section(&all).section(&code);
    let mut component = aftercall_guests::component("behaves").to_vec();
    ModuleSection(&module).append_to_component(&mut component);
    component
}

/// A function without locals that does this so often.
fn repeating(instructions: &[u8], times: usize) -> Vec<u8> {
    let mut body = vec![0];
    body.extend(instructions.repeat(times));
    body.push(0x0b);
    body
}

/// `i32.const 1; drop`, and a block around nothing with a branch to its end.
const NOTHING: &[u8] = &[0x41, 1, 0x1a];
const BRANCH: &[u8] = &[0x02, 0x40, 0x41, 1, 0x0d, 0, 0x0b];

async fn what_is_refused_is_refused() {
    let host = host(CompileLimits::default());
    // It adds two numbers that are not there.
    let plugin = install(&host, &with_module(&[repeating(&[0x6a], 1)]));
    let error = refusal(&host, &plugin).await;
    assert!(matches!(&error, ComponentError::Unusable(_)), "{error}");
    assert_eq!(error.blame(), Blame::Guest);
}

async fn a_bomb_ends_its_compiler_alone() {
    let megabytes = |bytes: u64| bytes << 20;
    let roomy = CompileLimits { memory_bytes_max: megabytes(2_048), cpu_s_max: 60, wall_ms_max: 60_000 };
    let functions = vec![repeating(BRANCH, 20); 100_000];
    let gigantic = [repeating(BRANCH, 1_000_000)];
    for (limits, component, expected) in [
        (CompileLimits { cpu_s_max: 1, ..roomy }, with_module(&functions), "s of computing"),
        (CompileLimits { wall_ms_max: 200, ..roomy }, with_module(&functions), "200 ms in all"),
        (CompileLimits { memory_bytes_max: megabytes(96), ..roomy }, with_module(&gigantic), "bytes of memory"),
    ] {
        let host = host(limits);
        let bomb = install(&host, &component);
        let begun = Instant::now();
        let error = refusal(&host, &bomb).await;
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.blame(), Blame::Guest);
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        assert_eq!(refusal(&host, &bomb).await, error, "and is not tried again");
    }
    let host = host(roomy);
    let plugin = install(&host, &with_module(&[repeating(NOTHING, 1_000)]));
    assert_eq!(host.inspect(&plugin, &Value::Null).await.expect("what is no bomb is compiled").len(), 1);
}

async fn without_a_compiler_the_operator_is_told() {
    for program in ["/nowhere/aftercall", "/bin/true", "/bin/false"] {
        let limits = CompileLimits::default();
        let process =
            CompilerProcess { program: program.into(), arguments: Vec::new(), environment: Vec::new(), limits };
        let host = host_with(Compiler::Process(process));
        let plugin = install(&host, aftercall_guests::component("behaves"));
        let error = refusal(&host, &plugin).await;
        let crashed = matches!(&error, ComponentError::CompilerCrashed(_));
        assert!(crashed || error.blame() == Blame::Operator, "{error}");
    }
}
