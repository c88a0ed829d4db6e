//! See `key_recycling_fuzz::gateway`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| key_recycling_fuzz::gateway::look(data));
