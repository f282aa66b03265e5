//! The library as a workspace, with the schemas of others where they are at hand.

use std::{fs, path::Path, process::Command};

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() { copy(&source, &target) } else { fs::copy(&source, &target).map(|_| ()).expect("copied") }
    }
}

/// Makes the workspace; `false`, and a loud word, where the third-party schemas are absent.
pub fn workspace(dir: &Path) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["flows", "mappings", "partners", "samples", "tables", "templates"] {
        copy(&root.join("samples/library").join(folder), &dir.join(folder));
    }
    fs::copy(root.join("samples/library/consign.toml"), dir.join("consign.toml")).expect("copied");
    copy(&root.join("schemas"), &dir.join("schemas"));
    let corpus = root.join("../shared/corpus");
    if !corpus.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "the corpus is absent in CI");
        eprintln!("LOUD: ../shared/corpus is absent: the library was tested for our own schemas only");
        return false;
    }
    for (name, folder) in [("ubl-2.1", "ubl-2.1"), ("opentrans-2.1", "opentrans-2.1"), ("iso20022", "iso20022-camt")] {
        copy(&corpus.join(folder).join("schemas"), &dir.join("schemas").join(name));
    }
    true
}

/// Runs a command in the workspace: how it ends, and all that it says.
pub fn consign(dir: &Path, args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_consign")).args(args).env("CONSIGN_WORKSPACE", dir).output().expect("consign starts");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), text)
}
