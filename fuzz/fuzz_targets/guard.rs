//! See `key_recycling_fuzz::guard`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| key_recycling_fuzz::guard::look(data));
