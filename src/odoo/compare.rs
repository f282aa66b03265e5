//! Whether a value in Odoo is already the planned one, so that unchanged records are not written.

use serde_json::Value as Json;

/// Compares a planned value with one that `read` gave.
pub(super) fn same(planned: &Json, current: &Json) -> bool {
    match (planned, current) {
        // Odoo reads a many2one as [id, name].
        (Json::Number(id), Json::Array(pair)) if pair.len() == 2 && pair[1].is_string() => pair.first() == Some(&Json::Number(id.clone())),
        (Json::Number(a), Json::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0),
            _ => a == b,
        },
        // False stands for an empty value of every type but boolean.
        (Json::Null, Json::Bool(false)) | (Json::Bool(false), Json::Null) => true,
        (Json::String(text), Json::Bool(false)) => text.is_empty(),
        // An html field comes back wrapped in tags.
        (Json::String(planned), Json::String(current)) if current.starts_with('<') && current.ends_with('>') => {
            planned == current || words(planned) == words(current)
        }
        _ => planned == current,
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
                // What a break or a paragraph parts is parted.
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
        assert!(same(&json!(""), &json!(false)));
        assert!(!same(&json!(true), &json!(false)));
        assert!(same(&json!("A & B"), &json!("<p>A &amp; B</p>")));
        assert!(same(&json!("A &amp; B<br>C"), &json!("<span>A &amp; B<br>C</span>")));
        assert!(!same(&json!("A"), &json!("<p>B</p>")));
    }
}
