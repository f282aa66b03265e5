//! Outbound templates: the partner's own sample document with the values replaced by `{{ … }}`. minijinja, strict: a name that is
//! not read, and a value that is empty where the template prints it, are errors; nothing is sent with a hole in it.

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value,
    syntax::SyntaxConfig,
    value::{Serde, ValueKind},
};
use serde_json::Value as Json;

use crate::model::{Place, Problem, codes};

/// A compiled template.
pub struct Template {
    environment: Environment<'static>,
    file: String,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Template({})", self.file)
    }
}

impl Template {
    /// Compiles a template. `file` is the name used in problems; values are escaped for XML when `is_xml`.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn parse(text: &str, file: &str, is_xml: bool) -> Result<Self, Problem> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| problem(file, &error))?);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(move |out, _, value| {
            if value.is_none() || value.is_undefined() {
                return Err(Error::new(
                    ErrorKind::UndefinedError,
                    "a value that is empty in Odoo stands here; give it a default: `{{ value or '' }}`",
                ));
            }
            let text = if value.kind() == ValueKind::Bool { value.to_string().to_lowercase() } else { value.to_string() };
            let text = if is_xml { escape(&text) } else { text };
            out.write_str(&text).map_err(Error::from)
        });
        environment.add_filter("date", |value: String| -> Result<String, Error> { iso(&value, "%Y-%m-%d", 10) });
        environment.add_filter("time", |value: String| -> Result<String, Error> { iso(&value, "%H:%M:%SZ", 19) });
        environment.add_filter("datetime", |value: String| -> Result<String, Error> { iso(&value, "%Y-%m-%dT%H:%M:%SZ", 19) });
        environment.add_filter("decimal", |value: f64, digits: Option<usize>| -> String { format!("{value:.*}", digits.unwrap_or(2)) });
        environment.add_template_owned("document".to_string(), text.to_string()).map_err(|error| problem(file, &error))?;
        Ok(Self { environment, file: file.to_string() })
    }

    /// The text with `values` filled in.
    ///
    /// # Errors
    /// A name that is unknown or a value that is empty, with the template's line.
    pub fn render(&self, values: &Json) -> Result<String, Problem> {
        let template = self.environment.get_template("document").map_err(|error| problem(&self.file, &error))?;
        template.render(Value::from(Serde(values))).map_err(|error| problem(&self.file, &error))
    }

    /// The file it was read from, or the key of the flow that holds it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether minijinja itself brings the name: `range`, `namespace`…
    fn is_global(&self, name: &str) -> bool {
        self.environment.globals().any(|(global, _)| name.split('.').next() == Some(global))
    }

    /// The names a template uses and does not make itself, dotted: `record.partner_id.city`.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .environment
            .get_template("document")
            .map(|template| template.undeclared_variables(true).into_iter().filter(|name| !self.is_global(name)).collect())
            .unwrap_or_default();
        names.sort();
        names
    }
}

/// Odoo's `2026-03-01 08:00:00` (UTC) in the partner's form.
fn iso(value: &str, format: &str, length: usize) -> Result<String, Error> {
    let parsed = match value.len() {
        10 if length == 10 => chrono::NaiveDate::parse_from_str(value, "%Y-%m-%d").map(|day| day.format(format).to_string()),
        _ => chrono::NaiveDateTime::parse_from_str(value, "%Y-%m-%d %H:%M:%S").map(|moment| moment.format(format).to_string()),
    };
    parsed.map_err(|_| Error::new(ErrorKind::InvalidOperation, format!("`{value}` is not a date of Odoo's")))
}

/// XML 1.0, 2.4: what must not stand in text and attributes as it is. Control characters that XML cannot carry at all become `?`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

fn problem(file: &str, error: &Error) -> Problem {
    let line = error.line().and_then(|line| u32::try_from(line).ok());
    let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_string);
    let place = Place { line, ..Place::file(file) };
    Problem::new(codes::TEMPLATE, format!("the template does not work: {message}")).at(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(text: &str, values: &Json) -> Result<String, String> {
        Template::parse(text, "t.xml", true).and_then(|template| template.render(values)).map_err(|problem| problem.to_string())
    }

    #[test]
    fn values_are_escaped_and_formatted() {
        let values = json!({"name": "A & <B>", "at": "2026-03-01 08:05:00", "qty": 3.0, "lines": [{"n": 1}, {"n": 2}]});
        let text = "<a t=\"{{ at|datetime }}\" d=\"{{ at|date }}\">{{ name }} {{ qty|decimal(1) }}{% for l in lines %}<l>{{ l.n }}</l>{% endfor %}</a>\n";
        assert_eq!(
            render(text, &values).as_deref(),
            Ok("<a t=\"2026-03-01T08:05:00Z\" d=\"2026-03-01\">A &amp; &lt;B&gt; 3.0<l>1</l><l>2</l></a>\n")
        );
    }

    #[test]
    fn unknown_names_and_empty_values_are_errors_with_their_line() {
        assert!(render("<a>\n{{ nmae }}</a>", &json!({"name": 1})).is_err_and(|report| report.contains("t.xml:2")));
        assert!(render("<a>{{ name }}</a>", &json!({"name": null})).is_err_and(|report| report.contains("empty in Odoo")));
        assert_eq!(render("<a>{{ name or '' }}</a>", &json!({"name": null})).as_deref(), Ok("<a></a>"));
    }
}
