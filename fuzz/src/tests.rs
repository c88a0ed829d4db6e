//! The committed corpora and mutations of them, through the targets by themselves: what a check can
//! afford where building the fuzzer takes too long. The mutations are the same at every run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{edits, envelope, gateway, guard, init_data, money, replies};

/// Seed of all mutations.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Most changes of an input.
const CHANGES_MAX: usize = 6;

/// Words that mean something to some target, and that chance would not write.
const WORDS: [&str; 24] = [
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "&",
    "=",
    "e-",
    ".",
    "\\u0041",
    "null",
    "errorId",
    "taskId",
    "cost",
    "status",
    "ready",
    "key=",
    "method=",
    "fragment f on Account",
    "...f",
    "@skip(if: true)",
    "query($a: Int)",
];

#[test]
fn envelopes_stand_mutations() {
    stands("envelope", envelope::look, 40_000);
}

#[test]
fn requests_of_dispatchers_stand_mutations() {
    stands("gateway", gateway::look, 30_000);
}

#[test]
fn documents_stand_mutations() {
    stands("guard", guard::look, 10_000);
}

#[test]
fn init_data_stands_mutations() {
    stands("init_data", init_data::look, 30_000);
}

#[test]
fn figures_stand_mutations() {
    stands("money", money::look, 50_000);
}

#[test]
fn replies_stand_mutations() {
    stands("replies", replies::look, 40_000);
}

/// Looks at each input of the corpus, and at so many mutations of them.
fn stands(target: &'static str, look: fn(&[u8]), mutations: usize) {
    let inputs = corpus(target);
    for input in &inputs {
        seen(target, look, input);
    }
    let mut random = Random(SEED);
    for _ in 0..mutations {
        seen(target, look, &mutated(&inputs, &mut random));
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = fs::read_dir(folder).expect("there is a corpus");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!((5..=40).contains(&paths.len()), "{target} has {} inputs", paths.len());
    paths.iter().map(|path| fs::read(path).expect("an input")).collect()
}

fn mutated(inputs: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = inputs[random.below(inputs.len())].clone();
    for _ in 0..=random.below(CHANGES_MAX) {
        match random.below(8) {
            0 => {
                let word = WORDS[random.below(WORDS.len())];
                let place = random.below(input.len() + 1);
                input.splice(place..place, word.bytes());
            }
            1 => {
                let other = &inputs[random.below(inputs.len())];
                let (cut, from) = (random.below(input.len() + 1), random.below(other.len() + 1));
                input.truncate(cut);
                input.extend_from_slice(&other[from..]);
            }
            _ => edits::apply(&mut input, &random.next().to_be_bytes()[..4]),
        }
    }
    input
}

/// Looks at an input, and keeps it if that is a crash.
fn seen(target: &'static str, look: fn(&[u8]), input: &[u8]) {
    let kept = Kept { target, input };
    look(input);
    drop(kept);
}

struct Kept<'a> {
    target: &'static str,
    input: &'a [u8],
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts").join(self.target);
            let path = folder.join("crash-of-a-test");
            let kept = fs::create_dir_all(folder).and_then(|()| fs::write(&path, self.input));
            eprintln!("{} {kept:?}: {:?}", path.display(), String::from_utf8_lossy(self.input));
        }
    }
}

/// A xorshift generator: any will do that is the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % end
    }
}
