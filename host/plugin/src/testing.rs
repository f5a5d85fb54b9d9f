//! What tests of the host share: a call of a tool, a vendor on loopback that answers with the bytes that it is told
//! to, and a record of writes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use aftercall_core::{
    conversation::Conversation,
    effect::EffectKey,
    id::{PluginName, RunIdentity, Sha256Hex, Tenant},
    json::Json,
    ports::{Clock, PluginState, RecordsError, WriteRecord},
    state::{Expected, Put, Quota, Space, Value},
    time::Timestamp,
    tool::{CallContext, Effect, Invocation},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// When tests happen.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) fn tenant() -> Tenant {
    "acme".parse().expect("a name")
}

/// The first attempt at a call of a tool that writes once, with twenty seconds to go.
pub(crate) fn invocation(plugin: &PluginName, digest: &Sha256Hex, arguments: Json) -> Invocation {
    let call = RunIdentity {
        tenant: tenant(),
        platform: "native".parse().expect("a name"),
        conversation: "c1".into(),
        revision: 0,
    };
    Invocation {
        tenant: tenant(),
        plugin: plugin.clone(),
        digest: digest.clone(),
        tool: "greet".into(),
        settings: None,
        effect: Effect::Once,
        arguments,
        conversation: Arc::new(Conversation::new(call.platform.clone(), "c1")),
        context: CallContext {
            conversation: call.opaque_conversation(),
            run: call.run(),
            key: EffectKey::from_stored("ac_1".into()),
            attempt: 1,
            first_attempt_at: NOW,
            attempt_at: NOW,
            doubted: false,
            quiet_since: None,
            deadline: NOW.plus_ms(20_000),
            facts: Vec::new(),
            dry_run: false,
        },
    }
}

/// What happened, in order, to whoever shares it.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    pub(crate) fn push(&self, event: impl Into<String>) {
        self.0.lock().expect("not poisoned").push(event.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("not poisoned").clone()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().expect("not poisoned").clear();
    }
}

/// A clock that moves when it is told to.
#[derive(Default)]
pub(crate) struct Moved(AtomicU64);

impl Moved {
    pub(crate) fn by_ms(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A clock that stands still.
pub(crate) struct Stopped(pub(crate) Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A vendor: its port, and the requests that reached it as text.
pub(crate) struct Vendor {
    pub(crate) port: u16,
    pub(crate) requests: Events,
}

impl Vendor {
    /// One that answers each request with these bytes and hangs up.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::start(answer.into(), Events::default()).await
    }

    /// One that accepts each request, and repeats it word for word: in a header what is in its headers, and in the body
    /// everything.
    pub(crate) async fn repeating() -> Self {
        let repeat = |request: &str| {
            let head: Vec<&str> = request.split("\r\n\r\n").next().unwrap_or_default().lines().skip(1).collect();
            Some(http("201 Created", &[&format!("x-repeated: {}", head.join(", "))], request))
        };
        Self::playing(repeat, Events::default()).await
    }

    /// The same, telling `events` when a request has arrived.
    pub(crate) async fn start(answer: Vec<u8>, events: Events) -> Self {
        Self::playing(move |_| Some(answer.clone()), events).await
    }

    /// One that answers each request, of which it gets the text, with what it is told to. None: it never answers.
    pub(crate) async fn playing(
        answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
        events: Events,
    ) -> Self {
        let answer = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let port = listener.local_addr().expect("an address").port();
        let requests = Events::default();
        let seen = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), seen.clone(), events.clone()));
            }
        });
        Self { port, requests }
    }

    /// The only request that reached it.
    pub(crate) fn only_request(&self) -> String {
        let requests = self.requests.all();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

async fn serve(mut stream: TcpStream, answer: Arc<impl Fn(&str) -> Option<Vec<u8>>>, seen: Events, events: Events) {
    let mut bytes = Vec::new();
    let answer = loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a length")) {
                let answer = answer(&text);
                seen.push(text);
                events.push("the vendor has the request");
                break answer;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let Some(answer) = answer else { return std::future::pending().await };
    // The client may have hung up: it has read as much as it wanted.
    drop(stream.write_all(&answer).await);
    drop(stream.shutdown().await);
}

/// An answer over HTTP/1.1.
pub(crate) fn http(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// Records of writes, which may fail.
pub(crate) struct Records {
    pub(crate) events: Events,
    pub(crate) failure: Option<RecordsError>,
}

impl Records {
    pub(crate) fn working(events: &Events) -> Arc<Self> {
        Arc::new(Self { events: events.clone(), failure: None })
    }

    pub(crate) fn failing() -> Arc<Self> {
        Arc::new(Self { events: Events::default(), failure: Some(RecordsError::Fenced) })
    }
}

#[async_trait::async_trait]
impl WriteRecord for Records {
    async fn write_leaves(&self) -> Result<(), RecordsError> {
        self.events.push("recorded");
        self.failure.clone().map_or(Ok(()), Err)
    }
}

/// What plugins keep, in memory, without quotas.
#[derive(Default)]
pub(crate) struct Kept(Mutex<BTreeMap<(Space, String), Value>>);

#[async_trait::async_trait]
impl PluginState for Kept {
    async fn get(&self, space: &Space, key: &str) -> Result<Option<Value>, RecordsError> {
        Ok(self.0.lock().expect("not poisoned").get(&(space.clone(), key.to_owned())).cloned())
    }

    async fn put(
        &self,
        space: &Space,
        key: &str,
        bytes: &[u8],
        expected: Expected,
        _: Quota,
    ) -> Result<Put, RecordsError> {
        let mut all = self.0.lock().expect("not poisoned");
        let place = (space.clone(), key.to_owned());
        let found = all.get(&place).map(|value| value.version);
        if !expected.meets(found) {
            return Ok(Put::Stale);
        }
        let version = found.unwrap_or(0) + 1;
        all.insert(place, Value { bytes: bytes.to_vec(), version });
        Ok(Put::Done(version))
    }

    async fn delete(&self, space: &Space, key: &str) -> Result<(), RecordsError> {
        self.0.lock().expect("not poisoned").remove(&(space.clone(), key.to_owned()));
        Ok(())
    }

    async fn keys(&self, space: &Space, prefix: &str, _: Option<&str>, _: u32) -> Result<Vec<String>, RecordsError> {
        let all = self.0.lock().expect("not poisoned");
        let ours = all.keys().filter(|(of, key)| of == space && key.starts_with(prefix));
        Ok(ours.map(|(_, key)| key.clone()).collect())
    }
}
