#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| forewarn_fuzz::evidence(data));
