//! A request, as a test looks at it.

use http::Request;
use serde_json::Value;

/// A request that the plugin sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub(super) request: Request<Vec<u8>>,
    /// The plugin's word that it changes nothing.
    #[cfg_attr(not(feature = "manifest"), expect(dead_code, reason = "only the manifest is looked at beside it"))]
    pub(super) reads: bool,
}

impl Sent {
    /// All of it, without what the host adds as it leaves.
    pub fn request(&self) -> &Request<Vec<u8>> {
        &self.request
    }

    /// The method and the URL without its query, as a test expects them.
    pub fn line(&self) -> String {
        let text = self.request.uri().to_string();
        let url = text.split('?').next().unwrap_or_default();
        format!("{} {url}", self.request.method())
    }

    /// The query's parameters, decoded, in their order.
    pub fn query(&self) -> Vec<(String, String)> {
        let query = self.request.uri().query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    /// A header, where it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The body as text.
    ///
    /// # Panics
    /// Where it isn't UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.request.body()).expect("the body that was sent is text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it isn't JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.request.body()).expect("the body that was sent is JSON")
    }

    /// The fields of a form, decoded, in their order.
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.request.body()).into_owned().collect()
    }
}
