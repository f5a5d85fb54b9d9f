//! Sockets: listens on the loopback interface, reads requests up to the cap, answers or closes.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::control;
use crate::endpoint::{Refusal, Reply};
use crate::service::Service;
use crate::world::World;

/// The largest request body that is read; protects the sandbox from a client that sends without end.
pub const HTTP_BODY_BYTES_MAX: usize = 8 << 20;

/// What answers behind a listener.
#[derive(Clone, Copy)]
pub(crate) enum Behind {
    Control,
    Service(Service),
}

/// A listening socket, served until this is dropped.
pub(crate) struct Listener {
    address: SocketAddr,
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

/// Makes hyper close the connection without a byte of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on purpose")]
struct Hangup;

impl Listener {
    pub(crate) async fn open(behind: Behind, world: Arc<World>) -> io::Result<Listener> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(());
        let task = tokio::spawn(accept(listener, behind, world, stopped));
        Ok(Listener { address, stop, task })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes the socket and its connections; from then on the system refuses new ones.
    pub(crate) async fn close(self) {
        drop(self.stop);
        self.task.await.expect("the accept loop does not panic");
    }
}

async fn accept(listener: TcpListener, behind: Behind, world: Arc<World>, mut stopped: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // The sender never sends: this resolves when it is dropped.
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let service = service_fn({
                        let (world, stopped) = (world.clone(), stopped.clone());
                        move |request| answer(request, behind, world.clone(), stopped.clone())
                    });
                    connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => break,
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn answer(
    request: http::Request<Incoming>,
    behind: Behind,
    world: Arc<World>,
    mut stopped: watch::Receiver<()>,
) -> Result<Response<Full<Bytes>>, Hangup> {
    let (parts, body) = request.into_parts();
    let read = Limited::new(body, HTTP_BODY_BYTES_MAX).collect().await;
    // A service finishes what it has received in full, even if the client goes away in the meantime.
    let work = tokio::spawn(async move {
        let handled = async {
            match (read, behind) {
                (Ok(body), Behind::Control) => {
                    Some(control::answer(&world, http::Request::from_parts(parts, body.to_bytes())).await)
                }
                (Ok(body), Behind::Service(service)) => {
                    world.receive(service, http::Request::from_parts(parts, body.to_bytes())).await
                }
                (Err(error), _) if !error.is::<http_body_util::LengthLimitError>() => None,
                (Err(_), Behind::Control) => Some(control::too_large()),
                (Err(_), Behind::Service(service)) => Some(world.refuse(service, Refusal::TooLarge)),
            }
        };
        tokio::select! {
            _ = stopped.changed() => None,
            reply = handled => reply,
        }
    });
    let reply = work.await.expect("no endpoint panics").ok_or(Hangup)?;
    Ok(into_response(reply))
}

fn into_response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}
