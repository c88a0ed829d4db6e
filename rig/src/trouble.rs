//! Why the rig itself cannot go on, which is no verdict over the server.

/// One sentence for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Trouble(pub(crate) String);

/// What may end in trouble.
pub(crate) type Outcome<T> = Result<T, Trouble>;

impl Trouble {
    /// Trouble with what was attempted.
    pub(crate) fn with(what: &str) -> impl Fn(&dyn std::fmt::Display) -> Self {
        move |error| Self(format!("{what}: {error}"))
    }
}

macro_rules! trouble_from {
    ($($error:ty),*) => {$(
        impl From<$error> for Trouble {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        }
    )*};
}

trouble_from!(
    std::io::Error,
    sea_orm::DbErr,
    reqwest::Error,
    serde_json::Error,
    tokio::task::JoinError,
    tokio_tungstenite::tungstenite::Error
);
