//! From an HTTP request to a provider's reply.

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method as Verb, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::dialect::legacy_request::{Script, script};
use crate::dialect::{Ask, json_reply, json_request, legacy_reply, legacy_request};
use crate::exchange::{Exchange, perform};
use crate::outcome::Refusal;
use crate::provider::Provider;
use crate::reply::Reply;

use super::breakage::deliver;
use super::line::Peer;
use super::parameters;
use super::shared::Shared;

/// The largest body read; providers take less.
pub(super) const MOST_BYTES: usize = 4 << 20;

/// A provider at the root of its own port.
pub(crate) fn provider_router(shared: Shared, provider: Provider) -> Router {
    Router::new().fallback(at_root).with_state((shared, provider))
}

/// All providers below their names.
pub(crate) async fn by_path(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let path = request.uri().path().trim_matches('/').to_owned();
    let (slug, call) = path.split_once('/').unwrap_or((&path, ""));
    match slug.parse::<Provider>() {
        Ok(provider) => serve(&shared, provider, &peer, call, request).await,
        Err(unknown) => (StatusCode::NOT_FOUND, unknown.to_string()).into_response(),
    }
}

async fn at_root(
    State((shared, provider)): State<(Shared, Provider)>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let call = request.uri().path().trim_matches('/').to_owned();
    serve(&shared, provider, &peer, &call, request).await
}

async fn serve(shared: &Shared, provider: Provider, peer: &Peer, call: &str, request: Request) -> Response {
    let (exchange, reply) = match script(provider, call) {
        Some(script) => match legacy(shared, provider, peer, script, request).await {
            Ok(answered) => answered,
            Err(refused) => return refused,
        },
        None => match json(shared, provider, peer, call, request).await {
            Ok(answered) => answered,
            Err(refused) => return refused,
        },
    };
    deliver(reply, exchange.wire, exchange.latency, peer, &shared.halt).await
}

type Answered = Result<(Exchange, Reply), Response>;

async fn json(shared: &Shared, provider: Provider, peer: &Peer, call: &str, request: Request) -> Answered {
    let posted = request.method() == Verb::POST;
    let body =
        to_bytes(request.into_body(), MOST_BYTES).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
    let mut ask = json_request::read(provider, call, &body);
    if !posted {
        ask.deed = Err(Refusal::NoSuchMethod);
    }
    let exchange = exchange(shared, provider, peer, &ask);
    let setting =
        json_reply::Setting { provider, method: ask.method, key: &ask.key, substitutes: &exchange.substitutes };
    let reply = json_reply::write(&setting, &exchange.outcome);
    Ok((exchange, reply))
}

async fn legacy(shared: &Shared, provider: Provider, peer: &Peer, script: Script, request: Request) -> Answered {
    let parameters = parameters::read(request).await?;
    let (ask, style) = legacy_request::read(provider, script, &parameters);
    let exchange = exchange(shared, provider, peer, &ask);
    let reply = legacy_reply::write(provider, style, &exchange.substitutes, &exchange.outcome);
    Ok((exchange, reply))
}

fn exchange(shared: &Shared, provider: Provider, peer: &Peer, ask: &Ask) -> Exchange {
    let exchange = {
        let mut desk = shared.desk(provider);
        perform(&mut desk, ask, peer.address, shared.clock.now())
    };
    tracing::debug!(%provider, method = ?ask.method, fault = exchange.wire.is_some(), "call");
    shared.tell(provider, ask, &exchange);
    exchange
}
