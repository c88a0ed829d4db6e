//! The committed corpora, through the targets by themselves: no fuzzer is needed for these.

use std::fs;
use std::path::Path;

use key_recycling_fuzz::{envelope, gateway, guard, init_data, money, replies};

fn replay(target: &str, look: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries: Vec<_> = fs::read_dir(folder).expect("there is a corpus").collect();
    assert!((5..=40).contains(&entries.len()), "{} inputs", entries.len());
    for entry in entries {
        look(&fs::read(entry.expect("an entry").path()).expect("an input"));
    }
}

#[test]
fn nothing_in_the_corpora_is_a_crash() {
    let targets: [(&str, fn(&[u8])); 6] = [
        ("envelope", envelope::look),
        ("gateway", gateway::look),
        ("guard", guard::look),
        ("init_data", init_data::look),
        ("money", money::look),
        ("replies", replies::look),
    ];
    for (target, look) in targets {
        replay(target, look);
    }
}
