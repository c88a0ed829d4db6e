//! Faults: ordered, counted, cleared.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::fault::FaultOrder;
use crate::http::Shared;
use crate::provider::Provider;

use super::Refused;

/// Orders a fault; the body is read strictly, so a misspelt order does not pass for a quiet one.
pub(super) async fn add(
    State(shared): State<Shared>,
    Path(provider): Path<Provider>,
    Json(order): Json<Value>,
) -> Result<StatusCode, Refused> {
    let order: FaultOrder = serde_json::from_value(order).map_err(Refused::bad)?;
    if shared.desk(provider).faults.add(order) { Ok(StatusCode::NO_CONTENT) } else { Err(Refused::full()) }
}

/// Forgets all faults that have not happened yet.
pub(super) async fn clear(State(shared): State<Shared>, Path(provider): Path<Provider>) -> StatusCode {
    shared.desk(provider).faults.clear();
    StatusCode::NO_CONTENT
}

/// How many orders have not run out.
pub(super) async fn waiting(State(shared): State<Shared>, Path(provider): Path<Provider>) -> Json<Value> {
    Json(json!({ "waiting": shared.desk(provider).faults.waiting() }))
}
