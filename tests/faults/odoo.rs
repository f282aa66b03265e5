//! Every request to Odoo made the one that goes wrong, by a proxy in between: the connection cut before, during and after it, the answer
//! late, a proxy without an answer, a fault after the work was done. Whatever happened, at the end Odoo holds exactly what one
//! undisturbed run gives. `tests/live` does the same to a real Odoo 19.

use serde_json::json;

use crate::common::{
    disturbed::{every_request, held, prepare, scenes},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_a_request_odoo_holds_what_one_run_gives() {
    for number in 0..4 {
        let tried = every_request(number, "jsonrpc", World::embedded).await;
        assert!(tried > 60, "too little was tried: {tried}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn and_so_it_is_over_the_other_dialects() {
    for dialect in ["json2", "xmlrpc"] {
        let tried = every_request(2, dialect, World::embedded).await;
        assert!(tried > 60, "too little was tried: {tried}");
    }
}

/// Two values that differ are told apart: the comparison can fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_difference_would_be_seen() {
    let world = World::embedded().await;
    prepare(&world, &scenes("-1-")[0], "http://unset", "jsonrpc", "-1-").await;
    let before = held(&world.odoo, "-1-").await;
    world.odoo.create("res.partner", json!({"name": "One too many-1-"})).await;
    assert_ne!(before, held(&world.odoo, "-1-").await);
}
