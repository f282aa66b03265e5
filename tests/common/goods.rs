//! Customers and products of a test, with numbers that are valid and that no other test uses.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::rpc::Target;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A number of seven digits that no other test of this run has.
pub fn fresh() -> u64 {
    1_000_000 + u64::from(std::process::id()) % 9_000 * 1_000 + NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A GTIN-13 with its check digit (GS1 General Specifications, 7.9).
pub fn gtin(number: u64) -> String {
    let base = format!("57{number:010}");
    let sum: u64 = base.bytes().rev().enumerate().map(|(place, digit)| u64::from(digit - b'0') * if place % 2 == 0 { 3 } else { 1 }).sum();
    format!("{base}{}", (10 - sum % 10) % 10)
}

/// A Danish VAT number whose weighted sum is divisible by 11.
pub fn vat(number: u64) -> String {
    const WEIGHTS: [u64; 8] = [2, 7, 6, 5, 4, 3, 2, 1];
    let valid = |candidate: u64| {
        format!("{candidate:08}").bytes().zip(WEIGHTS).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum::<u64>() % 11 == 0
    };
    let first = (10_000_000 + number % 4_000_000 * 22..).find(|candidate| valid(*candidate)).expect("one in eleven is valid");
    format!("DK{first}")
}

pub struct Customer {
    pub id: i64,
    pub name: String,
    pub vat: String,
}

pub struct Product {
    pub id: i64,
    pub code: String,
    pub barcode: String,
}

pub async fn customer(odoo: &Target) -> Customer {
    let number = fresh();
    let (name, vat) = (format!("Customer {number}"), vat(number));
    let id = odoo
        .create("res.partner", json!({"name": name, "vat": vat, "is_company": true, "street": "Kajvej 7", "zip": "8000", "city": "Aarhus"}))
        .await;
    Customer { id, name, vat }
}

pub async fn product(odoo: &Target) -> Product {
    let number = fresh();
    let (code, barcode) = (format!("T-{number}"), gtin(number));
    let id = odoo
        .create(
            "product.product",
            json!({"name": format!("Product {number}"), "default_code": code, "barcode": barcode, "is_storable": true, "list_price": 10.0}),
        )
        .await;
    Product { id, code, barcode }
}

/// An order of our own form.
pub fn order(number: &str, customer: &Customer, lines: &[(&Product, f64, f64)]) -> String {
    let lines: String = lines
        .iter()
        .enumerate()
        .map(|(at, (product, quantity, price))| {
            format!("    <Line><LineNumber>{}</LineNumber><Gtin>{}</Gtin><SupplierCode>{}</SupplierCode><Quantity>{quantity}</Quantity><UnitPrice>{price}</UnitPrice></Line>\n", at + 1, product.barcode, product.code)
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Order>\n  <OrderNumber>{number}</OrderNumber>\n  <OrderDate>2026-11-20</OrderDate>\n  <RequestedDelivery>2026-12-01</RequestedDelivery>\n  \
         <Buyer><VatNumber>{}</VatNumber><Name>{}</Name></Buyer>\n  <Lines>\n{lines}  </Lines>\n</Order>\n",
        customer.vat, customer.name
    )
}

/// Stock levels of our own form.
pub fn levels(location: &str, levels: &[(&Product, f64)]) -> String {
    let levels: String = levels
        .iter()
        .map(|(product, quantity)| format!("  <Level><Gtin>{}</Gtin><Quantity>{quantity}</Quantity></Level>\n", product.barcode))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<StockLevels>\n  <CountedAt>2026-11-20T18:00:00+01:00</CountedAt>\n  <Location>{location}</Location>\n{levels}</StockLevels>\n"
    )
}
