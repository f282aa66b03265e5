//! Outbound templates: the partner's own sample document with the values replaced by `{{ … }}`. minijinja, strict: an unknown name
//! and an empty value that the template prints are errors; no document is sent with a missing value.

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value,
    syntax::SyntaxConfig,
    value::{Serde, ValueKind},
};
use serde_json::Value as Json;

use crate::model::{Code, Place, Problem};

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
        // Output of a macro or a block is escaped already; the formatter escapes everything else.
        environment.set_auto_escape_callback(move |_| if is_xml { AutoEscape::Custom("xml".into()) } else { AutoEscape::None });
        environment.set_formatter(move |out, _, value| {
            if value.is_none() || value.is_undefined() {
                return Err(Error::new(ErrorKind::UndefinedError, "this value is empty in Odoo; give it a default: `{{ value or '' }}`"));
            }
            let text = if value.kind() == ValueKind::Bool { value.to_string().to_lowercase() } else { value.to_string() };
            let text = if is_xml && !value.is_safe() { escape(&text) } else { text };
            out.write_str(&text).map_err(Error::from)
        });
        environment.add_filter("date", |value: String, zone: Option<String>| iso(&value, "%Y-%m-%d", zone.as_deref()));
        environment.add_filter("time", |value: String, zone: Option<String>| iso(&value, "%H:%M:%S", zone.as_deref()));
        environment.add_filter("datetime", |value: String, zone: Option<String>| iso(&value, "%Y-%m-%dT%H:%M:%S", zone.as_deref()));
        environment.add_filter("decimal", |value: f64, digits: Option<i32>| decimal(value, digits.unwrap_or(2).clamp(0, 12)));
        environment.add_template_owned("document".to_string(), text.to_string()).map_err(|error| problem(file, &error))?;
        Ok(Self { environment, file: file.to_string() })
    }

    /// The text with `values` filled in.
    ///
    /// # Errors
    /// An unknown name or an empty value, with the template's line.
    pub fn render(&self, values: &Json) -> Result<String, Problem> {
        let template = self.environment.get_template("document").map_err(|error| problem(&self.file, &error))?;
        template.render(Value::from(Serde(values))).map_err(|error| problem(&self.file, &error))
    }

    /// The file it was read from, or the key of the flow that holds it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether minijinja itself defines the name: `range`, `namespace`…
    fn is_global(&self, name: &str) -> bool {
        self.environment.globals().any(|(global, _)| name.split('.').next() == Some(global))
    }

    /// The names that a template uses and does not define itself, dotted: `record.partner_id.city`.
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

/// Odoo's `2026-03-01 08:00:00` (UTC) in the partner's form: in UTC with `Z`, or in a zone with its offset. A date without a time is
/// not shifted.
fn iso(value: &str, format: &str, zone: Option<&str>) -> Result<String, Error> {
    let wrong = |text: String| Error::new(ErrorKind::InvalidOperation, text);
    let has_time = format.contains('H');
    if let (10, false, Ok(day)) = (value.len(), has_time, NaiveDate::parse_from_str(value, "%Y-%m-%d")) {
        return Ok(day.format(format).to_string());
    }
    let moment = NaiveDateTime::parse_from_str(value, "%Y-%m-%d %H:%M:%S")
        .map_err(|_| wrong(format!("`{value}` is not a date in Odoo's format")))?;
    let Some(zone) = zone else {
        return Ok(moment.format(&format!("{format}{}", if has_time { "Z" } else { "" })).to_string());
    };
    let zone: Tz = zone.parse().map_err(|_| wrong(format!("`{zone}` is not a time zone; write it as Europe/Berlin")))?;
    Ok(zone.from_utc_datetime(&moment).format(&format!("{format}{}", if has_time { "%:z" } else { "" })).to_string())
}

/// A number with this many decimals, halves rounded away from zero as in trade; zero has no sign.
fn decimal(value: f64, digits: i32) -> String {
    let scale = 10f64.powi(digits);
    // A half may be stored in a float as slightly less.
    let scaled = value * scale;
    let rounded = (scaled + scaled.signum() * scaled.abs().max(1.0) * 1e-12).round() / scale;
    let places = usize::try_from(digits).unwrap_or(2);
    format!("{:.places$}", if rounded == 0.0 { 0.0 } else { rounded })
}

/// XML 1.0, 2.4: characters that text and attributes must escape. Control characters that XML does not allow become `?`.
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
    Problem::new(Code::Template, format!("the template failed: {message}")).at(place)
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
    fn what_a_macro_makes_is_escaped_once() {
        let values = json!({"name": "A & B"});
        let text = "{% macro m(n) %}<b>{{ n }}</b>{% endmacro %}{% set x %}<i>{{ name }}</i>{% endset %}{{ m(name) }}{{ x }}";
        assert_eq!(render(text, &values).as_deref(), Ok("<b>A &amp; B</b><i>A &amp; B</i>"));
    }

    #[test]
    fn days_are_those_of_the_zone_and_halves_are_rounded_as_in_trade() {
        let values = json!({"at": "2026-11-20 23:30:00", "day": "2026-11-20", "x": 0.125, "y": 2.5, "z": -0.001, "w": 1.005});
        let text = "{{ at|date }} {{ at|date('Europe/Berlin') }} {{ at|datetime('Europe/Berlin') }} {{ day|date('Europe/Berlin') }} {{ x|decimal }} {{ y|decimal(0) }} {{ z|decimal }} {{ w|decimal }}";
        assert_eq!(render(text, &values).as_deref(), Ok("2026-11-20 2026-11-21 2026-11-21T00:30:00+01:00 2026-11-20 0.13 3 0.00 1.01"));
    }

    #[test]
    fn unknown_names_and_empty_values_are_errors_with_their_line() {
        assert!(render("<a>\n{{ nmae }}</a>", &json!({"name": 1})).is_err_and(|report| report.contains("t.xml:2")));
        assert!(render("<a>{{ name }}</a>", &json!({"name": null})).is_err_and(|report| report.contains("empty in Odoo")));
        assert_eq!(render("<a>{{ name or '' }}</a>", &json!({"name": null})).as_deref(), Ok("<a></a>"));
    }
}
