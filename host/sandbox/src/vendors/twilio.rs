//! Twilio's Messages, 2010-04-01. It has no idempotency: the same request twice sends two messages. A message counts as
//! sent in the moment that it was created, though the answer to its creation says `queued`.
//! Shapes: Twilio's OpenAPI document; error codes: its error dictionary.

mod dates;
pub(super) mod numbers;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::endpoint::{Endpoint, Refusal, Reply, Request, has_basic, has_content_type};
use crate::time::rfc2822;
use dates::Sent;

const BODY_CHARS_MAX: usize = 1600;
const PAGE_SIZE_DEFAULT: usize = 50;
const PAGE_SIZE_MAX: usize = 1000;

#[derive(Clone)]
pub(crate) struct Twilio {
    account: String,
    token: String,
    messages: Vec<Message>,
}

#[derive(Clone)]
struct Message {
    sid: String,
    to: String,
    from: Option<String>,
    service: Option<String>,
    body: String,
    at_ms: u64,
}

/// A refusal in Twilio's error shape.
struct Refused {
    status: StatusCode,
    code: u32,
    message: String,
}

impl Twilio {
    pub(crate) fn new(account: String, token: String) -> Twilio {
        Twilio { account, token, messages: Vec::new() }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Result<Reply, Refused> {
        let path = request.uri().path();
        let not_found =
            || Refused::new(StatusCode::NOT_FOUND, 20404, format!("The requested resource {path} was not found"));
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let ["2010-04-01", "Accounts", account, rest @ ..] = segments.as_slice() else { return Err(not_found()) };
        if !self.authorised(account, request) {
            return Err(Refused::new(StatusCode::UNAUTHORIZED, 20003, "Authenticate".to_owned()));
        }
        match (request.method(), rest) {
            (&Method::POST, ["Messages.json"]) => self.create(request, now_ms),
            (&Method::GET, ["Messages.json"]) => self.list(request),
            (&Method::GET, ["Messages", file]) => {
                let message = self.messages.iter().find(|message| file.strip_suffix(".json") == Some(&message.sid));
                Ok(Reply::json(StatusCode::OK, &self.sent(message.ok_or_else(not_found)?)))
            }
            (method, ["Messages.json"]) => {
                Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, 20004, format!("Method not allowed: {method}")))
            }
            _ => Err(not_found()),
        }
    }

    fn authorised(&self, account: &str, request: &Request) -> bool {
        account == self.account && has_basic(request, &format!("{}:{}", self.account, self.token))
    }

    fn create(&mut self, request: &Request, now_ms: u64) -> Result<Reply, Refused> {
        let form = has_content_type(request, "application/x-www-form-urlencoded");
        let fields: Vec<_> = form_urlencoded::parse(if form { request.body() } else { b"" }).collect();
        let field = |name: &str| {
            let value = fields.iter().find(|(key, value)| key == name && !value.is_empty());
            value.map(|(_, value)| value.clone().into_owned())
        };
        let invalid = |code, message: &str| Refused::new(StatusCode::BAD_REQUEST, code, message.to_owned());
        let to = field("To").ok_or_else(|| invalid(21604, "A 'To' phone number is required."))?;
        let (from, service) = (field("From"), field("MessagingServiceSid"));
        if from.is_none() && service.is_none() {
            return Err(invalid(21603, "A 'From' phone number is required."));
        }
        let body = field("Body").ok_or_else(|| invalid(21602, "Message body is required."))?;
        if !numbers::is_e164(&to) {
            return Err(invalid(21211, &format!("Invalid 'To' Phone Number: {to}")));
        }
        if let Some(from) = from.as_deref().filter(|from| !numbers::is_sender(from)) {
            return Err(invalid(21212, &format!("Invalid From Number (caller ID): {from}")));
        }
        if from.as_ref() == Some(&to) {
            return Err(invalid(21266, "'To' and 'From' number cannot be the same"));
        }
        if body.chars().count() > BODY_CHARS_MAX {
            return Err(invalid(
                21617,
                &format!("The concatenated message body exceeds the {BODY_CHARS_MAX} character limit"),
            ));
        }
        let sid = format!("SM{:032x}", self.messages.len() + 1);
        let message = Message { sid, to, from, service, body, at_ms: now_ms };
        let mut answer = self.sent(&message);
        answer["status"] = "queued".into();
        answer["date_sent"] = Value::Null;
        self.messages.push(message);
        Ok(Reply::json(StatusCode::CREATED, &answer))
    }

    fn list(&self, request: &Request) -> Result<Reply, Refused> {
        let query = request.uri().query().unwrap_or("");
        let mut sent = Vec::new();
        let (mut to, mut from, mut page_size, mut page) = (None, None, PAGE_SIZE_DEFAULT, 0);
        let mut unpaged = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let refused =
                || Refused::new(StatusCode::BAD_REQUEST, 20001, format!("Invalid value for '{name}': {value}"));
            match name.as_ref() {
                "To" => to = Some(value.clone().into_owned()),
                "From" => from = Some(value.clone().into_owned()),
                "DateSent" | "DateSent<" | "DateSent>" => sent.push(Sent::parse(&name, &value).ok_or_else(refused)?),
                "PageSize" => page_size = value.parse::<usize>().map_err(|_| refused())?.clamp(1, PAGE_SIZE_MAX),
                "Page" => page = value.parse::<usize>().map_err(|_| refused())?,
                _ => {}
            }
            if name != "Page" && name != "PageToken" {
                unpaged.append_pair(&name, &value);
            }
        }
        let fits = |message: &&Message| {
            to.as_ref().is_none_or(|to| *to == message.to)
                && from.as_ref().is_none_or(|from| Some(from) == message.from.as_ref())
                && sent.iter().all(|sent| sent.holds(message.at_ms))
        };
        let fitting: Vec<&Message> = self.messages.iter().rev().filter(fits).collect();
        let start = page.saturating_mul(page_size);
        let messages: Vec<Value> =
            fitting.iter().skip(start).take(page_size).map(|message| self.sent(message)).collect();
        let base =
            format!("{}?{}", request.uri().path(), unpaged.append_pair("PageSize", &page_size.to_string()).finish());
        let page_uri = |page: usize| format!("{base}&Page={page}&PageToken=PASM{page:032x}");
        let more = start.saturating_add(page_size) < fitting.len();
        Ok(Reply::json(
            StatusCode::OK,
            &json!({
                "first_page_uri": format!("{base}&Page=0"),
                "next_page_uri": more.then(|| page_uri(page + 1)),
                "previous_page_uri": page.checked_sub(1).map(page_uri),
                "uri": request.uri().to_string(),
                "page": page,
                "page_size": page_size,
                "start": start,
                "end": (start + messages.len()).saturating_sub(1),
                "messages": messages,
            }),
        ))
    }

    fn sent(&self, message: &Message) -> Value {
        let date = rfc2822(message.at_ms);
        let uri = format!("/2010-04-01/Accounts/{}/Messages/{}", self.account, message.sid);
        json!({
            "account_sid": self.account,
            "api_version": "2010-04-01",
            "body": message.body,
            "date_created": date,
            "date_sent": date,
            "date_updated": date,
            "direction": "outbound-api",
            "error_code": null,
            "error_message": null,
            "from": message.from,
            "messaging_service_sid": message.service,
            "num_media": "0",
            "num_segments": numbers::segments(&message.body).to_string(),
            "price": null,
            "price_unit": "USD",
            "sid": message.sid,
            "status": "delivered",
            "subresource_uris": { "media": format!("{uri}/Media.json") },
            "to": message.to,
            "uri": format!("{uri}.json"),
        })
    }
}

impl Endpoint for Twilio {
    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.route(request, now_ms).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let (code, message) = match refusal {
            Refusal::TooLarge => (20001, "The request body is too large"),
            Refusal::TooMany => (20429, "Too Many Requests"),
            Refusal::Internal => (20500, "Internal Server Error"),
        };
        Refused::new(refusal.status(), code, message.to_owned()).into_reply()
    }

    fn records(&self) -> Value {
        json!({ "messages": self.messages.iter().map(|message| self.sent(message)).collect::<Vec<_>>() })
    }
}

impl Refused {
    fn new(status: StatusCode, code: u32, message: String) -> Refused {
        Refused { status, code, message }
    }

    fn into_reply(self) -> Reply {
        let body = json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status.as_u16(),
        });
        let reply = Reply::json(self.status, &body).noted(self.message);
        if self.status != StatusCode::UNAUTHORIZED {
            return reply;
        }
        reply.header(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Twilio API\""))
    }
}
