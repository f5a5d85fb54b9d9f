//! What the door remembers of a tenant's vendors: how many requests are under way to each, and how the last ones
//! ended. All of the tenant's plugins share it, and no other tenant does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aftercall_core::{
    egress::{Scheme, Target},
    id::Tenant,
};
use http::Response;
use hyper::body::Incoming;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, error::Elapsed},
};

use super::{
    Admitted, Door, Error,
    breaker::{Breaker, Health, Pass},
    client::Failed,
};
use crate::limits::VENDORS_MAX;

/// All tenants' vendors.
pub(crate) struct AllVendors {
    requests_max: u32,
    by_tenant: Mutex<HashMap<Tenant, Arc<Vendors>>>,
}

/// One tenant's vendors, in the order in which they were first asked.
pub(crate) struct Vendors {
    requests_max: usize,
    known: Mutex<Vec<Arc<Vendor>>>,
}

/// Where requests go, by what rules call it.
pub(super) struct Vendor {
    scheme: Scheme,
    host: String,
    port: u16,
    /// Places for requests, which are given in the order in which they are asked for.
    pub(super) places: Semaphore,
    breaker: Mutex<Breaker>,
}

/// A request that is under way: from before it leaves until the head of its answer is there, or will never be.
pub(super) struct UnderWay<'a> {
    vendor: &'a Vendor,
    pass: Pass,
    /// None: it says nothing of the vendor, as yet.
    health: Option<Health>,
    _place: SemaphorePermit<'a>,
}

impl AllVendors {
    /// With so many requests to each under way at once, and one at least.
    pub(crate) fn new(requests_max: u32) -> Self {
        Self { requests_max, by_tenant: Mutex::default() }
    }

    /// A tenant's, which are kept: only for tenants that an operator has configured.
    pub(super) fn of(&self, tenant: &Tenant) -> Arc<Vendors> {
        let mut by_tenant = self.by_tenant.lock().unwrap_or_else(PoisonError::into_inner);
        let most = usize::try_from(self.requests_max.max(1)).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let new = || Arc::new(Vendors { requests_max: most, known: Mutex::default() });
        Arc::clone(by_tenant.entry(tenant.clone()).or_insert_with(new))
    }
}

impl Vendors {
    /// The one that a request goes to.
    pub(super) fn at(&self, target: &Target) -> Arc<Vendor> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(vendor) = known.iter().find(|vendor| vendor.is_at(target)) {
            return Arc::clone(vendor);
        }
        make_room(&mut known);
        let vendor = Arc::new(Vendor {
            scheme: target.scheme,
            host: target.host.clone(),
            port: target.port,
            places: Semaphore::new(self.requests_max),
            breaker: Mutex::default(),
        });
        known.push(Arc::clone(&vendor));
        vendor
    }
}

/// Forgets those of whom there is nothing to remember, and otherwise the first of those whom nobody is asking.
fn make_room(known: &mut Vec<Arc<Vendor>>) {
    if known.len() < VENDORS_MAX {
        return;
    }
    // Whoever asks one got it under the same lock.
    let is_asked = |vendor: &Arc<Vendor>| Arc::strong_count(vendor) > 1;
    known.retain(|vendor| is_asked(vendor) || !vendor.breaker().is_quiet());
    if known.len() >= VENDORS_MAX
        && let Some(first) = known.iter().position(|vendor| !is_asked(vendor))
    {
        known.remove(first);
    }
}

impl Vendor {
    fn is_at(&self, target: &Target) -> bool {
        self.port == target.port && self.scheme == target.scheme && self.host == target.host
    }

    pub(super) fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    /// Waits for a place among the requests to a vendor, unless it is left alone. What has to wait loses nothing of its
    /// own time: it ends with the call.
    pub(super) async fn under_way<'a>(
        &self,
        vendor: &'a Vendor,
        admitted: &mut Admitted,
    ) -> Result<UnderWay<'a>, Error> {
        let host = &admitted.target.host;
        let place = match vendor.places.try_acquire() {
            Ok(place) => place,
            Err(_) => {
                self.log.host_line(&format!(
                    "a request waits: `operator.vendor_requests_max` of this tenant's are under way to {host}"
                ));
                let since = Instant::now();
                let place = vendor.places.acquire().await.expect("it is never closed");
                admitted.until += since.elapsed();
                place
            }
        };
        let pass = vendor.breaker().pass(Instant::now()).map_err(|refused| Error::Failing {
            host: host.clone(),
            failures: refused.failures,
            ask_again_ms: u64::try_from(refused.left.as_micros().div_ceil(1000)).unwrap_or(u64::MAX),
        })?;
        Ok(UnderWay { vendor, pass, health: None, _place: place })
    }
}

impl UnderWay<'_> {
    /// Ends it with its answer. One that had too little time to be answered says nothing of the vendor.
    pub(super) fn end(mut self, answer: &Result<Result<Response<Incoming>, Failed>, Elapsed>, had_time: bool) {
        self.health = match answer {
            Ok(Ok(response)) if response.status().is_server_error() => Some(Health::Failing),
            Ok(Ok(_)) => Some(Health::Well),
            Ok(Err(Failed::Prohibited(_))) => None,
            Ok(Err(Failed::NotConnected(_) | Failed::Broken(_))) => Some(Health::Failing),
            Err(_) => had_time.then_some(Health::Failing),
        };
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.vendor.breaker().came_to(self.pass, self.health, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(scheme: Scheme, host: &str, port: u16) -> Target {
        Target { method: "GET".into(), scheme, host: host.into(), port, path: "/".into() }
    }

    fn fail(vendor: &Vendor) {
        vendor.breaker().came_to(Pass::Usual, Some(Health::Failing), Instant::now());
    }

    #[test]
    fn a_vendor_is_one_tenant_s_at_one_scheme_host_and_port() {
        let all = AllVendors::new(0);
        let [acme, other] = ["acme", "other"].map(|name| all.of(&name.parse().expect("a name")));
        let known = acme.at(&target(Scheme::Https, "a.test", 443));
        assert_eq!(known.places.available_permits(), 1, "one at least");
        for (vendors, scheme, host, port, same) in [
            (&acme, Scheme::Https, "a.test", 443, true),
            (&all.of(&"acme".parse().expect("a name")), Scheme::Https, "a.test", 443, true),
            (&acme, Scheme::Http, "a.test", 443, false),
            (&acme, Scheme::Https, "b.test", 443, false),
            (&acme, Scheme::Https, "a.test", 8443, false),
            (&other, Scheme::Https, "a.test", 443, false),
        ] {
            let found = vendors.at(&target(scheme, host, port));
            assert_eq!(Arc::ptr_eq(&known, &found), same, "{scheme:?} {host} {port}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let vendors = AllVendors::new(1).of(&"acme".parse().expect("a name"));
        let at = |port: usize| vendors.at(&target(Scheme::Https, "a.test", u16::try_from(port).expect("a port")));
        let len = || vendors.known.lock().expect("not poisoned").len();
        let asked = at(0);
        fail(&at(1));
        let failing = Arc::downgrade(&at(1));
        (2..VENDORS_MAX).for_each(|port| drop(at(port)));
        assert_eq!(len(), VENDORS_MAX);
        drop(at(VENDORS_MAX));
        assert_eq!(len(), 3, "the one that is asked, the one that fails, and the new one");
        assert!(Arc::ptr_eq(&asked, &at(0)));
        // All of them fail: the one that was known first is forgotten.
        (2..=VENDORS_MAX).for_each(|port| fail(&at(port)));
        assert_eq!((len(), failing.upgrade().is_none()), (VENDORS_MAX, true));
        assert!(Arc::ptr_eq(&asked, &at(0)), "whom somebody asks stays");
    }
}
