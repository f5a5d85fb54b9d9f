//! Where access tokens are given for a signed assertion (RFC 7523), as Salesforce and Google do. It looks at the form of
//! an assertion, not at its signature, and gives the one token that the service takes.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::endpoint::{Class, Endpoint, Refusal, Reply, Request, has_content_type};
use crate::service::Access;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

#[derive(Clone)]
pub(crate) struct Login {
    path: &'static str,
    token: String,
    /// What else stands in the answer.
    more: Value,
    given: u64,
}

impl Login {
    /// <https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm>
    pub(crate) fn salesforce(token: String) -> Login {
        let more = json!({ "instance_url": "https://northwind.my.salesforce.com", "scope": "api" });
        Login { path: "/services/oauth2/token", token, more, given: 0 }
    }

    /// <https://developers.google.com/identity/protocols/oauth2/service-account>
    pub(crate) fn google(token: String) -> Login {
        Login { path: "/token", token, more: json!({ "expires_in": 3600 }), given: 0 }
    }

    fn asked(&self, request: &Request) -> Result<(), (StatusCode, &'static str, &'static str)> {
        if (request.method(), request.uri().path()) != (&Method::POST, self.path) {
            return Err((StatusCode::NOT_FOUND, "not_found", "tokens are given elsewhere"));
        }
        let form = has_content_type(request, "application/x-www-form-urlencoded");
        let fields: Vec<_> = form_urlencoded::parse(if form { request.body() } else { b"" }).collect();
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref());
        if field("grant_type") != Some(JWT_BEARER) {
            return Err((StatusCode::BAD_REQUEST, "unsupported_grant_type", "grant type not supported"));
        }
        match field("assertion").map(|assertion| assertion.split('.').filter(|part| !part.is_empty()).count()) {
            Some(3) => Ok(()),
            _ => Err((StatusCode::BAD_REQUEST, "invalid_grant", "invalid assertion")),
        }
    }
}

impl Endpoint for Login {
    /// A token changes nothing that a tenant would see.
    fn classify(&self, _: &Request) -> Class {
        Class { access: Access::Read, turn: None }
    }

    fn answer(&mut self, request: &Request, _: u64) -> Reply {
        match self.asked(request) {
            Ok(()) => {
                self.given += 1;
                let mut answer = self.more.clone();
                answer["access_token"] = self.token.as_str().into();
                answer["token_type"] = "Bearer".into();
                Reply::json(StatusCode::OK, &answer)
            }
            Err((status, error, words)) => refused(status, error, words),
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        refused(refusal.status(), "server_error", "no token is given now")
    }

    fn records(&self) -> Value {
        json!({ "given": self.given })
    }
}

/// A refusal as RFC 6749, section 5.2, has it.
pub(super) fn refused(status: StatusCode, error: &str, words: &str) -> Reply {
    Reply::json(status, &json!({ "error": error, "error_description": words })).noted(words.to_owned())
}
