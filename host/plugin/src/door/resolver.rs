//! Names become addresses here, and nowhere else: what is checked is what is connected to.

use std::{
    error::Error as StdError,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use futures::{FutureExt as _, future::BoxFuture};
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

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
#[derive(Clone)]
pub(super) struct Names {
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) addresses: Arc<Addresses>,
}

impl Names {
    /// The addresses of a name, without a port.
    pub(super) async fn find(&self, name: &str) -> Result<Vec<SocketAddr>, Box<dyn StdError + Send + Sync>> {
        let found = self.resolver.resolve(name).await?;
        for address in &found {
            self.addresses.check(name, *address)?;
        }
        if found.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
        }
        Ok(found.into_iter().take(ADDRESSES_MAX).map(|address| SocketAddr::new(address, 0)).collect())
    }
}

impl Service<Name> for Names {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let names = self.clone();
        async move { names.find(name.as_str()).await.map(Vec::into_iter) }.boxed()
    }
}
