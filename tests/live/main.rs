//! The live suite: the same scenarios against Debian's OpenSSH sshd and a real Odoo 19. `tests/live/run.sh` provides both; without
//! them every test here fails and says so.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod alerts;
mod browser;
#[path = "../common/mod.rs"]
mod common;
mod ftp;
mod interop;
mod library;
mod library_out;

use std::path::Path;

use common::{dialects, disturbed, drops, goods, kills, plans, records, rpc::Target, scenarios, sshd, world::World};
use consign::{
    model::Code,
    odoo::DialectChoice,
    transport::{
        RemoteFs as _,
        ftp::{FtpStore, Security},
        sftp::{self, Secret, SftpStore, SshEngine},
    },
};

/// The Odoo that the services script started.
fn odoo() -> Target {
    let variable =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: start this suite with tests/live/run.sh"));
    Target {
        url: variable("CONSIGN_LIVE_ODOO_URL"),
        database: variable("CONSIGN_LIVE_ODOO_DB"),
        login: "admin".into(),
        password: "admin".into(),
        key: variable("CONSIGN_LIVE_ODOO_KEY"),
    }
}

fn world(dialect: &str) -> World {
    let site = sshd::Sshd::start();
    let (dir, access, server) = site.into_parts();
    World::around(odoo(), dir, access, dialect, Box::new(server))
}

fn schema(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name)
}

#[tokio::test]
async fn a_real_odoo_over_json_2() {
    dialects::behaves(&odoo(), DialectChoice::Json2).await;
}

#[tokio::test]
async fn a_real_odoo_over_json_rpc() {
    dialects::behaves(&odoo(), DialectChoice::JsonRpc).await;
}

#[tokio::test]
async fn a_real_odoo_over_xml_rpc() {
    dialects::behaves(&odoo(), DialectChoice::XmlRpc).await;
}

#[tokio::test]
async fn a_real_sshd_is_a_drop() {
    let site = sshd::Sshd::start();
    for (name, settings) in site.logins() {
        eprintln!("sshd: {name}");
        drops::behaves(&SftpStore::new(settings), &name).await;
    }
}

#[tokio::test]
async fn keys_may_be_exchanged_anew_in_the_middle_of_a_file() {
    let site = sshd::Sshd::with(&["ed25519"], "RekeyLimit 1M");
    let drop = SftpStore::new(site.settings(sftp::Login::key(site.path("id_ed25519"), None)));
    let bytes: Vec<u8> = (0..5_000_000u32).flat_map(u32::to_le_bytes).collect();
    drop.write("big", &bytes).await.expect("written");
    assert!(drop.read("big", bytes.len() as u64, 1 << 30).await.expect("read") == bytes, "byte for byte");
}

#[tokio::test]
async fn libssh2_against_a_real_sshd_is_a_drop() {
    let site = sshd::Sshd::start();
    for (name, mut settings) in site.logins() {
        eprintln!("sshd over libssh2: {name}");
        settings.engine = SshEngine::Libssh2;
        let drop = sftp::open(settings).expect("built with the feature libssh2");
        drops::behaves(&*drop, &format!("libssh2-{name}")).await;
    }
}

#[tokio::test]
async fn real_ftp_servers_are_drops() {
    for security in [Security::Plain, Security::Explicit, Security::Implicit] {
        eprintln!("proftpd: {security:?}");
        let server = ftp::Ftpd::proftpd(security, "TLSv1.2 TLSv1.3");
        drops::behaves(&FtpStore::new(server.settings()), "base").await;
    }
    for security in [Security::Plain, Security::Explicit, Security::Implicit] {
        eprintln!("vsftpd: {security:?}");
        let server = ftp::Ftpd::vsftpd(security);
        drops::behaves(&FtpStore::new(server.settings()), "base").await;
    }
}

#[tokio::test]
async fn an_ftp_server_that_is_not_who_it_says_gets_no_password() {
    let server = ftp::Ftpd::proftpd(Security::Explicit, "TLSv1.2 TLSv1.3");
    let mut settings = server.settings();
    settings.authority = None;
    let problem = FtpStore::new(settings).list("").await.expect_err("its certificate is of its own making");
    assert_eq!(problem.code, Code::DropUnreachable);
    assert!(problem.message.contains("certificate"), "{problem}");
    let mut settings = server.settings();
    settings.password = Secret::new("not it");
    assert_eq!(FtpStore::new(settings).list("").await.expect_err("refused").code, Code::DropLogin);
    let plain = ftp::Ftpd::proftpd(Security::Plain, "TLSv1.2");
    let mut settings = plain.settings();
    settings.security = Security::Explicit;
    let problem = FtpStore::new(settings).list("").await.expect_err("it has no TLS");
    assert!(problem.message.contains("offers no TLS"), "{problem}");
}

async fn four_flows(dialect: &str) {
    let world = world(dialect);
    world.consign(&["doctor"]).ends(0);
    let customer = goods::customer(&world.odoo).await;
    let (a, b) = scenarios::stock_levels_are_applied(&world).await;
    let order = scenarios::an_order_becomes_a_sale_order(&world, &customer, &a, &b).await;
    scenarios::a_delivery_becomes_a_despatch_advice(&world, "despatch-out", "in", &schema("despatch-advice.xsd"), &customer, &order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_four_flows_over_json_2() {
    four_flows("json2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_four_flows_over_json_rpc() {
    four_flows("jsonrpc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_four_flows_over_xml_rpc() {
    four_flows("xmlrpc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_products() {
    scenarios::a_thousand_products(&world("json2")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ubl_there_and_back() {
    assert!(scenarios::ubl().is_some() || std::env::var_os("CI").is_none(), "the corpus is absent in CI");
    scenarios::ubl_there_and_back(&world("json2")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_document_of_the_library() {
    for dialect in ["json2", "jsonrpc", "xmlrpc"] {
        library::every_document(odoo(), dialect).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_mappings_do() {
    for dialect in ["json2", "jsonrpc", "xmlrpc"] {
        eprintln!("mappings: {dialect}");
        plans::products_and_their_suppliers(&world(dialect)).await;
        plans::what_a_person_changed_stays(&world(dialect)).await;
        plans::what_is_refused_is_told_and_keeps_no_other_out(&world(dialect)).await;
        plans::external_ids_make_the_same_record_again(&world(dialect)).await;
        plans::what_is_missing_is_made_held_or_told(&world(dialect)).await;
        plans::lines_come_and_go(&world(dialect)).await;
        records::what_has_no_value_is_found_again(&world(dialect)).await;
        records::references_that_share_a_key_make_one_record(&world(dialect)).await;
        records::a_new_place_of_a_new_customer(&world(dialect)).await;
        records::numbers_and_scopes_are_looked_up_together(&world(dialect)).await;
        records::an_update_knows_first_whether_all_are_there(&world(dialect)).await;
        records::parts_stand_and_fall_whole(&world(dialect)).await;
        records::what_is_in_no_state_for_a_call_is_told(&world(dialect)).await;
        records::sets_and_what_odoo_makes_of_values(&world(dialect)).await;
        records::a_count_that_is_refused_alone_keeps_no_other_from_being_applied(&world(dialect)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_survives_every_kill() {
    let world = world("json2");
    kills::an_order_survives_every_kill(&world).await;
    kills::one_order_survives_all_kills(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_is_applied_once() {
    kills::a_count_is_applied_once(&world("json2")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_sent_once() {
    kills::a_delivery_survives_every_kill(&world("json2")).await;
}

/// Orders over the dialect of today's keys, and counts, which Odoo would apply as often as it is asked.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_a_request_odoo_holds_what_one_run_gives() {
    for (number, dialect) in [(2, "json2"), (3, "jsonrpc")] {
        let world = std::rc::Rc::new(world(dialect));
        let tried = disturbed::every_request(number, dialect, async || std::rc::Rc::clone(&world)).await;
        assert!(tried > 40, "too little was tried: {tried}");
    }
}
