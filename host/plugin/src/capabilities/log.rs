//! `aftercall:tool/log`, and what a component prints: lines for the timeline.

use std::sync::{Mutex, MutexGuard, PoisonError};

use aftercall_core::{
    tool::{LogLevel, LogLine},
    usage::{Limit, Used},
};
use wasmtime::component::{HasSelf, Linker};

use super::State;
use crate::{
    bindings::aftercall::tool::log::{self, Level},
    limits::{HOST_LINES_MAX, LOG_LINE_BYTES_MAX, Limits},
    text::{clip, clip_line},
};

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    log::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

impl log::Host for State {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.use_capability("log")?;
        self.log.write(level.into(), &message);
        Ok(())
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

/// A stream that a component prints to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

impl Stream {
    const fn level(self) -> LogLevel {
        match self {
            Stream::Out => LogLevel::Info,
            Stream::Err => LogLevel::Warn,
        }
    }
}

/// The lines of one call.
#[derive(Debug)]
pub(crate) struct Log(Mutex<Lines>);

#[derive(Debug)]
struct Lines {
    lines: Vec<LogLine>,
    lines_left: usize,
    lines_max: usize,
    bytes_left: usize,
    bytes_max: usize,
    host_lines_left: usize,
    dropped: u64,
    /// Printed, but without a line break yet.
    printed: [Vec<u8>; 2],
}

impl Log {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(Mutex::new(Lines {
            lines: Vec::new(),
            lines_left: limits.log_lines_max,
            lines_max: limits.log_lines_max,
            bytes_left: limits.log_bytes_max,
            bytes_max: limits.log_bytes_max,
            host_lines_left: HOST_LINES_MAX,
            dropped: 0,
            printed: [Vec::new(), Vec::new()],
        }))
    }

    /// A line of the component's.
    pub(crate) fn write(&self, level: LogLevel, message: &str) {
        self.lines().push(level, message);
    }

    /// A line of the host's, which the component can't crowd out.
    pub(crate) fn host_line(&self, message: &str) {
        let mut lines = self.lines();
        if lines.host_lines_left > 0 {
            lines.host_lines_left -= 1;
            lines.lines.push(LogLine { level: LogLevel::Warn, message: clip_line(message, LOG_LINE_BYTES_MAX) });
        }
    }

    /// What a component prints.
    pub(crate) fn print(&self, stream: Stream, bytes: &[u8]) {
        self.lines().print(stream, bytes);
    }

    /// All lines, once the call is over.
    pub(crate) fn take(&self) -> Vec<LogLine> {
        let mut lines = self.lines();
        for stream in [Stream::Out, Stream::Err] {
            lines.end_line(stream);
        }
        if lines.dropped > 0 {
            let message = format!("{} more lines were dropped: the log is full", lines.dropped);
            lines.lines.push(LogLine { level: LogLevel::Warn, message });
        }
        std::mem::take(&mut lines.lines)
    }

    /// How near the component came to filling it. A line that was dropped counts as one line more.
    pub(crate) fn usage(&self) -> [Used; 2] {
        let lines = self.lines();
        let written = u64::try_from(lines.lines_max - lines.lines_left).unwrap_or(u64::MAX);
        [
            Used::new(Limit::LogLines, written.saturating_add(lines.dropped), lines.lines_max),
            Used::new(Limit::LogBytes, lines.bytes_max - lines.bytes_left, lines.bytes_max),
        ]
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn push(&mut self, level: LogLevel, message: &str) {
        let message = clip(message, LOG_LINE_BYTES_MAX);
        if self.lines_left == 0 || message.len() > self.bytes_left {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        self.lines_left -= 1;
        self.bytes_left -= message.len();
        self.lines.push(LogLine { level, message });
    }

    fn print(&mut self, stream: Stream, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let line = &mut self.printed[stream as usize];
            let room = LOG_LINE_BYTES_MAX.saturating_add(1).saturating_sub(line.len());
            line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.end_line(stream);
            }
        }
    }

    fn end_line(&mut self, stream: Stream) {
        let line = std::mem::take(&mut self.printed[stream as usize]);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() {
            self.push(stream.level(), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(log: &Log) -> Vec<String> {
        log.take().into_iter().map(|line| line.message).collect()
    }

    #[test]
    fn lines_over_the_limit_are_counted() {
        let log = Log::new(&Limits { log_lines_max: 2, ..Limits::default() });
        for line in ["a", "b", "c", "d"] {
            log.write(LogLevel::Info, line);
        }
        log.host_line("refused");
        assert_eq!(texts(&log), ["a", "b", "refused", "2 more lines were dropped: the log is full"]);
    }

    #[test]
    fn bytes_over_the_limit_are_counted() {
        let log = Log::new(&Limits { log_bytes_max: 5, ..Limits::default() });
        for line in ["abc", "def", "gh"] {
            log.write(LogLevel::Info, line);
        }
        assert_eq!(texts(&log), ["abc", "gh", "1 more lines were dropped: the log is full"]);
    }

    #[test]
    fn prints_become_lines() {
        let log = Log::new(&Limits::default());
        log.print(Stream::Err, b"panicked at");
        log.print(Stream::Out, b"hello\n\nwor");
        log.print(Stream::Err, b" src/lib.rs\nrest");
        log.print(Stream::Out, &vec![b'x'; 3 * LOG_LINE_BYTES_MAX]);
        let lines = log.take();
        assert_eq!(lines[0], LogLine { level: LogLevel::Info, message: "hello".into() });
        assert_eq!(lines[1], LogLine { level: LogLevel::Warn, message: "panicked at src/lib.rs".into() });
        assert!(lines[2].message.starts_with("worxxx") && lines[2].message.len() <= LOG_LINE_BYTES_MAX);
        assert!(lines[2].message.ends_with('…'));
        assert_eq!(lines[3].message, "rest");
    }
}
