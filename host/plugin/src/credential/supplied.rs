//! What a tenant supplies for a slot of a manifest.

use aftercall_core::{
    credential::{OwnHost, Part, Placement, TokenUrl},
    secret::Secret,
    signing::Algorithm,
};

/// What a tenant supplies for one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supplied {
    /// A secret that is whole by itself.
    Secret(Secret),
    /// The parts of an OAuth 2.0 credential.
    Parts(Box<Parts>),
    /// A secret for each of some hosts, of which none goes to another.
    ByHost(Vec<HostSecret>),
}

/// A secret for one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSecret {
    /// Where it goes.
    pub host: OwnHost,
    /// The secret.
    pub secret: Secret,
    /// Where on a request it goes. Absent: where the manifest says.
    pub placement: Option<Placement>,
}

/// The parts from which the host obtains tokens: which of them are needed, the manifest's kind says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// Where tokens are asked for. It stands in the grant even where the manifest names it: secrets go there.
    pub token_url: Option<TokenUrl>,
    /// The application, as the vendor calls it.
    pub client_id: Option<String>,
    /// The application's secret.
    pub client_secret: Option<Secret>,
    /// The refresh token that the tenant has obtained.
    pub refresh_token: Option<Secret>,
    /// The application's private key, as PEM.
    pub private_key: Option<Secret>,
    /// Which key that is, for the vendor: the header `kid`.
    pub key_id: Option<String>,
    /// How assertions are signed.
    pub algorithm: Option<Algorithm>,
    /// The user that a JWT bearer's assertion is about. Absent: the application itself.
    pub subject: Option<String>,
    /// For whom assertions are. Absent: for the token URL.
    pub audience: Option<String>,
    /// The scope to ask for.
    pub scope: Option<String>,
}

impl Parts {
    /// Whether a part is there.
    pub fn has(&self, part: Part) -> bool {
        match part {
            Part::TokenUrl => self.token_url.is_some(),
            Part::ClientId => self.client_id.is_some(),
            Part::ClientSecret => self.client_secret.is_some(),
            Part::RefreshToken => self.refresh_token.is_some(),
            Part::PrivateKey => self.private_key.is_some(),
            Part::KeyId => self.key_id.is_some(),
            Part::Algorithm => self.algorithm.is_some(),
            Part::Subject => self.subject.is_some(),
            Part::Audience => self.audience.is_some(),
            Part::Scope => self.scope.is_some(),
        }
    }

    /// The secrets that travel: what a vendor could send back. A private key never leaves.
    pub(crate) fn travelling(&self) -> impl Iterator<Item = &Secret> {
        self.client_secret.iter().chain(&self.refresh_token)
    }
}
