//! Compares values in Odoo with planned ones, so that unchanged records are not written.

use serde_json::{Number, Value as Json};

/// Compares a planned value with one that `read` gave.
pub(super) fn same(planned: &Json, current: &Json) -> bool {
    match (planned, current) {
        // Odoo reads a many2one as [id, name].
        (Json::Number(id), Json::Array(pair)) if pair.len() == 2 && pair[1].is_string() => pair.first() == Some(&Json::Number(id.clone())),
        (Json::Number(a), Json::Number(b)) => alike(a, b),
        // False means an empty value of every type except boolean.
        (Json::Null, Json::Bool(false)) | (Json::Bool(false), Json::Null) => true,
        (Json::String(text), Json::Bool(false)) => text.is_empty(),
        // An html field comes back wrapped in tags.
        (Json::String(planned), Json::String(current)) if current.starts_with('<') && current.ends_with('>') => {
            planned == current || words(planned) == words(current)
        }
        _ => planned == current,
    }
}

/// Whether two numbers are exactly equal. A number that Odoo has rounded is recognised by the value read back after writing
/// ([`super::execute`]'s write history), never by being close: 0.01 of ten millions is money.
fn alike(a: &Number, b: &Number) -> bool {
    let whole = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a == b,
        // 3 and 3.0. Beyond 2^53 a float represents several integers, and equals none of them.
        (Some(whole), None) => b.as_f64().is_some_and(|float| is_whole(float, whole)),
        (None, Some(whole)) => a.as_f64().is_some_and(|float| is_whole(float, whole)),
        (None, None) => a.as_f64() == b.as_f64(),
    }
}

fn is_whole(float: f64, whole: i128) -> bool {
    float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0 && float as i128 == whole
}

/// A number in an identity: 3 and 3.0 are equal.
pub(super) fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}

/// The words of a piece of HTML, or of a text.
fn words(html: &str) -> Vec<String> {
    without_tags(html).split_whitespace().map(str::to_string).collect()
}

fn without_tags(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                // A break or a paragraph separates words.
                out.push(' ');
            }
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#34;", "\"").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn knows_how_odoo_reads_values_back() {
        assert!(same(&json!(7), &json!([7, "Units"])));
        assert!(!same(&json!(8), &json!([7, "Units"])));
        assert!(same(&json!(12.5), &json!(12.50)));
        assert!(same(&json!(3), &json!(3.0)));
        assert!(same(&json!(-0.0), &json!(0)));
        assert!(same(&json!(""), &json!(false)));
        assert!(!same(&json!(true), &json!(false)));
        assert!(same(&json!("A & B"), &json!("<p>A &amp; B</p>")));
        assert!(same(&json!("A &amp; B<br>C"), &json!("<span>A &amp; B<br>C</span>")));
        assert!(!same(&json!("A"), &json!("<p>B</p>")));
    }

    #[test]
    fn numbers_that_are_close_are_not_the_same() {
        for (a, b) in [
            (json!(10_000_000.00), json!(10_000_000.01)),
            (json!(10_000_000), json!(10_000_001)),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64)),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0)),
            (json!(0.1), json!(0.100_000_000_01)),
            (json!(u64::MAX), json!(-1)),
        ] {
            assert!(!same(&a, &b) && !same(&b, &a), "{a} {b}");
            assert!(same(&a, &a) && same(&b, &b));
        }
        let ids = [json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64)];
        assert_ne!(ids[0].as_number().map(number), ids[1].as_number().map(number));
        assert_eq!(json!(3.0).as_number().map(number).as_deref(), Some("3"));
    }
}
