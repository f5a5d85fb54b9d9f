//! One entry of the settings, read: a tool, and the request that it makes.

use aftercall::{Context, Effect, Failure, Request, Tool};
use serde_json::{Map, Value, json};

use crate::address::Address;
use crate::check::Check;
use crate::fields::Fields;
use crate::headers;
use crate::mistakes::{Mistakes, listed};
use crate::pointer::Pointer;
use crate::settings::{Entry, Method};
use crate::template::{Declared, Template, Values};

/// The longest name of a tool; the contract's own limit.
const NAME_BYTES_MAX: usize = 48;

/// A tool, and the request that it makes.
pub(crate) struct Endpoint {
    pub(crate) name: String,
    description: String,
    parameters: Map<String, Value>,
    effect: Effect,
    identity: Vec<String>,
    method: Method,
    address: Address,
    query: Fields,
    headers: Vec<(String, String)>,
    payload: Option<Payload>,
    /// The header that the effect's key goes into.
    key_header: Option<String>,
    /// What of an answer the model sees.
    pub(crate) result: Option<Pointer>,
    /// Where an answer says that the call failed.
    pub(crate) error: Option<Pointer>,
    /// Where an answer names what was made.
    pub(crate) receipt: Option<Pointer>,
    pub(crate) check: Option<Check>,
}

/// The body of a request.
enum Payload {
    Json(Template),
    Form(Fields),
}

impl Endpoint {
    /// An entry of the settings.
    pub(crate) fn of(entry: Entry, place: &str, mistakes: &mut Mistakes) -> Self {
        let at = |part: &str| format!("{place}, {part}");
        check_texts(&entry, place, mistakes);
        check_parameters(&entry, place, mistakes);
        let effect = entry.effect.map_or_else(|| usual_effect(entry.method), Effect::from);
        check_effect(&entry, effect, place, mistakes);
        let declared = Declared(&entry.parameters);
        let pointer = |text: Option<String>, part: &str, mistakes: &mut Mistakes| {
            text.map(|text| Pointer::read(text, at(part), mistakes))
        };
        let payload = payload(entry.body.as_ref(), entry.form, entry.method, &declared, (place, &mut *mistakes));
        let key_header = entry.idempotency.map(|idempotency| idempotency.header);
        if let Some(header) = &key_header {
            headers::check_name(header, &at("idempotency.header"), mistakes);
        }
        Self {
            address: Address::read(&entry.url, &declared, &at("url"), mistakes),
            query: Fields::of_query(entry.query, &declared, &at("query"), mistakes),
            headers: headers::read(entry.headers, key_header.as_deref(), &at("headers"), mistakes),
            payload,
            key_header,
            result: pointer(entry.result, "result", mistakes),
            error: pointer(entry.error, "error", mistakes),
            receipt: pointer(entry.receipt, "receipt", mistakes),
            check: entry.check.map(|check| Check::of(check, &declared, &at("check"), mistakes)),
            name: entry.name,
            description: entry.description,
            effect,
            identity: entry.identity,
            method: entry.method,
            parameters: entry.parameters,
        }
    }

    /// The tool, as the host lists it.
    pub(crate) fn into_tool(self) -> Tool {
        let mut schema = self.parameters;
        schema.entry("type").or_insert_with(|| json!("object"));
        // Providers want it, of a tool without arguments too.
        schema.entry("properties").or_insert_with(|| json!({}));
        Tool {
            name: self.name,
            title: None,
            description: self.description,
            input_schema: Value::Object(schema).to_string(),
            output_schema: None,
            effect: self.effect,
            identity: self.identity,
            reconcilable: self.check.is_some(),
        }
    }

    /// The request of one call.
    ///
    /// # Errors
    /// `invalid-arguments`, where an argument has no place where it would have to stand.
    pub(crate) fn request<'a>(&self, values: &Values<'_>, cx: &'a Context) -> Result<Request<'a>, Failure> {
        let url = self.address.fill(values.arguments)?;
        let request = match self.method {
            Method::Get => cx.get(url),
            Method::Post => cx.post(url),
            Method::Put => cx.put(url),
            Method::Patch => cx.patch(url),
            Method::Delete => cx.delete(url),
        };
        let request = if self.writes() { request.writes() } else { request.reads_only() };
        let request = request.query(&self.query.fill(values)?);
        let request = match &self.payload {
            Some(Payload::Json(template)) => request.json(&template.fill(values)),
            Some(Payload::Form(fields)) => request.form(&fields.fill(values)?),
            None => request,
        };
        // After the body, whose media type a header may name better.
        let request = self.with_headers(request);
        Ok(match &self.key_header {
            Some(header) => request.header(header, cx.key()),
            None => request,
        })
    }

    /// A request with the fixed headers.
    pub(crate) fn with_headers<'a>(&self, request: Request<'a>) -> Request<'a> {
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// Whether a call can change something.
    pub(crate) fn writes(&self) -> bool {
        self.effect != Effect::Read
    }

    /// Method, scheme and host, for people.
    pub(crate) fn line(&self) -> String {
        let method = match self.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        };
        format!("{method} {}", self.address.origin())
    }
}

/// What repeating a request does, where the settings don't say.
fn usual_effect(method: Method) -> Effect {
    if method == Method::Get { Effect::Read } else { Effect::Once }
}

fn payload(
    body: Option<&Value>,
    form: bool,
    method: Method,
    declared: &Declared<'_>,
    (place, mistakes): (&str, &mut Mistakes),
) -> Option<Payload> {
    let whole = json!({ "$": "arguments" });
    let bodiless = matches!(method, Method::Get | Method::Delete);
    if method == Method::Get && (body.is_some() || form) {
        mistakes.at(place, "a GET has no body: leave out `body` and `form`, and put arguments into `query`");
    }
    let template = body.or((!bodiless || form).then_some(&whole))?;
    let place = format!("{place}, body");
    Some(match form {
        true => Payload::Form(Fields::read(template, declared, &place, mistakes)),
        false => Payload::Json(Template::read(template, declared, &place, mistakes)),
    })
}

fn check_texts(entry: &Entry, place: &str, mistakes: &mut Mistakes) {
    let name = &entry.name;
    let sound = name.len() <= NAME_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !sound {
        let rule = "a tool's name has 1 to 48 characters of a-z, 0-9 and `_`, a letter first";
        mistakes.at(format_args!("{place}, name"), rule);
    }
    if entry.description.trim().is_empty() {
        mistakes.at(format_args!("{place}, description"), "it is empty: the model chooses by it");
    }
}

fn check_parameters(entry: &Entry, place: &str, mistakes: &mut Mistakes) {
    let parameters = &entry.parameters;
    if parameters.get("type").is_some_and(|kind| kind != "object") {
        mistakes.at(format_args!("{place}, parameters"), "arguments are an object: write `type = \"object\"`");
    }
    let declared = Declared(parameters);
    for name in &entry.identity {
        declared.check(name, &format!("{place}, identity"), mistakes);
    }
}

fn check_effect(entry: &Entry, effect: Effect, place: &str, mistakes: &mut Mistakes) {
    let reads = effect == Effect::Read;
    if reads && !matches!(entry.method, Method::Get | Method::Post) {
        let methods = listed(["GET", "POST"]);
        mistakes.at(format_args!("{place}, effect"), format_args!("what only reads is sent with {methods}"));
    }
    if reads && entry.idempotency.is_some() {
        mistakes.at(format_args!("{place}, idempotency"), "what only reads needs no key: leave it out");
    }
    if reads && entry.check.is_some() {
        mistakes.at(format_args!("{place}, check"), "what only reads is never in doubt: leave it out");
    }
}
