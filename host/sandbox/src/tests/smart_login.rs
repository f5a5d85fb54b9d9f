use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{NOON_MS, World, answer, idle, world};
use crate::Service;

const NOON_S: u64 = NOON_MS / 1000;

fn form() -> Value {
    json!({
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "scope": "system/Patient.rs system/Appointment.crus",
    })
}

fn header() -> Value {
    json!({ "alg": "RS384", "kid": "k1", "typ": "JWT" })
}

fn claims(jti: &str) -> Value {
    let token_url = "https://login.lakeside-clinic.example/oauth2/token";
    json!({ "iss": "client", "sub": "client", "aud": token_url, "exp": NOON_S + 240, "jti": jti })
}

async fn ask(world: &World, form: &Value, header: &Value, claims: &Value) -> (u16, Value) {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let assertion = format!("{}.{}.c2ln", part(header), part(claims));
    let fields = form.as_object().expect("fields").iter().map(|(name, value)| (name, value.as_str().expect("text")));
    let mut body = form_urlencoded::Serializer::new(String::new());
    let body = body.extend_pairs(fields).append_pair("client_assertion", &assertion).finish();
    let request = world.post(Service::FhirLogin, "/oauth2/token");
    answer(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
}

#[tokio::test]
async fn an_assertion_is_changed_for_a_token_of_five_minutes_once() {
    let world = world(idle()).await;
    let (status, given) = ask(&world, &form(), &header(), &claims("a")).await;
    let expected = json!({
        "access_token": "sandbox-fhir-token", "token_type": "bearer", "expires_in": 300,
        "scope": "system/Patient.rs system/Appointment.crus",
    });
    assert_eq!((status, given), (200, expected));
    let (status, refused) = ask(&world, &form(), &header(), &claims("a")).await;
    assert_eq!((status, &refused["error_description"]), (400, &json!("the assertion was used before")));
}

#[tokio::test]
async fn what_smart_does_not_allow_is_refused() {
    let world = world(idle()).await;
    let with = |mut it: Value, name: &str, value: Value| {
        it[name] = value;
        it
    };
    let of_form = |name, value: &str| (with(form(), name, json!(value)), header(), claims("a"));
    let of_header = |name, value: &str| (form(), with(header(), name, json!(value)), claims("a"));
    let of_claims = |name, value| (form(), header(), with(claims("a"), name, value));
    let cases = [
        (of_form("grant_type", "password"), "unsupported_grant_type"),
        (of_form("client_assertion_type", "jwt"), "invalid_client"),
        (of_header("alg", "RS256"), "invalid_client"),
        (of_header("kid", ""), "invalid_client"),
        (of_header("typ", "JOSE"), "invalid_client"),
        (of_claims("sub", json!("somebody")), "invalid_client"),
        (of_claims("aud", json!("https://fhir.lakeside-clinic.example/r4")), "invalid_client"),
        (of_claims("exp", json!(NOON_S)), "invalid_client"),
        (of_claims("exp", json!(NOON_S + 301)), "invalid_client"),
        (of_form("scope", "user/Patient.rs"), "invalid_scope"),
        (of_form("scope", ""), "invalid_scope"),
    ];
    for (index, ((form, header, claims), error)) in cases.into_iter().enumerate() {
        let claims = with(claims, "jti", json!(index.to_string()));
        let (status, refused) = ask(&world, &form, &header, &claims).await;
        assert_eq!((status, &refused["error"]), (400, &json!(error)), "{form} {header} {claims}");
    }
}
