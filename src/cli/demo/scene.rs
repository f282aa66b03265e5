//! The demo's surroundings: servers, the partners' side, and what can be seen from outside afterwards.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Map, Value as Json, json};

use crate::{
    http,
    model::{Code, MessageId, Problem},
    odoo::{
        DialectChoice, Odoo, OdooLogin, OdooSettings,
        sandbox::{DATABASE, LOGIN, Sandbox},
    },
    transport::sftp::{
        host_keys,
        server::{ServerAccount, SftpServer},
    },
};

/// Servers and folders of a demo.
pub(super) struct Scene {
    dir: PathBuf,
    partner: PathBuf,
    password: String,
    sftp: SftpServer,
    sandbox: Sandbox,
    odoo: Odoo,
}

fn unusable(error: io::Error) -> Problem {
    Problem::new(Code::Usage, format!("cannot set up the demo ({error})"))
}

impl Scene {
    /// Starts the servers, creates the workspace, and creates the customer in Odoo.
    pub(super) async fn set(dir: &Path) -> Result<Self, Problem> {
        let partner = dir.join("partner-nordwind");
        let password = MessageId::new().short();
        let account = ServerAccount { user: "nordwind".into(), password: Some(password.clone()), key: None, root: partner.clone() };
        let sftp = SftpServer::start(vec![account], 0).await.map_err(unusable)?;
        let sandbox = Sandbox::start(0).await.map_err(unusable)?;
        super::workspace(dir, &sandbox.url(), sftp.address().port(), &password)?;
        for folder in ["partner-nordwind/out/orders", "partner-nordwind/out/stock", "partner-nordwind/in", "drops/lumen/products"] {
            fs::create_dir_all(dir.join(folder)).map_err(unusable)?;
        }
        host_keys::accept("127.0.0.1", sftp.address().port(), sftp.host_key(), &dir.join("known_hosts"))?;
        let settings = OdooSettings {
            url: sandbox.url(),
            database: DATABASE.into(),
            login: OdooLogin::Password { login: LOGIN.into(), password: LOGIN.into() },
            dialect: DialectChoice::JsonRpc,
            timeout: Duration::from_secs(30),
            largest_answer: http::LARGEST,
            calls: 2,
            context: Map::new(),
        };
        let odoo = Odoo::connect(&settings).await?;
        let customer = json!({"name": "Nordwind Logistics", "is_company": true, "vat": "DK12345674", "global_location_number": "5790000000012", "street": "Kajvej 7", "zip": "8000", "city": "Aarhus", "country_id": 1});
        odoo.create("res.partner", vec![customer], &Map::new()).await.map_err(|fault| fault.problem("creating the customer"))?;
        Ok(Self { dir: dir.to_path_buf(), partner, password, sftp, sandbox, odoo })
    }

    pub(super) fn sftp_address(&self) -> SocketAddr {
        self.sftp.address()
    }

    pub(super) fn odoo_url(&self) -> String {
        self.sandbox.url()
    }

    pub(super) fn partner_folder(&self) -> &Path {
        &self.partner
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// Drops good and bad files as partners would; returns a description of each.
    pub(super) fn drop_files(&self) -> Result<Vec<String>, Problem> {
        let samples = self.dir.join("samples");
        let (orders, stock, products) =
            (self.partner.join("out/orders"), self.partner.join("out/stock"), self.dir.join("drops/lumen/products"));
        let put = |from: &str, to: &Path| {
            fs::copy(samples.join(from), to.join(from.rsplit('/').next().unwrap_or(from))).map(|_| ()).map_err(unusable)
        };
        put("products-in/artikel.csv", &products)?;
        put("stock-in/stock-2026-11-20.xml", &stock)?;
        put("orders-in/order-1001.xml", &orders)?;
        put("orders-in/order-1002-unknown-product.xml", &orders)?;
        put("orders-in/order-1003-invalid.xml", &orders)?;
        let whole = fs::read(samples.join("orders-in/order-1001.xml")).map_err(unusable)?;
        fs::write(orders.join("order-1004-truncated.xml"), &whole[..whole.len() * 2 / 3]).map_err(unusable)?;
        fs::write(orders.join("order-1005.xml.part"), &whole[..40]).map_err(unusable)?;
        Ok([
            "lumen     artikel.csv                        4 products; Windows-1252, semicolons, decimal comma",
            "nordwind  stock-2026-11-20.xml               3 counts for WH/Stock",
            "nordwind  order-1001.xml                     a good order",
            "nordwind  order-1002-unknown-product.xml     one product that Odoo does not have",
            "nordwind  order-1003-invalid.xml             three schema violations",
            "nordwind  order-1004-truncated.xml           truncated",
            "nordwind  order-1005.xml.part                still being uploaded: not touched",
        ]
        .map(String::from)
        .to_vec())
    }

    pub(super) fn drop_again(&self) -> Result<(), Problem> {
        fs::copy(self.dir.join("samples/orders-in/order-1001.xml"), self.partner.join("out/orders/order-1001.xml"))
            .map(|_| ())
            .map_err(unusable)
    }

    pub(super) async fn create_missing_product(&self) -> Result<(), Problem> {
        let product =
            json!({"name": "Garden lamp", "default_code": "L-999", "barcode": "5701234000051", "is_storable": true, "list_price": 19.9});
        self.odoo
            .create("product.template", vec![product], &Map::new())
            .await
            .map(|_| ())
            .map_err(|fault| fault.problem("creating the product"))
    }

    /// Sale orders as a person would read them.
    pub(super) fn orders(&self) -> Vec<Json> {
        self.sandbox.records("sale.order", &["name", "client_order_ref", "partner_id", "state", "amount_untaxed", "order_line"])
    }

    pub(super) fn in_odoo(&self) -> Vec<String> {
        let text = |record: &Json, field: &str| match record.get(field) {
            Some(Json::String(text)) => text.clone(),
            Some(Json::Array(pair)) => pair.get(1).and_then(Json::as_str).unwrap_or_default().to_string(),
            Some(Json::Bool(false)) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let mut lines = Vec::new();
        for product in self.sandbox.records("product.template", &["default_code", "barcode", "name", "list_price"]) {
            lines.push(format!(
                "product   {:6} {:14} {:32} {:>8}",
                text(&product, "default_code"),
                text(&product, "barcode"),
                text(&product, "name"),
                text(&product, "list_price")
            ));
        }
        for quant in self.sandbox.records("stock.quant", &["product_id", "location_id", "quantity"]) {
            lines.push(format!(
                "in stock  {:>7} {} in {}",
                text(&quant, "quantity"),
                text(&quant, "product_id"),
                text(&quant, "location_id")
            ));
        }
        for order in self.orders() {
            lines.push(format!(
                "order     {} ({}) of {}: {}, {} without tax",
                text(&order, "name"),
                text(&order, "client_order_ref"),
                text(&order, "partner_id"),
                text(&order, "state"),
                text(&order, "amount_untaxed")
            ));
        }
        for line in self.sandbox.records("sale.order.line", &["product_id", "product_uom_qty", "price_unit"]) {
            lines.push(format!(
                "            {:>5} x {} at {}",
                text(&line, "product_uom_qty"),
                text(&line, "product_id"),
                text(&line, "price_unit")
            ));
        }
        for message in self.sandbox.records("mail.message", &["model", "body"]) {
            lines.push(format!(
                "note      on {}: {}",
                text(&message, "model"),
                text(&message, "body").replace("<p>", "").replace("</p>", "")
            ));
        }
        lines
    }

    /// Everything the partner finds on the server.
    pub(super) fn on_the_drop(&self) -> Vec<String> {
        fn walk(folder: &Path, root: &Path, into: &mut Vec<String>) {
            let mut entries: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            entries.sort();
            for path in entries {
                if path.is_dir() {
                    walk(&path, root, into);
                } else {
                    into.push(path.strip_prefix(root).unwrap_or(&path).display().to_string());
                }
            }
        }
        let mut files = Vec::new();
        walk(&self.partner, &self.partner, &mut files);
        files
    }

    /// The first document that went out.
    pub(super) fn sent(&self) -> Vec<String> {
        let first = fs::read_dir(self.partner.join("in"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|ending| ending == "xml"));
        first.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default().lines().map(str::to_string).collect()
    }
}
