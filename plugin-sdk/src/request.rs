//! The HTTP client behind the context.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::transport::{Host as _, TransportError};
use crate::vendor::Exchange;
use crate::{Context, Failure, Response, path};

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Methods that change nothing. Source: IANA's registry of HTTP methods, those that are safe.
const SAFE: [&str; 6] = ["GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "SEARCH"];

/// A request in the making. The host adds the credential as it leaves, and decides whether it may.
#[must_use = "a request goes nowhere until it is sent"]
pub struct Request<'a> {
    context: &'a Context,
    method: Method,
    url: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    reads: bool,
    /// The first mistake in the making of it, reported by `send`.
    mistake: Option<String>,
}

impl Context {
    /// A GET of an absolute URL.
    pub fn get(&self, url: impl Into<String>) -> Request<'_> {
        Request::new(self, Method::GET, url.into())
    }

    /// A POST to an absolute URL.
    pub fn post(&self, url: impl Into<String>) -> Request<'_> {
        Request::new(self, Method::POST, url.into())
    }

    /// A PUT to an absolute URL.
    pub fn put(&self, url: impl Into<String>) -> Request<'_> {
        Request::new(self, Method::PUT, url.into())
    }

    /// A PATCH to an absolute URL.
    pub fn patch(&self, url: impl Into<String>) -> Request<'_> {
        Request::new(self, Method::PATCH, url.into())
    }

    /// A DELETE of an absolute URL.
    pub fn delete(&self, url: impl Into<String>) -> Request<'_> {
        Request::new(self, Method::DELETE, url.into())
    }

    /// A request of any method to an absolute URL, such as a `REPORT` of WebDAV.
    pub fn request(&self, method: &str, url: impl Into<String>) -> Request<'_> {
        match Method::try_from(method) {
            Ok(method) => Request::new(self, method, url.into()),
            Err(_) => {
                let mut request = Request::new(self, Method::GET, url.into());
                request.mistaken(format!("{method:?} is no method"));
                request
            }
        }
    }
}

/// The text as one segment of a URL's path: `a b?` becomes `a%20b%3F`, so that no argument can change which path a request
/// goes to. One of `a/b`, `..` and what else servers may take for syntax after decoding isn't sent at all, nor an empty one, behind
/// which the path of one thing would be that of all: [`send`](Request::send) fails with `invalid-arguments`, or names the
/// tenant's setting that the text is of.
pub fn path_segment(text: &str) -> String {
    match text {
        // No such path is sent, wherever in it this stands.
        "" | "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        text => utf8_percent_encode(text, RESERVED).to_string(),
    }
}

impl<'a> Request<'a> {
    fn new(context: &'a Context, method: Method, url: String) -> Self {
        Self {
            context,
            reads: SAFE.contains(&method.as_str()),
            method,
            url,
            headers: Vec::new(),
            body: Vec::new(),
            mistake: None,
        }
    }

    /// Says that this request changes nothing, whatever its method: a search that is a POST. A failure of
    /// it is then never a doubt about an effect.
    pub fn reads_only(mut self) -> Self {
        self.reads = true;
        self
    }

    /// Says that this request changes something, whatever its method: a GET that sets something off. A failure of it can
    /// be a doubt about an effect then.
    pub fn writes(mut self) -> Self {
        self.reads = false;
        self
    }

    /// Adds parameters to the URL's query, encoded.
    pub fn query<K: AsRef<str>, V: AsRef<str>>(mut self, parameters: &[(K, V)]) -> Self {
        if !parameters.is_empty() {
            self.url.push(if self.url.contains('?') { '&' } else { '?' });
            self.url.push_str(&encode(parameters));
        }
        self
    }

    /// Adds a header. A content type takes the place of the one before: a body has one.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(CONTENT_TYPE), Ok(value)) => return self.content_type(value),
            (Ok(name), Ok(value)) => self.headers.push((name, value)),
            _ => self.mistaken(format!("the header {name:?} is not one")),
        }
        self
    }

    /// Sends this as a JSON body.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = bytes,
            Err(error) => self.mistaken(format!("the body is not JSON: {error}")),
        }
        self.content_type(HeaderValue::from_static("application/json"))
    }

    /// Sends these fields as the body of an HTML form.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(mut self, fields: &[(K, V)]) -> Self {
        self.body = encode(fields).into_bytes();
        self.content_type(HeaderValue::from_static("application/x-www-form-urlencoded"))
    }

    /// Sends these bytes as a body of this media type.
    pub fn body(mut self, media_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        match HeaderValue::try_from(media_type) {
            Ok(value) => self.content_type(value),
            Err(_) => {
                self.mistaken(format!("the media type {media_type:?} can't be a header"));
                self
            }
        }
    }

    /// Sends the request. Any answer of the vendor is a [`Response`]; [`Response::ok`] tells the good ones.
    ///
    /// # Errors
    /// `invalid-arguments` where the host lets no such path pass, or `misconfigured` where that is for the text of a setting; `denied` where the grant doesn't allow the request; `unavailable` where the vendor can't be reached;
    /// `outcome-unknown` where a request that writes was sent and no whole answer came.
    pub async fn send(self) -> Result<Response, Failure> {
        let exchange = Exchange {
            method: self.method.clone(),
            url: self.url.split('?').next().unwrap_or_default().to_owned(),
            reads: self.reads,
        };
        let host = self.context.host();
        let response = match self.build() {
            Ok(request) => host.send(request, exchange.reads).await,
            Err(error) => Err(error),
        };
        match response {
            Ok(response) => Ok(Response::new(exchange, response)),
            Err(error) => Err(exchange.unanswered(&error)),
        }
    }

    fn build(self) -> Result<http::Request<Vec<u8>>, TransportError> {
        if let Some(mistake) = self.mistake {
            return Err(TransportError::Unsendable(mistake));
        }
        let uri = self.url.parse::<Uri>().ok();
        let absolute = uri.filter(|uri| uri.scheme().is_some() && uri.authority().is_some());
        let Some(uri) = absolute else {
            return Err(TransportError::Unsendable("its URL is not absolute and encoded".to_owned()));
        };
        if !path::is_canonical(uri.path()) {
            let setting = path::setting_in(&self.url, &self.context.host().settings());
            return Err(TransportError::Misleading { setting });
        }
        let writes_body = !self.body.is_empty() || matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        let mut request = http::Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        if writes_body {
            let length = HeaderValue::from(request.body().len());
            request.headers_mut().insert(CONTENT_LENGTH, length);
        }
        for (name, value) in self.headers {
            request.headers_mut().append(name, value);
        }
        Ok(request)
    }

    fn content_type(mut self, value: HeaderValue) -> Self {
        self.headers.retain(|(name, _)| name != CONTENT_TYPE);
        self.headers.push((CONTENT_TYPE, value));
        self
    }

    fn mistaken(&mut self, message: String) {
        self.mistake.get_or_insert(message);
    }
}

fn encode<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
