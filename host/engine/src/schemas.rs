//! Schemas that are ready to validate with: the same few, run after run. Making one ready takes longer than
//! most calls spend in their component.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aftercall_core::{
    json::Json,
    schema::{Error, Schema},
};

/// Most text of schemas that are kept, in bytes; beyond it all are forgotten. Protects the host's memory from
/// plugins whose schemas never stay the same.
const SCHEMAS_BYTES_MAX: usize = 1 << 20;

/// The schemas that were made ready, by their text.
#[derive(Default)]
pub(crate) struct Schemas(Mutex<Known>);

#[derive(Default)]
struct Known {
    ready: HashMap<Json, Arc<Schema>>,
    bytes: usize,
}

impl Schemas {
    /// A schema, ready to validate with.
    pub(crate) fn get(&self, written: &Json) -> Result<Arc<Schema>, Error> {
        if let Some(schema) = self.known().ready.get(written) {
            return Ok(Arc::clone(schema));
        }
        // Others aren't kept waiting meanwhile. At worst, two make the same.
        let schema = Arc::new(Schema::compile(&written.value())?);
        self.known().keep(written, &schema);
        Ok(schema)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn keep(&mut self, written: &Json, schema: &Arc<Schema>) {
        let bytes = written.as_str().len();
        if self.bytes + bytes > SCHEMAS_BYTES_MAX {
            *self = Self::default();
        }
        if self.ready.insert(written.clone(), Arc::clone(schema)).is_none() {
            self.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(name: &str, bytes: usize) -> Json {
        Json::of(&json!({ "type": "object", "title": name, "description": "x".repeat(bytes) }))
    }

    #[test]
    fn a_schema_is_made_ready_once_and_memory_is_bounded() {
        let schemas = Schemas::default();
        let first = schemas.get(&schema("first", 0)).expect("a schema");
        assert!(Arc::ptr_eq(&first, &schemas.get(&schema("first", 0)).expect("a schema")));
        for number in 0..40 {
            schemas.get(&schema(&number.to_string(), 60_000)).expect("a schema");
            assert!(schemas.known().bytes <= SCHEMAS_BYTES_MAX);
        }
        let again = schemas.get(&schema("first", 0)).expect("a schema");
        assert!(!Arc::ptr_eq(&first, &again), "it was forgotten");
    }

    #[test]
    fn what_is_no_schema_is_refused_each_time() {
        let schemas = Schemas::default();
        let wrong = Json::of(&json!({ "type": "string" }));
        for _ in 0..2 {
            assert_eq!(schemas.get(&wrong).err(), Some(Error::NotAnObject));
        }
    }
}
