//! Problems as an HTML page, to send to a partner.

use crate::{
    model::{Problem, problem::shown},
    ops::source_snippet::Lines,
};

/// Text escaped for HTML.
pub(super) fn escaped(text: &str) -> String {
    shown(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A problem as an HTML article.
pub(super) fn html(problem: &Problem, lines: &Lines) -> String {
    let place = &problem.place;
    let at = match (place.line, &place.field, place.column) {
        (Some(line), Some(field), _) => format!("line {line}, column “{}”", escaped(field)),
        (Some(line), None, Some(column)) => format!("line {line}, column {column}"),
        (Some(line), ..) => format!("line {line}"),
        _ => String::new(),
    };
    let source = lines.around(problem).map_or_else(String::new, |(before, behind)| match place.field.is_some() {
        true => format!("<pre>{}</pre>", escaped(&before)),
        false => format!("<pre>{}<mark>{}</mark></pre>", escaped(&before), escaped(&behind)),
    });
    let path = place.path.as_ref().map_or_else(String::new, |path| format!("<p class=\"path\">{}</p>", escaped(path)));
    let hint = problem.hint.as_ref().map_or_else(String::new, |hint| format!("<p class=\"hint\">{}</p>", escaped(hint)));
    format!(
        "<article><h3><span class=\"code\">{}</span> {}</h3><p class=\"at\">{at}</p>{source}{hint}{path}</article>\n",
        problem.code.as_str(),
        escaped(&problem.message)
    )
}

/// The head of the page.
pub(super) const HTML_HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Validation report</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff; margin: 0 }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem }
h2 { font-size: 1.15rem; margin: 2rem 0 0; overflow-wrap: anywhere }
h3 { font-size: 1rem; margin: 0 }
article { border-left: 4px solid #b42318; padding: .5rem 1rem; margin: 1rem 0; background: #faf7f7 }
pre { overflow-x: auto; background: #f1f3f5; padding: .5rem; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
mark { background: #ffe69c; color: inherit }
p { margin: .25rem 0 }
.code, .path, .at { color: #57606a; font-weight: normal }
.path { font-family: ui-monospace, monospace; font-size: .85rem; overflow-wrap: anywhere }
.hint { font-weight: 600 }
</style></head><body><main><h1>Validation report</h1>
"#;
