//! A stand-in for six CAPTCHA providers, with honest books and faults to order.
//!
//! It answers on loopback in the providers' own dialects, closely enough that the vendors' client
//! libraries run against it unmodified. Every key has books (balance, charges, calls) that an
//! administrator can read below `/admin`, which makes the sandbox the oracle for whoever spends
//! through it. It shares no code with the server on purpose: a mistake made in one of them is
//! not repeated in the other.
//!
//! * The base port serves every provider below `/{slug}/` and the administrator below `/admin`.
//! * The next six ports serve one provider each at the root, in the order of [`Provider::ALL`].
//! * With [`TlsOptions`], six more ports serve the same over TLS.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! let options = sandbox::Options { listen: ([127, 0, 0, 1], 0).into(), seed: 1, tls: None };
//! let sandbox = sandbox::start(options).await?;
//! let address = sandbox.provider(sandbox::Provider::Capsolver);
//! # let _ = address;
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Administration
//!
//! | call | meaning |
//! |---|---|
//! | `PUT /admin/{slug}/keys/{key}` | make or change a key: `balance`, `package_calls`, `captcha_credits`, `suspended`, and any setting for this key alone |
//! | `GET /admin/{slug}/keys/{key}` | its books |
//! | `POST …/keys/{key}/spend`, `…/top-up` | `{"amount": "0.003"}` spent from outside, or paid in |
//! | `GET`, `PATCH /admin/{slug}/settings` | prices, times, charging, failures, bans |
//! | `POST`, `GET`, `DELETE /admin/{slug}/faults` | order, count, forget faults |
//! | `GET /admin/books`, `/admin/{slug}/books` | sums per provider, and per key |
//! | `GET /admin/health` | whether it runs |
//!
//! A fault order is `{"key"?, "method", "count", "skip"?, "fault": {"kind", …, "effect"?}}`. With
//! effect `apply` the call does its work before the reply is broken; with `none` it never happened.
//! In the books `charged` is gross; what was returned stands in `refunded`, and
//! `balance = deposited − charged − charged_outside + refunded` always holds.

mod account;
mod admin;
mod amount;
mod catalogue;
mod clock;
mod desk;
mod dialect;
mod draw;
mod exchange;
mod fault;
mod http;
mod outcome;
mod provider;
mod reply;
mod server;
mod settings;
mod solution;
mod tls;
mod told;

pub use provider::{Provider, UnknownProvider};
pub use server::{Options, Sandbox, start};
pub use tls::TlsOptions;
pub use told::{Answer, Told};
