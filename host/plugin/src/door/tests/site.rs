//! A vendor that answers as a function says, on kept connections, and a resolver that answers as it is told.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::super::Resolver;
use crate::testing::Events;

/// What is answered to a path with its query.
type Script = dyn Fn(&str) -> Vec<u8> + Send + Sync;

/// A server on loopback: what reached it, and when its clients hung up.
pub(super) struct Site {
    pub(super) port: u16,
    /// The heads of requests.
    pub(super) requests: Events,
    connections: Arc<AtomicUsize>,
    pub(super) hung_up: Arc<tokio::sync::Notify>,
}

impl Site {
    /// One that answers each request, of which it is given the path with its query.
    pub(super) async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", answer).await.expect("loopback")
    }

    pub(super) async fn at(
        address: &str,
        answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let port = listener.local_addr()?.port();
        let (requests, connections, hung_up) = (Events::default(), Arc::new(AtomicUsize::new(0)), Arc::default());
        let site = Self { port, requests: requests.clone(), connections: Arc::clone(&connections), hung_up };
        let hung_up = Arc::clone(&site.hung_up);
        let answer: Arc<Script> = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (answer, requests, hung_up) = (Arc::clone(&answer), requests.clone(), Arc::clone(&hung_up));
                tokio::spawn(async move {
                    serve(stream, &*answer, &requests).await;
                    hung_up.notify_one();
                });
            }
        });
        Ok(site)
    }

    /// How many connections were ever made to it.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Serves one connection until either side has had enough: an answer that is not whole is the last.
async fn serve(mut stream: TcpStream, answer: &Script, requests: &Events) {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0_usize);
        while bytes.len() < end + length {
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        bytes.drain(..end + length);
        requests.push(&head);
        let path = head.split(' ').nth(1).unwrap_or_default();
        if stream.write_all(&answer(path)).await.is_err() {
            return;
        }
    }
}

/// A whole answer on a kept connection.
pub(super) fn kept(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

/// A resolver by the book: what it answers to a name in turn, the last answer from then on. It tells how often it was
/// asked.
#[derive(Default)]
pub(super) struct Answers {
    answers: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    /// What it answers to any other name. None: that there is none such.
    otherwise: Option<IpAddr>,
    asked: AtomicUsize,
}

impl Answers {
    pub(super) fn of(name: &str, answers: &[&[&str]]) -> Arc<Self> {
        let all = Self::default();
        all.add(name, answers);
        Arc::new(all)
    }

    /// One that has this answer to any name.
    pub(super) fn to_all(address: [u8; 4]) -> Self {
        Self { otherwise: Some(address.into()), ..Self::default() }
    }

    pub(super) fn add(&self, name: &str, answers: &[&[&str]]) {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().expect("an address")).collect();
        self.answers.lock().expect("not poisoned").insert(name.into(), answers.iter().map(parse).collect());
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Resolver for Answers {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().expect("not poisoned");
        match answers.get_mut(name) {
            Some(queue) if queue.len() > 1 => Ok(queue.pop_front().expect("is not empty")),
            Some(queue) => Ok(queue.front().cloned().unwrap_or_default()),
            None => self.otherwise.map(|address| vec![address]).ok_or(io::ErrorKind::NotFound.into()),
        }
    }
}
