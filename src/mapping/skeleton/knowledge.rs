//! Names of elements in trade documents, and the Odoo fields for them. Sources: UBL 2.1 (OASIS), openTRANS 2.1 and BMEcat,
//! ISO 20022 camt.053, and the usual words of in-house formats.

use crate::model::{catalog::Catalog, shape::ValueKind};

use super::material::{Found, Material};

/// A field, and how its value is made.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Guess {
    /// The value as it is, or converted.
    Plain(String),
    /// One of the keys of a reference: field, model, key.
    Key { field: String, model: String, key: String },
}

impl Guess {
    /// The field.
    pub(super) fn field(self) -> String {
        match self {
            Self::Plain(field) | Self::Key { field, .. } => field,
        }
    }
}

/// A row: its models, the end of the path (names from the end, the last first; `|` between alternatives), the field; with a key it is a
/// reference.
type Row = (&'static [&'static str], &'static [&'static str], &'static str, &'static str);

const ORDER: &[&str] = &["sale.order", "purchase.order"];
const LINE: &[&str] = &["sale.order.line", "purchase.order.line", "account.move.line", "stock.move"];
const PRODUCT: &[&str] = &["product.template", "product.product"];
const ANY: &[&str] = &[];

const ROWS: &[Row] = &[
    // Parties.
    (
        &["sale.order", "account.move", "stock.picking"],
        &["CompanyID", "PartyTaxScheme", "Party", "BuyerCustomerParty|AccountingCustomerParty|DeliveryCustomerParty"],
        "partner_id",
        "vat",
    ),
    (
        &["sale.order", "account.move", "stock.picking"],
        &["EndpointID", "Party", "BuyerCustomerParty|AccountingCustomerParty|DeliveryCustomerParty"],
        "partner_id",
        "global_location_number",
    ),
    (
        &["sale.order", "account.move", "stock.picking"],
        &["Name", "PartyName", "Party", "BuyerCustomerParty|AccountingCustomerParty|DeliveryCustomerParty"],
        "partner_id",
        "name",
    ),
    (
        &["purchase.order", "account.move", "product.supplierinfo"],
        &["CompanyID", "PartyTaxScheme", "Party", "SellerSupplierParty|AccountingSupplierParty|ProviderParty"],
        "partner_id",
        "vat",
    ),
    (
        &["purchase.order", "account.move", "product.supplierinfo"],
        &["Name", "PartyName", "Party", "SellerSupplierParty|AccountingSupplierParty|ProviderParty"],
        "partner_id",
        "name",
    ),
    (&["sale.order", "purchase.order", "account.move"], &["VatNumber|VAT_ID|VATNumber|VatId|Vat"], "partner_id", "vat"),
    (&["sale.order", "purchase.order", "account.move"], &["Gln|GLN|PARTY_ID"], "partner_id", "global_location_number"),
    (&["sale.order"], &["Name|NAME|CustomerName", "Buyer|Customer|ADDRESS|BuyerParty|Purchaser"], "partner_id", "name"),
    (&["purchase.order", "account.move"], &["Name|NAME|SupplierName", "Seller|Supplier|Vendor|ADDRESS"], "partner_id", "name"),
    // Documents.
    (
        &["sale.order"],
        &["ID|OrderNumber|ORDER_ID|OrderNo|PONumber|OrderID|Number", "Order|ORDER_INFO|OrderHeader|Header"],
        "client_order_ref",
        "",
    ),
    (&["sale.order"], &["OrderNumber|ORDER_ID|OrderNo|PONumber|OrderID|CustomerReference"], "client_order_ref", ""),
    (&["purchase.order"], &["ID|OrderNumber|ORDER_ID|OrderNo", "Order|OrderResponse|ORDER_INFO|Header|Quotation"], "partner_ref", ""),
    (ORDER, &["IssueDate|OrderDate|ORDER_DATE|DocumentDate|Date"], "date_order", ""),
    (&["sale.order"], &["EndDate", "ValidityPeriod"], "validity_date", ""),
    (&["sale.order"], &["EndDate", "RequestedDeliveryPeriod"], "commitment_date", ""),
    (&["sale.order"], &["RequestedDelivery|RequestedDeliveryDate|DELIVERY_END_DATE|DeliveryDate"], "commitment_date", ""),
    (&["purchase.order"], &["EndDate", "RequestedDeliveryPeriod"], "date_planned", ""),
    (&["account.move"], &["ID|INVOICE_ID|InvoiceNumber|Number", "Invoice|CreditNote|INVOICE_INFO|Header|ExchangedDocument"], "ref", ""),
    (&["account.move"], &["InvoiceNumber|INVOICE_ID|Rechnungsnummer"], "ref", ""),
    (&["account.move"], &["IssueDate|INVOICE_DATE|InvoiceDate"], "invoice_date", ""),
    (&["account.move"], &["DueDate|PaymentDueDate"], "invoice_date_due", ""),
    (&["stock.picking"], &["ID", "DespatchAdvice|ReceiptAdvice"], "origin", ""),
    (&["stock.picking"], &["DespatchNumber|DeliveryNumber|DISPATCHNOTIFICATION_ID"], "origin", ""),
    (ANY, &["Note|REMARKS|Remark|Comment|Remarks"], "note", ""),
    // Lines.
    (
        LINE,
        &["ID|LineNumber|LINE_ITEM_ID|LineNo|Position|Pos", "LineItem|Line|ORDER_ITEM|InvoiceLine|OrderLine|Item|DespatchLine|Position"],
        "sequence",
        "",
    ),
    (LINE, &["LineNumber|LINE_ITEM_ID|LineNo"], "sequence", ""),
    (LINE, &["ID", "StandardItemIdentification"], "product_id", "barcode"),
    (LINE, &["ID", "SellersItemIdentification"], "product_id", "default_code"),
    (LINE, &["INTERNATIONAL_PID|Gtin|GTIN|EAN|Ean|Barcode"], "product_id", "barcode"),
    (LINE, &["SUPPLIER_PID|SupplierCode|ArticleNumber|ItemNumber|ProductCode|Sku|SKU"], "product_id", "default_code"),
    (&["sale.order.line"], &["Quantity|QUANTITY|OrderedQuantity|Qty"], "product_uom_qty", ""),
    (&["stock.move"], &["Quantity|QUANTITY|DeliveredQuantity|ReceivedQuantity|Qty"], "quantity", ""),
    (&["purchase.order.line"], &["Quantity|QUANTITY|Qty"], "product_qty", ""),
    (&["account.move.line"], &["InvoicedQuantity|Quantity|QUANTITY|Qty"], "quantity", ""),
    (LINE, &["PriceAmount|PRICE_AMOUNT|UnitPrice|Price"], "price_unit", ""),
    (LINE, &["Name|DESCRIPTION_SHORT|Description", "Item|PRODUCT_ID|Line|ORDER_ITEM|OrderLine|InvoiceLine|LineItem|Position"], "name", ""),
    // Products.
    (PRODUCT, &["ID", "StandardItemIdentification"], "barcode", ""),
    (PRODUCT, &["ID", "SellersItemIdentification"], "default_code", ""),
    (PRODUCT, &["INTERNATIONAL_PID|Gtin|GTIN|EAN|Ean|Barcode"], "barcode", ""),
    (PRODUCT, &["SUPPLIER_PID|SUPPLIER_AID|SupplierCode|ArticleNumber|ItemNumber|ProductCode|Sku|SKU|Code"], "default_code", ""),
    (PRODUCT, &["DESCRIPTION_SHORT|Name|ProductName|Title|Bezeichnung"], "name", ""),
    (PRODUCT, &["DESCRIPTION_LONG|Description"], "description_sale", ""),
    (PRODUCT, &["PRICE_AMOUNT|PriceAmount|ListPrice|Price"], "list_price", ""),
    (PRODUCT, &["WeightKg|Weight|WEIGHT|NetWeight"], "weight", ""),
    // Stock.
    (&["stock.quant"], &["ID", "StandardItemIdentification"], "product_id", "barcode"),
    (&["stock.quant"], &["ID", "SellersItemIdentification"], "product_id", "default_code"),
    (&["stock.quant"], &["Gtin|GTIN|EAN|Ean|Barcode"], "product_id", "barcode"),
    (&["stock.quant"], &["SupplierCode|ArticleNumber|ItemNumber|ProductCode|Sku|SKU"], "product_id", "default_code"),
    (&["stock.quant"], &["Quantity|QUANTITY|Qty|Stock|OnHand"], "inventory_quantity", ""),
    (&["stock.quant"], &["ID", "InventoryLocation"], "location_id", "complete_name"),
    (&["stock.quant"], &["Location|Warehouse|StorageLocation"], "location_id", "complete_name"),
    // Banks.
    (&["account.bank.statement.line"], &["Amt", "Ntry"], "amount", ""),
    (&["account.bank.statement.line"], &["Ustrd"], "payment_ref", ""),
    (&["account.bank.statement.line"], &["Dt", "ValDt"], "date", ""),
    // Partners.
    (&["res.partner"], &["CompanyID", "PartyTaxScheme"], "vat", ""),
    (&["res.partner"], &["VatNumber|VAT_ID|VatId|Vat"], "vat", ""),
    (&["res.partner"], &["Gln|GLN|EndpointID"], "global_location_number", ""),
    (&["res.partner"], &["Number|CustomerNumber|Id|ID|Code"], "ref", ""),
    (&["res.partner"], &["Name|NAME|CompanyName"], "name", ""),
    (&["res.partner"], &["StreetName|STREET|Street|Address"], "street", ""),
    (&["res.partner"], &["PostalZone|ZIP|Zip|PostalCode|PostCode"], "zip", ""),
    (&["res.partner"], &["CityName|CITY|City|Town"], "city", ""),
    (&["res.partner"], &["ElectronicMail|EMAIL|Email|EMail"], "email", ""),
    (&["res.partner"], &["Telephone|PHONE|Phone"], "phone", ""),
];

/// Models of references.
fn target(field: &str) -> &'static str {
    match field {
        "partner_id" => "res.partner",
        "product_id" => "product.product",
        "location_id" => "stock.location",
        _ => "",
    }
}

/// The field that is known for a path; `names` are its elements from the root, an attribute with `@`.
pub(super) fn known(model: &str, names: &[String]) -> Option<Guess> {
    let fits = |(models, ends, ..): &&Row| {
        (models.is_empty() || models.contains(&model))
            && names.len() >= ends.len()
            && ends.iter().zip(names.iter().rev()).all(|(end, name)| end.split('|').any(|word| word == name))
    };
    let (_, _, field, key) = ROWS.iter().find(fits)?;
    Some(match *key {
        "" => Guess::Plain((*field).to_string()),
        key => Guess::Key { field: (*field).to_string(), model: target(field).to_string(), key: key.to_string() },
    })
}

/// A field with the name of the path's last element, or of its last two joined.
pub(super) fn by_name(catalog: &Catalog, model: &str, found: &Found) -> Option<Guess> {
    // Deeper down, the same word means something else.
    let fields = catalog.model(model).filter(|_| found.path.matches('/').count() <= 1)?;
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let last = plain(found.names.last()?);
    let two = format!("{}{last}", found.names.len().checked_sub(2).map_or(String::new(), |at| plain(&found.names[at])));
    let fits = |kind: &str| match kind {
        "char" | "text" => true,
        "float" | "monetary" => matches!(found.kind, ValueKind::Decimal | ValueKind::Integer),
        "integer" => found.kind == ValueKind::Integer,
        "boolean" => found.kind == ValueKind::Boolean,
        "date" => found.kind == ValueKind::Date,
        "datetime" => matches!(found.kind, ValueKind::Date | ValueKind::DateTime),
        _ => false,
    };
    let usable = |name: &&String| {
        let name = plain(name);
        name.len() > 2 && (name == last || name == two)
    };
    let mut candidates = fields.iter().filter(|(name, field)| usable(name) && fits(&field.kind) && !field.computed && !field.readonly);
    candidates.next().map(|(name, _)| Guess::Plain(name.clone()))
}

/// The most likely field for a path.
pub(super) fn guess(material: &Material<'_>, model: &str, found: &Found) -> Option<Guess> {
    known(model, &found.names).or_else(|| by_name(material.catalog, model, found))
}
