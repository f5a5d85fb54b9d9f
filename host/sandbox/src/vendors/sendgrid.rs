//! SendGrid v3: emails, timed ones in batches, who wants none, the activity; and contacts of Marketing Campaigns.
//! It honours no idempotency key: an email that is sent twice goes out twice.

mod activity;
mod contact;
mod mail;
mod marketing;
mod opt_outs;
mod outbox;
mod refused;
mod seed;

use http::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::endpoint::{Class, Endpoint, Refusal, Reply, Request, credential, has_content_type, query, segments};
use crate::service::Access;
use mail::Mail;
use marketing::Marketing;
use opt_outs::OptOuts;
use outbox::Outbox;
use refused::{Answer, Refused};
use seed::Account;

const SEARCH_PATH: &str = "/v3/marketing/contacts/search/emails";
const ACTIVITY_PATH: &str = "/v3/messages";
const BATCH_PATH: &str = "/v3/mail/batch";
/// Of an upsert, which is the largest request that is played.
const BODY_BYTES_MAX: usize = 6 << 20;

#[derive(Clone)]
pub(crate) struct Sendgrid {
    key: String,
    account: Account,
    marketing: Marketing,
    outbox: Outbox,
    opt_outs: OptOuts,
}

impl Sendgrid {
    pub(crate) fn new(key: String) -> Sendgrid {
        let (account, marketing) = (Account::default(), Marketing::default());
        Sendgrid { key, account, marketing, outbox: Outbox::default(), opt_outs: OptOuts::default() }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Answer<Reply> {
        if credential(request, "Bearer") != Some(self.key.as_str()) {
            return Err(Refused::plain(StatusCode::UNAUTHORIZED, "authorization required"));
        }
        let segments = segments(request);
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["v3", path @ ..] = segments.as_slice() else { return Err(Refused::not_found()) };
        match (request.method(), path) {
            (&Method::PUT, ["marketing", "contacts"]) => self.marketing.upsert(&body(request)?, &self.account, now_ms),
            (&Method::POST, ["marketing", "contacts", "search", "emails"]) => {
                self.marketing.search(&body(request)?, &self.account)
            }
            (&Method::POST, ["mail", "send"]) => {
                let mail = Mail::read(&body(request)?, &self.account, &self.outbox, now_ms)?;
                Ok(self.outbox.take(mail, &self.opt_outs, now_ms))
            }
            (&Method::POST, ["mail", "batch"]) => Ok(self.outbox.new_batch()),
            (&Method::POST, ["user", "scheduled_sends"]) => self.outbox.stop(&body(request)?, now_ms),
            (&Method::GET, ["user", "scheduled_sends", batch_id]) => Ok(self.outbox.stopped(batch_id)),
            (&Method::DELETE, ["user", "scheduled_sends", batch_id]) => self.outbox.resume(batch_id, now_ms),
            (&Method::GET, ["messages"]) => activity::find(&query(request), &self.account, &self.outbox, now_ms),
            (&Method::GET, ["asm", "suppressions", "global", email]) => Ok(self.opt_outs.global(email)),
            (&Method::GET, ["asm", "suppressions", email]) => Ok(self.opt_outs.groups_of(email, &self.account)),
            (&Method::POST, ["asm", "groups", group_id, "suppressions"]) => {
                self.opt_outs.add(group_id, &body(request)?, &self.account)
            }
            (&Method::GET | &Method::DELETE, ["marketing", "contacts"])
            | (&Method::GET | &Method::PATCH, ["user", "scheduled_sends", ..]) => {
                Err(Refused::plain(StatusCode::NOT_IMPLEMENTED, "the sandbox does not play this"))
            }
            (_, ["marketing", "contacts"] | ["mail", "send" | "batch"] | ["messages"]) => {
                Err(Refused::plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed"))
            }
            _ => Err(Refused::not_found()),
        }
    }
}

impl Endpoint for Sendgrid {
    /// A search is a POST that reads, and an id of a new batch is a number until an email has it.
    fn classify(&self, request: &Request) -> Class {
        let reads = *request.method() == Method::GET
            || *request.method() == Method::POST && [SEARCH_PATH, BATCH_PATH].contains(&request.uri().path());
        Class { access: if reads { Access::Read } else { Access::Write }, turn: None }
    }

    /// The activity, and contacts, which are imported after the answer. What else it tells decides which emails go out.
    fn lags(&self, request: &Request) -> bool {
        [ACTIVITY_PATH, SEARCH_PATH].contains(&request.uri().path())
    }

    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.route(request, now_ms).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let message = match refusal {
            Refusal::TooLarge => "request entity too large",
            Refusal::TooMany => "too many requests",
            Refusal::Internal => "internal server error",
        };
        Refused::plain(refusal.status(), message).into_reply()
    }

    fn records(&self) -> Value {
        let mut records = Map::new();
        self.marketing.record(&self.account, &mut records);
        self.outbox.record(&mut records);
        records.insert("suppressions".to_owned(), self.opt_outs.record());
        records.into()
    }

    /// What an [`Account`] has, and who has opted out: `"unsubscribed": [{ "email", "group_id" }]`.
    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        self.account = Account::read(seed)?;
        self.opt_outs = OptOuts::of(&self.account)?;
        Ok(())
    }
}

fn body(request: &Request) -> Answer<Map<String, Value>> {
    if !has_content_type(request, "application/json") {
        return Err(Refused::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type should be application/json."));
    }
    if request.body().len() > BODY_BYTES_MAX {
        return Err(Refused::plain(StatusCode::PAYLOAD_TOO_LARGE, "request entity too large"));
    }
    serde_json::from_slice(request.body())
        .map_err(|error| Refused::plain(StatusCode::BAD_REQUEST, &format!("invalid JSON: {error}")))
}
