//! Imports go down only: every `use` line and inline `crate::` path of `src` is read, and a direction
//! that the design does not allow fails.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What each module may import beside `domain` and itself; `*` means everything.
const MAY_IMPORT: [(&str, &[&str]); 23] = [
    ("app", &["*"]),
    ("cli", &["*"]),
    ("demo", &["*"]),
    ("fuzzing", &["*"]),
    ("config", &[]),
    ("telemetry", &[]),
    ("http", &["graphql", "identity"]),
    ("graphql", &["keys", "leases", "ledger", "identity", "pool", "live", "store"]),
    ("gateway", &["leases", "providers::dialect"]),
    ("jobs", &["keys", "leases", "ledger", "live"]),
    ("keys", &["moves", "vault", "providers", "store"]),
    ("leases", &["moves", "vault", "providers", "store", "pool"]),
    ("ledger", &["moves", "vault", "providers", "store"]),
    ("identity", &["moves", "vault", "providers", "store"]),
    ("moves", &["store"]),
    ("pool", &["routing", "store"]),
    ("live", &["store"]),
    ("vault", &[]),
    ("providers", &[]),
    ("routing", &[]),
    ("store", &["entity", "migration", "sea_orm"]),
    ("domain", &[]),
    ("main", &["cli"]),
];

/// Crates of which only one module may know.
const OWNED: [(&str, &[&str]); 5] = [
    ("sea_orm", &["store"]),
    ("entity", &["store"]),
    ("migration", &["store"]),
    ("reqwest", &["providers", "demo"]),
    ("aes_gcm", &["vault"]),
];

#[test]
fn imports_go_down_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = BTreeSet::new();
    let mut files = 0;
    for file in rust_files(&source) {
        files += 1;
        let text = std::fs::read_to_string(&file).expect("a source file");
        let relative = file.strip_prefix(&source).expect("below src").display().to_string();
        let module = relative.split(['/', '.']).next().expect("a module").to_owned();
        wrong.extend(violations(&module, &text).into_iter().map(|what| format!("{relative}: {what}")));
    }
    assert!(files > 100, "only {files} files were read");
    assert!(wrong.is_empty(), "imports that the design does not allow:\n{}", Vec::from_iter(wrong).join("\n"));
}

#[test]
fn a_planted_import_is_found() {
    let planted = |module, text| !violations(module, text).is_empty();
    assert!(planted("routing", "use crate::store::Store;"));
    assert!(planted("moves", "fn f() { crate::vault::Vault::open(); }"));
    assert!(planted("keys", "use crate::leases::Leases;"));
    assert!(planted("graphql", "use crate::{domain::Usd, providers::Providers};"));
    assert!(planted("gateway", "use crate::providers::Providers;"));
    assert!(planted("keys", "use sea_orm::EntityTrait;"));
    assert!(!planted("gateway", "use crate::providers::dialect::TaskRequest;"));
    assert!(!planted("moves", "use crate::store::Tx; use crate::domain::Key; use crate::moves::key;"));
    assert!(!planted("lib", "pub mod store;"));
}

/// Everything in a file of a module that the tables do not allow.
fn violations(module: &str, text: &str) -> Vec<String> {
    let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
        return if module == "lib" { Vec::new() } else { vec![format!("{module} is not in the table of layers")] };
    };
    let code = without_comments(text);
    let mut wrong = Vec::new();
    for path in crate_paths(&code) {
        let target = path.split("::").next().unwrap_or_default();
        let may = target == module
            || target == "domain"
            || allowed
                .iter()
                .any(|it| *it == "*" || *it == target || path == *it || path.starts_with(&format!("{it}::")));
        if !may {
            wrong.push(format!("{module} → {path}"));
        }
    }
    if allowed.contains(&"*") {
        return wrong;
    }
    for (owned, owners) in OWNED {
        if mentions(&code, owned) && !owners.contains(&module) {
            wrong.push(format!("{module} → {owned}"));
        }
    }
    wrong
}

/// Whether the code has a path that begins with the crate, outside of a text.
fn mentions(code: &str, owned: &str) -> bool {
    let begins_word =
        |at: usize| code[..at].chars().next_back().is_none_or(|it| !it.is_alphanumeric() && it != '_' && it != '"');
    code.match_indices(&format!("{owned}::")).any(|(at, _)| begins_word(at))
}

fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Paths after `crate::`, two segments long, with those in braces spelt out.
fn crate_paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let boundary = code[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && before != '_');
        let rest = &code[at + "crate::".len()..];
        if !boundary {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => paths.extend(group_members(group)),
            None => paths.push(two_segments(rest)),
        }
    }
    paths
}

fn two_segments(rest: &str) -> String {
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
    let path = &rest[..end.unwrap_or(rest.len())];
    path.split("::").filter(|segment| !segment.is_empty()).take(2).collect::<Vec<_>>().join("::")
}

/// The members of a brace group at its own depth.
fn group_members(group: &str) -> Vec<String> {
    let (mut depth, mut member, mut members) = (0, String::new(), Vec::new());
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(two_segments(std::mem::take(&mut member).trim())),
            _ if depth == 0 => member.push(letter),
            _ => {}
        }
    }
    if !member.trim().is_empty() {
        members.push(two_segments(member.trim()));
    }
    members
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
