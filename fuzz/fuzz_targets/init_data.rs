//! See `key_recycling_fuzz::init_data`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| key_recycling_fuzz::init_data::look(data));
