//! The matrix as a document.

use std::fmt::Write as _;
use std::path::Path;

use super::table::matrix;

const HEAD: &str = "# The fault matrix

What becomes of an attempt and of its owner's money when a provider or the network misbehaves. Generated
from the table that `tests/it/faults` plays against the sandbox on both databases; a test holds the two
together. The provider's books are the measure of every credit.

* **free**: nothing was charged, and that is known at once.
* **charged**: the provider charged, and the owner is credited.
* **unknown**: nobody can tell at once. The hold stays, the key rests, and two quiet readings decide.
* **elsewhere**: what left the balance is shown as outside spending, until an operator says otherwise.

In no line is a credit posted twice or a key lost.

| # | fault | call | provider | state | after quiet readings | class | credit |
|--:|---|---|---|---|---|---|---|
";

fn document() -> String {
    let mut text = HEAD.to_owned();
    for (number, row) in (1..).zip(matrix()) {
        writeln!(
            text,
            "| {number} | {} | {} | {} | {} | {} | {} | {} |",
            row.name,
            row.call,
            row.slug,
            row.first,
            row.last,
            row.class.word(),
            row.credit.words(),
        )
        .expect("writing to a string works");
    }
    text
}

#[test]
fn the_document_is_the_matrix() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fault-matrix.md");
    let expected = document();
    if std::fs::read_to_string(&path).ok().as_deref() != Some(&*expected) {
        let beside = path.with_extension("md.new");
        std::fs::write(&beside, expected).expect("it can be written");
        panic!("docs/fault-matrix.md is out of date; the new text is in {}", beside.display());
    }
}
