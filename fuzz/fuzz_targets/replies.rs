//! See `key_recycling_fuzz::replies`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| key_recycling_fuzz::replies::look(data));
