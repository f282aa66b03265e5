//! Assertions on what is left when everything has come to rest.

use super::world::World;

/// Nothing half-done anywhere: no spool, no temporary file, every message at rest and archived.
pub fn all_at_rest(world: &World) {
    assert_eq!(world.stored_files("spool"), Vec::<String>::new(), "the spool is empty");
    let temporary: Vec<String> = world.partner_files("").into_iter().filter(|name| name.ends_with(".part")).collect();
    assert_eq!(temporary, Vec::<String>::new(), "no temporary file at the partner's");
    for message in world.json(&["log", "--limit", "1000"]).as_array().expect("a list") {
        let stage = message["stage"].as_str().expect("a stage");
        assert!(matches!(stage, "done" | "failed" | "held" | "discarded"), "message {} is {stage}: {}", message["name"], message["reason"]);
        assert!(stage == "held" || message["acknowledged"] == true, "message {} is archived", message["name"]);
    }
}
