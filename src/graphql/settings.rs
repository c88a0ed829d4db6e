//! Limits and switches of the API, filled by the composition root.

/// Who may read the schema from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Introspection {
    /// Nobody.
    Nobody,
    /// Callers with a service token.
    Services,
    /// Everybody who is signed in.
    Everybody,
}

/// Limits and switches of the API.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Deepest nesting of fields in a request.
    pub depth_max: usize,
    /// Most points that one request may cost: a field is one, a list counts for each item it may hold.
    pub cost_max: usize,
    /// Most aliases in one request, with spreads followed.
    pub aliases_max: u64,
    /// Most tokens of one request's text.
    pub tokens_max: usize,
    /// Points that an owner has for each minute.
    pub owner_points_per_minute: u32,
    /// Points that a service has for each minute.
    pub service_points_per_minute: u32,
    /// Who may read the schema.
    pub introspection: Introspection,
    /// Whether owners may run trusted documents only.
    pub owners_run_trusted_only: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            depth_max: 12,
            cost_max: 5_000,
            aliases_max: 30,
            tokens_max: 2_000,
            owner_points_per_minute: 30_000,
            service_points_per_minute: 10_000_000,
            introspection: Introspection::Services,
            owners_run_trusted_only: false,
        }
    }
}
