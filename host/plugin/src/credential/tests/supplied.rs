//! What a tenant can supply for a slot.

use aftercall_core::signing::Algorithm;

use super::*;

/// Whether it fits, or in which words it doesn't. Neither these nor what was supplied show a secret.
async fn check(kind: Value, supplied: Supplied, expected: Result<(), &str>) {
    let mut world = World::counting().await;
    world.ceiling = Some(vec!["POST https://login.test/**", "POST https://127.0.0.1/**"]);
    let shown = format!("{supplied:?}");
    match (world.outlet(&kind, supplied).map(drop), expected) {
        (Ok(()), Ok(())) => {}
        (Err(error), Err(words)) => {
            let said = format!("{error} {error:?} {shown}");
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.to_string().contains("credential `api` of plugin test"), "{error}");
            for secret in [CLIENT_SECRET, REFRESH_TOKEN, "hush", &RSA[40..60]] {
                assert!(!said.contains(secret), "{said}");
            }
        }
        (got, expected) => panic!("{kind}: {got:?} instead of {expected:?}"),
    }
    assert_eq!(world.login.requests.all(), [""; 0], "nothing is asked for yet");
}

fn refresh() -> Value {
    json!({"oauth2-refresh": {}})
}

fn signed() -> Value {
    json!({"oauth2-client-credentials": {"client_auth": "jwt"}})
}

/// A kind whose token URL the manifest names.
fn named(url: &str) -> Value {
    json!({"oauth2-client-credentials": {"token_url": url}})
}

fn with_key(key: &'static str) -> Supplied {
    parts(|parts| parts.private_key = secret(key))
}

/// An application with a secret, and that token URL in its grant.
fn at(url: Option<&str>) -> Supplied {
    parts(|parts| {
        parts.client_secret = secret(CLIENT_SECRET);
        parts.token_url = url.map(|url| url.parse().expect("a URL"));
    })
}

#[tokio::test]
async fn what_fits_its_kind_is_taken() {
    check(client_credentials(), client(), Ok(())).await;
    check(named(TOKEN_URL), client(), Ok(())).await;
    check(refresh(), refreshing(), Ok(())).await;
    check(signed(), with_key(EC384), Ok(())).await;
    check(signed(), with_key(RSA), Ok(())).await;
    check(json!({"oauth2-jwt-bearer": {}}), with_key(EC256), Ok(())).await;
}

#[tokio::test]
async fn what_does_not_fit_its_kind_is_told_with_what_would() {
    let of_one = Supplied::Secret(Secret::new(CLIENT_SECRET.into()));
    let of_two = parts(|parts| {
        parts.private_key = secret(RSA);
        parts.client_secret = secret(CLIENT_SECRET);
    });
    let nobodys = parts(|parts| {
        parts.refresh_token = secret(REFRESH_TOKEN);
        parts.client_id = None;
    });
    for (kind, supplied, words) in [
        (json!("secret"), client(), "it is one secret: write `credentials.api = { env = \"NAME\" }`"),
        (
            client_credentials(),
            of_one,
            "it is made by the host (oauth2-client-credentials): give its parts in `credentials.api`, which are \
             `token_url`, `client_id`, `client_secret`",
        ),
        (
            client_credentials(),
            parts(|_| {}),
            "it needs `client_secret`: add `credentials.api.client_secret = { env = \"NAME\" }`",
        ),
        (refresh(), client(), "it needs `refresh_token`"),
        (refresh(), nobodys, "add `credentials.api.client_id = \"…\"`"),
        (signed(), of_two, "it takes no `client_secret`: leave it out"),
    ] {
        check(kind, supplied, Err(words)).await;
    }
}

#[tokio::test]
async fn author_tenant_and_operator_agree_on_a_token_url() {
    for (kind, supplied, words) in [
        (client_credentials(), at(None), "its secrets go to its token URL, which the vendor's manual names"),
        (
            named(TOKEN_URL),
            at(None),
            "which the manifest names: to consent, add `credentials.api.token_url = \
             \"https://login.test/oauth2/token\"`",
        ),
        (
            named("https://other.test/token"),
            client(),
            "asks for tokens at https://other.test/token, and the grant names https://login.test/oauth2/token",
        ),
        (
            client_credentials(),
            at(Some("https://other.test/token")),
            "POST https://other.test/token is not below the operator's ceiling: add it to `operator.egress_ceiling`",
        ),
        (client_credentials(), at(Some("https://127.0.0.1/token")), "`operator.egress_allow_ranges`"),
    ] {
        check(kind, supplied, Err(words)).await;
    }
}

#[tokio::test]
async fn values_that_can_not_be_used_are_told() {
    let other_algorithm = parts(|parts| {
        parts.private_key = secret(EC256);
        parts.algorithm = Some(Algorithm::Rs384);
    });
    for (kind, supplied, words) in [
        (client_credentials(), parts(|parts| parts.client_secret = secret("abc")), "must have 4 to"),
        (signed(), with_key("-----BEGIN PRIVATE KEY-----\nhush\n"), "`private_key`: it is no private key"),
        (signed(), other_algorithm, "it takes an RSA key"),
    ] {
        check(kind, supplied, Err(words)).await;
    }
}

#[tokio::test]
async fn a_slot_is_left_out_where_the_manifest_lets_it() {
    for (optional, expected) in [(false, Err("needs the credential `api`")), (true, Ok("/x"))] {
        let world = World::counting().await;
        let mut manifest = world.manifest(&json!("secret"));
        manifest.credentials.get_mut("api").expect("a slot").optional = optional;
        let around = world.around();
        match (Credentials::new(&manifest, &BTreeMap::new(), &around), expected) {
            (Ok(credentials), Ok(path)) => {
                let rules = manifest.egress_rules();
                let policy = Policy { author: rules.clone(), operator: None, tenant: rules };
                let outlet = Arc::new(Outlet::new(&manifest, policy, credentials, Limits::default(), &around));
                Call::of(&outlet).send("POST", path).await.expect("it leaves");
                let [request] = &world.api.requests.all()[..] else { panic!("one request") };
                assert!(!request.to_lowercase().contains("authorization"), "{request}");
            }
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (got, expected) => panic!("{:?} instead of {expected:?}", got.map(drop)),
        }
    }
}
