//! Signatures with keys that stay in the host.

use serde::Serialize;

use crate::transport::Host as _;
use crate::{Context, Failure, SigningError};

/// Signatures with the keys of the grant, by the names that the manifest gives them. In a rehearsal a signature is
/// worthless.
impl Context {
    /// The payload's HMAC, by the key's algorithm, as bytes: encode it as the vendor asks.
    ///
    /// ```
    /// # use aftercall::{Context, Failure};
    /// # use aftercall::testing::Fake;
    /// fn signed(cx: &Context, path: &str) -> Result<String, Failure> {
    ///     let signature = cx.hmac("links", path)?;
    ///     let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    ///     Ok(format!("https://book.example.com{path}?signature={hex}"))
    /// }
    /// # let fake = Fake::new().signs("links", "a secret");
    /// # assert_eq!(signed(&fake.context(), "/a").unwrap().len(), 37 + 64);
    /// ```
    ///
    /// # Errors
    /// `not-granted`; `invalid-input`, where the key may not sign this; `unavailable`.
    pub fn hmac(&self, key: &str, payload: impl AsRef<[u8]>) -> Result<Vec<u8>, SigningError> {
        self.host().hmac(key, payload.as_ref())
    }

    /// A JSON Web Token of these claims (an object), in the compact form of RFC 7519. Claims that the grant fixes win
    /// over these; `iat` and the latest `exp` are the host's.
    ///
    /// # Errors
    /// `not-granted`; `invalid-input`, where the claims aren't an object or the key may not sign them; `unavailable`.
    pub fn jwt<T: Serialize + ?Sized>(&self, key: &str, claims: &T) -> Result<String, SigningError> {
        let claims = serde_json::to_string(claims).map_err(|_| SigningError::InvalidInput)?;
        self.host().jwt(key, &claims)
    }
}

impl From<SigningError> for Failure {
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::NotGranted => Failure::denied(
                "the plugin may not sign with this key; its manifest would have to ask for it, and the tenant's grant \
                 to give it, under `signing`",
            ),
            SigningError::InvalidInput => {
                Failure::other("the plugin asks to sign what the key may not sign; the timeline says why")
            }
            SigningError::Unavailable => Failure::unavailable("the host can't sign at the moment"),
        }
    }
}
