use url::form_urlencoded;

use super::{answer, idle, world};
use crate::Service;

#[tokio::test]
async fn an_assertion_is_changed_for_the_token() {
    let world = world(idle()).await;
    let ask = async |service: Service, path: &str, grant: &str, assertion: &str| {
        let form = [("grant_type", grant), ("assertion", assertion)];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = world.post(service, path).header("content-type", "application/x-www-form-urlencoded");
        answer(request.body(form)).await
    };
    let bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    let (status, given) = ask(Service::SalesforceLogin, "/services/oauth2/token", bearer, "a.b.c").await;
    assert_eq!((status, given["token_type"].as_str()), (200, Some("Bearer")));
    assert_eq!(given["access_token"], "00D000000000001!sandbox-salesforce-token");
    let (status, given) = ask(Service::GoogleLogin, "/token", bearer, "a.b.c").await;
    assert_eq!((status, given["access_token"].as_str()), (200, Some("ya29.sandbox-google-token")));
    let (status, refused) = ask(Service::GoogleLogin, "/token", bearer, "a.b").await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_grant")));
    let (status, refused) = ask(Service::GoogleLogin, "/token", "password", "a.b.c").await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("unsupported_grant_type")));
}
