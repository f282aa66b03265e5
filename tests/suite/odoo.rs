//! The dialect suite against the sandbox; `tests/live` runs the same one against a real Odoo 19.

use consign::odoo::DialectChoice;

use crate::common::{dialects, world::World};

#[tokio::test]
async fn the_sandbox_behaves_as_odoo_over_json_2() {
    dialects::behaves(&World::embedded().await.odoo, DialectChoice::Json2).await;
}

#[tokio::test]
async fn the_sandbox_behaves_as_odoo_over_json_rpc() {
    dialects::behaves(&World::embedded().await.odoo, DialectChoice::JsonRpc).await;
}

#[tokio::test]
async fn the_sandbox_behaves_as_odoo_over_xml_rpc() {
    dialects::behaves(&World::embedded().await.odoo, DialectChoice::XmlRpc).await;
}
