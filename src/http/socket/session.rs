//! One socket from its opening to its close.

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Data, Response};
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::{BoxStream, SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _, stream};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout};
use tokio_stream::StreamMap;

use super::message::{self, Close, Incoming};
use super::pace::Pace;
use super::watch::{Sight, Watch};
use crate::domain::request_id;
use crate::graphql::{ApiError, Caller, ErrorCode, RequestId, failure};
use crate::http::Inner;
use crate::http::answer::never_ran;
use crate::http::login::Login;
use crate::http::quota::Place;
use crate::http::request::Asked;

/// How long a client may take to close its side.
const GOODBYE: Duration = Duration::from_secs(2);

/// Serves a socket until it ends.
pub(super) async fn serve(inner: Arc<Inner>, socket: WebSocket, (id, peer): (RequestId, IpAddr)) {
    let (sink, input) = socket.split();
    let stop = inner.ending.stop.clone();
    let mut session = Session::new(inner, sink, (id, peer));
    let mut input = input;
    let close = loop {
        let step = tokio::select! {
            frame = input.next() => session.hear(frame).await,
            Some((id, answer)) = session.operations.next() => session.tell(&id, answer).await,
            sight = session.watch.sees(&session.inner, session.login.as_ref().map(|it| &it.login)) => match sight {
                Sight::Ask => session.send(Message::Ping(Bytes::new())).await,
                Sight::End(close) => ControlFlow::Break(Some(close)),
            },
            () = stop.cancelled() => ControlFlow::Break(Some(Close::Restart)),
        };
        if let ControlFlow::Break(close) = step {
            break close;
        }
    };
    if let Some(close) = close {
        session.say_goodbye(close, input).await;
    }
}

/// Goes on, or ends: with a close, or without one when nobody is there to be told.
type Step = ControlFlow<Option<Close>>;

struct SignedIn {
    login: Login,
    data: Arc<Data>,
    _place: Option<Place>,
}

struct Session {
    inner: Arc<Inner>,
    sink: SplitSink<WebSocket, Message>,
    request_id: RequestId,
    peer: IpAddr,
    login: Option<SignedIn>,
    operations: StreamMap<String, BoxStream<'static, Option<Response>>>,
    pace: Pace,
    watch: Watch,
}

impl Session {
    fn new(inner: Arc<Inner>, sink: SplitSink<WebSocket, Message>, (request_id, peer): (RequestId, IpAddr)) -> Self {
        let (operations, pace, watch) = (StreamMap::new(), Pace::new(Instant::now()), Watch::new());
        Self { inner, sink, request_id, peer, login: None, operations, pace, watch }
    }

    /// Takes a frame in.
    async fn hear(&mut self, frame: Option<Result<Message, axum::Error>>) -> Step {
        let frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(error)) if is_too_big(&error) => return ControlFlow::Break(Some(Close::TooBig)),
            Some(Err(_)) | None => return ControlFlow::Break(None),
        };
        self.watch.heard();
        if !self.pace.admits(Instant::now()) {
            return ControlFlow::Break(Some(Close::TooFast));
        }
        match frame {
            Message::Text(text) => match Incoming::read(&text) {
                Some(incoming) => self.take(incoming).await,
                None => ControlFlow::Break(Some(Close::Invalid)),
            },
            Message::Binary(_) => ControlFlow::Break(Some(Close::Invalid)),
            // The library answers pings and closes by itself.
            Message::Ping(_) | Message::Pong(_) => ControlFlow::Continue(()),
            Message::Close(_) => ControlFlow::Break(None),
        }
    }

    async fn take(&mut self, incoming: Incoming) -> Step {
        match incoming {
            Incoming::ConnectionInit { .. } if self.login.is_some() => ControlFlow::Break(Some(Close::TooManyInits)),
            Incoming::ConnectionInit { payload } => self.sign_in(payload.unwrap_or_default()).await,
            Incoming::Ping { payload } => self.send(message::pong(payload)).await,
            Incoming::Pong {} => ControlFlow::Continue(()),
            Incoming::Subscribe { id, payload } => self.begin(id, payload).await,
            Incoming::Complete { id } => {
                self.operations.remove(&id);
                ControlFlow::Continue(())
            }
        }
    }

    async fn sign_in(&mut self, payload: Map<String, Value>) -> Step {
        let authorization = payload.get("authorization").and_then(Value::as_str).unwrap_or_default();
        let login = self.inner.login(authorization).await.map_err(|error| self.strange(error));
        let signed_in = login.and_then(|login| self.seated(login));
        match signed_in {
            Ok(signed_in) => {
                self.login = Some(signed_in);
                self.send(message::connection_ack()).await
            }
            Err(error) => ControlFlow::Break(Some(Close::Forbidden(error.code().as_str()))),
        }
    }

    /// A login that failed counts against the address; why it failed, or that there were too many.
    fn strange(&self, error: ApiError) -> ApiError {
        if error.code() == ErrorCode::Internal {
            return error;
        }
        self.inner.strangers.admit(self.peer, self.inner.clock.now()).err().unwrap_or(error)
    }

    /// An owner's sockets are few; services may have as many as they like.
    fn seated(&self, login: Login) -> Result<SignedIn, ApiError> {
        let place = match login.caller.actor.account() {
            None => None,
            Some(owner) => {
                let place = self.inner.sockets.take(owner, self.inner.settings.sockets_per_owner);
                Some(place.ok_or(ApiError::new(ErrorCode::RateLimited))?)
            }
        };
        let mut data = Data::default();
        data.insert::<RequestId>(self.request_id.clone());
        data.insert::<Caller>(login.caller.clone());
        Ok(SignedIn { login, data: Arc::new(data), _place: place })
    }

    async fn begin(&mut self, id: String, asked: Asked) -> Step {
        let Some(signed_in) = &self.login else {
            return ControlFlow::Break(Some(Close::Unauthorized("Unauthorized")));
        };
        if self.operations.contains_key(&id) {
            return ControlFlow::Break(Some(Close::Duplicate(id)));
        }
        if self.operations.len() >= self.inner.settings.operations_per_socket {
            let refused = failure(&ApiError::new(ErrorCode::RateLimited), &self.request_id.0);
            return self.send(message::error(&id, &refused.errors)).await;
        }
        let Some(request) = asked.resolved(&self.inner.api) else {
            let refused = failure(&ApiError::bad_input(), &self.request_id.0);
            return self.send(message::error(&id, &refused.errors)).await;
        };
        let operation_type = self.inner.api.operation_type(&request);
        let answers = self.inner.api.stream(request, signed_in.data.clone());
        let answers = match operation_type {
            Some(OperationType::Query | OperationType::Mutation) => self.in_time(answers),
            Some(OperationType::Subscription) | None => answers,
        };
        // A stream that ended leaves the map without a word, so its end is an item as well.
        self.operations.insert(id, answers.map(Some).chain(stream::iter([None])).boxed());
        ControlFlow::Continue(())
    }

    /// The one answer of a query or a mutation, in the time that there is for one.
    fn in_time(&self, mut answers: BoxStream<'static, Response>) -> BoxStream<'static, Response> {
        let (within, id) = (self.inner.settings.answer_within, self.request_id.clone());
        let answer = async move {
            let late = || failure(&ApiError::new(ErrorCode::Timeout), &id.0);
            timeout(within, request_id::within(&id.0, answers.next())).await.unwrap_or_else(|_| Some(late()))
        };
        stream::once(answer).filter_map(std::future::ready).boxed()
    }

    /// Hands on what an operation brought: an answer, or nothing when it is over.
    async fn tell(&mut self, id: &str, answer: Option<Response>) -> Step {
        match answer {
            Some(answer) if never_ran(&answer) => {
                self.operations.remove(id);
                self.send(message::error(id, &answer.errors)).await
            }
            Some(answer) => self.send(message::next(id, &answer)).await,
            None => {
                self.operations.remove(id);
                self.send(message::complete(id)).await
            }
        }
    }

    /// Sends a message that the client has to take in time.
    async fn send(&mut self, message: Message) -> Step {
        match timeout(self.inner.settings.socket_patience, self.sink.send(message)).await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(_)) => ControlFlow::Break(None),
            Err(_) => ControlFlow::Break(Some(Close::TooSlow)),
        }
    }

    /// Closes, and lets the client close its side: a connection that is dropped with something
    /// unread in it can take the close frame with it.
    async fn say_goodbye(mut self, close: Close, mut input: SplitStream<WebSocket>) {
        self.operations.clear();
        let goodbye = async {
            if self.sink.send(close.into()).await.is_ok() {
                while let Some(Ok(_)) = input.next().await {}
            }
        };
        // A client that does not answer is left.
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

/// Whether the frame was longer than a message may be.
fn is_too_big(error: &axum::Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<tungstenite::Error>());
    matches!(source, Some(tungstenite::Error::Capacity(_)))
}
