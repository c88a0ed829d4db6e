//! See `key_recycling_fuzz::envelope`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| key_recycling_fuzz::envelope::look(data));
