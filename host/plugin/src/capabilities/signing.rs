//! `aftercall:tool/signing`: signatures with the tenant's keys, which stay in the host.
//!
//! It is there for every component, since the world has it; one whose manifest asks for no key gets `not-granted`.
//!
//! A signature is power that leaves by other ways than the door: a link that is signed opens wherever it is shown.
//! In a rehearsal, therefore, all is checked as it would be, and the signature is worthless: zeros, or a token whose
//! last part says that it was rehearsed. A read that needs a signature is answered as one without.

use std::sync::Arc;

use aftercall_core::usage::Limit;
use wasmtime::component::{HasSelf, Linker};

use super::State;
use crate::{
    bindings::aftercall::tool::signing::{self, Error},
    limits::{Limits, Reached},
    signing::{NotSigned, Signers},
    text::clip_line,
};

/// Longest name of a key that is repeated in the log, in bytes.
const NAME_BYTES_MAX: usize = 80;

/// What one call signs with.
pub(crate) struct View {
    signers: Arc<Signers>,
    signatures_max: u32,
    rehearses: bool,
}

impl View {
    pub(crate) fn new(signers: &Arc<Signers>, limits: &Limits, rehearses: bool) -> Self {
        Self { signers: Arc::clone(signers), signatures_max: limits.signatures_max, rehearses }
    }
}

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    signing::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

impl signing::Host for State {
    fn hmac(&mut self, key: String, payload: Vec<u8>) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        self.sign(&key, |signing| signing.signers.hmac(&key, &payload, signing.rehearses))
    }

    fn jwt(&mut self, key: String, claims: String) -> wasmtime::Result<Result<String, Error>> {
        self.sign(&key, |signing| signing.signers.jwt(&key, &claims, signing.rehearses))
    }
}

impl State {
    /// Signs, and counts it, whether or not anything is signed in the end.
    fn sign<T>(
        &mut self,
        key: &str,
        sign: impl FnOnce(&View) -> Result<T, NotSigned>,
    ) -> wasmtime::Result<Result<T, Error>> {
        self.use_fallible("signing")?;
        let Some(signing) = &self.signing else { return Ok(Err(Error::NotGranted)) };
        if self.memory.meter().see_signature() > signing.signatures_max {
            return Err(Reached::new(Limit::Signatures, signing.signatures_max).into());
        }
        Ok(sign(signing).map_err(|why| {
            self.log.host_line(&format!("nothing was signed with `{}`: {why}", clip_line(key, NAME_BYTES_MAX)));
            match why {
                NotSigned::NotAsked | NotSigned::NotGranted(_) | NotSigned::OtherPurpose(_) => Error::NotGranted,
                NotSigned::Refused(_) => Error::InvalidInput,
                NotSigned::Unsigned(_) => Error::Unavailable,
            }
        }))
    }
}
