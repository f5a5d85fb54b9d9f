//! How a platform signs: what platforms differ in, as data.

use std::str::FromStr;

use aftercall_core::time::Timestamp;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName};

use super::{Unverified, key::Key, only, verdict};

/// Most signatures that are looked at: a sender that rotates its key sends two. Protects the host's time.
const SIGNATURES_MAX: usize = 8;

/// As many seconds since 1970 are after the year 5000, and as many milliseconds in 1973.
const SECONDS_MAX: u64 = 100_000_000_000;

/// How a platform signs its webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Where the signature stands.
    pub signature: Place,
    /// How it is written.
    pub encoding: Encoding,
    /// When it was made. None: a webhook can be sent again by whoever saw it, for ever. A call has one run all the same.
    pub time: Option<Time>,
    /// What is signed.
    pub signed: Template,
}

/// Where something stands in the headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The header, which must be there once.
    pub header: HeaderName,
    /// What separates the parts of the header. None: it has but one.
    pub separator: Option<char>,
    /// How a part begins that is meant: `v0=`.
    pub prefix: String,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Two digits a byte (RFC 4648, section 8), small or large.
    Hex,
    /// RFC 4648, section 4.
    Base64,
}

/// When a webhook was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    /// Where it stands: a whole number since 1970.
    pub place: Place,
    /// Of what.
    pub unit: Unit,
    /// How far it may be from ours, in milliseconds. An older one is a replay, or lost its way.
    pub tolerance_ms: u64,
}

/// What a time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds, or milliseconds: told by how large the number is.
    Either,
}

/// What is signed: a text with places for `{body}`, `{timestamp}` as it is written in the headers, and `{header:NAME}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTemplate {
    /// Something else is to be put in.
    #[error("`{{{0}}}` can't be signed here: `{{body}}`, `{{timestamp}}` and `{{header:NAME}}` can")]
    Unknown(String),
    /// By which one signature would fit all bodies.
    #[error("what is signed must have `{{body}}` in it, once")]
    Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Body,
    Timestamp,
    Header(HeaderName),
}

impl Place {
    /// A whole header, but for how it begins.
    pub fn whole(header: HeaderName, prefix: impl Into<String>) -> Self {
        Self { header, separator: None, prefix: prefix.into() }
    }

    /// One of the parts of a header.
    pub fn part(header: HeaderName, separator: char, prefix: impl Into<String>) -> Self {
        Self { header, separator: Some(separator), prefix: prefix.into() }
    }

    /// What stands there: at least one thing, at most so many.
    fn find<'a>(&'a self, headers: &'a HeaderMap) -> Result<impl Iterator<Item = &'a str>, Unverified> {
        let parts = only(headers, &self.header)?.split(|char| Some(char) == self.separator).take(SIGNATURES_MAX);
        let mut found = parts.filter_map(|part| part.trim().strip_prefix(&*self.prefix)).peekable();
        if found.peek().is_none() { Err(Unverified::Header(self.header.clone())) } else { Ok(found) }
    }

    /// Writes something there, which is visible ASCII, behind what already stands there.
    fn put(&self, headers: &mut HeaderMap, text: &str) {
        let mut value = self.prefix.clone() + text;
        if let (Some(separator), Ok(before)) = (self.separator, only(headers, &self.header)) {
            value = format!("{before}{separator}{value}");
        }
        headers.insert(self.header.clone(), value.parse().expect("it is ASCII"));
    }
}

impl Encoding {
    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => {
                let digits: Option<Vec<u8>> =
                    text.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
                let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
                Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
            }
            Self::Base64 => BASE64_STANDARD.decode(text).ok(),
        }
    }

    fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            Self::Base64 => BASE64_STANDARD.encode(bytes),
        }
    }
}

impl Time {
    /// The time as it is written, if it is near ours.
    fn find<'a>(&'a self, headers: &'a HeaderMap, now: Timestamp) -> Result<&'a str, Unverified> {
        let malformed = || Unverified::Header(self.place.header.clone());
        let mut found = self.place.find(headers)?;
        let (Some(written), None) = (found.next(), found.next()) else { return Err(malformed()) };
        let number = written.parse::<u64>().ok();
        let at = number.and_then(|number| number.checked_mul(self.unit.ms(number))).ok_or_else(malformed)?;
        let at = Timestamp::from_millis(at);
        match now.ms_since(at).max(at.ms_since(now)) > self.tolerance_ms {
            true => Err(Unverified::TooFarInTime),
            false => Ok(written),
        }
    }
}

impl Unit {
    /// How many milliseconds one is, of which so many have passed since 1970.
    const fn ms(self, number: u64) -> u64 {
        match self {
            Self::Milliseconds => 1,
            Self::Either if number >= SECONDS_MAX => 1,
            Self::Seconds | Self::Either => 1000,
        }
    }
}

impl FromStr for Template {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidTemplate> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let unknown = |name: &str| InvalidTemplate::Unknown(name.to_owned());
            let (name, behind) = after.split_once('}').ok_or_else(|| unknown(after))?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(match name {
                "body" => Part::Body,
                "timestamp" => Part::Timestamp,
                other => {
                    let header = other.strip_prefix("header:").and_then(|header| header.parse().ok());
                    Part::Header(header.ok_or_else(|| unknown(other))?)
                }
            });
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        match parts.iter().filter(|part| **part == Part::Body).count() {
            1 => Ok(Self(parts)),
            _ => Err(InvalidTemplate::Body),
        }
    }
}

impl Template {
    /// Whether the time is signed, which must be known then.
    pub fn has_timestamp(&self) -> bool {
        self.0.contains(&Part::Timestamp)
    }

    fn fill<'a>(
        &'a self,
        headers: &'a HeaderMap,
        timestamp: &'a str,
        body: &'a [u8],
    ) -> Result<Vec<&'a [u8]>, Unverified> {
        let mut filled = Vec::with_capacity(self.0.len());
        for part in &self.0 {
            filled.push(match part {
                Part::Text(text) => text.as_bytes(),
                Part::Body => body,
                Part::Timestamp => timestamp.as_bytes(),
                Part::Header(name) => only(headers, name)?.as_bytes(),
            });
        }
        Ok(filled)
    }
}

impl Scheme {
    /// Standard Webhooks: an HMAC over identifier, time and body. Its reference libraries allow five minutes.
    /// See <https://www.standardwebhooks.com>.
    pub fn standard() -> Self {
        let header = HeaderName::from_static;
        Self {
            signature: Place::part(header("webhook-signature"), ' ', "v1,"),
            encoding: Encoding::Base64,
            time: Some(Time {
                place: Place::whole(header("webhook-timestamp"), ""),
                unit: Unit::Seconds,
                tolerance_ms: 5 * 60 * 1000,
            }),
            signed: "{header:webhook-id}.{timestamp}.{body}".parse().expect("it is a template"),
        }
    }

    /// The headers with which this body is believed. None: with the half of the key that this is, nobody can sign.
    pub(super) fn sign(&self, key: &Key, id: &str, at: Timestamp, body: &[u8]) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        for part in &self.signed.0 {
            if let Part::Header(name) = part {
                Place::whole(name.clone(), "").put(&mut headers, id);
            }
        }
        let timestamp =
            self.time.as_ref().map_or_else(String::new, |time| (at.as_millis() / time.unit.ms(0)).to_string());
        if let Some(time) = &self.time {
            time.place.put(&mut headers, &timestamp);
        }
        let signature = key.sign(&self.signed.fill(&headers, &timestamp, body).ok()?)?;
        self.signature.put(&mut headers, &self.encoding.encode(&signature));
        Some(headers)
    }

    pub(super) fn verify_head(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), Unverified> {
        let timestamp = self.time.as_ref().map(|time| time.find(headers, now)).transpose()?.unwrap_or_default();
        self.signed.fill(headers, timestamp, &[])?;
        self.signature.find(headers).map(drop)
    }

    pub(super) fn verify(
        &self,
        keys: &[Key],
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unverified> {
        let timestamp = self.time.as_ref().map(|time| time.find(headers, now)).transpose()?.unwrap_or_default();
        let parts = self.signed.fill(headers, timestamp, body)?;
        let found = self.signature.find(headers)?;
        let signatures: Vec<Vec<u8>> = found.filter_map(|text| self.encoding.decode(text)).collect();
        verdict(keys.iter().map(|key| key.fits(&parts, &signatures)))
    }
}
