//! What SQLite's errors mean for the records.

use std::path::Path;

use aftercall_core::ports::RecordsError;
use rusqlite::ErrorCode;

/// Why some work on the database did not succeed.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite says no.
    Database(rusqlite::Error),
    /// The records say no.
    Records(RecordsError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<RecordsError> for Fault {
    fn from(error: RecordsError) -> Self {
        Self::Records(error)
    }
}

impl Fault {
    /// The same for callers, who must know which file it is about and what they can do.
    pub(super) fn at(self, path: &Path) -> RecordsError {
        match self {
            Self::Records(error) => error,
            Self::Database(error) => match error.sqlite_error_code() {
                Some(code) => RecordsError::Unavailable(format!("`{}`: {error}; {}", path.display(), remedy(code))),
                // The database answered, and a column isn't what it should be.
                None => RecordsError::Unreadable(format!("`{}`: {error}", path.display())),
            },
        }
    }
}

const fn remedy(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::DiskFull => "free space on its disk",
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => "end the other program that holds it",
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => "let this user write to it and to its directory",
        ErrorCode::CannotOpen => "see that it is still there, and that this user may open it and its directory",
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => "restore it from a backup",
        ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed => {
            "see whether its disk is in order: it has to be a local one"
        }
        ErrorCode::OutOfMemory => "give this program more memory",
        ErrorCode::TooBig => "this is more than one row can hold",
        _ => "this is a fault of aftercall: please report it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_file_and_the_remedy() {
        for (code, expected) in [
            (rusqlite::ffi::SQLITE_FULL, "free space"),
            (rusqlite::ffi::SQLITE_BUSY, "end the other program"),
            (rusqlite::ffi::SQLITE_READONLY, "let this user write"),
            (rusqlite::ffi::SQLITE_IOERR_FSYNC, "whether its disk is in order"),
            (rusqlite::ffi::SQLITE_CORRUPT, "restore it from a backup"),
            (rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY, "please report it"),
        ] {
            let fault = Fault::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
            let RecordsError::Unavailable(text) = fault.at(Path::new("/data/records.db")) else {
                panic!("code {code} must make the records unavailable");
            };
            assert!(text.starts_with("`/data/records.db`: ") && text.contains(expected), "{text}");
        }
    }
}
