//! The README's configuration table is the one in code.

use std::path::Path;

const BEGIN: &str = "<!-- settings: begin -->\n";
const END: &str = "<!-- settings: end -->";

#[test]
fn the_readmes_settings_are_those_in_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).expect("the README");
    let (head, rest) = readme.split_once(BEGIN).expect("the README marks where its settings begin");
    let (table, tail) = rest.split_once(END).expect("the README marks where its settings end");
    let expected = key_recycling::config::reference_markdown();
    if table != expected {
        let beside = path.with_extension("md.new");
        std::fs::write(&beside, format!("{head}{BEGIN}{expected}{END}{tail}")).expect("it can be written");
        panic!("the README's settings are out of date; the new text is in {}", beside.display());
    }
}
