//! Names become addresses here, and nowhere else: what is checked is what is connected to.

use std::{io, net::IpAddr, net::SocketAddr, sync::Arc};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::Addresses;
use crate::limits::ADDRESSES_MAX;

/// Finds the addresses of vendors' hosts.
///
/// It is asked once for each connection. What it answers is checked and then connected to, as it is: a name that
/// means another place a moment later can't slip between the two.
#[async_trait::async_trait]
pub trait Resolver: Send + Sync {
    /// All addresses of a name, the preferred first.
    ///
    /// # Errors
    /// The name is not known, or nobody could be asked.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The machine's own resolver: its hosts file, its name servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait::async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        // The zone of a scoped address falls away: it is of this machine, and no vendor's.
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// The resolver as the HTTP client asks it. It lets no name pass that has so much as one prohibited address: a name
/// that leads both outside and inside is an attack or a mistake.
pub(super) struct Names {
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) addresses: Arc<Addresses>,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, addresses) = (Arc::clone(&self.resolver), Arc::clone(&self.addresses));
        Box::pin(async move {
            let found = resolver.resolve(name.as_str()).await?;
            for address in &found {
                addresses.check(name.as_str(), *address)?;
            }
            if found.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
            }
            // The client puts the port in.
            let places = found.into_iter().take(ADDRESSES_MAX).map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(places) as Addrs)
        })
    }
}
