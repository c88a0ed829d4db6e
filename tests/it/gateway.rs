//! The gateway: the providers' protocols with a lease token in the key's place, and the money behind.

mod attempts;
mod costs;
mod creating;
mod dialects;
mod guarding;
mod money;
mod polling;
mod unknown;
