//! Faults to order: which calls they hit, how often, and what they do.
//!
//! Owns the queue. Three sorts exist, and [`FaultKind::stage`] tells which is which: an *instead*
//! fault replaces the provider's answer, a *wire* fault damages its delivery, a *twist* changes one
//! fact of a true answer and waits for an answer that has this fact.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::account::Method;

/// Faults waiting per provider.
const MOST_WAITING: usize = 1_000;
const DRIP_MS: u64 = 1_000;
const BOMB_BYTES: u64 = 16 << 20;

/// What goes wrong.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum FaultKind {
    /// A bare HTTP answer.
    Status {
        status: u16,
        content_type: Option<String>,
        body: Option<String>,
        #[serde(default)]
        headers: Map<String, Value>,
    },
    /// A vendor's error in the dialect's own shape.
    Error { code: String, http_status: Option<u16> },
    /// Silence, then a closed connection.
    Hang { ms: u64 },
    /// The true answer, late.
    Delay { ms: u64 },
    /// The connection is reset without an answer.
    Reset,
    /// The connection is reset after half of the body.
    ResetMidBody,
    /// The body comes byte by byte.
    Drip {
        #[serde(default = "drip_ms")]
        interval_ms: u64,
    },
    /// Half of the body, correctly framed.
    Truncate,
    /// The body twice in a row.
    DoubleJson,
    /// A proxy's error page.
    Html { status: Option<u16> },
    /// Bytes that are not UTF-8, announced as JSON.
    Garbage,
    /// A well-formed but enormous body.
    HugeBody { bytes: u64 },
    /// Arrays within arrays.
    Nesting { depth: usize },
    /// A small compressed body that unpacks to `bytes`.
    GzipBomb {
        #[serde(default = "bomb_bytes")]
        bytes: u64,
    },
    /// A redirect with method and body kept.
    Redirect { location: String },
    /// A Content-Length that the body does not reach.
    WrongLength,
    /// The true body under a false media type.
    WrongContentType,
    /// A body to order.
    Raw { body: String, status: Option<u16>, content_type: Option<String> },
    /// A JSON token in place of the balance.
    BalanceText { text: String },
    /// A JSON token in place of the cost; without text the cost is missing.
    CostText { text: Option<String> },
    /// A JSON token in place of the task id.
    TaskIdText { text: String },
    /// The id of the key's previous task is given out again.
    DuplicateTaskId,
    /// After the answer the task looks unsolved once more.
    SolutionThenProcessing,
    /// The task cannot be solved.
    Unsolvable,
}

fn drip_ms() -> u64 {
    DRIP_MS
}

fn bomb_bytes() -> u64 {
    BOMB_BYTES
}

/// Where a fault takes hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    Instead,
    Wire,
    Twist,
}

/// Whether the call does its work before the reply is broken.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    None,
    Apply,
}

impl FaultKind {
    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Error { .. } => Stage::Instead,
            Self::BalanceText { .. }
            | Self::CostText { .. }
            | Self::TaskIdText { .. }
            | Self::DuplicateTaskId
            | Self::SolutionThenProcessing
            | Self::Unsolvable => Stage::Twist,
            _ => Stage::Wire,
        }
    }

    /// A reply that still arrives whole belongs to a call that was carried out; one that does not
    /// arrive belongs, unless ordered otherwise, to a call that never happened.
    fn usual_effect(&self) -> Effect {
        match self {
            Self::Delay { .. } | Self::Drip { .. } | Self::WrongContentType => Effect::Apply,
            _ if self.stage() == Stage::Twist => Effect::Apply,
            _ => Effect::None,
        }
    }
}

/// A fault and its effect, as written in an order: `{"kind": …, "effect"?: …}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) effect: Effect,
}

impl TryFrom<Map<String, Value>> for Fault {
    type Error = serde_json::Error;

    fn try_from(mut fields: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let effect = fields.remove("effect").map(serde_json::from_value).transpose()?;
        let kind: FaultKind = serde_json::from_value(Value::Object(fields))?;
        Ok(Self { effect: effect.unwrap_or_else(|| kind.usual_effect()), kind })
    }
}

/// Which calls an order hits.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Target {
    One(Method),
    Any(Star),
}

/// The text `*`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Star {
    #[serde(rename = "*")]
    Star,
}

/// A fault with the calls it hits.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultOrder {
    key: Option<String>,
    method: Target,
    count: u64,
    #[serde(default)]
    skip: u64,
    fault: Fault,
}

/// The queue of one provider.
#[derive(Default)]
pub(crate) struct Faults(Vec<FaultOrder>);

impl Faults {
    /// Appends an order; answers false when too many are waiting.
    pub(crate) fn add(&mut self, order: FaultOrder) -> bool {
        if self.0.len() >= MOST_WAITING {
            return false;
        }
        if order.count > 0 {
            self.0.push(order);
        }
        true
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn waiting(&self) -> usize {
        self.0.len()
    }

    /// The first fault for this call among those that `fits` accepts. Orders that still skip calls
    /// count this one.
    pub(crate) fn take(&mut self, method: Method, key: &str, fits: impl Fn(&FaultKind) -> bool) -> Option<Fault> {
        let mut taken = None;
        for order in &mut self.0 {
            let hits = match order.method {
                Target::One(wanted) => wanted == method,
                Target::Any(Star::Star) => true,
            };
            if !hits || order.key.as_ref().is_some_and(|wanted| wanted != key) {
                continue;
            }
            if !fits(&order.fault.kind) {
                continue;
            }
            if order.skip > 0 {
                order.skip -= 1;
                continue;
            }
            order.count -= 1;
            taken = Some(order.fault.clone());
            break;
        }
        self.0.retain(|order| order.count > 0);
        taken
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Effect, FaultKind, FaultOrder, Faults};
    use crate::account::Method;

    fn order(value: serde_json::Value) -> FaultOrder {
        serde_json::from_value(value).expect("a valid order")
    }

    #[test]
    fn orders_hit_the_calls_they_name() {
        let mut faults = Faults::default();
        faults.add(order(json!({
            "key": "k", "method": "getBalance", "count": 1, "skip": 1, "fault": { "kind": "reset" }
        })));
        let any = |_: &FaultKind| true;
        assert!(faults.take(Method::CreateTask, "k", any).is_none());
        assert!(faults.take(Method::GetBalance, "other", any).is_none());
        assert!(faults.take(Method::GetBalance, "k", any).is_none(), "the first call is skipped");
        let fault = faults.take(Method::GetBalance, "k", any).expect("the second call is hit");
        assert_eq!(fault.effect, Effect::None);
        assert_eq!(faults.waiting(), 0);
    }

    #[test]
    fn misspelt_orders_are_refused() {
        for value in [
            json!({ "method": "createTask", "count": 1, "fault": { "kind": "resett" } }),
            json!({ "method": "create", "count": 1, "fault": { "kind": "reset" } }),
            json!({ "method": "*", "count": 1, "fault": { "kind": "hang", "ms": 1, "seconds": 1 } }),
        ] {
            assert!(serde_json::from_value::<FaultOrder>(value).is_err());
        }
    }
}
