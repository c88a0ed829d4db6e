//! A line of the fault matrix: what goes wrong, and what is expected of it.

use serde_json::{Value, json};

/// What a fault comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The provider charged nothing, and that is known at once.
    Free,
    /// The provider charged, and its owner has the credit.
    Charged,
    /// Nobody can tell at once: the hold stays, and quiet readings decide.
    Unknown,
    /// What left the balance is shown as spent elsewhere, until an operator says otherwise.
    Elsewhere,
}

impl Class {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Charged => "charged",
            Self::Unknown => "unknown",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// What the owner is credited in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credit {
    /// What the provider's books charged.
    AsCharged,
    /// Nothing, whatever the books say.
    Nothing,
    /// What the provider reported, which is less than its books say.
    Reported(&'static str),
}

impl Credit {
    pub(super) fn words(self) -> String {
        match self {
            Self::AsCharged => "as charged".to_owned(),
            Self::Nothing => "nothing".to_owned(),
            Self::Reported(amount) => format!("{amount} as reported"),
        }
    }
}

/// When a fault is ordered from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Before the task is created.
    Before,
    /// Once the task is created.
    Created,
    /// Once the attempt is in its first state.
    Settled,
    /// So long after that the next reading is a quiet one.
    Quiet,
}

/// A fault as the sandbox takes orders for it.
pub(super) struct Order {
    pub(super) when: When,
    pub(super) method: &'static str,
    /// How many calls that it fits go by before.
    pub(super) skip: u32,
    pub(super) count: u32,
    pub(super) fault: Value,
}

/// A provider's door as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    /// Connections are refused.
    Refusing,
    /// Connections are neither taken nor refused.
    Hanging,
}

/// A line of the matrix.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) slug: &'static str,
    pub(super) call: &'static str,
    pub(super) orders: Vec<Order>,
    pub(super) door: Door,
    /// What the key has at the provider.
    pub(super) settings: Value,
    /// Whether the key has solved a task before.
    pub(super) earlier_task: bool,
    /// The attempt's state as soon as the fault has done its work.
    pub(super) first: &'static str,
    /// Its state after quiet readings.
    pub(super) last: &'static str,
    pub(super) class: Class,
    pub(super) credit: Credit,
    /// What is shown as spent outside because a quiet reading brought a false figure: what left by it, or what
    /// the next one took back.
    pub(super) by_false_figure: Option<&'static str>,
}

impl Row {
    /// A fault of a call at 2Captcha that leaves the task charged and credited.
    pub(super) fn of(name: &'static str, call: &'static str, when: When, fault: Value) -> Self {
        Self {
            name,
            slug: "two_captcha",
            call,
            orders: vec![Order { when, method: call, skip: 0, count: 1, fault }],
            door: Door::Open,
            settings: json!({ "balance": "1" }),
            earlier_task: false,
            first: "SETTLED",
            last: "SETTLED",
            class: Class::Charged,
            credit: Credit::AsCharged,
            by_false_figure: None,
        }
    }

    pub(super) fn creating(name: &'static str, fault: Value) -> Self {
        Self::of(name, "createTask", When::Before, fault)
    }

    pub(super) fn polling(name: &'static str, fault: Value) -> Self {
        // Solved before the first poll, so that the fault meets the result.
        let settings = json!({ "balance": "1", "solve_ms": [0, 0] });
        Self { settings, ..Self::of(name, "getTaskResult", When::Before, fault) }
    }

    pub(super) fn reading(name: &'static str, fault: Value) -> Self {
        Self::of(name, "getBalance", When::Created, fault)
    }

    /// A quiet reading brings a false figure, by which so much is shown as spent outside.
    pub(super) fn misreading(name: &'static str, figure: &str, elsewhere: &'static str) -> Self {
        let fault = json!({ "kind": "balance_text", "text": figure });
        Self { by_false_figure: Some(elsewhere), ..Self::of(name, "getBalance", When::Quiet, fault) }
    }

    /// The provider did nothing, and it is known at once.
    pub(super) fn free(self) -> Self {
        Self { first: "FAILED_FREE", last: "FAILED_FREE", class: Class::Free, ..self }
    }

    /// Nobody can tell at once; the readings then show that it was charged.
    pub(super) fn unknown_charged(self) -> Self {
        Self { first: "UNKNOWN", last: "SETTLED", class: Class::Unknown, ..self }
    }

    /// Nobody can tell at once; the readings then show that it was free.
    pub(super) fn unknown_free(self) -> Self {
        Self { first: "UNKNOWN", last: "FAILED_FREE", class: Class::Unknown, ..self }
    }

    /// Not believed: an operator has to look.
    pub(super) fn reviewed(self) -> Self {
        let state = "UNDER_REVIEW";
        Self { first: state, last: state, class: Class::Elsewhere, credit: Credit::Nothing, ..self }
    }

    /// The same with one more order.
    pub(super) fn and(mut self, order: Order) -> Self {
        self.orders.push(order);
        self
    }
}
