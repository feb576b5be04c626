//! The HTTP/1.1 listener. Its own, because a fault must be able to close a connection without an answer, which
//! `axum::serve` does not offer: a response that carries [`Abort`] is never written.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

/// In a response's extensions: close the connection instead of answering.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abort {
    /// With a TCP reset rather than an orderly end.
    pub reset: bool,
}

impl Abort {
    /// A response that is never seen.
    pub(crate) fn response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

/// Accepts for ever. Connections end with the task.
pub(crate) async fn serve(listener: TcpListener, router: axum::Router) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, peer)) => {
                connections.spawn(connection(stream, peer, router.clone()));
            }
            // Out of file descriptors, or the peer left before it was accepted: the next one may do.
            Err(_) => crate::clock::sleep_ms(5).await,
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: axum::Router) {
    // Without it every small answer waits for the peer's delayed ACK; a failure only costs time.
    drop(stream.set_nodelay(true));
    let reset = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(Connection { stream, reset: reset.clone() });
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let (router, reset) = (router.clone(), reset.clone());
        async move {
            request.extensions_mut().insert(ConnectInfo(peer));
            let response = match router.oneshot(request.map(Body::new)).await {
                Ok(response) => response,
                Err(never) => match never as Infallible {},
            };
            match response.extensions().get::<Abort>() {
                Some(abort) => {
                    reset.store(abort.reset, Ordering::SeqCst);
                    Err(io::Error::other("an armed fault closes this connection"))
                }
                None => Ok(response),
            }
        }
    });
    // Either the peer left or a fault closed the connection; both are how connections end here.
    drop(hyper::server::conn::http1::Builder::new().serve_connection(io, service).await);
}

/// A stream that can end with a reset.
struct Connection {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.reset.load(Ordering::SeqCst) {
            // Should it fail, the connection ends in an orderly way, still without an answer.
            drop(self.stream.set_zero_linger());
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
