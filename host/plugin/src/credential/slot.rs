//! One slot of a manifest, filled by a tenant.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aftercall_core::{
    credential::{CredentialSlot, Kind, Need, Part, TokenUrl},
    id::{PluginName, Sha256Hex},
    ports::RefreshTokenOf,
    secret::Secret,
};
use bytes::Bytes;
use http::HeaderMap;
use url::Url;

use super::{
    Around, Hidden, NoToken,
    ask::Asking,
    endpoint::Endpoint,
    place::{Place, Placed},
    supplied::{Parts, Supplied},
    tokens::{Refresh, State, Token, Tokens},
};
use crate::{
    door::Client,
    limits::{CREDENTIAL_BYTES_MAX, CREDENTIAL_BYTES_MIN, TOKEN_BYTES_MAX},
};

/// A slot's credential: where it goes, and where it comes from.
pub(crate) struct Slot {
    pub(super) place: Place,
    source: Source,
}

enum Source {
    Granted(Placed),
    Obtained(Arc<Tokens>),
}

/// A credential for one request.
pub(crate) enum Ready<'a> {
    /// The tenant's own.
    Granted(&'a Placed),
    /// A token.
    Obtained(Arc<Token>),
}

impl Slot {
    /// What a tenant supplies for a slot of a plugin, or why that can't be used.
    pub(super) fn of(
        (plugin, name): (&PluginName, &str),
        asked: &CredentialSlot,
        supplied: &Supplied,
        around: &Around,
        hidden: &Arc<Hidden>,
    ) -> Result<Self, String> {
        let place = Place::of(&asked.placement).map_err(|error| error.to_string())?;
        let parts = match (&asked.kind, supplied) {
            (Kind::Secret, Supplied::Secret(secret)) => return Self::granted(place, secret, hidden),
            (Kind::Secret, Supplied::Parts(_) | Supplied::ByHost(_)) => {
                return Err(format!("it is one secret: write `credentials.{name} = {{ env = \"NAME\" }}`"));
            }
            (kind, Supplied::Secret(_) | Supplied::ByHost(_)) => {
                let parts = Part::ALL.into_iter().filter(|part| kind.needs(*part) == Need::Required);
                return Err(format!(
                    "it is made by the host ({kind}): give its parts in `credentials.{name}`, which are {}",
                    listed(parts)
                ));
            }
            (_, Supplied::Parts(parts)) => parts,
        };
        check_parts(name, &asked.kind, parts)?;
        let url = agreed(name, &asked.kind, parts)?;
        let endpoint = Endpoint::of(url, &around.operator).map_err(|error| format!("it asks for tokens: {error}"))?;
        let asking = Asking::of(&asked.kind, parts).map_err(|error| format!("`private_key`: {error}"))?;
        let asking = asking.ok_or("nothing is asked for")?;
        for secret in parts.travelling() {
            check_size(secret.expose(), TOKEN_BYTES_MAX)?;
            hidden.hold([secret.expose()]);
        }
        let refresh = parts.refresh_token.clone().map(|granted| Refresh {
            of: RefreshTokenOf {
                tenant: around.tenant.clone(),
                plugin: plugin.clone(),
                slot: name.to_owned(),
                granted: Sha256Hex::of(granted.expose().as_bytes()),
            },
            granted,
            kept: Arc::clone(&around.refresh_tokens),
            unkept: Mutex::default(),
        });
        let tokens = Tokens {
            slot: name.to_owned(),
            place: place.clone(),
            asking,
            endpoint,
            refresh,
            clock: Arc::clone(&around.clock),
            hidden: Arc::clone(hidden),
            token_ms_max: around.token_ms_max,
            state: Mutex::new(State::default()),
        };
        Ok(Self { place, source: Source::Obtained(Arc::new(tokens)) })
    }

    /// A secret of the tenant's, at its place, or why it can't be used.
    pub(super) fn granted(place: Place, secret: &Secret, hidden: &Hidden) -> Result<Self, String> {
        let placed = place.with(secret).map_err(|error| error.to_string())?;
        let secrets = place.hidden(secret);
        secrets.iter().try_for_each(|secret| check_size(secret, CREDENTIAL_BYTES_MAX))?;
        hidden.hold(secrets);
        Ok(Self { place, source: Source::Granted(placed) })
    }

    /// That a component leaves its place in the query to the host.
    pub(crate) fn check_query(&self, url: &Url) -> Result<(), &'static str> {
        self.place.check_query(url)
    }

    /// The credential, obtained first if it has to be, by the door's client and in that time.
    pub(crate) async fn ready(&self, client: &Client, patience: Duration) -> Result<Ready<'_>, NoToken> {
        match &self.source {
            Source::Granted(placed) => Ok(Ready::Granted(placed)),
            Source::Obtained(tokens) => tokens.get(client, patience).await.map(Ready::Obtained),
        }
    }

    /// That a vendor answered 401 to it: a token is obtained anew for the next request.
    pub(crate) fn refused(&self, ready: &Ready<'_>) {
        if let (Source::Obtained(tokens), Ready::Obtained(token)) = (&self.source, ready) {
            tokens.refused(token);
        }
    }

    /// Puts a text for people where the credential would be, and gives back the body.
    pub(crate) fn show(&self, headers: &mut HeaderMap, url: &mut Url, body: Bytes) -> Result<Bytes, &'static str> {
        self.place.shown().put(headers, url, body)
    }
}

impl Ready<'_> {
    /// Puts it on a request, and gives back the body.
    pub(crate) fn put(&self, headers: &mut HeaderMap, url: &mut Url, body: Bytes) -> Result<Bytes, &'static str> {
        match self {
            Ready::Granted(placed) => placed.put(headers, url, body),
            Ready::Obtained(token) => token.placed.put(headers, url, body),
        }
    }
}

fn check_size(secret: &str, bytes_max: usize) -> Result<(), String> {
    match (CREDENTIAL_BYTES_MIN..=bytes_max).contains(&secret.len()) {
        true => Ok(()),
        false => Err(format!("it must have {CREDENTIAL_BYTES_MIN} to {bytes_max} bytes")),
    }
}

fn check_parts(slot: &str, kind: &Kind, parts: &Parts) -> Result<(), String> {
    for part in Part::ALL {
        let name = part.name();
        match (kind.needs(part), parts.has(part)) {
            (Need::Required, false) if part == Part::TokenUrl => {
                let url = kind.token_request().and_then(|ask| ask.token_url.as_ref());
                let (of, url) = match url {
                    Some(url) => ("which the manifest names", url.as_str()),
                    None => ("which the vendor's manual names", "https://…"),
                };
                return Err(format!(
                    "its secrets go to its token URL, {of}: to consent, add `credentials.{slot}.token_url = \"{url}\"`"
                ));
            }
            (Need::Required, false) => {
                let value = if part.is_secret() { "{ env = \"NAME\" }" } else { "\"…\"" };
                return Err(format!("it needs `{name}`: add `credentials.{slot}.{name} = {value}`"));
            }
            (Need::None, true) => {
                let takes = Part::ALL.into_iter().filter(|part| kind.needs(*part) != Need::None);
                return Err(format!("it takes no `{name}`: leave it out, it takes {}", listed(takes)));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The token URL on which author and tenant agree.
fn agreed<'a>(slot: &str, kind: &Kind, parts: &'a Parts) -> Result<&'a TokenUrl, String> {
    let url = parts.token_url.as_ref().ok_or("it needs `token_url`")?;
    match kind.token_request().and_then(|ask| ask.token_url.as_ref()) {
        Some(authors) if authors != url => Err(format!(
            "its manifest asks for tokens at {authors}, and the grant names {url}: \
             to consent, write `credentials.{slot}.token_url = \"{authors}\"`"
        )),
        _ => Ok(url),
    }
}

fn listed(parts: impl Iterator<Item = Part>) -> String {
    parts.map(|part| format!("`{}`", part.name())).collect::<Vec<_>>().join(", ")
}
