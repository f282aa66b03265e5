use serde_json::{Value as Json, json};

use super::{ConversionOptions, Function, PLAIN};
use crate::model::{
    i18n::{Sentence, say},
    shape::ValueKind,
};

pub(super) const FUNCTION: Function = Function {
    name: "currency",
    summary: "a currency code of three letters (ISO 4217), in upper case; the symbols €, $, £ and ¥ are accepted",
    options: &[],
    makes: ValueKind::Text,
    example: ("eur", PLAIN, "\"EUR\""),
    apply,
};

/// ISO 4217, table A.1, currencies in circulation, without funds and metals.
const CODES: [&str; 155] = [
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BRL",
    "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD",
    "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR",
    "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP",
    "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD",
    "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR",
    "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP",
    "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER",
    "ZAR", "ZMW", "ZWG",
];

fn apply(text: &str, _: &ConversionOptions) -> Result<Json, Sentence> {
    let code = match text {
        "€" => "EUR".to_string(),
        "$" => "USD".to_string(),
        "£" => "GBP".to_string(),
        "¥" => "JPY".to_string(),
        text => text.to_ascii_uppercase(),
    };
    if CODES.binary_search(&code.as_str()).is_ok() { Ok(json!(code)) } else { Err(say!("wanted-currency")) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_codes_are_in_order() {
        assert!(super::CODES.is_sorted());
    }
}
