//! The committed schema is the code's: whoever changes a type sees the API change in the same commit.

use std::path::Path;

#[test]
fn the_committed_schema_is_the_one_in_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let exported = key_recycling::graphql::sdl();
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed != exported {
        let beside = path.with_extension("graphql.new");
        std::fs::write(&beside, &exported).expect("the exported schema can be written beside the committed one");
        panic!("schema.graphql is not what the code says; the exported text is in {}", beside.display());
    }
}
