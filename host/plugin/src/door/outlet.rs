//! What holds at the door for one plugin in one tenant, whatever the call.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use aftercall_core::{
    egress::{Allowed, Denial, Policy, Rule, Sends, Target},
    manifest::{EgressRequest, Manifest},
};
use http::{HeaderName, HeaderValue};
use url::{Host, Url};

use super::{
    Error,
    address::Addresses,
    client::Client,
    header,
    resolver::Resolver,
    scrub::Scrubber,
    vendor::{AllVendors, Vendors},
};
use crate::{
    credential::{Around, Credentials, Slot},
    limits::Limits,
};

/// Other places for vendors' hosts, by host: requests to that host are connected there instead.
///
/// This is how a test double, a recording proxy or the demo's sandbox stands in for a vendor. Rules and
/// credentials go by the vendor's own name, the `Host` header keeps it, path and query stay as they are. The place
/// is the operator's word: an address in it is not checked against the refused ranges, a name is.
pub type Reroutes = BTreeMap<String, Url>;

/// What the operator says for all tenants.
pub(crate) struct Operator {
    pub(crate) ceiling: Option<Vec<Rule>>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) reroutes: Reroutes,
    pub(crate) vendors: AllVendors,
}

/// Another place for a request.
pub(crate) struct Rerouted {
    pub(crate) place: Url,
    /// The `Host` that it then needs to be told.
    pub(crate) host: HeaderValue,
}

/// What a tenant grants one plugin to request.
pub(crate) struct Outlet {
    pub(super) policy: Policy,
    pub(super) limits: Limits,
    pub(super) injected: Vec<HeaderName>,
    pub(super) operator: Arc<Operator>,
    /// The tenant's, which its other plugins share.
    pub(super) vendors: Arc<Vendors>,
    requests: Vec<EgressRequest>,
    credentials: Credentials,
    client: OnceLock<Client>,
}

impl Outlet {
    pub(crate) fn new(
        manifest: &Manifest,
        policy: Policy,
        credentials: Credentials,
        limits: Limits,
        around: &Around,
    ) -> Self {
        Self {
            policy,
            limits,
            injected: credentials.headers(),
            operator: Arc::clone(&around.operator),
            vendors: around.operator.vendors.of(&around.tenant),
            requests: manifest.egress.clone(),
            credentials,
            client: OnceLock::new(),
        }
    }

    /// Whether the component may neither set nor read that header.
    pub(crate) fn is_forbidden(&self, name: &HeaderName) -> bool {
        header::is_forbidden(name, &self.injected)
    }

    /// Decides about one request.
    pub(crate) fn decide(&self, target: &Target, sends: Sends) -> Result<Allowed, Denial> {
        self.policy.decide(target, sends)
    }

    /// Where a request is connected to instead: [`Operator::rerouted`].
    pub(crate) fn rerouted(&self, url: &Url) -> Result<Option<Rerouted>, Error> {
        self.operator.rerouted(url)
    }

    /// The manifest's request of that place.
    pub(super) fn request(&self, author_rule: usize) -> &EgressRequest {
        &self.requests[author_rule]
    }

    /// The slot whose credential the manifest wants on it, where the tenant has one for that place.
    pub(super) fn slot(&self, request: &EgressRequest, target: &Target) -> Option<&Arc<Slot>> {
        request.credential.as_ref().and_then(|slot| self.credentials.slot(slot, target))
    }

    /// Finds the credentials of this moment in what comes back.
    pub(super) fn scrubber(&self) -> Scrubber {
        self.credentials.scrubber()
    }

    /// Made for the first request that may leave.
    pub(super) fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.operator, self.limits.request_ms_max))
    }
}

impl Operator {
    /// Where a request is connected to instead, if the operator says so: an address of the operator's own is in order.
    /// Any other is checked here; a name is once it has become an address.
    pub(crate) fn rerouted(&self, url: &Url) -> Result<Option<Rerouted>, Error> {
        let Some(base) = url.host_str().and_then(|host| self.reroutes.get(host)) else {
            let address = match url.host() {
                Some(Host::Ipv4(address)) => address.into(),
                Some(Host::Ipv6(address)) => address.into(),
                _ => return Ok(None),
            };
            self.addresses.check(url.host_str().unwrap_or_default(), address)?;
            return Ok(None);
        };
        let mut place = base.clone();
        place.set_path(url.path());
        place.set_query(url.query());
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = HeaderValue::try_from(format!("{}{port}", url.host_str().unwrap_or_default()));
        let host = host.map_err(|_| Error::Invalid("its host is no header's value"))?;
        Ok(Some(Rerouted { place, host }))
    }
}
