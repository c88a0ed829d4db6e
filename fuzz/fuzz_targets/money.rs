//! See `key_recycling_fuzz::money`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| key_recycling_fuzz::money::look(data));
