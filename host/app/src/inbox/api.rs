//! A platform's API, asked over HTTP: requests and answers are the intake crate's business, bytes this file's.

use std::{sync::Arc, time::Duration};

use aftercall_core::secret::Secret;
use aftercall_intake::{Api, Ask, Form, Listed, PAYLOAD_BYTES_MAX, Span};
use reqwest::{
    Client, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
    redirect,
};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;

/// How long one answer may take, in milliseconds.
const ANSWER_MS_MAX: u64 = 30_000;

/// Most of an answer's words that trouble shows, in characters.
const WORDS_CHARS_MAX: usize = 200;

/// A platform's API with a tenant's key to it.
#[derive(Debug)]
pub(crate) struct PlatformApi {
    client: Client,
    base_url: String,
    /// The key, marked as sensitive.
    headers: HeaderMap,
    key: Secret,
}

/// Why the API gave no answer that can be used.
struct Refused {
    /// The answer's status. None: there was no whole answer.
    status: Option<StatusCode>,
    /// For people.
    words: String,
}

/// The client that all share. It follows no redirect, knows no proxy, and trusts the certificates that the system trusts.
///
/// # Errors
/// No certificate can be checked.
pub(crate) fn client() -> anyhow::Result<Client> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let tls = tls.with_platform_verifier()?.with_no_client_auth();
    let client = Client::builder().tls_backend_preconfigured(tls).redirect(redirect::Policy::none()).no_proxy();
    Ok(client.timeout(Duration::from_millis(ANSWER_MS_MAX)).build()?)
}

impl PlatformApi {
    /// The API at its own address, or at another one.
    ///
    /// # Errors
    /// The address is none, or no header can carry the key.
    pub(crate) fn new(client: Client, api: &Api, base_url: Option<&str>, key: Secret) -> Result<Self, String> {
        let base_url = base_url.unwrap_or(api.base_url).trim_end_matches('/').to_owned();
        let url = Url::parse(&base_url).map_err(|error| format!("base_url: `{base_url}` is no URL ({error})"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("base_url: `{base_url}` is neither http nor https"));
        }
        let mut value = HeaderValue::from_str(&format!("{}{}", api.key_before, key.expose()))
            .map_err(|_| "key: it has characters that no HTTP header can carry".to_owned())?;
        value.set_sensitive(true);
        Ok(Self { client, base_url, headers: HeaderMap::from_iter([(api.key_header.clone(), value)]), key })
    }

    /// The whole record of a call.
    ///
    /// # Errors
    /// The API can't be reached or doesn't give it, in words for people.
    pub(super) async fn gather(&self, form: Form, conversation: &str) -> Result<Vec<u8>, String> {
        let mut gathering = form.gather(conversation).ok_or("this platform has no API that tells of calls")?;
        while let Some(ask) = gathering.next() {
            match self.ask(&ask).await {
                Ok(answer) => gathering.answered(&answer).map_err(|error| error.to_string())?,
                Err(Refused { status: Some(StatusCode::NOT_FOUND), words }) => {
                    // It may be an assistant that was deleted since, of a call that is there.
                    if !gathering.without().map_err(|error| error.to_string())? {
                        return Err(words);
                    }
                }
                Err(Refused { words, .. }) => return Err(words),
            }
        }
        Ok(gathering.finish())
    }

    /// The calls that ended in a span.
    ///
    /// # Errors
    /// The API can't be reached or doesn't list them, in words for people.
    pub(super) async fn list(&self, form: Form, span: Span) -> Result<Vec<Listed>, String> {
        let mut listing = form.list(span).ok_or("this platform has no API that lists calls")?;
        let mut listed = Vec::new();
        while let Some(ask) = listing.next() {
            let answer = self.ask(&ask).await.map_err(|refused| refused.words)?;
            listed.extend(listing.answered(&answer).map_err(|error| error.to_string())?);
        }
        Ok(listed)
    }

    async fn ask(&self, ask: &Ask) -> Result<Vec<u8>, Refused> {
        let mut request = self.client.request(ask.method.clone(), format!("{}{}", self.base_url, ask.path));
        request = request.headers(self.headers.clone());
        if let Some(body) = &ask.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.as_str().to_owned());
        }
        let refused =
            |status, words: String| Refused { status, words: format!("{} {}: {words}", ask.method, ask.path) };
        let lost = |error: reqwest::Error| refused(None, error.without_url().to_string());
        let mut response = request.send().await.map_err(lost)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            body.extend_from_slice(&chunk);
            if body.len() > PAYLOAD_BYTES_MAX {
                return Err(refused(None, format!("the answer is larger than {PAYLOAD_BYTES_MAX} bytes")));
            }
        }
        match response.status() {
            status if status.is_success() => Ok(body),
            status => Err(refused(Some(status), format!("the platform answers {status}: {}", self.words(&body)))),
        }
    }

    /// How an answer begins, without the key.
    fn words(&self, body: &[u8]) -> String {
        let text = String::from_utf8_lossy(body).replace(self.key.expose(), "…");
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS_CHARS_MAX).collect()
    }
}
