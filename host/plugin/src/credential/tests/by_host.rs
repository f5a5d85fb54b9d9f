//! A slot that has a credential for each host: none goes to another's.

use aftercall_core::credential::Placement;

use super::*;

const OF_API: &str = "k3y-0f-api";
const OF_LOGIN: &str = "k3y-0f-login";

fn of(host: &str, key: &str, placement: Option<Value>) -> HostSecret {
    let placement = placement.map(|placement| serde_json::from_value::<Placement>(placement).expect("a placement"));
    HostSecret { host: host.parse().expect("a host"), secret: Secret::new(key.to_owned()), placement }
}

/// One that goes where the manifest says, and one that the tenant places.
fn two() -> Supplied {
    let header = json!({"header": {"name": "x-api-key"}});
    Supplied::ByHost(vec![of("api.test", OF_API, None), of("login.test", OF_LOGIN, Some(header))])
}

impl World {
    /// An outlet of a plugin whose endpoints tenants alone know.
    fn by_host(&self, supplied: Supplied) -> Result<Arc<Outlet>, Error> {
        let mut manifest = self.manifest(&json!("secret"));
        manifest.credentials.get_mut("api").expect("a slot").by_host = true;
        for (asked, method) in manifest.egress.iter_mut().zip(["GET", "POST"]) {
            asked.rule = format!("{method} https://*/**").parse().expect("a rule");
        }
        let around = self.around();
        let credentials = Credentials::new(&manifest, &BTreeMap::from([("api".to_owned(), supplied)]), &around)?;
        let rules = ["api.test", "login.test"].map(|host| format!("GET,POST https://{host}/**"));
        let tenant = rules.map(|rule| MarkedRule { rule: rule.parse().expect("a rule"), access: Access::Read });
        let policy = Policy { author: manifest.egress_rules(), operator: None, tenant: tenant.into() };
        Ok(Arc::new(Outlet::new(&manifest, policy, credentials, Limits::default(), &around)))
    }
}

#[tokio::test]
async fn each_goes_to_its_own_host_alone() {
    let mut world = World::of(|_| Some(http("200 OK", &[], "done"))).await;
    let elsewhere = |request: &str| {
        let answer = if request.starts_with("GET /away") { "302 Found" } else { "200 OK" };
        Some(http(answer, &["location: https://login.test/there"], "done"))
    };
    world.api = Vendor::playing(elsewhere, Events::default()).await;
    let outlet = world.by_host(two()).expect("fits");
    for url in ["https://api.test/x", "https://login.test/x", "https://api.test/away"] {
        Call::of(&outlet).send_to("GET", url).await.expect("is answered");
    }
    Call::of(&outlet).send_to("POST", "https://login.test/x").await.expect("is answered");
    let of_another = world.by_host(Supplied::ByHost(vec![of("login.test", OF_LOGIN, None)])).expect("fits");
    Call::of(&of_another).send("GET", "/without").await.expect("is answered");
    let of_vendor = |vendor: &Vendor| {
        let held = |request: &String| {
            let line = request.lines().next().unwrap_or_default();
            let keys =
                [("bearer", format!("authorization: Bearer {OF_API}")), ("key", format!("x-api-key: {OF_LOGIN}"))];
            let here =
                keys.iter().filter(|(_, header)| request.lines().any(|line| line == header)).map(|(name, _)| *name);
            let strays = [OF_API, OF_LOGIN].into_iter().map(|key| request.matches(key).count()).sum::<usize>();
            format!("{line}: {} of {strays}", here.collect::<Vec<_>>().join(" "))
        };
        vendor.requests.all().iter().map(held).collect::<Vec<_>>()
    };
    let of_api = ["GET /x HTTP/1.1: bearer of 1", "GET /away HTTP/1.1: bearer of 1", "GET /without HTTP/1.1:  of 0"];
    assert_eq!(of_vendor(&world.api), of_api, "a host that isn't named gets none");
    let of_login = ["GET /x HTTP/1.1: key of 1", "GET /there HTTP/1.1: key of 1", "POST /x HTTP/1.1: key of 1"];
    assert_eq!(of_vendor(&world.login), of_login, "a redirect carries nothing along");
}

#[tokio::test]
async fn none_of_them_comes_back_from_any_host() {
    let mut world = World::counting().await;
    world.api =
        Vendor::playing(|_| Some(http("200 OK", &[], &format!("{OF_API} {OF_LOGIN}"))), Events::default()).await;
    let outlet = world.by_host(two()).expect("fits");
    let answer = Call::of(&outlet).send("GET", "/x").await.expect("is answered");
    assert_eq!(answer.body(), "[credential] [credential]");
    for header in ["authorization", "x-api-key"] {
        assert!(outlet.is_forbidden(&HeaderName::from_static(header)), "{header}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_told() {
    let world = World::counting().await;
    let check = |supplied: Supplied, words: &str| {
        let error = world.by_host(supplied).map(drop).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
        assert!(!error.contains(OF_API), "{error}");
    };
    let placed = |placement: Value| Supplied::ByHost(vec![of("api.test", OF_API, Some(placement))]);
    let header = |name: &str| json!({"header": {"name": name}});
    let one = Supplied::Secret(Secret::new(OF_API.to_owned()));
    check(one, "write `credentials.api = [{ host = \"api.example.com\", env = \"NAME\" }]`");
    let twice = Supplied::ByHost(vec![of("api.test", OF_API, None), of("api.test:443", OF_API, None)]);
    check(twice, "the host api.test is there twice");
    check(Supplied::ByHost(vec![of("api.test", "abc", None)]), "of the host api.test: it must have 4 to");
    check(placed(json!("basic")), "of the host api.test: it must be written as `user:password`");
    check(placed(json!({"query": {"name": ""}})), "under an empty name");
    check(placed(json!({"json": {"field": ""}})), "under an empty name");
    check(placed(header("x key")), "`x key`, which is no header's name");
    for name in ["Host", "content-length", "transfer-encoding", "cookie", "x-http-method-override"] {
        check(placed(header(name)), "a header of the host's own");
    }
    for placement in [json!({"query": {"name": "key"}}), json!({"json": {"field": "key"}}), header("Authorization")] {
        world.by_host(placed(placement)).expect("fits");
    }
    let unasked = world.outlet(&json!("secret"), two()).map(drop).expect_err("the manifest asks for one");
    assert!(unasked.to_string().contains("it is one secret"), "{unasked}");
}
