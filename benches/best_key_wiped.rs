//! The same as `best_key`, with the allocator of the real program, which wipes what is freed.
//!
//! What that costs is the difference of the two, run in turns on one machine:
//! `for i in 1 2 3; do cargo bench --bench best_key -- choice; cargo bench --bench best_key_wiped -- choice; done`.
//! `best_key` is the alternative: secrets wipe themselves there too, but what libraries copied of them stays.

#[path = "best_key.rs"]
mod best_key;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() {
    best_key::main();
}
